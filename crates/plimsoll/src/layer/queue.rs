//! How long requests wait for a handler.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::AcqRel};
use std::task::{Context, Poll, ready};

use http::Request;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::Recorder;
use crate::clock::Stamp;
use crate::monitor::Monitor;
use crate::registry::{Local, with_local};

/// When a request entered the queue; dropping it, wherever that is, leaves the queue.
#[derive(Clone, Debug)]
struct Waiting(Arc<Place>);

#[derive(Debug)]
struct Place {
    recorder: Recorder,
    entered: Stamp,
    left: AtomicBool,
}

impl Monitor {
    /// Marks where requests begin to wait: outside of whatever holds them back (a concurrency limit, a buffer), while
    /// [`layer`](Monitor::layer) or [`handler`](Monitor::handler) stand inside of it. In between a request counts in
    /// `queue_size`, and its wait in `queue_wait`.
    pub fn queue_layer(&self) -> QueueLayer {
        if self.is_enabled() {
            self.inner.registry.use_queues();
        }
        QueueLayer {
            recorder: self.recorder(),
        }
    }
}

/// Made by [`Monitor::queue_layer`].
#[derive(Clone, Copy, Debug)]
pub struct QueueLayer {
    recorder: Option<Recorder>,
}

/// A service before which requests wait.
#[derive(Clone, Copy, Debug)]
pub struct QueueService<S> {
    inner: S,
    recorder: Option<Recorder>,
}

impl<S> Layer<S> for QueueLayer {
    type Service = QueueService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        QueueService {
            inner,
            recorder: self.recorder,
        }
    }
}

impl<S, A> Service<Request<A>> for QueueService<S>
where
    S: Service<Request<A>> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = QueueFuture<S, A>;

    /// Always ready: requests are to wait here, where that is seen.
    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<A>) -> Self::Future {
        if let Some(recorder) = self.recorder {
            request.extensions_mut().insert(Waiting::enter(recorder));
        }
        QueueFuture {
            state: State::Waiting {
                service: self.inner.clone(),
                request: Some(request),
            },
        }
    }
}

pin_project! {
    /// Future of [`QueueService`].
    pub struct QueueFuture<S, A>
    where
        S: Service<Request<A>>,
    {
        #[pin]
        state: State<S, A>,
    }
}

pin_project! {
    #[project = Step]
    enum State<S, A>
    where
        S: Service<Request<A>>,
    {
        Waiting { service: S, request: Option<Request<A>> },
        Called { #[pin] future: S::Future },
    }
}

impl<S, A> Future for QueueFuture<S, A>
where
    S: Service<Request<A>>,
{
    type Output = Result<S::Response, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let called = match state.as_mut().project() {
                Step::Called { future } => return future.poll(cx),
                Step::Waiting { service, request } => {
                    ready!(service.poll_ready(cx))?;
                    let request = request.take().expect("the state changes with the call");
                    State::Called {
                        future: service.call(request),
                    }
                }
            };
            state.set(called);
        }
    }
}

impl Waiting {
    fn enter(recorder: Recorder) -> Self {
        let _gone = with_local(recorder.monitor(), |local| {
            local.shared.connections.enter_queue()
        });
        let left = AtomicBool::new(false);
        Self(Arc::new(Place {
            recorder,
            entered: Stamp::now(),
            left,
        }))
    }
}

/// Ends the wait of a request that has reached its handler.
#[cold]
pub(super) fn leave<A>(request: &Request<A>, now: Stamp, local: &mut Local) {
    let Some(Waiting(place)) = request.extensions().get::<Waiting>() else {
        return;
    };
    if !place.left.swap(true, AcqRel) {
        local.shared.connections.leave_queue();
        local.record_wait(place.entered.ns_until(now));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !*self.left.get_mut() {
            let _gone = with_local(self.recorder.monitor(), |local| {
                local.shared.connections.leave_queue()
            });
        }
    }
}
