//! Requests above the threshold: counted, shown and told.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use plimsoll::Monitor;
use serde_json::{Value, json};

use crate::log::Lines;
use crate::server::{Server, build};

/// A quarter of a second is the end of a bucket, so counts are exact.
const THRESHOLD: (&str, &str) = ("SLOW_REQUEST_THRESHOLD", "0.25");

/// Two slow requests and one fast one, counted.
async fn asked() -> Server {
    let monitor = Monitor::builder("test").build_with([THRESHOLD]).unwrap();
    let slow = || tokio::time::sleep(Duration::from_millis(260));
    let app = Router::new()
        .route("/slow/{id}", get(slow))
        .route("/fast", get(|| async {}))
        .layer(monitor.layer())
        .merge(monitor.routes());
    let server = Server::start(&monitor, app).await;
    for request in ["GET /slow/1", "GET /slow/2", "GET /fast"] {
        server.http1(request, "").await;
    }
    server
        .seen("three requests", |window| window.request_count() == 3)
        .await;
    server
}

#[tokio::test]
async fn slow_requests_are_counted_in_both_answers() {
    let server = asked().await;
    let answer = server.http1("GET /api/performance/metrics", "").await;
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let answer: Value = serde_json::from_str(body).unwrap();
    let expected = json!({
        "threshold_seconds": 0.25,
        "count": 2,
        "routes": [{ "route": "/slow/{id}", "method": "GET", "count": 2 }],
    });
    assert_eq!(answer["slow_requests"], expected);
    assert_eq!(answer["requests"]["total_requests"], 3);

    let scrape = server.http1("GET /metrics", "").await;
    for (route, count) in [("/slow/{id}", 2), ("/fast", 0)] {
        let line = format!(
            "plimsoll_http_server_slow_requests_total{{http_request_method=\"GET\",http_route=\"{route}\"}} {count}\n"
        );
        assert!(scrape.contains(&line), "no {line} in {scrape}");
    }
}

#[tokio::test]
async fn the_log_names_each_slow_route_once_a_window() {
    let lines = Lines::default();
    let _logging = lines.take_from_this_thread();
    let server = asked().await;
    server.monitor.close();
    server.monitor.run().await;
    let log = lines.text();
    let told: Vec<_> = log
        .lines()
        .filter(|line| line.contains("took longer"))
        .collect();
    assert_eq!(told.len(), 1, "{log}");
    assert!(
        told[0].contains("WARN")
            && told[0].contains("2 of 2 requests of GET /slow/{id} took longer than 0.25 s"),
        "{log}"
    );
}

#[tokio::test]
async fn many_slow_routes_do_not_flood_the_log() {
    let lines = Lines::default();
    let _logging = lines.take_from_this_thread();
    let at_once = Duration::from_nanos(1);
    let monitor = build(Monitor::builder("test").slow_request_threshold(at_once));
    let app = (0..13).fold(Router::new(), |app, n| {
        app.route(&format!("/{n}"), get(|| async {}))
    });
    let server = Server::start(&monitor, app.layer(monitor.layer())).await;
    for n in 0..13 {
        server.http1(&format!("GET /{n}"), "").await;
    }
    server
        .seen("13 requests", |window| window.request_count() == 13)
        .await;
    monitor.close();
    monitor.run().await;
    let log = lines.text();
    assert_eq!(log.matches("1 of 1 requests of GET /").count(), 10, "{log}");
    assert!(
        log.contains("3 requests of 3 further routes took longer"),
        "{log}"
    );
}
