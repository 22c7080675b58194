//! How long requests wait for a handler.

use std::task::{Context, Poll};

use http::Request;
use tower_layer::Layer;
use tower_service::Service;

use super::Recorder;
use crate::clock::Stamp;
use crate::monitor::Monitor;
use crate::registry::{Local, with_local};

/// When a request entered the queue; dropping it, wherever that is, leaves the queue.
#[derive(Clone, Debug)]
struct Waiting(std::sync::Arc<Place>);

#[derive(Debug)]
struct Place {
    recorder: Recorder,
    entered: Stamp,
    left: std::sync::atomic::AtomicBool,
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
    S: Service<Request<A>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<A>) -> Self::Future {
        if let Some(recorder) = self.recorder {
            request.extensions_mut().insert(Waiting::enter(recorder));
        }
        self.inner.call(request)
    }
}

impl Waiting {
    fn enter(recorder: Recorder) -> Self {
        let _gone = with_local(recorder.monitor, |local| {
            local.shared.connections.enter_queue()
        });
        let left = std::sync::atomic::AtomicBool::new(false);
        Self(std::sync::Arc::new(Place {
            recorder,
            entered: Stamp::now(),
            left,
        }))
    }
}

/// Ends the wait of a request that has reached its handler.
#[cold]
pub(super) fn leave<A>(request: &Request<A>, now: Stamp, local: &mut Local) {
    use std::sync::atomic::Ordering::AcqRel;
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
            let _gone = with_local(self.recorder.monitor, |local| {
                local.shared.connections.leave_queue()
            });
        }
    }
}
