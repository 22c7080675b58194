//! The response on its way through the layer.

use std::fmt::Display;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Response, StatusCode};
use http_body::Body;
use pin_project_lite::pin_project;

use super::body::MeasuredBody;
use super::details::Details;
use super::guard::Guard;
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
        let polled = match this.measured {
            None => {
                return this
                    .inner
                    .poll(cx)
                    .map_ok(|response| response.map(|body| MeasuredBody::new(body, None, None)));
            }
            Some(measured) => measured.poll(this.inner, cx),
        };
        let answer = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(answer)) => Ok(answer),
            Err(panic) => Err(panic),
        };
        let Some(measured) = this.measured.take() else {
            unreachable!("taken only when the answer is ready")
        };
        Poll::Ready(match answer {
            Ok(Ok(response)) => Ok(measured.finish(response)),
            Ok(Err(error)) => {
                measured.guard.errored();
                Err(error)
            }
            Err(panic) => {
                measured.panicked(panic);
                let mut response = Response::new(MeasuredBody::empty());
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                Ok(response)
            }
        })
    }
}

/// What a panic carries.
pub(super) type Panic = Box<dyn std::any::Any + Send>;

impl Measured {
    /// Polls `inner`, catching a panic. A future that panicked is not polled again.
    #[inline]
    pub(super) fn poll<F: Future>(
        &mut self,
        inner: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Result<Poll<F::Output>, Panic> {
        let _scope = Scope::enter(Some(self.guard.recorder().monitor));
        match &self.details {
            None => catch_unwind(AssertUnwindSafe(|| inner.poll(cx))),
            Some(details) => details.in_span(|| catch_unwind(AssertUnwindSafe(|| inner.poll(cx)))),
        }
    }

    /// Counts the head and puts the guard of the body in its place.
    #[inline]
    pub(super) fn finish<B: Body>(self, response: Response<B>) -> Response<MeasuredBody<B>> {
        let Self { guard, details } = self;
        let recorder = guard.recorder();
        let (body_guard, key, ns) = guard.head(&response);
        match details {
            None => response.map(|body| MeasuredBody::new(body, body_guard, None)),
            Some(details) => details.finish(response, body_guard, recorder, key, ns),
        }
    }

    /// Counts a panic, and goes on with it where that was asked for.
    #[cold]
    pub(super) fn panicked(self, panic: Panic) {
        let propagate = self.guard.recorder().propagate_panics;
        self.guard.panicked(panic.as_ref());
        if propagate {
            resume_unwind(panic);
        }
    }
}
