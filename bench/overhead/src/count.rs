//! Drives the service without sockets, the way hyper would, so that instructions can be counted.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use anyhow::{Context as _, ensure};
use axum::body::Body;
use axum::http::{Request, Response};
use http_body::Body as _;
use tower_service::Service;

use super::service::{Measuring, Way, hello};

/// Requests before counting begins: what happens once has then happened.
const WARM_UP: u64 = 100;

/// Sends `requests` requests through the service, after a warm-up that is not counted.
pub fn run(way: Way, requests: u64) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let _inside = runtime.enter();
    let (router, measuring) = way.router(hello)?;
    // As `axum::serve` does: routes are made once, not for each request.
    let router: axum::Router = router.with_state(());
    let mut service = router.into_service::<Body>();
    let bytes = drive(&mut service, WARM_UP)? + drive_counted(&mut service, requests)?;
    let requests = requests + WARM_UP;
    ensure!(bytes == requests * 12, "the answers have {bytes} bytes");
    if let Measuring::Plimsoll(monitor) = measuring {
        let counted = monitor.cumulative().request_count();
        ensure!(
            counted == requests,
            "{counted} of {requests} requests were counted"
        );
    }
    Ok(())
}

/// Callgrind counts while this runs; it knows the function by its name.
#[inline(never)]
fn drive_counted<S>(service: &mut S, requests: u64) -> anyhow::Result<u64>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = std::convert::Infallible>,
{
    drive(service, requests)
}

/// Sends requests one after another; the bytes of the answers.
fn drive<S>(service: &mut S, requests: u64) -> anyhow::Result<u64>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = std::convert::Infallible>,
{
    let mut bytes = 0;
    for _ in 0..requests {
        bytes += read(answer(service)?)?;
    }
    Ok(bytes)
}

/// The headers of a small client.
fn request() -> anyhow::Result<Request<Body>> {
    let request = Request::get("/orders/17").header("host", "orders.example.org");
    let request = request
        .header("user-agent", "bench/1.0")
        .header("accept", "*/*");
    request.body(Body::empty()).context("building a request")
}

/// The handler never waits, so one poll is enough.
fn answer<S>(service: &mut S) -> anyhow::Result<Response<Body>>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = std::convert::Infallible>,
{
    let mut context = Context::from_waker(Waker::noop());
    let response = pin!(service.call(request()?)).poll(&mut context);
    match response {
        Poll::Ready(Ok(response)) => Ok(response),
        Poll::Pending => anyhow::bail!("the service waits"),
    }
}

/// As hyper reads a body: a finished one is asked, not polled again.
fn read(response: Response<Body>) -> anyhow::Result<u64> {
    let mut context = Context::from_waker(Waker::noop());
    let mut body = response.into_body();
    let mut bytes = 0;
    while !body.is_end_stream() {
        match Pin::new(&mut body).poll_frame(&mut context) {
            Poll::Ready(Some(frame)) => {
                bytes += frame?.data_ref().map_or(0, |data| data.len() as u64)
            }
            Poll::Ready(None) => break,
            Poll::Pending => anyhow::bail!("the body waits"),
        }
    }
    Ok(bytes)
}
