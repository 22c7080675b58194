//! What is shown of channels, and how they are tried.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::receiver::{Receiver, Reply};
use super::{Home, channel, firing, outbox, status, status_when};
use crate::server::{STRICT, Server, outcome, plimsoll, token};

/// Runs `plimsoll notify …` for the server that has the folder open.
fn notify(home: &Home, arguments: &[&str]) -> (i32, String, String) {
    let mut command = plimsoll();
    command.arg("notify").args(arguments).arg("--data");
    outcome(command.arg(home.path().join("data")).output().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_is_tried_by_the_interface_and_by_the_command() {
    let good = Receiver::good();
    let bad = Receiver::new(|_, _| Reply::Answer(403, "", "action_prohibited"));
    let home = Home::new(&format!(
        "{}{}",
        channel("good", "slack", &format!("url = \"{}/x\"", good.url)),
        channel("bad", "slack", &format!("url = \"{}/x\"", bad.url)),
    ));
    let (code, _, error) = notify(&home, &["list"]);
    assert_eq!(code, 1);
    assert!(error.contains("no server has the folder"), "{error}");
    let server = home.start();
    let never = status(&server, "good").await;
    assert_eq!(
        never,
        json!({"name": "good", "kind": "slack", "state": "unknown", "last_success": null, "last_error": null,
            "last_error_at": null, "waiting": 0, "dead": 0})
    );
    let (code, answer) = server.post("/api/performance/channels/good/test", "").await;
    assert_eq!(
        (code, &answer["delivered"], &answer["error"]),
        (StatusCode::OK, &json!(true), &Value::Null)
    );
    let (code, answer) = server.post("/api/performance/channels/bad/test", "").await;
    assert_eq!(
        (code, &answer["delivered"]),
        (StatusCode::OK, &json!(false))
    );
    assert_eq!(answer["error"], "it answers 403: action_prohibited");
    assert_eq!(
        good.received()[0].json()["attachments"][0]["title"],
        "Plimsoll Alert: test"
    );
    let (code, answer) = server.post("/api/performance/channels/none/test", "").await;
    assert_eq!(
        (code, &answer["known"]),
        (StatusCode::NOT_FOUND, &json!(["good", "bad"]))
    );
    assert_eq!(status(&server, "good").await["state"], "up");
    assert_eq!(status(&server, "bad").await["state"], "down");
    // A test is no notice: nothing of it stays.
    assert_eq!(outbox(&server, "sent").await, Vec::<Value>::new());

    let (code, said, _) = notify(&home, &["test", "good"]);
    assert_eq!(
        (code, said.trim()),
        (0, "channel good took the test notice")
    );
    let (code, _, error) = notify(&home, &["test", "bad"]);
    assert_eq!(code, 1);
    assert!(
        error.contains("channel bad took nothing: it answers 403: action_prohibited"),
        "{error}"
    );
    let (code, _, error) = notify(&home, &["test", "none"]);
    assert_eq!(code, 1);
    assert!(error.contains("there is no channel none"), "{error}");
    let (code, said, _) = notify(&home, &["list"]);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!((code, lines.len()), (0, 3), "{said}");
    assert!(
        lines[0].starts_with("name  kind   state  waiting  dead  last_success"),
        "{said}"
    );
    assert!(
        lines[1].starts_with("good  slack  up     0        0     2"),
        "{said}"
    );
    let (code, said, _) = notify(&home, &["list", "--json"]);
    let listed: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &listed["channels"][1]["name"]), (0, &json!("bad")));
}

#[tokio::test]
async fn who_reads_sees_channels_and_only_an_admin_tries_them() {
    let good = Receiver::good();
    let home = Home::new(&channel(
        "ops",
        "slack",
        &format!("url = \"{}/x\"", good.url),
    ));
    let data = home.path().join("data");
    let [reader, admin] = ["read", "admin"].map(|scope| token(&data, scope, scope));
    let server = Server::start_as(&data, &["--config", &home.config()], &[STRICT]);
    let ask = |method: Method, path: &str, secret: &str| {
        let asking = server.request(method, path).bearer_auth(secret);
        async { asking.send().await.unwrap().status().as_u16() }
    };
    let test = "/api/performance/channels/ops/test";
    assert_eq!(
        ask(Method::GET, "/api/performance/channels", &reader).await,
        200
    );
    assert_eq!(
        ask(Method::GET, "/api/performance/outbox", &reader).await,
        200
    );
    assert_eq!(ask(Method::POST, test, &reader).await, 403);
    assert_eq!(good.received().len(), 0);
    assert_eq!(ask(Method::POST, test, &admin).await, 200);
}

#[tokio::test]
async fn the_outbox_is_listed_by_state_and_bounded() {
    let good = Receiver::good();
    let home = Home::new(&channel(
        "ops",
        "webhook",
        &format!("url = \"{}/x\"", good.url),
    ));
    let notices = (1..=4).map(|alert| {
        let mut notice = firing(&alert.to_string());
        notice.service = format!("s{alert}");
        notice
    });
    home.put(&notices.collect::<Vec<_>>());
    let server = home.start();
    status_when(&server, "ops", |told| told["waiting"] == 0).await;
    let (_, answer) = server.get("/api/performance/outbox?limit=2").await;
    assert_eq!(
        (
            &answer["total"],
            answer["notices"].as_array().unwrap().len()
        ),
        (&json!(4), 2)
    );
    let newest = &answer["notices"][0];
    for (name, expected) in [
        ("channel", json!("ops")),
        ("key", json!("4:1")),
        ("service", json!("s4")),
        ("kind", json!("firing")),
        ("type", json!("slow_request")),
        ("severity", json!("high")),
        ("state", json!("sent")),
        ("attempts", json!(1)),
        ("next_try", Value::Null),
        ("error", Value::Null),
    ] {
        assert_eq!(newest[name], expected, "{newest}");
    }
    assert!(newest["done"].is_string(), "{newest}");
    for (query, field) in [
        ("state=old", "state"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("x=1", "x"),
    ] {
        let (code, answer) = server
            .get(&format!("/api/performance/outbox?{query}"))
            .await;
        assert_eq!(
            (code.as_u16(), &answer["field"]),
            (400, &json!(field)),
            "{answer}"
        );
    }
}
