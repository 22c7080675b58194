//! The series limit, and what the server tells of itself.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Server, now, read};

/// A server with a configuration file.
fn configured(dir: &Path, config: &str) -> Server {
    let file = dir.join("plimsoll.toml");
    fs::write(&file, config).unwrap();
    Server::start_with(
        &dir.join("data"),
        &["--config", file.to_str().expect("a name")],
    )
}

/// The counters and states of the statistics, which are kept for a while: each `range` is asked for once.
async fn stats(server: &Server, range: u32) -> Value {
    let path = format!("/api/v1/stats?start_time=-{range}m");
    let (status, stats) = server.get(&path).await;
    assert_eq!(status, StatusCode::OK, "{stats}");
    stats
}

/// The value of a metric in the text of `/metrics`.
async fn metric(server: &Server, name: &str) -> Option<f64> {
    let (_, text) = server.get("/metrics").await;
    let line = text.as_str()?.lines().find(|line| {
        let rest = line.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with([' ', '{']))
    })?;
    line.rsplit_once(' ')?.1.parse().ok()
}

/// Asks until the metric has the value.
async fn wait_for_metric(server: &Server, name: &str, expected: f64) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let found = metric(server, name).await;
        if found == Some(expected) {
            return;
        }
        assert!(Instant::now() < deadline, "{name}: {found:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn at_the_series_limit_the_server_goes_on_measuring_itself_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let server = configured(dir.path(), "[store]\nmax_series = 3\n");
    server
        .write("m,host=a v=1\nm,host=b v=1\nm,host=c v=1")
        .await;
    let (status, problem) = server.post("/write", "m,host=d v=1").await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{problem}");
    let deadline = Instant::now() + Duration::from_secs(20);
    let (_, health) = loop {
        let answer = server.get("/health").await;
        if answer.1["status"] != "healthy" || Instant::now() > deadline {
            break answer;
        }
    };
    let told = health["checks"]["database"].to_string();
    assert!(told.contains("series limit"), "{health}");
    // Its first window closes within ten seconds.
    let deadline = Instant::now() + Duration::from_secs(25);
    let own = json!({"measurement": "plimsoll_store_max_series", "fields": ["value"]});
    loop {
        let (_, answer) = server.post("/api/v1/query", own.to_string()).await;
        if answer["series"]
            .as_array()
            .is_some_and(|series| !series.is_empty())
        {
            break;
        }
        assert!(Instant::now() < deadline, "no window of its own: {answer}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert_eq!(
        stats(&server, 61).await["ingest"]["own_rows_over_series_limit"],
        0
    );
}

#[tokio::test]
async fn what_came_in_and_what_was_refused_is_counted_whatever_the_protocol() {
    let dir = tempfile::tempdir().unwrap();
    let server = configured(dir.path(), "[store]\nmax_series = 4\n");
    let (status, _) = server.post("/write", "m v=1\nm v=\nm v=1 1").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let ingest = |stats: &Value| {
        [
            "rows_written",
            "rows_refused",
            "rows_out_of_time",
            "rows_over_series_limit",
        ]
        .map(|name| stats["ingest"][name].as_u64().expect("a count"))
    };
    assert_eq!(ingest(&stats(&server, 61).await), [1, 2, 1, 0]);

    let points = json!([{"timeUnixNano": now().to_string(), "asInt": "1"}, {"timeUnixNano": "1", "asInt": "1"}]);
    let metrics = json!({"resourceMetrics": [{"scopeMetrics": [{"metrics": [
        {"name": "sent", "gauge": {"dataPoints": points}}]}]}]});
    let request = server.request(Method::POST, "/v1/metrics");
    let request = request.header("content-type", "application/json");
    let (status, answer) = read(request.body(metrics.to_string())).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(ingest(&stats(&server, 62).await), [2, 3, 2, 0]);

    let events = json!([{"type": "a"}, {"type": "b"}, {"type": "a", "time": "1980-01-01T00:00:00Z"}, {"type": "c"}, {"tpye": "a"}]);
    let (status, answer) = server.post("/api/v1/events", events.to_string()).await;
    assert_eq!(
        (status, &answer["stored"]),
        (StatusCode::BAD_REQUEST, &json!(2)),
        "{answer}"
    );
    assert_eq!(ingest(&stats(&server, 63).await), [4, 6, 3, 1]);

    for (name, expected) in [
        ("plimsoll_ingest_rows_written_total", 4.0),
        ("plimsoll_ingest_rows_refused_total", 6.0),
        ("plimsoll_ingest_rows_out_of_time_total", 3.0),
        ("plimsoll_ingest_rows_over_series_limit_total", 1.0),
        ("plimsoll_store_max_series", 4.0),
        ("plimsoll_store_disk_full", 0.0),
        ("plimsoll_store_refused_disk_full_total", 0.0),
        ("plimsoll_task_restarts_total", 0.0),
    ] {
        wait_for_metric(&server, name, expected).await;
    }
    let stats = stats(&server, 64).await;
    for name in ["refused_disk_full", "refused_unavailable", "dropped_files"] {
        assert_eq!(stats["store"][name], 0, "{name}: {stats}");
    }
    assert_eq!(stats["task_restarts"], json!({}), "{stats}");
}

#[tokio::test]
async fn how_far_a_clock_may_be_ahead_is_a_setting() {
    let dir = tempfile::tempdir().unwrap();
    let server = configured(dir.path(), "[store]\nclock_future_secs = 5\n");
    let ahead = |secs: i64| format!("m v=1 {}", now() + secs * 1_000_000_000);
    server.write(ahead(2)).await;
    let (status, problem) = server.post("/write", ahead(60)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let detail = problem["detail"].as_str().expect("a detail");
    assert!(detail.contains("store.clock_future_secs"), "{detail}");

    let dir = tempfile::tempdir().unwrap();
    let server = configured(dir.path(), "[store]\nclock_future_secs = 7200\n");
    server.write(ahead(3_600)).await;
    let (status, _) = server.post("/write", ahead(7_300)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}
