//! What is counted under which route, method and status.

use std::time::Duration;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use http::StatusCode;
use plimsoll::Monitor;
use plimsoll::exposition::Format;
use plimsoll::layer::ErrorType;
use plimsoll::window::{RequestKey, Window};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::server::{Server, build};

async fn panicking() {
    panic!("the shelf {} is empty", 7);
}

async fn exhausted() -> Response {
    let mut response = StatusCode::SERVICE_UNAVAILABLE.into_response();
    response
        .extensions_mut()
        .insert(ErrorType::new("PoolExhausted").message("no connection within 5 s"));
    response
}

fn app() -> Router {
    Router::new()
        .route(
            "/orders/{id}",
            get(|| async { "order" }).post(|| async { StatusCode::CREATED }),
        )
        .route("/panics", get(panicking))
        .route("/exhausted", get(exhausted))
        .route("/hangs", get(std::future::pending::<()>))
        .route("/any", any(|| async {}))
        .nest(
            "/shop",
            Router::new().route("/items/{item}", get(|| async {})),
        )
}

/// Route, method, status, requests.
fn counts(window: &Window) -> Vec<(String, &'static str, u16, u64)> {
    let requests = window.requests.iter();
    requests
        .map(|(key, series)| {
            (
                key.route.to_string(),
                key.method,
                key.status,
                series.duration.count,
            )
        })
        .collect()
}

fn requests(expected: u64) -> impl Fn(&Window) -> bool {
    move |window| {
        window
            .requests
            .values()
            .map(|s| s.ended + s.cancelled + s.failed)
            .sum::<u64>()
            == expected
    }
}

#[tokio::test]
async fn requests_are_counted_by_route_method_and_status() {
    let server = Server::layered(app()).await;
    for request in [
        "GET /orders/1",
        "GET /orders/2",
        "POST /orders/3",
        "DELETE /orders/4",
        "GET /shop/items/9",
    ] {
        server.http1(request, "").await;
    }
    server.http2("GET", "/orders/5").await.unwrap();
    let window = server.seen("six requests", requests(6)).await;
    assert_eq!(
        counts(&window),
        [
            ("/orders/{id}".to_owned(), "DELETE", 405, 1),
            ("/orders/{id}".to_owned(), "GET", 200, 3),
            ("/orders/{id}".to_owned(), "POST", 201, 1),
            ("/shop/items/{item}".to_owned(), "GET", 200, 1),
        ]
    );
}

#[tokio::test]
async fn random_paths_make_one_series() {
    let server = Server::layered(app()).await;
    for number in 0..200 {
        server
            .http1(&format!("GET /wp-admin/{number}.php"), "")
            .await;
    }
    let (key, series) = server.only_series(200).await;
    assert_eq!(
        (key.route.as_ref(), key.status, series.duration.count),
        (RequestKey::UNMATCHED, 404, 200)
    );
}

#[tokio::test]
async fn an_unknown_method_is_other() {
    let server = Server::layered(app()).await;
    server.http1("BREW /any", "").await;
    let (key, _) = server.only_series(1).await;
    assert_eq!(key.method, "_OTHER");
}

#[tokio::test]
async fn a_panic_is_counted_as_500_and_answered_where_that_was_asked_for() {
    let answering = || build(Monitor::builder("test").answer_panics(true));
    let (monitor, layering) = (answering(), answering());
    let app = app()
        .route("/panics/fast", get(monitor.handler(panicking)))
        .route("/fine", get(|| async {}));
    let layered = Server::start(&layering, app.clone().layer(layering.layer())).await;
    let answer = layered.http1("GET /panics", "").await;
    assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
    let (key, series) = layered.only_series(1).await;
    assert_eq!(
        (key.status, key.error_type.as_deref(), series.duration.count),
        (500, Some("panic"), 1)
    );
    assert_eq!(
        layered.monitor.failures()[0].message,
        "the shelf 7 is empty"
    );
    assert_eq!(layered.monitor.cumulative().error_rate(), Some(1.0));

    let server = Server::start(&monitor, app).await;
    assert!(
        server
            .http1("GET /panics/fast", "")
            .await
            .starts_with("HTTP/1.1 500")
    );
    assert_eq!(
        server.only_series(1).await.0.error_type.as_deref(),
        Some("panic")
    );
}

#[tokio::test]
async fn a_panic_that_goes_on_is_counted_as_500_as_well() {
    let server = Server::layered(app()).await;
    assert_eq!(server.http1("GET /panics", "").await, "");
    let (key, series) = server.only_series(1).await;
    assert_eq!(
        (key.status, key.error_type.as_deref()),
        (500, Some("panic"))
    );
    assert_eq!(series.duration.count, 1);
}

#[tokio::test]
async fn what_the_service_tells_of_an_error_is_kept() {
    let server = Server::layered(app()).await;
    for _ in 0..30 {
        server.http1("GET /exhausted", "").await;
    }
    let (key, series) = server.only_series(30).await;
    assert_eq!(
        (key.error_type.as_deref(), series.duration.count),
        (Some("PoolExhausted"), 30)
    );
    let failures = server.monitor.failures();
    assert_eq!(
        (failures.len(), failures[0].message.as_str()),
        (20, "no connection within 5 s")
    );
}

#[tokio::test]
async fn a_client_that_leaves_before_the_head_cancels_the_request() {
    let server = Server::layered(app()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream
        .write_all(b"GET /hangs HTTP/1.1\r\nhost: test\r\n\r\n")
        .await
        .unwrap();
    server
        .seen("one in flight", |window| {
            window.server.active_requests.last == 1.0
        })
        .await;
    drop(stream);
    let (key, series) = server.only_series(1).await;
    assert_eq!(
        (key.status, series.cancelled, series.duration.count),
        (RequestKey::CLIENT_CLOSED, 1, 1)
    );
    let window = server
        .seen("none in flight", |window| {
            window.server.active_requests.last == 0.0
        })
        .await;
    assert_eq!(window.error_rate(), Some(0.0));
}

#[tokio::test]
async fn a_load_test_has_series_of_its_own() {
    let server = Server::layered(app()).await;
    server
        .http1("GET /orders/1", "x-plimsoll-run: spike\r\n")
        .await;
    server.http1("GET /orders/1", "").await;
    let window = server.seen("two requests", requests(2)).await;
    let runs: Vec<_> = window
        .requests
        .keys()
        .map(|key| key.run.as_deref())
        .collect();
    assert_eq!(
        (runs, window.request_count()),
        (vec![None, Some("spike")], 1)
    );
}

#[tokio::test]
async fn load_tests_beyond_the_bound_share_a_series_and_are_counted_as_dropped() {
    let server = Server::layered(app()).await;
    for run in 0..20 {
        let header = format!("x-plimsoll-run: run-{run}\r\n");
        server.http1("GET /orders/1", &header).await;
    }
    let window = server.seen("20 requests", requests(20)).await;
    // 16 have names of their own.
    assert_eq!((window.requests.len(), window.dropped.runs), (17, 4));
    let scrape = server.monitor.render_metrics(Format::Prometheus);
    assert!(
        scrape.contains("plimsoll_dropped_total{what=\"run\"} 4\n"),
        "{scrape}"
    );
}

#[tokio::test]
async fn a_disabled_monitor_passes_requests_through() {
    let monitor = build(Monitor::builder("test").enabled(false));
    let app = Router::new()
        .route("/layered", get(|| async { "as ever" }))
        .layer(monitor.layer())
        .route("/wrapped", get(monitor.handler(|| async { "as ever" })));
    let server = Server::start(&monitor, app).await;
    for path in ["/layered", "/wrapped"] {
        assert!(
            server
                .http1(&format!("GET {path}"), "")
                .await
                .ends_with("as ever")
        );
    }
    monitor.event();
    let window = monitor.cumulative();
    assert_eq!(
        (window.requests.len(), window.server.connections_opened),
        (0, 0)
    );
    monitor.run().await;
}

#[tokio::test]
async fn duration_ends_at_the_response_head() {
    let slow = || async {
        tokio::time::sleep(Duration::from_millis(30)).await;
        "slow"
    };
    let server = Server::layered(Router::new().route("/slow", post(slow))).await;
    server.http1("POST /slow", "content-length: 0\r\n").await;
    let (_, series) = server.only_series(1).await;
    assert!(
        (0.03..3.0).contains(&series.duration.max),
        "{} s",
        series.duration.max
    );
}

#[tokio::test]
async fn requests_and_events_of_the_last_minute_are_counted() {
    let server = Server::layered(app()).await;
    for _ in 0..70 {
        server.http1("GET /orders/1", "").await;
    }
    server.monitor.events(500);
    let window = server.seen("70 requests", requests(70)).await;
    let server = window.server;
    assert_eq!(
        (
            server.requests_per_minute.last,
            server.events_per_minute.last
        ),
        (70.0, 500.0)
    );
}
