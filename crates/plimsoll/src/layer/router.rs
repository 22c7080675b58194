//! The convenient way in: around all routes of an axum router.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use axum::response::{IntoResponse, Response};
use http::{Request, StatusCode};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::Recorder;
use super::body::MeasuredBody;
use super::future::{BodyCarries, Measured};
use crate::monitor::Monitor;

impl Monitor {
    /// Measures all routes of a router: `Router::layer(monitor.layer())`. Add it last, so that it is outermost.
    ///
    /// When monitoring is disabled it passes requests through.
    pub fn layer(&self) -> RouterLayer {
        RouterLayer {
            recorder: self.recorder(),
        }
    }
}

/// Made by [`Monitor::layer`].
#[derive(Clone, Copy, Debug)]
pub struct RouterLayer {
    recorder: Option<Recorder>,
}

/// A route whose requests are measured.
#[derive(Clone, Copy, Debug)]
pub struct RouterService<S> {
    inner: S,
    recorder: Option<Recorder>,
}

impl<S> Layer<S> for RouterLayer {
    type Service = RouterService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RouterService {
            inner,
            recorder: self.recorder,
        }
    }
}

impl<S, A, B> Service<Request<A>> for RouterService<S>
where
    S: Service<Request<A>, Response = Response<B>>,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = RouterFuture<S::Future>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    // Whether this is inlined or not moves the router's figure by some 100 instructions, and which way is better changes
    // with what LLVM makes of axum around it: `make bench-overhead` tells.
    #[inline]
    fn call(&mut self, mut request: Request<A>) -> Self::Future {
        let measured = self
            .recorder
            .map(|recorder| Measured::begin(recorder, &mut request));
        RouterFuture {
            inner: self.inner.call(request),
            measured,
        }
    }
}

pin_project! {
    /// Future of [`RouterService`].
    #[derive(Debug)]
    pub struct RouterFuture<F> {
        #[pin]
        inner: F,
        measured: Option<Measured>,
    }
}

impl<F, B, E> Future for RouterFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Output = Result<Response, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(measured) = this.measured else {
            return this
                .inner
                .poll(cx)
                .map_ok(|response| response.map(Body::new));
        };
        let polled = if measured.answers_panics() {
            match measured.poll_catching(this.inner, cx) {
                Ok(polled) => polled,
                Err(panic) => {
                    measured.panicked(panic);
                    return Poll::Ready(Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response()));
                }
            }
        } else {
            measured.poll(this.inner, cx)
        };
        // Of a body that is axum's already this makes nothing new.
        let mut polled = polled.map_ok(|response| response.map(Body::new));
        match &mut polled {
            Poll::Pending => {}
            Poll::Ready(Ok(response)) => {
                if let Some(carried) = measured.finish(response) {
                    wrap(response, carried);
                }
            }
            Poll::Ready(Err(_)) => measured.guard.errored(),
        }
        polled
    }
}

/// Puts what knows the body's end around the body.
#[inline(never)]
pub(super) fn wrap(response: &mut Response, (guard, details): BodyCarries) {
    let body = std::mem::take(response.body_mut());
    *response.body_mut() = Body::new(MeasuredBody::new(body, Some(guard), details));
}
