//! A response body that tells how it ended.

use std::fmt::Display;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::details::Details;
use super::guard::BodyGuard;
use crate::registry::Outcome;

pin_project! {
    /// The body of a measured response.
    ///
    /// A body counts as *ended* when its last byte was handed to the server, which is not always followed by a poll for
    /// the end: hyper stops at the announced length and drops the body of a `HEAD`, 204 or 304 unpolled.
    #[derive(Debug)]
    pub struct MeasuredBody<B> {
        // None stands for the empty body of an answer that was made here.
        #[pin]
        inner: Option<B>,
        guard: Option<BodyGuard>,
        details: Option<Box<Details>>,
    }
}

impl<B> MeasuredBody<B> {
    pub(super) fn new(inner: B, guard: Option<BodyGuard>, details: Option<Box<Details>>) -> Self {
        Self {
            inner: Some(inner),
            guard,
            details,
        }
    }

    pub(super) fn unmeasured(inner: B) -> Self {
        Self::new(inner, None, None)
    }

    pub(super) fn empty() -> Self {
        Self {
            inner: None,
            guard: None,
            details: None,
        }
    }
}

impl<B> Body for MeasuredBody<B>
where
    B: Body,
    B::Error: Display,
{
    type Data = B::Data;
    type Error = B::Error;

    #[inline]
    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let Some(mut inner) = this.inner.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        let polled = match this.details {
            None => inner.as_mut().poll_frame(cx),
            Some(details) => details.in_span(|| inner.as_mut().poll_frame(cx)),
        };
        let Some(guard) = this.guard.as_mut().filter(|guard| guard.is_open()) else {
            return polled;
        };
        match &polled {
            Poll::Pending => {}
            Poll::Ready(Some(Ok(frame))) => {
                match frame.data_ref() {
                    Some(data) => guard.sent(data.remaining()),
                    None => guard.end(Outcome::Ended), // Trailers are the end.
                }
                // Asked rather than waited for: hyper asks too, and then drops a finished body without another poll.
                if guard.is_open() && inner.is_end_stream() {
                    guard.end(Outcome::Ended);
                }
            }
            Poll::Ready(Some(Err(error))) => guard.fail(error),
            Poll::Ready(None) => guard.end(Outcome::Ended),
        }
        polled
    }

    #[inline]
    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(B::is_end_stream)
    }

    #[inline]
    fn size_hint(&self) -> SizeHint {
        self.inner
            .as_ref()
            .map_or(SizeHint::with_exact(0), B::size_hint)
    }
}
