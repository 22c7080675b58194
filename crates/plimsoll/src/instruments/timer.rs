//! How long something takes.

use std::time::Duration;

use crate::clock::Stamp;
use crate::registry::{self, MonitorId, TimingId};

/// A distribution of durations.
#[derive(Clone, Debug)]
pub struct Timer {
    monitor: MonitorId,
    id: Option<TimingId>,
}

/// A duration that is still running; it is recorded when this is dropped.
#[derive(Debug)]
#[must_use = "the time ends when this is dropped"]
pub struct Running {
    timer: Timer,
    began: Stamp,
}

impl Timer {
    pub(super) fn new(monitor: MonitorId, id: Option<TimingId>) -> Self {
        Self { monitor, id }
    }

    /// Records the time until the answer is dropped.
    pub fn start(&self) -> Running {
        Running {
            timer: self.clone(),
            began: Stamp::now(),
        }
    }

    /// Records a duration that was measured elsewhere.
    pub fn record(&self, duration: Duration) {
        self.record_ns(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
    }

    fn record_ns(&self, ns: u64) {
        if let Some(id) = self.id {
            registry::time(self.monitor, id, ns);
        }
    }
}

impl Running {
    /// Ends without recording anything.
    pub fn discard(mut self) {
        self.timer.id = None;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.timer.record_ns(self.began.elapsed_ns());
    }
}
