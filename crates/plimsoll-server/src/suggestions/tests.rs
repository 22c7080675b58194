//! A server, findings of it, and an endpoint over real sockets that answers as OpenAI's does, or as none should.

mod failing;
mod model;

use serde_json::{Value, json};

use crate::judge::tests::Bench;
use crate::tick;
use model::{Model, Reply};

const KEY: &str = "a-key-that-nobody-may-see";
const PATH: &str = "/api/v1/suggestions";

/// Lines of configuration.
fn asking(model: &Model) -> String {
    format!(
        "suggestions.url = \"{}\"\nsuggestions.model = \"small\"\n",
        model.url
    )
}

/// A server that asks `model`, and whose shop fails in half of its requests.
async fn failing_shop(model: &Model, more: &[(&'static str, &str)]) -> Bench {
    let mut config = format!("{}suggestions.api_key = \"{KEY}\"\n", asking(model));
    for (key, value) in more {
        config.push_str(&format!("{key} = {value}\n"));
    }
    let mut bench = Bench::just_now_with(15, &config).await;
    bench.route = "/orders/ghp_0123456789abcdef";
    let query = "SELECT\\ price\\ FROM\\ stock\\ WHERE\\ sku\\ \\=\\ ?";
    let lines = (1..30).map(|at| {
        let time = tick::now() - at * 1_000_000_000;
        format!("db_queries,service=shop,method=GET,route=/prices,statement={query} duration=2.5 {time}\n")
    });
    let written = reqwest::Client::new()
        .post(format!("{}/write", bench.url()))
        .body(lines.collect::<String>())
        .send();
    assert_eq!(written.await.unwrap().status(), 204);
    bench.pass(14, 0.25, 50, 25);
    bench
}

async fn list(bench: &Bench, query: &str) -> Value {
    let answer = reqwest::get(format!("{}{PATH}{query}", bench.url()))
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

/// Status, `Retry-After` and body of an answer to a question that is to be asked now.
async fn ask(bench: &Bench, service: &str) -> (u16, Option<u64>, Value) {
    let asking = reqwest::Client::new().post(format!("{}{PATH}", bench.url()));
    let asking = asking.body(json!({ "service": service }).to_string());
    let answer = asking.send().await.unwrap();
    let retry_after = answer.headers().get("retry-after");
    let retry_after = retry_after.map(|secs| secs.to_str().unwrap().parse().unwrap());
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    assert!(!text.contains(KEY), "{text}");
    (status, retry_after, serde_json::from_str(&text).unwrap())
}

/// The suggestions once there are some. Who asks by itself tells nobody when it is done.
async fn given(bench: &Bench) -> Vec<Value> {
    loop {
        let found = list(bench, "").await;
        let given = found["suggestions"].as_array().unwrap();
        if !given.is_empty() {
            return given.clone();
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_found_is_asked_about_once_by_itself_and_kept_over_a_restart() {
    let mut model = Model::new(Reply::Says(
        "<b>Half</b> of the orders **fail**.\n\nSee why.",
    ))
    .await;
    let bench = failing_shop(&model, &[]).await;
    let asked = model.asked().await;
    assert_eq!(asked.path, "/v1/chat/completions");
    assert_eq!(asked.authorization, format!("Bearer {KEY}"));
    let given = given(&bench).await;
    let first = &given[0];
    assert_eq!(
        (&first["service"], &first["model"], &first["text"]),
        (
            &json!("shop"),
            &json!("small"),
            &json!("Half of the orders fail. See why.")
        )
    );
    let findings = first["findings"].as_array().unwrap();
    assert!(
        findings.contains(&json!("errors:GET /orders/ghp_0123456789abcdef")),
        "{first}"
    );
    let app = &bench.server.app;
    let due = app
        .suggestions
        .due(app.judging.known_judgements(), tick::now());
    assert!(due.is_empty(), "{due:?}");
    let bench = bench.restarted().await;
    let found = list(&bench, "?service=shop&limit=1").await;
    assert_eq!(
        found,
        json!({"enabled": true, "state": "ready", "failures": 0, "last_error": null, "suggestions": given})
    );
    assert_eq!(
        list(&bench, "?service=mail").await["suggestions"],
        json!([])
    );
    assert_eq!(list(&bench, "?since=now").await["suggestions"], json!([]));
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_statements_nor_tokens_are_sent_unless_statements_are_shared() {
    for (shared, is_told) in [("false", false), ("true", true)] {
        let mut model = Model::new(Reply::Says("See why.")).await;
        let bench = failing_shop(&model, &[("suggestions.share_statements", shared)]).await;
        model.asked().await;
        let (status, _, answer) = ask(&bench, "shop").await;
        assert_eq!(status, 200, "{answer}");
        let sent = model.asked().await.body;
        assert!(sent.len() <= super::question::MOST_BYTES);
        assert!(sent.contains("GET /orders/… fails"), "{sent}");
        assert_eq!(
            sent.contains("SELECT price FROM stock WHERE sku = ?"),
            is_told,
            "{sent}"
        );
        assert_eq!(sent.contains("stock"), is_told, "{sent}");
        assert!(
            !sent.contains("ghp_") && !sent.contains("0123456789"),
            "{sent}"
        );
        assert!(!sent.contains(KEY), "{sent}");
        bench.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_asked_says_why() {
    let mut model = Model::new(Reply::Says("See why.")).await;
    let bench = failing_shop(&model, &[("suggestions.max_per_hour", "2")]).await;
    model.asked().await;
    given(&bench).await;
    let (status, _, problem) = ask(&bench, "nobody").await;
    assert_eq!((status, &problem["code"]), (404, &json!("not_found")));
    assert_eq!(ask(&bench, "shop").await.0, 200);
    let (status, retry_after, problem) = ask(&bench, "shop").await;
    assert_eq!((status, &problem["code"]), (429, &json!("used_up")));
    assert!(
        (3_500..=3_600).contains(&retry_after.unwrap()),
        "{retry_after:?}"
    );
    // What was asked in this hour is known after a restart, too.
    let bench = bench.restarted().await;
    assert_eq!(ask(&bench, "shop").await.0, 429);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_asked_about_a_service_that_is_well() {
    let model = Model::new(Reply::Says("See why.")).await;
    let mut bench = Bench::just_now_with(15, &asking(&model)).await;
    bench.pass(14, 0.01, 50, 0);
    let (status, _, problem) = ask(&bench, "shop").await;
    assert_eq!(
        (status, &problem["code"]),
        (409, &json!("no_findings")),
        "{problem}"
    );
    bench.stop().await;
    assert_eq!(model.questions(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_the_section_judges_and_answers() {
    let mut bench = Bench::just_now(15).await;
    bench.pass(14, 0.25, 50, 25);
    let found = list(&bench, "").await;
    assert_eq!(
        found,
        json!({"enabled": false, "state": "off", "failures": 0, "last_error": null, "suggestions": []})
    );
    let (status, _, problem) = ask(&bench, "shop").await;
    assert_eq!(
        (status, &problem["code"]),
        (409, &json!("off")),
        "{problem}"
    );
    let tasks = bench.server.app.tasks.restarts();
    assert!(tasks.iter().all(|(name, _)| *name != "suggestions"));
    bench.stop().await;
}
