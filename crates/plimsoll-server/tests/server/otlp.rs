//! `/v1/metrics`: what senders may get wrong.

use std::io::Write;
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Server, now, read};

/// A gauge with one value for each tag value.
fn request(name: &str, tags: impl Iterator<Item = u32>) -> Value {
    let point = |tag: u32| {
        json!({"timeUnixNano": now().to_string(), "asDouble": 1.0,
        "attributes": [{"key": "n", "value": {"intValue": tag.to_string()}}]})
    };
    let points: Vec<_> = tags.map(point).collect();
    json!({"resourceMetrics": [{
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
        "scopeMetrics": [{"metrics": [{"name": name, "gauge": {"dataPoints": points}}]}]}]})
}

async fn send(
    server: &Server,
    content_type: &str,
    body: impl Into<reqwest::Body>,
) -> (StatusCode, Value) {
    let request = server.request(Method::POST, "/v1/metrics");
    read(request.header("content-type", content_type).body(body)).await
}

#[tokio::test]
async fn what_is_no_export_is_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    for (content_type, body, status, word) in [
        (
            "application/x-protobuf",
            "garbage",
            StatusCode::BAD_REQUEST,
            "no metrics request",
        ),
        (
            "application/json",
            "{\"resourceMetrics\": 7}",
            StatusCode::BAD_REQUEST,
            "no metrics request",
        ),
        (
            "application/json",
            "[]",
            StatusCode::BAD_REQUEST,
            "JSON object",
        ),
        (
            "text/plain",
            "x",
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "application/json",
        ),
        (
            "application/grpc",
            "x",
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "http/protobuf",
        ),
    ] {
        let (answered, problem) = send(&server, content_type, body).await;
        assert_eq!(answered, status, "{problem}");
        assert!(
            problem["detail"].as_str().unwrap().contains(word),
            "{problem}"
        );
    }
    for path in ["/v1/traces", "/v1/logs"] {
        let request = server
            .request(reqwest::Method::POST, path)
            .header("content-type", "application/x-protobuf");
        let answer = request.body(&b"\xff\xff\xff"[..]).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{path}");
    }
}

#[tokio::test]
async fn bodies_that_unfold_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let points = vec!["{}"; 2_000_000].join(",");
    let json = format!(
        r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"name":"m","gauge":{{"dataPoints":[{points}]}}}}]}}]}}]}}"#
    );
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(json.as_bytes()).unwrap();
    let small = encoder.finish().unwrap();
    assert!(small.len() < 20_000);
    let request = server.request(Method::POST, "/v1/metrics");
    let request = request
        .header("content-type", "application/json")
        .header("content-encoding", "gzip");
    let (status, problem) = read(request.body(small)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{problem}");
}

#[tokio::test]
async fn the_series_limit_is_a_partial_success_and_known_series_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("plimsoll.toml");
    std::fs::write(&config, "[store]\nmax_series = 200\n").unwrap();
    let server = Server::start_with(dir.path(), &["--config", config.to_str().unwrap()]);
    let (status, answer) = send(
        &server,
        "application/json",
        request("m", 0..400).to_string(),
    )
    .await;
    assert_eq!(status, StatusCode::OK);
    let refused: u32 = answer["partialSuccess"]["rejectedDataPoints"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    // Own series of the server may have taken some places.
    assert!((200..400).contains(&refused), "{answer}");
    let reason = answer["partialSuccess"]["errorMessage"].as_str().unwrap();
    assert!(reason.contains("store.max_series"), "{reason}");
    let (status, answer) = send(&server, "application/json", request("m", 0..1).to_string()).await;
    assert_eq!((status, answer), (StatusCode::OK, json!({})));
}

#[tokio::test]
async fn a_changed_type_and_a_wrong_clock_are_told_and_the_rest_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    server.write("m value=\"text\"").await;
    let far = (now() + 400 * 86_400_000_000_000).to_string();
    let mut sent = request("m", 0..1);
    let metrics = sent["resourceMetrics"][0]["scopeMetrics"][0]["metrics"]
        .as_array_mut()
        .unwrap();
    metrics.push(
        json!({"name": "late", "gauge": {"dataPoints": [{"timeUnixNano": far, "asDouble": 1.0}]}}),
    );
    metrics.push(json!({"name": "good", "gauge": {"dataPoints": [{"timeUnixNano": now().to_string(), "asDouble": 2.5}]}}));
    let (status, answer) = send(&server, "application/json; charset=utf-8", sent.to_string()).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(answer["partialSuccess"]["rejectedDataPoints"], "2");
    let reason = answer["partialSuccess"]["errorMessage"].as_str().unwrap();
    assert!(
        reason.contains("1 × m changes its type")
            && reason.contains("1 × late is too far in the future"),
        "{reason}"
    );
    let rows = server
        .rows(json!({"measurement": "good", "fields": ["value"]}))
        .await;
    assert_eq!(rows[0][1], 2.5);
}

#[tokio::test]
async fn parameters_out_of_range_and_unknown_services_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let (status, _) = send(&server, "application/json", request("m", 0..1).to_string()).await;
    assert_eq!(status, StatusCode::OK);
    // Who is unknown is known once the store has been looked through.
    let patience = Instant::now() + Duration::from_secs(10);
    let unknown = "/api/performance/metrics?service=nobody";
    while server.get(unknown).await.0 != StatusCode::NOT_FOUND {
        assert!(Instant::now() < patience, "the services are not recalled");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for path in ["metrics", "routes", "resources"] {
        let (status, problem) = server
            .get(&format!("/api/performance/{path}?service=nobody"))
            .await;
        assert_eq!(
            (status, &problem["value"]),
            (StatusCode::NOT_FOUND, &json!("nobody"))
        );
        let known = problem["known"].as_array().unwrap();
        assert!(known.contains(&json!("shop")), "{problem}");
        let (status, problem) = server
            .get(&format!("/api/performance/{path}?minutes=0"))
            .await;
        assert_eq!(
            (status, &problem["field"]),
            (StatusCode::BAD_REQUEST, &json!("minutes"))
        );
        let (status, answer) = server
            .get(&format!("/api/performance/{path}?service=shop&minutes=7"))
            .await;
        assert_eq!(
            (status, &answer["period_minutes"]),
            (StatusCode::OK, &json!(7))
        );
    }
}

#[tokio::test]
async fn the_server_measures_itself_and_keeps_its_last_window() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    for _ in 0..7 {
        server.get("/api/v1/services").await;
    }
    server.get("/nothing/here").await;
    server.write("m value=1").await;
    assert!(server.stop().success());
    let server = Server::start(dir.path());
    let (status, answer) = server.get("/api/performance/routes?service=plimsoll").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let routes = answer["routes"].as_array().unwrap();
    let told = |route: &str, status: u16| {
        let row = routes
            .iter()
            .find(|row| row["route"] == route && row["status"] == status);
        row.map(|row| row["total_requests"].clone())
    };
    assert_eq!(told("/api/v1/services", 200), Some(json!(7)), "{answer}");
    assert_eq!(told("<unmatched>", 404), Some(json!(1)), "{answer}");
    let (_, resources) = server
        .get("/api/performance/resources?service=plimsoll")
        .await;
    let memory = &resources["current"]["process_memory_rss_bytes"];
    assert!(memory.as_f64().unwrap() > 1e6, "{resources}");
    let query = json!({"measurement": "plimsoll_store_active_series", "start": "-1h",
        "fields": [{"name": "value", "aggregate": "last"}]});
    let rows = server.rows(query).await;
    assert!(rows[0][1].as_f64().unwrap() >= 0.0, "{rows:?}");
    let query = json!({"measurement": "plimsoll_store_write_duration", "start": "-1h",
        "fields": [{"name": "distribution", "aggregate": "p99"}]});
    let rows = server.rows(query).await;
    assert!(rows[0][1].as_f64().unwrap() > 0.0, "{rows:?}");
    let (_, all) = server.get("/api/performance/metrics").await;
    assert_eq!(
        all["requests"]["total_requests"], 0,
        "the server itself is left out"
    );
}

#[tokio::test]
async fn doubles_in_quotes_are_taken_and_those_that_are_no_numbers_refused_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let points = ["1.5", "NaN", "Infinity"]
        .map(|value| json!({"timeUnixNano": super::now().to_string(), "asDouble": value}));
    let metrics = json!({"resourceMetrics": [{"scopeMetrics": [{"metrics": [
        {"name": "quoted", "gauge": {"dataPoints": points}}]}]}]});
    let request = server.request(reqwest::Method::POST, "/v1/metrics");
    let request = request.header("content-type", "application/json");
    let (status, answer) = super::read(request.body(metrics.to_string())).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let partial = &answer["partialSuccess"];
    assert_eq!(partial["rejectedDataPoints"], "2", "{answer}");
    let message = partial["errorMessage"].as_str().unwrap();
    assert!(message.contains("has the value NaN"), "{message}");
    let query = json!({"measurement": "quoted", "fields": ["value"]});
    assert_eq!(server.rows(query).await[0][1], 1.5);
}
