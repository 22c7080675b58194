//! How a request's outcome is told from the way its body ends.

use std::convert::Infallible;
use std::io;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::{StreamExt, stream};
use http::StatusCode;
use http_body_util::combinators::BoxBody;
use hyper::body::{Bytes, Frame};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::server::Server;

fn chunks(number: usize) -> Body {
    Body::from_stream(stream::iter(
        (0..number).map(|_| Ok::<_, Infallible>("0123456789")),
    ))
}

async fn with_length(number: usize) -> Response {
    Response::builder()
        .header("content-length", number * 10)
        .body(chunks(number))
        .unwrap()
}

async fn breaking() -> Body {
    Body::from_stream(stream::iter([
        Ok("first"),
        Err(io::Error::other("the source dried up")),
    ]))
}

async fn panicking() -> Body {
    Body::from_stream(stream::iter(0..2).map(|chunk| match chunk {
        0 => Ok::<_, Infallible>("first"),
        _ => panic!("the source is gone"),
    }))
}

async fn endless() -> Body {
    Body::from_stream(stream::repeat(Ok::<_, Infallible>(Bytes::from_static(
        &[b'x'; 8192],
    ))))
}

async fn trailing() -> Body {
    let frames = [
        Frame::data(Bytes::from("body")),
        Frame::trailers(http::HeaderMap::new()),
    ];
    let body = http_body_util::StreamBody::new(stream::iter(frames.map(Ok::<_, Infallible>)));
    Body::new(BoxBody::new(body))
}

fn app() -> Router {
    Router::new()
        .route("/full", get(|| async { "a full body" }))
        .route("/empty", get(|| async {}))
        .route("/none", get(|| async { StatusCode::NO_CONTENT }))
        .route(
            "/unchanged",
            get(|| async { (StatusCode::NOT_MODIFIED, "ignored").into_response() }),
        )
        .route("/stream", get(|| async { chunks(5) }))
        .route("/fixed", get(|| with_length(5)))
        .route("/trailers", get(trailing))
        .route("/breaking", get(breaking))
        .route("/panicking", get(panicking))
        .route("/endless", get(endless))
        .route(
            "/never",
            get(|| async { Body::from_stream(stream::pending::<Result<Bytes, Infallible>>()) }),
        )
}

const WHOLE: [(&str, &str); 12] = [
    ("GET", "/full"),
    ("GET", "/empty"),
    ("GET", "/none"),
    ("GET", "/unchanged"),
    ("GET", "/stream"),
    ("GET", "/fixed"),
    ("GET", "/trailers"),
    ("HEAD", "/full"),
    ("HEAD", "/stream"),
    ("HEAD", "/fixed"),
    ("HEAD", "/endless"),
    ("HEAD", "/empty"),
];

#[tokio::test]
async fn whole_bodies_count_as_ended_over_http1() {
    for (method, path) in WHOLE {
        let server = Server::layered(app()).await;
        server.http1(&format!("{method} {path}"), "").await;
        let (key, series) = server.only_series(1).await;
        assert_eq!(
            (series.ended, key.method, key.route.as_ref()),
            (1, method, path)
        );
        assert_eq!(
            (series.duration.count, series.body_duration.count),
            (1, 1),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn whole_bodies_count_as_ended_over_http2() {
    for (method, path) in WHOLE {
        let server = Server::layered(app()).await;
        server.http2(method, path).await.unwrap();
        let (key, series) = server.only_series(1).await;
        assert_eq!(
            (series.ended, key.method, key.route.as_ref()),
            (1, method, path)
        );
    }
}

#[tokio::test]
async fn whole_bodies_count_as_ended_around_a_handler() {
    let monitor = crate::server::monitor();
    let app = Router::new()
        .route("/full", get(monitor.handler(|| async { "a full body" })))
        .route("/empty", get(monitor.handler(|| async {})))
        .route("/stream", get(monitor.handler(|| async { chunks(5) })))
        .route("/fixed", get(monitor.handler(|| with_length(5))));
    let server = Server::start(&monitor, app).await;
    for (method, path) in WHOLE
        .iter()
        .filter(|(_, path)| ["/full", "/empty", "/stream", "/fixed"].contains(path))
    {
        server.http1(&format!("{method} {path}"), "").await;
    }
    let window = server
        .seen("eight ends", |window| {
            window.requests.values().map(|s| s.ended).sum::<u64>() == 8
        })
        .await;
    assert!(
        window
            .requests
            .values()
            .all(|series| series.cancelled + series.failed == 0)
    );
}

#[tokio::test]
async fn a_body_that_breaks_off_counts_as_failed() {
    for http2 in [false, true] {
        let server = Server::layered(app()).await;
        if http2 {
            assert!(server.http2("GET", "/breaking").await.is_err());
        } else {
            server.http1("GET /breaking", "").await;
        }
        let (key, series) = server.only_series(1).await;
        assert_eq!((key.status, series.ended, series.failed), (200, 0, 1));
        let failures = server.monitor.failures();
        assert_eq!(
            (failures[0].error_type.as_ref(), failures[0].route.as_ref()),
            ("body", "/breaking")
        );
        assert!(failures[0].message.contains("the source dried up"));
    }
}

#[tokio::test]
async fn a_body_that_panics_counts_as_failed() {
    for http2 in [false, true] {
        let server = Server::layered(app()).await;
        if http2 {
            assert!(server.http2("GET", "/panicking").await.is_err());
        } else {
            server.http1("GET /panicking", "").await;
        }
        let (key, series) = server.only_series(1).await;
        assert_eq!((key.status, series.cancelled, series.failed), (200, 0, 1));
        assert_eq!(server.monitor.failures()[0].error_type.as_ref(), "body");
        assert_eq!(server.monitor.cumulative().error_rate(), Some(1.0));
    }
}

#[tokio::test]
async fn a_client_that_leaves_amid_the_body_cancels_it() {
    let server = Server::layered(app()).await;
    for path in ["/endless", "/never"] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream
            .write_all(format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n").as_bytes())
            .await
            .unwrap();
        stream.read_exact(&mut [0; 15]).await.unwrap();
        drop(stream);
    }
    let window = server
        .seen("two cancelled", |w| {
            w.requests.values().map(|s| s.cancelled).sum::<u64>() == 2
        })
        .await;
    assert!(window.requests.keys().all(|key| key.status == 200));
    assert_eq!(window.server.active_requests.last, 0.0);
}

#[tokio::test]
async fn time_to_the_last_byte_is_longer_than_time_to_the_head() {
    let slow = || async {
        Body::from_stream(stream::iter(0..5).then(|_| async {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            Ok::<_, Infallible>("slow")
        }))
    };
    let server = Server::layered(Router::new().route("/slow", get(slow))).await;
    server.http1("GET /slow", "").await;
    let (_, series) = server.only_series(1).await;
    assert!(
        series.duration.max < 0.05,
        "head after {} s",
        series.duration.max
    );
    assert!(
        (0.1..5.0).contains(&series.body_duration.max),
        "last byte after {} s",
        series.body_duration.max
    );
}
