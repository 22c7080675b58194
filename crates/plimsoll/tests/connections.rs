//! Connections and queues.

use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::get;
use axum::serve::ListenerExt;
use http::HeaderName;
use plimsoll::Monitor;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceBuilder;
use tower::limit::GlobalConcurrencyLimitLayer;

use crate::server::{Server, build, monitor};

/// Reads until `end` has come, so that nothing unread is left that would turn a close into a reset.
async fn read_until(stream: &mut TcpStream, end: &str) {
    let mut read = Vec::new();
    while !read.ends_with(end.as_bytes()) {
        assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0, "closed early");
    }
}

#[tokio::test]
async fn connections_are_counted_while_open_and_when_reset() {
    let server = Server::layered(Router::new().route("/", get(|| async { "hello" }))).await;
    let mut orderly = TcpStream::connect(server.address).await.unwrap();
    let mut resetting = TcpStream::connect(server.address).await.unwrap();
    for stream in [&mut orderly, &mut resetting] {
        stream
            .write_all(b"GET / HTTP/1.1\r\nhost: test\r\n\r\n")
            .await
            .unwrap();
        read_until(stream, "hello").await;
    }
    let open = server
        .seen("two open", |window| {
            window.server.connections_active.last == 2.0
        })
        .await;
    assert_eq!(open.server.connections_opened, 2);
    assert_eq!(open.server.queue_wait.count, 2);

    // With a lingering time of zero the kernel resets the connection instead of closing it (socket(7)).
    resetting.set_zero_linger().unwrap();
    drop(resetting);
    drop(orderly);
    let closed = server
        .seen("none open", |window| {
            window.server.connections_active.last == 0.0
        })
        .await;
    assert_eq!(
        (
            closed.server.connections_reset,
            closed.server.connections_aborted
        ),
        (1, 0)
    );
    assert_eq!(closed.server.queue_size.last, 0.0);
}

#[tokio::test]
async fn the_peers_address_is_still_to_be_had() {
    let monitor = monitor();
    let app = Router::new().route(
        "/",
        get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() }),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let listener = monitor.listener(listener).tap_io(|_| {});
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    let serving = tokio::spawn(async move { axum::serve(listener, app).await });
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("127.0.0.1"), "{answer}");
    serving.abort();
}

#[tokio::test]
async fn requests_behind_a_full_limit_wait_in_the_queue() {
    let monitor = monitor();
    let slow = || async { tokio::time::sleep(Duration::from_millis(50)).await };
    let layers = ServiceBuilder::new()
        .layer(monitor.queue_layer())
        .layer(GlobalConcurrencyLimitLayer::new(1))
        .layer(monitor.layer());
    let app = Router::new().route("/slow", get(slow)).layer(layers);
    let server = Server::start(&monitor, app).await;
    tokio::join!(
        server.http1("GET /slow", ""),
        server.http1("GET /slow", ""),
        server.http1("GET /slow", "")
    );
    let window = server
        .seen("three requests and an empty queue", |window| {
            window.request_count() == 3 && window.server.queue_size.last == 0.0
        })
        .await;
    // Three requests and three connections waited; the last request for two others, 50 ms each.
    assert_eq!(window.server.queue_wait.count, 6);
    assert!(
        window.server.queue_wait.max >= 0.1,
        "{}",
        window.server.queue_wait.max
    );
    let (_, series) = server.only_series(3).await;
    assert!(series.duration.min < series.duration.max.max(0.1));
}

#[tokio::test]
async fn a_proxys_header_tells_how_long_a_request_waited() {
    let header = HeaderName::from_static("x-request-start");
    let monitor = build(Monitor::builder("test").queue_header(header));
    let app = Router::new()
        .route("/", get(|| async {}))
        .layer(monitor.layer());
    let server = Server::start(&monitor, app).await;
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let two_seconds_ago = now.as_millis() - 2000;
    server
        .http1(
            "GET /",
            &format!("x-request-start: t={two_seconds_ago}\r\n"),
        )
        .await;
    let wait = server
        .seen("one request", |window| window.request_count() == 1)
        .await
        .server
        .queue_wait;
    assert!((2.0..3.0).contains(&wait.max), "{} s", wait.max);
}
