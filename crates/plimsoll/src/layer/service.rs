//! The layer and its service.

use std::fmt::Display;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use super::Recorder;
use super::body::MeasuredBody;
use super::details::Details;
use super::future::{Measured, ResponseFuture};
use super::guard::Guard;

/// Made by [`Monitor::tower_layer`](crate::Monitor::tower_layer).
#[derive(Clone, Copy, Debug)]
pub struct MeasureLayer {
    recorder: Option<Recorder>,
}

/// A service whose requests are measured.
#[derive(Clone, Copy, Debug)]
pub struct MeasureService<S> {
    inner: S,
    recorder: Option<Recorder>,
}

impl MeasureLayer {
    pub(super) fn new(recorder: Option<Recorder>) -> Self {
        Self { recorder }
    }
}

impl<S> Layer<S> for MeasureLayer {
    type Service = MeasureService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        MeasureService {
            inner,
            recorder: self.recorder,
        }
    }
}

impl<S, A, B> Service<Request<A>> for MeasureService<S>
where
    S: Service<Request<A>, Response = Response<B>>,
    B: Body,
    B::Error: Display,
{
    type Response = Response<MeasuredBody<B>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, mut request: Request<A>) -> Self::Future {
        let measured = self
            .recorder
            .map(|recorder| Measured::begin(recorder, &mut request));
        match measured {
            // A panic in the synchronous part of the service goes on, whatever was asked for; the guard counts it.
            Some(measured) => ResponseFuture::new(self.inner.call(request), Some(measured)),
            None => ResponseFuture::new(self.inner.call(request), None),
        }
    }
}

impl Measured {
    #[inline(always)]
    pub(super) fn begin<A>(recorder: Recorder, request: &mut Request<A>) -> Self {
        let mut measured = Self {
            guard: Guard::begin(recorder, request),
            details: None,
        };
        if recorder.is_detailed() {
            measured.details = Some(Details::begin(&measured.guard, request));
        }
        measured
    }
}
