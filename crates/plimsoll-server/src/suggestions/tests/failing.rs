//! Endpoints that hang, refuse, move and lie: none is waited for, believed or told more than a reason of.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::model::{Model, Reply};
use super::{KEY, ask, failing_shop, list};
use crate::config::suggestions::SuggestionsConfig;
use crate::judge::judgement::{self, Judgement};
use crate::meta::Meta;
use crate::store::table::Nanos;
use crate::suggestions::breaker::FIRST;
use crate::suggestions::{MOST_BYTES, NotAsked, Shared, State, Suggestions};
use crate::tick;

/// Suggestions of `model` without a server around, and something to ask about.
async fn asking(model: &Model) -> (Suggestions, Arc<Judgement>, tempfile::TempDir) {
    let quiet = Model::new(Reply::Says("See why.")).await;
    let bench = failing_shop(&quiet, &[]).await;
    let judgement = judgement::of(&bench.server.app, "shop", tick::now()).unwrap();
    bench.stop().await;
    let dir = tempfile::tempdir().unwrap();
    let meta = Meta::open(dir.path(), tick::now()).unwrap();
    let config = SuggestionsConfig {
        url: format!("{}/chat/completions", model.url),
        model: "small".to_owned(),
        api_key: Some(crate::config::hidden::Kept::Here(KEY.into())),
        ca_file: None,
        shared: Shared::default(),
        max_per_hour: 100,
    };
    let suggestions = Suggestions::open(meta, Some(config), tick::now()).unwrap();
    (suggestions, judgement, dir)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_answer_is_a_reason_without_key_and_body() {
    let model = Model::new(Reply::Hangs).await;
    let elsewhere = Model::new(Reply::Says("See why.")).await;
    let (suggestions, judgement, _dir) = asking(&model).await;
    let echo = format!("you sent {KEY} and geheim");
    let says =
        |text: &str| Reply::Body(json!({"choices": [{"message": {"content": text}}]}).to_string());
    let moved = format!(
        "it answers 307 to {}…: redirects are not followed, set `url` to it",
        elsewhere.url.trim_end_matches("v1")
    );
    let mut now = tick::now();
    for (reply, expected) in [
        (Reply::Status(500, echo.clone()), "it answers 500"),
        (
            Reply::Status(401, echo.clone()),
            "it answers 401: see `api_key`",
        ),
        (Reply::Status(204, String::new()), "it answers 204"),
        (Reply::Moved(format!("{}/{KEY}", elsewhere.url)), &moved),
        (
            Reply::Moved(format!("http://{KEY}.example/")),
            "it answers 307 to http://(not shown).example/…: redirects are not followed, set `url` to it",
        ),
        (Reply::Body(echo), "its answer is no JSON"),
        (
            Reply::Body("{\"choices\":[]}".to_owned()),
            "its answer has no choices",
        ),
        (says("<i></i>\u{202e}"), "its answer has no text"),
        (
            Reply::Body(" ".repeat(MOST_BYTES + 1)),
            "its answer is larger than 64 kB",
        ),
        (Reply::NeverEnds, "its answer is larger than 64 kB"),
    ] {
        model.set(reply.clone());
        // Each when the breaker lets it try again.
        now += 2 * 3_600 * 1_000_000_000;
        let told = suggestions.ask_at(&judgement, || now).await.unwrap_err();
        assert!(
            matches!(&told, NotAsked::Failed(reason) if reason == expected),
            "{reply:?}: {told:?}"
        );
        assert_eq!(suggestions.status().last_error.as_deref(), Some(expected));
    }
    assert_eq!(suggestions.status().failures, 10);
    assert_eq!((model.questions(), elsewhere.questions()), (10, 0));
    // The largest that is taken, of an endpoint that repeats the key.
    let padding = MOST_BYTES - 2 - says("").body_length() - KEY.len() - 1;
    model.set(says(&format!("{KEY} {}", "é".repeat(padding / 2))));
    now += 2 * 3_600 * 1_000_000_000;
    let given = suggestions.ask_at(&judgement, || now).await.unwrap();
    assert!(given.text.starts_with("(not shown) é"), "{}", given.text);
    assert!(given.text.chars().count() <= 2_000 + "(not shown)".len());
}

impl Reply {
    fn body_length(&self) -> usize {
        match self {
            Self::Body(body) => body.len(),
            _ => 0,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_is_not_waited_for() {
    let model = Model::new(Reply::Hangs).await;
    let (suggestions, judgement, _dir) = asking(&model).await;
    let suggestions = suggestions.within(Duration::from_millis(250));
    for reply in [Reply::Hangs, Reply::HangsMidway] {
        model.set(reply.clone());
        let told = suggestions.ask(&judgement).await.unwrap_err();
        assert!(
            matches!(&told, NotAsked::Failed(reason) if reason == "no answer within 0.25 s"),
            "{reply:?}: {told:?}"
        );
    }
    // There was nothing wrong with what was asked.
    model.set(Reply::Says("See why."));
    assert_eq!(
        suggestions
            .within(Duration::from_secs(5))
            .ask(&judgement)
            .await
            .unwrap()
            .text,
        "See why."
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_fails_three_times_is_left_alone_then_tried_once_and_well_again() {
    let model = Model::new(Reply::Status(500, String::new())).await;
    let (suggestions, judgement, _dir) = asking(&model).await;
    let now = tick::now();
    let ask = |at: Nanos| suggestions.ask_at(&judgement, move || at);
    for _ in 0..3 {
        assert!(matches!(ask(now).await, Err(NotAsked::Failed(_))));
    }
    assert_eq!(suggestions.status().state, State::Open);
    let until = now + FIRST;
    assert!(matches!(ask(until - 1).await, Err(NotAsked::Open { until: told }) if told == until));
    assert_eq!(model.questions(), 3);
    // The trial fails: twice as long.
    assert!(matches!(ask(until).await, Err(NotAsked::Failed(_))));
    let later = until + 2 * FIRST;
    assert!(matches!(ask(later - 1).await, Err(NotAsked::Open { until: told }) if told == later));
    assert_eq!((model.questions(), suggestions.status().failures), (4, 4));
    model.set(Reply::Says("See why."));
    assert_eq!(ask(later).await.unwrap().text, "See why.");
    let status = suggestions.status();
    assert_eq!((status.state, status.failures), (State::Ready, 4));
    assert_eq!(status.last_error.as_deref(), Some("it answers 500"));
    assert!(ask(later + 1).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_interface_tells_failures_and_when_to_try_again() {
    let mut model = Model::new(Reply::Status(500, format!("you sent {KEY}"))).await;
    let bench = failing_shop(&model, &[]).await;
    // The first one is asked by itself.
    model.asked().await;
    for _ in 0..2 {
        let (status, _, problem) = ask(&bench, "shop").await;
        assert_eq!((status, &problem["code"]), (502, &json!("no_answer")));
        assert_eq!(
            problem["detail"],
            "the endpoint gave no suggestion: it answers 500"
        );
    }
    let (status, retry_after, problem) = ask(&bench, "shop").await;
    assert_eq!(
        (status, &problem["code"]),
        (503, &json!("open")),
        "{problem}"
    );
    assert!((50..=60).contains(&retry_after.unwrap()), "{retry_after:?}");
    assert_eq!(
        list(&bench, "").await,
        json!({"enabled": true, "state": "open", "failures": 3, "last_error": "it answers 500", "suggestions": []})
    );
    assert_eq!(model.questions(), 3);
    bench.stop().await;
}
