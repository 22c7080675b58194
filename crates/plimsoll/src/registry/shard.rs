//! What one thread recorded: written by that thread alone, read by the collector.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use parking_lot::Mutex;

use super::distribution::Distribution;
use super::series::Series;

/// The numbers of one thread. When the thread ends, another takes the shard over: counts are cumulative, so nothing has
/// to be moved.
#[derive(Debug)]
pub(crate) struct Shard {
    /// Requests that began on this thread.
    pub(crate) begun: AtomicU64,
    /// Requests that came to their end on this thread, wherever they began.
    pub(crate) finished: AtomicU64,
    /// Events.
    pub(crate) events: AtomicU64,
    /// Requests whose series found no room.
    pub(crate) dropped_series: AtomicU64,
    /// Values of functions and timers that found no room.
    pub(crate) dropped_timings: AtomicU64,
    /// Waits for a handler.
    pub(crate) queue_wait: Distribution,
    /// Grows only; the lock is taken to add and to collect, never to count.
    pub(crate) series: Mutex<Vec<Arc<Series>>>,
    /// Functions and timers, likewise.
    pub(crate) timings: Mutex<Vec<Arc<Timing>>>,
}

/// Durations of one function outcome or timer, as far as one thread recorded them.
#[derive(Debug)]
pub(crate) struct Timing {
    pub(crate) id: TimingId,
    pub(crate) durations: Distribution,
}

/// Number of an interned function outcome or timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimingId(pub(crate) u32);

impl Shard {
    pub(crate) fn new() -> Self {
        Self {
            begun: AtomicU64::new(0),
            finished: AtomicU64::new(0),
            events: AtomicU64::new(0),
            dropped_series: AtomicU64::new(0),
            dropped_timings: AtomicU64::new(0),
            queue_wait: Distribution::new(),
            series: Mutex::default(),
            timings: Mutex::default(),
        }
    }
}
