//! Several conditions on one tag, and what is no condition.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Server, outcome, plimsoll};

/// One row of each of three hosts.
async fn hosts(dir: &std::path::Path) -> Server {
    let server = Server::start(dir);
    server
        .write("load,host=a v=1\nload,host=b v=1\nload,host=c v=1")
        .await;
    server
}

fn count(answer: &Value) -> u64 {
    answer["series"][0]["values"][0][1].as_u64().unwrap_or(0)
}

#[tokio::test]
async fn every_condition_on_a_tag_must_hold() {
    let dir = tempfile::tempdir().unwrap();
    let server = hosts(dir.path()).await;
    for (params, filter, expected) in [
        (
            "filter=host!=a&filter=host!=b",
            r#"{"host": {"ne": "a"}, "host": {"ne": "b"}}"#,
            1,
        ),
        ("filter=host=a&filter=host=b", r#"{"host": ["a", "b"]}"#, 0),
        (
            "filter=host=~a|b&filter=host!=b",
            r#"{"host": [{"re": "a|b"}, {"ne": "b"}]}"#,
            1,
        ),
        ("filter=host!=a", r#"{"host": {"ne": "a", "nre": "x"}}"#, 2),
    ] {
        let path = format!("/api/v1/query?measurement=load&field=v:count&{params}");
        let (status, answer) = server.get(&path).await;
        assert_eq!(
            (status, count(&answer)),
            (StatusCode::OK, expected),
            "{params}"
        );
        let query = format!(
            r#"{{"measurement": "load", "fields": [{{"name": "v", "aggregate": "count"}}], "filter": {filter}}}"#
        );
        let (status, answer) = server.post("/api/v1/query", query).await;
        assert_eq!(
            (status, count(&answer)),
            (StatusCode::OK, expected),
            "{filter}"
        );
    }
}

#[tokio::test]
async fn the_command_lets_every_filter_hold() {
    let dir = tempfile::tempdir().unwrap();
    let server = hosts(dir.path()).await;
    let asked = ["query", "load", "--field", "v:count", "--json"];
    let filters = ["--filter", "host!=a", "--filter", "host!=b"];
    let mut command = plimsoll();
    command
        .args(asked)
        .args(filters)
        .arg("--data")
        .arg(dir.path());
    let mut ask = || {
        let (code, out, error) = outcome(command.output().unwrap());
        assert_eq!(code, 0, "{error}");
        count(&serde_json::from_str(&out).unwrap())
    };
    assert_eq!(ask(), 1, "through the server");
    assert!(server.stop().success());
    assert_eq!(ask(), 1, "from the folder");
}

#[tokio::test]
async fn an_empty_tag_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let server = hosts(dir.path()).await;
    for (params, field, value) in [
        ("filter==a", "filter", "=a"),
        ("filter=!=a", "filter", "!=a"),
        ("group_by=", "group_by", ""),
        ("group_by=host,", "group_by", ""),
    ] {
        let path = format!("/api/v1/query?measurement=load&field=v:count&{params}");
        let (status, answer) = server.get(&path).await;
        assert_eq!(
            (status, &answer["field"], &answer["value"]),
            (StatusCode::BAD_REQUEST, &json!(field), &json!(value)),
            "{params}"
        );
    }
}
