//! What is refused is told: why, how often, from whom, with an example.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Server, now, read};

async fn kinds(server: &Server) -> Vec<Value> {
    let (status, answer) = server.get("/api/v1/refused").await;
    assert!(status.is_success(), "{answer}");
    answer["refused"].as_array().expect("a list").clone()
}

/// The one kind that came by a way.
async fn only(server: &Server, way: &str) -> Value {
    let kinds = kinds(server).await;
    let mut found = kinds.iter().filter(|kind| kind["way"] == way);
    let kind = found
        .next()
        .unwrap_or_else(|| panic!("no {way}: {kinds:?}"));
    assert!(found.next().is_none(), "{kinds:?}");
    kind.clone()
}

#[tokio::test]
async fn refused_lines_are_counted_by_reason_with_an_example_without_secrets() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    assert_eq!(kinds(&server).await, Vec::<Value>::new());
    let mut lines = vec![format!("room,api_token=s3cr3t temperature=warm {}", now())];
    lines.extend((0..30).map(|row| format!("room,n={row} temperature=cold{row} {}", now())));
    lines.push(format!("room,name=attic temperature=21.5 {}", now()));
    let write = server
        .request(Method::POST, "/write")
        .body(lines.join("\n"));
    let (status, _) = read(write.header("user-agent", "thermometer/1")).await;
    assert_eq!(status.as_u16(), 400);
    let kind = only(&server, "line_protocol").await;
    assert_eq!(
        (&kind["count"], &kind["sender"]),
        (&json!(31), &json!("thermometer/1"))
    );
    assert!(
        kind["reason"].as_str().unwrap().contains("`warm`"),
        "{kind}"
    );
    let example = kind["example"].as_str().unwrap();
    assert!(
        example.starts_with("room,api_token=<hidden> temperature=warm"),
        "{kind}"
    );
    // A line of another kind is another entry.
    server
        .post(
            "/write",
            format!("room temperature=1 {}", now() / 1_000_000_000),
        )
        .await;
    let kinds = kinds(&server).await;
    assert_eq!(kinds.len(), 2, "{kinds:?}");
    assert!(
        kinds[0]["reason"].as_str().unwrap().contains("in the past"),
        "{kinds:?}"
    );
}

#[tokio::test]
async fn requests_refused_as_a_whole_are_told_by_their_way() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_as(dir.path(), &[], &[("PLIMSOLL_SERVER_BODY_MAX_MB", "1")]);
    server.post("/v1/metrics", "not otlp").await;
    let kind = only(&server, "otlp_metrics").await;
    assert!(
        kind["reason"]
            .as_str()
            .unwrap()
            .contains("application/x-protobuf"),
        "{kind}"
    );
    server.post("/api/v2/write", vec![b'a'; 1_500_000]).await;
    let kind = only(&server, "line_protocol").await;
    assert!(
        kind["reason"]
            .as_str()
            .unwrap()
            .contains("larger than 1000000 bytes"),
        "{kind}"
    );
    // A sender whose endpoint has a path too many.
    for _ in 0..2 {
        server.post("/v1/metrics/v1/metrics", "").await;
    }
    let kind = only(&server, "unknown_path").await;
    assert_eq!(
        (&kind["count"], &kind["example"]),
        (&json!(2), &json!("/v1/metrics/v1/metrics"))
    );
    // Whoever the door refuses is one of them.
    let foreign = server.request(Method::POST, "/api/v1/events").body("{}");
    read(foreign.header("host", "plimsoll.example")).await;
    let kind = only(&server, "events").await;
    assert!(
        kind["reason"]
            .as_str()
            .unwrap()
            .contains("plimsoll.example"),
        "{kind}"
    );
}

#[tokio::test]
async fn refused_events_and_points_are_told_with_an_example() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let events =
        json!([{"event_type": "deploy"}, {"event_type": 7, "attributes": {"password": "hunter2"}}]);
    server.post("/api/v1/events", events.to_string()).await;
    let kind = only(&server, "events").await;
    assert_eq!(kind["count"], 1);
    let example = kind["example"].as_str().unwrap();
    assert!(
        example.contains("\"event_type\":7") && !example.contains("hunter2"),
        "{kind}"
    );
    let point = json!({"asDouble": 1.0, "timeUnixNano": "1000"});
    let metrics = json!({"resourceMetrics": [{
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
        "scopeMetrics": [{"metrics": [{"name": "depth", "gauge": {"dataPoints": [point]}}]}]}]});
    let request = server
        .request(Method::POST, "/v1/metrics")
        .body(metrics.to_string());
    let (status, answer) = read(request.header("content-type", "application/json")).await;
    assert!(status.is_success(), "{answer}");
    let kind = only(&server, "otlp_metrics").await;
    assert_eq!(
        (&kind["service"], &kind["example"]),
        (&json!("shop"), &json!("depth"))
    );
    assert!(
        kind["reason"].as_str().unwrap().starts_with("is older"),
        "{kind}"
    );
}
