//! Ids of a request: in its headers, in its handler, on its log lines.

use axum::routing::get;
use axum::{Extension, Router};
use plimsoll::Monitor;
use plimsoll::layer::Correlation;

use crate::log::Lines;
use crate::server::{Server, build};

const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const HEADERS: &str = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\nx-request-id: order-77\r\n";

async fn handler(Extension(correlation): Extension<Correlation>) -> String {
    tokio::task::yield_now().await;
    tracing::info!("packed the order");
    correlation.traceparent()
}

async fn server(monitor: &Monitor) -> Server {
    Server::start(
        monitor,
        Router::new()
            .route("/", get(handler))
            .layer(monitor.layer()),
    )
    .await
}

#[tokio::test]
async fn ids_go_through_headers_handler_and_log() {
    let lines = Lines::default();
    let _logging = lines.take_from_this_thread();
    let monitor = build(Monitor::builder("test").correlation(true));
    let answer = server(&monitor).await.http1("GET /", HEADERS).await;

    assert!(answer.contains("x-request-id: order-77\r\n"), "{answer}");
    assert!(
        answer.contains(&format!("traceparent: 00-{TRACE_ID}-")),
        "{answer}"
    );
    let (_, body) = answer.rsplit_once("\r\n\r\n").unwrap();
    assert!(
        body.starts_with(&format!("00-{TRACE_ID}-")) && body.ends_with("-01"),
        "{body}"
    );

    let log = lines.text();
    let line = log
        .lines()
        .find(|line| line.contains("packed the order"))
        .unwrap();
    assert!(
        line.contains("request_id=\"order-77\"") && line.contains(TRACE_ID),
        "{line}"
    );
    assert!(line.contains("route=\"/\""), "{line}");
}

#[tokio::test]
async fn a_request_without_ids_gets_some() {
    let monitor = build(Monitor::builder("test").correlation(true));
    let answer = server(&monitor).await.http1("GET /", "").await;
    let id = answer
        .lines()
        .find_map(|line| line.strip_prefix("x-request-id: "))
        .unwrap();
    assert_eq!(id.len(), 32);
    assert!(answer.contains(&format!("traceparent: 00-{id}-")));
}

#[tokio::test]
async fn the_browser_is_told_the_time_when_asked_for() {
    let monitor = build(
        Monitor::builder("test")
            .server_timing(true)
            .correlation(true),
    );
    let answer = server(&monitor).await.http1("GET /", "").await;
    let timing = answer
        .lines()
        .find_map(|line| line.strip_prefix("server-timing: total;dur="))
        .unwrap();
    assert!(timing.parse::<f64>().unwrap() < 5000.0);
}

#[tokio::test]
async fn an_exemplar_names_a_trace_of_its_series() {
    let monitor = build(Monitor::builder("test").exemplars(true));
    let app = Router::new()
        .route("/", get(|| async {}))
        .layer(monitor.layer());
    let server = Server::start(&monitor, app).await;
    server.http1("GET /", "").await;
    server.http1("GET /", HEADERS).await;
    let (_, series) = server.only_series(2).await;
    let exemplar = series.exemplar.unwrap();
    assert_eq!(exemplar.trace_id.as_ref(), TRACE_ID);
    assert!(exemplar.value <= series.duration.max);
}

#[tokio::test]
async fn by_default_nothing_is_added_to_a_response() {
    let server = Server::layered(Router::new().route("/", get(|| async {}))).await;
    let answer = server.http1("GET /", HEADERS).await;
    assert!(
        !answer.contains("traceparent")
            && !answer.contains("request-id")
            && !answer.contains("timing")
    );
}
