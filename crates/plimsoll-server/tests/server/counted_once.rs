//! Requests that a service is both scraped for and sends metrics of.

use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::targets::{TEXT, raw, scraping, target, until, with_body};
use super::{Server, now, read};

const SECOND: i64 = 1_000_000_000;
/// What the page shows from its second answer on: twenty requests.
const PAGE: &str = r#"
# TYPE http_server_request_duration_seconds histogram
http_server_request_duration_seconds_bucket{http_route="/a",http_request_method="GET",http_response_status_code="200",le="1"} 20
http_server_request_duration_seconds_bucket{http_route="/a",http_request_method="GET",http_response_status_code="200",le="+Inf"} 20
http_server_request_duration_seconds_sum{http_route="/a",http_request_method="GET",http_response_status_code="200"} 4
http_server_request_duration_seconds_count{http_route="/a",http_request_method="GET",http_response_status_code="200"} 20
"#;

fn counting() -> String {
    let asked = AtomicBool::new(false);
    let (url, _) = raw(move |stream| {
        let page = match asked.swap(true, Ordering::Relaxed) {
            true => PAGE,
            false => "a 1\n",
        };
        with_body(stream, TEXT, page.as_bytes())
    });
    url
}

/// A total as an SDK sends it.
async fn push(server: &Server, service: &str, total: u64, started: i64, at: i64) {
    let attribute = |name: &str, value: &str| json!({"key": name, "value": {"stringValue": value}});
    let point = json!({
        "startTimeUnixNano": started.to_string(), "timeUnixNano": at.to_string(),
        "count": total.to_string(), "sum": 1.0, "bucketCounts": [total.to_string(), "0"], "explicitBounds": [1.0],
        "attributes": [attribute("http.route", "/a"), attribute("http.request.method", "GET"),
            {"key": "http.response.status_code", "value": {"intValue": "200"}}]});
    let export = json!({"resourceMetrics": [{
        "resource": {"attributes": [attribute("service.name", service), attribute("service.instance.id", "i1")]},
        "scopeMetrics": [{"scope": {"name": "sdk"}, "metrics": [{"name": "http.server.request.duration", "unit": "s",
            "histogram": {"aggregationTemporality": 2, "dataPoints": [point]}}]}]}]});
    let request = server.request(Method::POST, "/v1/metrics");
    let request = request.header("content-type", "application/json");
    let (status, answer) = read(request.body(export.to_string())).await;
    assert_eq!((status, &answer), (StatusCode::OK, &json!({})));
}

/// Requests of a service as its sources count them.
async fn by_source(server: &Server, service: &str) -> Value {
    let query = json!({"measurement": "http_requests", "fields": [{"name": "duration", "aggregate": "count"}],
        "filter": {"service": service}, "group_by": ["source"], "start": "-1h"});
    let (_, answer) = server.post("/api/v1/query", query.to_string()).await;
    let series = answer["series"].as_array().cloned().unwrap_or_default();
    let of = |one: &Value| {
        let source = one["tags"]["source"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        (source, one["values"][0][1].clone())
    };
    Value::Object(series.iter().map(of).collect())
}

async fn total(server: &Server, service: &str) -> Value {
    let path = format!("/api/performance/totals?service={service}&minutes=60");
    let (status, answer) = server.get(&path).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer["rows"][0]["total_requests"].clone()
}

#[tokio::test]
async fn what_is_scraped_and_sent_is_counted_once() {
    let begun = now();
    let dir = tempfile::tempdir().unwrap();
    let targets = ["both", "earlier"].map(|job| target(job, &counting(), ""));
    let server = scraping(dir.path(), &targets.concat());
    // As pages were written before they had a source of their own: read on, and what is scraped now adds to it.
    push(
        &server,
        "earlier",
        7,
        begun - 1_260 * SECOND,
        begun - 1_200 * SECOND,
    )
    .await;
    for service in ["both", "earlier"] {
        until("the page is read", async || {
            let sources = by_source(&server, service).await;
            match sources["scrape"] == 20 {
                true => Ok(()),
                false => Err(sources.to_string()),
            }
        })
        .await;
    }
    push(&server, "both", 20, begun - 30 * SECOND, now()).await;
    assert_eq!(
        by_source(&server, "both").await,
        json!({"metric": 20, "scrape": 20})
    );
    assert_eq!(total(&server, "both").await, 20);
    assert_eq!(
        by_source(&server, "earlier").await,
        json!({"metric": 7, "scrape": 20})
    );
    assert_eq!(total(&server, "earlier").await, 27);
}
