//! Monitors and their own time.

use std::time::Duration;

use axum::Router;
use axum::routing::get;

use crate::server::{Server, monitor};

#[tokio::test]
async fn several_monitors_count_their_own_requests() {
    let first = Server::layered(Router::new().route("/first", get(|| async {}))).await;
    let second = Server::layered(Router::new().route("/second", get(|| async {}))).await;
    for _ in 0..3 {
        first.http1("GET /first", "").await;
        second.http1("GET /second", "").await;
    }
    second.http1("GET /second", "").await;
    assert_eq!(first.only_series(3).await.0.route.as_ref(), "/first");
    assert_eq!(second.only_series(4).await.0.route.as_ref(), "/second");
}

#[tokio::test]
async fn run_ends_with_the_monitor() {
    let monitor = monitor();
    let running = tokio::spawn(monitor.run());
    tokio::task::yield_now().await;
    assert!(!running.is_finished());
    drop(monitor);
    tokio::time::timeout(Duration::from_secs(5), running)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_second_run_ends_at_once() {
    let monitor = monitor();
    let first = tokio::spawn(monitor.run());
    tokio::task::yield_now().await;
    monitor.run().await;
    assert!(!first.is_finished());
}

#[tokio::test(start_paused = true)]
async fn an_aborted_run_can_be_begun_again() {
    let monitor = monitor();
    let first = tokio::spawn(monitor.run());
    tokio::task::yield_now().await;
    assert!(monitor.is_running());
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    assert!(!monitor.is_running());
    let second = tokio::spawn(monitor.run());
    tokio::task::yield_now().await;
    assert!(monitor.is_running());
    assert!(!second.is_finished());
}
