//! The response on its way through the layer.

use std::fmt::Display;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Response, StatusCode};
use http_body::Body;
use pin_project_lite::pin_project;

use super::body::MeasuredBody;
use super::details::Details;
use super::guard::{BodyGuard, Guard};
use crate::instruments::Scope;

pin_project! {
    /// Future of [`MeasureService`](super::MeasureService).
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        measured: Option<Measured>,
    }
}

/// A request on its way: what counts it, and what else is done for it.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(super) guard: Guard,
    pub(super) details: Option<Box<Details>>,
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(inner: F, measured: Option<Measured>) -> Self {
        Self { inner, measured }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
    B::Error: Display,
{
    type Output = Result<Response<MeasuredBody<B>>, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(measured) = this.measured else {
            let unmeasured = |response: Response<B>| response.map(MeasuredBody::unmeasured);
            return this.inner.poll(cx).map_ok(unmeasured);
        };
        let polled = if measured.answers_panics() {
            match measured.poll_catching(this.inner, cx) {
                Ok(polled) => polled,
                Err(panic) => {
                    measured.panicked(panic);
                    let mut response = Response::new(MeasuredBody::empty());
                    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                    return Poll::Ready(Ok(response));
                }
            }
        } else {
            measured.poll(this.inner, cx)
        };
        match polled {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(mut response)) => {
                let (guard, details) = measured.finish(&mut response).unzip();
                let wrap = |body| MeasuredBody::new(body, guard, details.flatten());
                Poll::Ready(Ok(response.map(wrap)))
            }
            Poll::Ready(Err(error)) => {
                measured.guard.errored();
                Poll::Ready(Err(error))
            }
        }
    }
}

/// What a body carries to its end.
pub(super) type BodyCarries = (BodyGuard, Option<Box<Details>>);

/// What a panic carries.
pub(super) type Panic = Box<dyn std::any::Any + Send>;

impl Measured {
    /// Whether a panic is to be caught and answered.
    #[inline]
    pub(super) fn answers_panics(&self) -> bool {
        self.guard.recorder().answers_panics()
    }

    /// Polls `inner` in the scope of the monitor. The answer stays where it is made: each move of one costs 16 instructions.
    #[inline(always)]
    pub(super) fn poll<F: Future>(
        &mut self,
        inner: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Poll<F::Output> {
        let _scope = Scope::enter(Some(self.guard.recorder().monitor()));
        match &self.details {
            None => inner.poll(cx),
            Some(details) => details.in_span(|| inner.poll(cx)),
        }
    }

    /// Polls `inner` likewise and catches a panic. A future that panicked is not polled again.
    #[inline(never)]
    pub(super) fn poll_catching<F: Future>(
        &mut self,
        inner: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Result<Poll<F::Output>, Panic> {
        catch_unwind(AssertUnwindSafe(|| self.poll(inner, cx)))
    }

    /// Counts the head; what the body is to carry, unless it is at its end already.
    #[inline]
    pub(super) fn finish<B: Body>(&mut self, response: &mut Response<B>) -> Option<BodyCarries> {
        let head = self.guard.head(response);
        if let Some(details) = &self.details {
            let recorder = self.guard.recorder();
            details.put_into(response.headers_mut(), recorder, head.key, head.ns);
        }
        let guard = self.guard.body(&head)?;
        Some((guard, self.details.take()))
    }

    /// Counts a panic that was caught.
    #[cold]
    pub(super) fn panicked(&mut self, panic: Panic) {
        self.guard.panicked(panic.as_ref());
    }
}
