//! Measures every request of a tower service.
//!
//! A request is counted when its response head is ready (or when it is given up before), and its outcome when the body
//! came to its end. Nothing of a request is kept but counts.

mod body;
mod correlation;
mod details;
mod future;
mod guard;
#[cfg(feature = "axum")]
mod handler;
mod queue;
#[cfg(feature = "axum")]
mod router;
mod service;

pub use body::MeasuredBody;
pub use correlation::Correlation;
pub use future::ResponseFuture;
#[cfg(feature = "axum")]
pub use handler::{HandlerFuture, MeasuredHandler};
pub use queue::{QueueFuture, QueueLayer, QueueService};
#[cfg(feature = "axum")]
pub use router::{RouterFuture, RouterLayer, RouterService};
pub use service::{MeasureLayer, MeasureService};

use std::num::NonZeroU64;
use std::sync::Arc;

use crate::monitor::Monitor;
use crate::registry::MonitorId;

/// Tells the monitor, as an extension of a response, what went wrong.
///
/// ```
/// # use plimsoll::layer::ErrorType;
/// # fn respond() -> http::Response<()> {
/// let mut response = http::Response::builder().status(503).body(()).unwrap();
/// response.extensions_mut().insert(ErrorType::new("PoolExhausted").message("no connection within 5 s"));
/// # response }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorType {
    name: Arc<str>,
    message: Option<Arc<str>>,
}

impl ErrorType {
    /// An error of this type. Use few different ones: they become a label.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            message: None,
        }
    }

    /// Adds words for the list of last errors.
    #[must_use]
    pub fn message(self, message: &str) -> Self {
        Self {
            message: Some(message.into()),
            ..self
        }
    }
}

/// What recording code carries along, in one word: no reference count that all cores would fight over. The monitor's
/// number stands above the switches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recorder(NonZeroU64);

impl Recorder {
    const DETAILED: u64 = 1;
    const LOAD_TESTS: u64 = 2;
    const ANSWER_PANICS: u64 = 4;

    fn new(monitor: MonitorId, switches: u64) -> Self {
        let word = u64::from(monitor.number().get()) << 8 | switches;
        Self(NonZeroU64::new(word).expect("a monitor's number is not zero"))
    }

    #[inline]
    pub(crate) fn monitor(self) -> MonitorId {
        MonitorId::of_word(self.0.get() >> 8)
    }

    /// Anything that needs more than counting: correlation, `Server-Timing`, exemplars, the queue header.
    #[inline]
    fn is_detailed(self) -> bool {
        self.0.get() & Self::DETAILED != 0
    }

    #[inline]
    fn sees_load_tests(self) -> bool {
        self.0.get() & Self::LOAD_TESTS != 0
    }

    #[inline]
    fn answers_panics(self) -> bool {
        self.0.get() & Self::ANSWER_PANICS != 0
    }
}

impl Monitor {
    /// Measures any tower service of HTTP requests. Without a router nothing tells which route matched: requests count
    /// under `<unmatched>`. Around an axum router use `layer`, which costs less.
    pub fn tower_layer(&self) -> MeasureLayer {
        MeasureLayer::new(self.recorder())
    }

    pub(crate) fn recorder(&self) -> Option<Recorder> {
        let options = &self.inner.options;
        let detailed = options.correlation
            || options.server_timing
            || options.exemplars
            || options.queue_header.is_some();
        let switch = |on: bool, switch: u64| if on { switch } else { 0 };
        let switches = switch(detailed, Recorder::DETAILED)
            | switch(options.load_tests, Recorder::LOAD_TESTS)
            | switch(options.answer_panics, Recorder::ANSWER_PANICS);
        self.is_enabled()
            .then(|| Recorder::new(self.inner.registry.id(), switches))
    }
}
