//! A monitor: what a service embeds.

mod builder;
mod checks;
mod failures;
mod judging;
mod options;
mod periphery;
mod ring;
mod run;
mod session;
mod slow;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use parking_lot::Mutex;

pub use builder::Builder;
pub use failures::Failure;
pub use ring::Ring;
pub use session::Session;

use crate::clock::Moment;
use crate::config::{Config, Configuration};
use crate::instruments::Registered;
use crate::registry::{self, Registry};
use crate::window::Window;
pub(crate) use failures::Failures;
pub(crate) use judging::{Judging, OnAlert};
pub(crate) use options::Options;
pub(crate) use periphery::Periphery;
pub(crate) use run::WINDOW;

/// Measures one service. Clones are the same monitor; it ends, and with it its [`run`](Monitor::run), when the last of
/// them is dropped.
///
/// Several monitors in one process do not disturb each other.
#[derive(Clone, Debug)]
pub struct Monitor {
    pub(crate) inner: Arc<Inner>,
}

/// What all clones of a monitor share.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) configuration: Configuration,
    pub(crate) registry: Registry,
    pub(crate) ring: Ring,
    pub(crate) failures: Arc<Failures>,
    pub(crate) options: Options,
    pub(crate) periphery: Periphery,
    /// None: it does not judge itself.
    pub(crate) judging: Option<Judging>,
    /// Pools, queues and what else has a limit.
    pub(crate) registered: Mutex<Vec<Arc<Registered>>>,
    #[cfg(feature = "axum")]
    pub(crate) started: Moment,
    running: AtomicBool,
}

impl Monitor {
    /// Describes a monitor for the service of this name; see [`Builder::build`].
    pub fn builder(service: &str) -> Builder {
        Builder::new(service)
    }

    /// The settings in force.
    pub fn config(&self) -> &Config {
        self.inner.configuration.config()
    }

    /// The settings in force with the origin of each, as `config print` shows them.
    pub fn configuration(&self) -> &Configuration {
        &self.inner.configuration
    }

    /// Whether anything is measured (`PERFORMANCE_MONITORING_ENABLED`).
    pub fn is_enabled(&self) -> bool {
        self.config().enabled
    }

    /// Whether [`Monitor::run`] is being polled.
    pub fn is_running(&self) -> bool {
        self.inner.running.load(Relaxed)
    }

    /// Everything measured since the monitor was built.
    pub fn cumulative(&self) -> Window {
        self.inner.registry.cumulative(Moment::now())
    }

    /// The closed windows of the last hour.
    pub fn windows(&self) -> &Ring {
        &self.inner.ring
    }

    /// Failed requests and broken bodies: the last [`Failure::KEPT`] of each route and error type, newest last.
    pub fn failures(&self) -> Vec<Failure> {
        self.inner.failures.all()
    }

    /// Counts an event of the service: a message taken in, a record processed.
    pub fn event(&self) {
        self.events(1);
    }

    /// Counts `n` events.
    pub fn events(&self, n: u64) {
        if self.is_enabled() {
            registry::events(self.inner.registry.id(), n);
        }
    }

    /// Bytes that recorded series take, and the most they may take.
    pub fn memory(&self) -> (usize, usize) {
        self.inner.registry.memory()
    }
}

impl AsRef<Monitor> for Monitor {
    fn as_ref(&self) -> &Monitor {
        self
    }
}
