//! Where observations are counted: a shard per thread, one writer each, no lock on the way of a request.
//!
//! Writers only ever add; the collector takes differences, so nothing is rotated and nothing is lost between windows.

mod budget;
mod collect;
mod distribution;
mod local;
mod metrics;
mod minute;
mod names;
mod routes;
mod series;
mod shard;
mod shared;
mod totals;

use std::sync::Arc;

use parking_lot::Mutex;

pub use shared::Limits;

pub(crate) use local::{Local, with_local};
pub(crate) use metrics::{GaugeCell, TimingKey};
pub(crate) use routes::UNMATCHED;
pub(crate) use series::{MethodId, NO_NAME, NameId, Outcome, RouteId, SeriesKey};
pub(crate) use shard::TimingId;
pub(crate) use shared::MonitorId;

use crate::clock::Moment;
use crate::monitor::{Failures, Options};
#[cfg(test)]
use crate::window::FunctionKey;
use crate::window::{MetricKey, Resources, Window};
use collect::Collector;
use shared::Shared;

/// The numbers of one monitor. Monitors of one process share nothing but the thread-local list of their shards.
#[derive(Debug)]
pub(crate) struct Registry {
    shared: Arc<Shared>,
    collector: Mutex<Collector>,
}

impl Registry {
    pub(crate) fn new(
        limits: Limits,
        options: Options,
        failures: Arc<Failures>,
        now: Moment,
    ) -> Self {
        Self {
            shared: Shared::new(limits, options, failures),
            collector: Mutex::new(Collector::starting(now)),
        }
    }

    /// What recording code carries instead of a reference.
    pub(crate) fn id(&self) -> MonitorId {
        self.shared.id
    }

    /// Everything since the last window. The window ends at `now`.
    pub(crate) fn collect(&self, now: Moment) -> Window {
        self.collector.lock().collect(&self.shared, now)
    }

    /// What was recorded since the last window, which stays open.
    #[cfg(feature = "axum")]
    pub(crate) fn open(&self, now: Moment) -> Window {
        self.collector.lock().open(&self.shared, now)
    }

    /// Reads gauges and the sliding minute; to be called every second.
    pub(crate) fn tick(&self, now: Moment) {
        self.collector.lock().tick(&self.shared, now);
    }

    /// Shows `view` everything since the monitor began, up to `now`.
    pub(crate) fn with_cumulative<R>(&self, now: Moment, view: impl FnOnce(&Window) -> R) -> R {
        let mut collector = self.collector.lock();
        view(collector.cumulative(&self.shared, now))
    }

    /// Everything since the monitor began, up to `now`.
    pub(crate) fn cumulative(&self, now: Moment) -> Window {
        self.with_cumulative(now, Window::clone)
    }

    /// Adds a sample of process and machine to the open window.
    pub(crate) fn add_resources(&self, sample: &Resources) {
        self.collector.lock().add_resources(sample);
    }

    /// Adds windows that could not be delivered to what is reported as dropped.
    pub(crate) fn add_dropped_windows(&self, windows: u64) {
        self.collector.lock().add_dropped_windows(windows);
    }

    /// Bytes that series take, and the most they may.
    pub(crate) fn memory(&self) -> (usize, usize) {
        (
            self.shared.budget.used_bytes(),
            self.shared.budget.limit_bytes(),
        )
    }

    #[cfg(feature = "axum")]
    pub(crate) fn connections(&self) -> ConnectionCounts {
        ConnectionCounts(Arc::clone(&self.shared))
    }

    /// The counter of this key; `None` when there is no room, which is counted.
    pub(crate) fn counter(&self, key: &MetricKey) -> Option<Arc<std::sync::atomic::AtomicU64>> {
        self.shared.metrics.counter(key)
    }

    /// The gauge of this key; `None` when there is no room, which is counted.
    pub(crate) fn gauge(&self, key: &MetricKey) -> Option<Arc<GaugeCell>> {
        self.shared.metrics.gauge(key)
    }

    /// The number under which a timer records; `None` when there is no room, which is counted.
    pub(crate) fn timer(&self, key: &MetricKey) -> Option<TimingId> {
        self.shared.metrics.timing(&TimingKey::Timer(key.clone()))
    }

    /// The number under which an outcome of a function records; `None` when there is no room, which is counted.
    #[cfg(test)]
    pub(crate) fn function(&self, key: &FunctionKey) -> Option<TimingId> {
        self.shared
            .metrics
            .timing(&TimingKey::Function(key.clone()))
    }

    /// From now on requests are asked whether they waited.
    pub(crate) fn use_queues(&self) {
        self.shared.use_queues();
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.shared.end();
    }
}

/// Counts one duration of a function or timer of `monitor`.
pub(crate) fn time(monitor: MonitorId, id: TimingId, ns: u64) {
    let _gone = with_local(monitor, |local| local.time(id, ns));
}

/// Counts events of `monitor`.
pub(crate) fn events(monitor: MonitorId, n: u64) {
    let _gone = with_local(monitor, |local| series::bump(&local.shard.events, n));
}

/// The connection counters of a monitor, for as long as a listener lives.
#[cfg(feature = "axum")]
#[derive(Clone, Debug)]
pub(crate) struct ConnectionCounts(Arc<Shared>);

#[cfg(feature = "axum")]
impl std::ops::Deref for ConnectionCounts {
    type Target = shared::Connections;

    fn deref(&self) -> &shared::Connections {
        &self.0.connections
    }
}

#[cfg(test)]
mod tests;
