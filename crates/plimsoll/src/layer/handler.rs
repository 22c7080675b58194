//! The fast way in: around a single axum handler.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::Request;
use axum::handler::Handler;
use axum::response::Response;
use http::StatusCode;
use pin_project_lite::pin_project;

use super::Recorder;
use super::future::Measured;
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
        let polled = match this.measured {
            None => return this.inner.poll(cx),
            Some(measured) => measured.poll(this.inner, cx),
        };
        let answer = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(response)) => Ok(response),
            Err(panic) => Err(panic),
        };
        let Some(measured) = this.measured.take() else {
            unreachable!("taken only when the answer is ready")
        };
        Poll::Ready(match answer {
            Ok(response) => measured.finish(response).map(Body::new),
            Err(panic) => {
                measured.panicked(panic);
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                response
            }
        })
    }
}
