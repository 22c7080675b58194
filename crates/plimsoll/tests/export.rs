//! Windows on their way to a collector, from a running monitor.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::routing::{get, post};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use plimsoll::Monitor;
use prost::Message;
use tokio::sync::mpsc;

use crate::server::{Server, build, monitor};

/// A collector that passes on what it gets.
async fn collector() -> (Server, mpsc::UnboundedReceiver<ExportMetricsServiceRequest>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let take = move |body: Bytes| async move {
        sender
            .send(ExportMetricsServiceRequest::decode(body).expect("protobuf"))
            .expect("test is there");
    };
    (
        Server::start(&monitor(), Router::new().route("/v1/metrics", post(take))).await,
        receiver,
    )
}

fn requests_in(request: &ExportMetricsServiceRequest) -> u64 {
    let scopes = request
        .resource_metrics
        .iter()
        .flat_map(|resource| &resource.scope_metrics);
    let metrics = scopes
        .flat_map(|scope| &scope.metrics)
        .filter(|metric| metric.name == "http.server.request.duration");
    let counts = metrics.map(|metric| match &metric.data {
        Some(Data::ExponentialHistogram(histogram)) => histogram
            .data_points
            .iter()
            .map(|point| point.count)
            .sum::<u64>(),
        other => panic!("unexpected {other:?}"),
    });
    counts.sum()
}

/// A service that was asked three times and then stops.
async fn served(endpoint: &Server) -> (Monitor, tokio::task::JoinHandle<()>) {
    let monitor =
        build(Monitor::builder("shop").export_to(&format!("http://{}", endpoint.address)));
    let running = tokio::spawn(monitor.run());
    let app = Router::new()
        .route("/", get(|| async { "pear" }))
        .layer(monitor.layer());
    let server = Server::start(&monitor, app).await;
    for _ in 0..3 {
        server.http1("GET /", "").await;
    }
    server
        .seen("three requests", |window| window.request_count() == 3)
        .await;
    (monitor, running)
}

#[tokio::test]
async fn closing_sends_the_window_that_was_open_and_ends_the_run() {
    let (collector, mut arrived) = collector().await;
    let (monitor, running) = served(&collector).await;
    monitor.close();
    tokio::time::timeout(Duration::from_secs(5), running)
        .await
        .expect("ends in time")
        .expect("does not panic");
    let mut count = 0;
    while let Ok(request) = arrived.try_recv() {
        count += requests_in(&request);
    }
    assert_eq!(count, 3);
    assert!(!monitor.is_running());
    let status = monitor.export_status().expect("exports");
    assert!(
        status.sent_points > 3 && status.queued_points == 0,
        "{status:?}"
    );
}

#[tokio::test]
async fn dropping_the_last_monitor_does_the_same() {
    let (collector, mut arrived) = collector().await;
    let (monitor, running) = served(&collector).await;
    drop(monitor);
    tokio::time::timeout(Duration::from_secs(5), running)
        .await
        .expect("ends in time")
        .expect("does not panic");
    let mut count = 0;
    while let Ok(request) = arrived.try_recv() {
        count += requests_in(&request);
    }
    assert_eq!(count, 3);
}
