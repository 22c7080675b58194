//! Any tower service, without a router that tells which route matched.

use std::convert::Infallible;
use std::future::Ready;
use std::panic::{AssertUnwindSafe, catch_unwind};

use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use plimsoll::Monitor;
use plimsoll::window::{RequestKey, RequestSeries};
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::server::build;

fn only_series(monitor: &Monitor) -> (RequestKey, RequestSeries) {
    let window = monitor.cumulative();
    assert_eq!(window.server.active_requests.last, 0.0);
    assert_eq!(window.requests.len(), 1);
    window.requests.into_iter().next().unwrap()
}

#[tokio::test]
async fn a_request_counts_as_unmatched() {
    let monitor = crate::server::monitor();
    let answering = service_fn(|_: Request<()>| async {
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"whole"))))
    });
    let service = monitor.tower_layer().layer(answering);
    let response = service.oneshot(Request::new(())).await.unwrap();
    let body = response.into_body().collect().await.unwrap();
    assert_eq!(body.to_bytes(), "whole");
    let (key, series) = only_series(&monitor);
    assert_eq!(
        (key.route.as_ref(), key.status, series.ended),
        (RequestKey::UNMATCHED, 200, 1)
    );
}

#[test]
fn a_service_that_panics_before_there_is_a_future_counts_as_500() {
    let monitor = build(Monitor::builder("test").answer_panics(true));
    let panicking = service_fn(
        |_: Request<()>| -> Ready<Result<Response<Full<Bytes>>, Infallible>> { panic!("at once") },
    );
    let mut service = monitor.tower_layer().layer(panicking);
    assert!(catch_unwind(AssertUnwindSafe(|| service.call(Request::new(())))).is_err());
    let (key, series) = only_series(&monitor);
    assert_eq!(
        (key.status, key.error_type.as_deref(), series.ended),
        (500, Some("panic"), 1)
    );
}
