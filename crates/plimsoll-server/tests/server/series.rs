//! Requests over time and in sum, every one counted once.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::Server;

/// The start of the minute before last, epoch milliseconds.
fn minute() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let millis = i64::try_from(now.unwrap().as_millis()).unwrap();
    (millis / 60_000 - 2) * 60_000
}

/// Sends requests as windows of ten seconds that end `second` seconds after `at`: source, route, status, second, how many.
async fn histograms(server: &Server, at: i64, requests: &[(&str, &str, &str, i64, u64)]) {
    for (source, route, status, second, count) in requests {
        let time = (at + second * 1_000) * 1_000_000;
        let scope = match *source {
            "library" => "plimsoll",
            _ => "opentelemetry.instrumentation.fastapi",
        };
        let attribute =
            |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
        let body = json!({"resourceMetrics": [{
            "resource": {"attributes": [attribute("service.name", "shop"), attribute("service.instance.id", "a")]},
            "scopeMetrics": [{"scope": {"name": scope}, "metrics": [{
                "name": "http.server.request.duration", "unit": "s",
                "histogram": {"aggregationTemporality": 1, "dataPoints": [{
                    "startTimeUnixNano": (time - 10_000_000_000).to_string(), "timeUnixNano": time.to_string(),
                    "count": count.to_string(), "sum": 0.2 * *count as f64, "explicitBounds": [0.1, 0.3],
                    "bucketCounts": ["0", count.to_string(), "0"],
                    "attributes": [attribute("http.route", route), attribute("http.request.method", "GET"),
                        {"key": "http.response.status_code", "value": {"intValue": status}}],
                }]},
            }]}],
        }]});
        let sent = server
            .request(reqwest::Method::POST, "/v1/metrics")
            .header("content-type", "application/json")
            .body(body.to_string());
        assert_eq!(sent.send().await.unwrap().status(), StatusCode::OK);
    }
}

async fn ask(server: &Server, path: &str) -> (StatusCode, Value) {
    super::read(server.request(reqwest::Method::GET, path)).await
}

#[tokio::test]
async fn steps_count_each_request_once_and_tell_errors_apart() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let at = minute();
    let requests = [
        ("library", "/a", "200", 0, 6),
        ("library", "/a", "500", 0, 2),
        ("library", "/b", "404", 20, 3),
        // The same requests as another SDK saw them.
        ("metric", "/a", "200", 0, 6),
        ("metric", "/b", "404", 20, 3),
    ];
    histograms(&server, at, &requests).await;

    let path = format!(
        "/api/performance/series?service=shop&start={at}&end={}&step=10s",
        at + 30_000
    );
    let (status, answer) = ask(&server, &path).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["step_seconds"], 10.0);
    assert_eq!(answer["times"], json!([at, at + 10_000, at + 20_000]));
    let line = &answer["lines"][0];
    assert_eq!(
        (&line["service"], &line["route"]),
        (&json!("shop"), &Value::Null)
    );
    // 8 requests in 10 s are 48 a minute, 3 are 18; between them the service was there without any.
    assert_eq!(line["requests_per_minute"], json!([48.0, 0.0, 18.0]));
    assert_eq!(line["errors_per_minute"], json!([12.0, 0.0, 0.0]));
    assert_eq!(line["p95_seconds"][1], Value::Null);
    let p95 = line["p95_seconds"][0].as_f64().unwrap();
    assert!((0.1..=0.3).contains(&p95), "{p95}");

    let (_, by_route) = ask(&server, &format!("{path}&by=route")).await;
    let routes: Vec<_> = by_route["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| &line["route"])
        .collect();
    assert_eq!(routes, ["/a", "/b"]);
    assert_eq!(
        by_route["lines"][1]["requests_per_minute"],
        json!([0.0, 0.0, 18.0])
    );

    let (_, totals) = ask(&server, "/api/performance/totals?service=shop&by=route").await;
    let first = &totals["rows"][0];
    assert_eq!(
        (&first["route"], &first["total_requests"]),
        (&json!("/a"), &json!(8))
    );
    assert_eq!(
        (&first["errors"], &first["statuses"]),
        (&json!(2), &json!({"200": 6, "500": 2}))
    );
    let (_, totals) = ask(&server, "/api/performance/totals?service=shop").await;
    let row = &totals["rows"][0];
    assert_eq!(
        (&row["total_requests"], &row["client_errors"]),
        (&json!(11), &json!(3))
    );
}

#[tokio::test]
async fn what_cannot_be_drawn_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    histograms(&server, minute(), &[("library", "/a", "200", 0, 1)]).await;
    for (query, field) in [
        ("step=fast", "step"),
        ("step=15s", "step"),
        ("step=1d", "step"),
        ("minutes=10080&step=10s", "step"),
        ("start=yesterday", "start"),
        ("start=-1h&end=-2h", "start"),
        ("minutes=5&start=-1h", "minutes"),
        ("by=instance", "by"),
        ("limit=0", "limit"),
    ] {
        let (status, answer) = ask(&server, &format!("/api/performance/series?{query}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}: {answer}");
        assert_eq!(answer["field"], field, "{query}: {answer}");
    }
    let (status, _) = ask(&server, "/api/performance/series?service=nobody").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}
