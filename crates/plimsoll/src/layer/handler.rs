//! The fast way in: around a single axum handler.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::handler::Handler;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use pin_project_lite::pin_project;

use super::Recorder;
use super::future::Measured;
use super::router::wrap;
use crate::monitor::Monitor;

impl Monitor {
    /// Measures one handler: `get(monitor.handler(show_order))`. Costs about half of [`layer`](Monitor::layer), as the
    /// router needs no further service in between. Use one or the other on a route: a request that passes both is
    /// counted twice.
    pub fn handler<H>(&self, handler: H) -> MeasuredHandler<H> {
        MeasuredHandler {
            inner: handler,
            recorder: self.recorder(),
        }
    }
}

/// A handler whose requests are measured. Made by [`Monitor::handler`].
#[derive(Clone, Copy, Debug)]
pub struct MeasuredHandler<H> {
    inner: H,
    recorder: Option<Recorder>,
}

impl<H, T, S> Handler<T, S> for MeasuredHandler<H>
where
    H: Handler<T, S>,
    S: 'static,
{
    type Future = HandlerFuture<H::Future>;

    #[inline]
    fn call(self, mut request: Request, state: S) -> Self::Future {
        let measured = self
            .recorder
            .map(|recorder| Measured::begin(recorder, &mut request));
        HandlerFuture {
            inner: self.inner.call(request, state),
            measured,
        }
    }
}

pin_project! {
    /// Future of [`MeasuredHandler`].
    #[derive(Debug)]
    pub struct HandlerFuture<F> {
        #[pin]
        inner: F,
        measured: Option<Measured>,
    }
}

impl<F: Future<Output = Response>> Future for HandlerFuture<F> {
    type Output = Response;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        let this = self.project();
        let Some(measured) = this.measured else {
            return this.inner.poll(cx);
        };
        let mut polled = if measured.answers_panics() {
            match measured.poll_catching(this.inner, cx) {
                Ok(polled) => polled,
                Err(panic) => {
                    measured.panicked(panic);
                    return Poll::Ready(StatusCode::INTERNAL_SERVER_ERROR.into_response());
                }
            }
        } else {
            measured.poll(this.inner, cx)
        };
        if let Poll::Ready(response) = &mut polled
            && let Some(carried) = measured.finish(response)
        {
            wrap(response, carried);
        }
        polled
    }
}
