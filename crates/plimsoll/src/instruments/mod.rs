//! The service's own metrics: counters, gauges, timers, queues and tracked functions.
//!
//! A handle is found once by name and tags, is cheap to clone and records without looking anything up. Series are bounded
//! by [`Limits::metrics`](crate::Limits); what finds no room is dropped and counted. Names that other tools of the field
//! use, and that are good choices here too:
//!
//! | what | name |
//! |---|---|
//! | size of a batch (gauge) | `batch_size` |
//! | tries after the first one (counter) | `retry_count` |
//! | failures (counter) | `error_count` |
//! | a queue | `queue_size` and `queue_wait`, by [`Monitor::queue`] |
//! | time to process an item, time of a query (timers) | `processing_duration`, `query_duration` |
//!
//! `requests_per_minute`, `events_per_minute`, `response_time_ms`, `cpu_percent`, `memory_mb` and `error_rate_percent` are
//! measured without any call. Timers are seconds; their name carries no unit.

mod call;
mod queue;
mod registered;
mod scope;
mod timer;

pub use call::{Call, Function};
pub use queue::{Queue, Waiting};
pub(crate) use registered::Registered;
pub use registered::{LIMIT, USED};
pub use scope::Scope;
pub use timer::{Running, Timer};

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::monitor::Monitor;
use crate::registry::GaugeCell;
use crate::window::MetricKey;

/// A count that only grows.
#[derive(Clone, Debug)]
pub struct Counter(Option<Arc<AtomicU64>>);

/// A state that goes up and down: a temperature, the size of a batch. It is read once a second at least.
#[derive(Clone, Debug)]
pub struct Gauge(Option<Arc<GaugeCell>>);

impl Monitor {
    /// A counter of the service's own. Its handle does nothing where the bound on series is reached.
    ///
    /// ```
    /// # let monitor = plimsoll::Monitor::builder("shop").build_with([("", ""); 0]).unwrap();
    /// let orders = monitor.counter("orders", &[("kind", "gift")]);
    /// orders.increment();
    /// ```
    pub fn counter(&self, name: &str, tags: &[(&str, &str)]) -> Counter {
        let key = MetricKey::new(name, tags);
        Counter(
            self.is_enabled()
                .then(|| self.inner.registry.counter(&key))
                .flatten(),
        )
    }

    /// A gauge of the service's own. Its handle does nothing where the bound on series is reached.
    pub fn gauge(&self, name: &str, tags: &[(&str, &str)]) -> Gauge {
        let key = MetricKey::new(name, tags);
        Gauge(
            self.is_enabled()
                .then(|| self.inner.registry.gauge(&key))
                .flatten(),
        )
    }

    /// A timer of the service's own. Its handle does nothing where the bound on series is reached.
    ///
    /// ```
    /// # let monitor = plimsoll::Monitor::builder("shop").build_with([("", ""); 0]).unwrap();
    /// let render = monitor.timer("render", &[]);
    /// {
    ///     let _running = render.start();
    ///     // … until the end of the block
    /// }
    /// ```
    pub fn timer(&self, name: &str, tags: &[(&str, &str)]) -> Timer {
        let key = MetricKey::new(name, tags);
        let id = self
            .is_enabled()
            .then(|| self.inner.registry.timer(&key))
            .flatten();
        Timer::new(self.inner.registry.id(), id)
    }

    /// A queue: the gauge `queue_size` and the timer `queue_wait`, both with the tag `queue`.
    pub fn queue(&self, name: &str) -> Queue {
        let tags = [("queue", name)];
        Queue::new(
            self.gauge("queue_size", &tags),
            self.timer("queue_wait", &tags),
        )
    }

    /// A function or an operation whose calls are timed by outcome; [`track`](macro@crate::track) does it for a whole
    /// function.
    pub fn function(&self, name: &str) -> Function {
        Function::new(self.tracking(), name)
    }

    /// Makes the monitor that of [tracked](macro@crate::track) functions called on this thread, until the answer is dropped.
    pub fn enter(&self) -> Scope {
        Scope::enter(self.tracking())
    }

    /// Makes the monitor that of [tracked](macro@crate::track) functions called by `work`, on whatever thread it is polled.
    ///
    /// The layer does this for a request; a task that the request spawns needs it again.
    pub fn scope<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        let monitor = self.tracking();
        async move {
            let mut work = pin!(work);
            std::future::poll_fn(|cx| {
                let _scope = Scope::enter(monitor);
                work.as_mut().poll(cx)
            })
            .await
        }
    }
}

impl Counter {
    /// Adds one.
    pub fn increment(&self) {
        self.add(1);
    }

    /// Adds `n`.
    pub fn add(&self, n: u64) {
        if let Some(counter) = &self.0 {
            counter.fetch_add(n, Relaxed);
        }
    }
}

impl Gauge {
    /// Sets the state. A value that is not finite is left out.
    pub fn set(&self, value: f64) {
        if let Some(gauge) = self.0.as_ref().filter(|_| value.is_finite()) {
            gauge.set(value);
        }
    }

    /// Adds to the state, which begins at 0; a negative `by` takes away. What is not finite is left out.
    pub fn add(&self, by: f64) {
        if let Some(gauge) = self.0.as_ref().filter(|_| by.is_finite()) {
            gauge.add(by);
        }
    }
}

/// What the expansion of [`track`](macro@crate::track) calls.
#[doc(hidden)]
pub mod expanded {
    pub use super::call::{begin_current as begin, begin_in};
    pub use crate::window::FunctionOutcome as Outcome;

    /// Calls a closure that is known to be called once, whatever it does to what it captured.
    #[inline]
    pub fn call<R>(body: impl FnOnce() -> R) -> R {
        body()
    }
}

#[cfg(test)]
mod tests;
