//! A second opinion on how long the shop takes: by hand, with no monitor involved, told in a header of every answer.

use std::time::Instant;

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

/// Seconds from the request's arrival to the head of its answer.
const SECONDS: HeaderName = HeaderName::from_static("x-shop-seconds");

pub(crate) async fn stopwatch(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let mut response = next.run(request).await;
    let seconds = format!("{:.7}", started.elapsed().as_secs_f64());
    let seconds = HeaderValue::try_from(seconds).expect("a number is a valid header");
    response.headers_mut().insert(SECONDS, seconds);
    response
}
