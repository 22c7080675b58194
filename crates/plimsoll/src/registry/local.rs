//! A thread's way to its shard.

use std::cell::RefCell;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use hashbrown::HashMap;

use super::budget::Budget;
use super::distribution::Distribution;
use super::routes::RouteCache;
use super::series::{Outcome, RouteId, Series, SeriesKey, bump};
use super::shard::{Shard, Timing, TimingId};
use super::shared::{MonitorId, Shared};

thread_local! {
    /// The shards that this thread writes, one per monitor; the one used first stands first.
    static LOCALS: RefCell<Vec<Local>> = const { RefCell::new(Vec::new()) };
}

/// What a series costs beside itself: its entries in the thread's table and in the lists of shard and collector.
const ENTRY_BYTES: usize = 200;

/// One thread's writing end of one monitor.
pub(crate) struct Local {
    monitor: MonitorId,
    pub(crate) shared: Arc<Shared>,
    pub(crate) shard: Arc<Shard>,
    routes: RouteCache,
    series: HashMap<u64, Arc<Series>, BuildHasherDefault<Multiply>>,
    timings: Vec<Option<Arc<Timing>>>,
}

/// Runs `write` on the calling thread's end of `monitor`; `None` when that monitor is gone.
#[inline]
pub(crate) fn with_local<R>(monitor: MonitorId, write: impl FnOnce(&mut Local) -> R) -> Option<R> {
    let mut write = Some(write);
    let written = LOCALS.try_with(|locals| {
        let mut locals = locals.try_borrow_mut().ok()?;
        let at = match locals.first() {
            Some(first) if first.monitor == monitor => 0,
            _ => find_or_attach(&mut locals, monitor)?,
        };
        let write = write.take()?;
        Some(write(locals.get_mut(at)?))
    });
    match (written, write) {
        (Ok(Some(result)), _) => Some(result),
        (Ok(None), None) => None,
        // The thread is about to end, or an allocator hook came back in: write through a shard of its own.
        (_, Some(write)) => Some(write(&mut Local::attach(monitor)?)),
        (Err(_), None) => None,
    }
}

#[cold]
fn find_or_attach(locals: &mut Vec<Local>, monitor: MonitorId) -> Option<usize> {
    if let Some(at) = locals.iter().position(|local| local.monitor == monitor) {
        return Some(at);
    }
    let new = Local::attach(monitor)?;
    locals.retain(|local| local.shared.is_alive());
    locals.push(new);
    Some(locals.len() - 1)
}

impl Local {
    fn attach(monitor: MonitorId) -> Option<Self> {
        let shared = Shared::find(monitor)?;
        let shard = shared.take_shard();
        let series = shard
            .series
            .lock()
            .iter()
            .map(|series| (series.key.bits(), Arc::clone(series)))
            .collect();
        let mut timings = Vec::new();
        for timing in shard.timings.lock().iter() {
            put(&mut timings, timing);
        }
        Some(Self {
            monitor,
            shared,
            shard,
            routes: RouteCache::default(),
            series,
            timings,
        })
    }

    /// Counts a response head, `ns` after the request began.
    #[inline]
    pub(crate) fn record_head(&mut self, key: SeriesKey, ns: u64) {
        let recorded = self.with_series(key, |series, budget| series.duration.record(ns, budget));
        if recorded != Some(true) {
            bump(&self.shard.dropped_series, 1);
        }
    }

    /// Counts a request that is no longer in flight.
    #[inline]
    pub(crate) fn finish(&self) {
        bump(&self.shard.finished, 1);
    }

    /// Counts a wait for a handler.
    pub(crate) fn record_wait(&self, ns: u64) {
        self.shard.queue_wait.record(ns, &self.shared.budget);
    }

    /// The number of a route by its content.
    pub(crate) fn resolve_route(&mut self, path: &str) -> RouteId {
        self.routes.resolve(path, &self.shared)
    }

    /// The number of a matched route.
    #[cfg(feature = "axum")]
    #[inline]
    pub(crate) fn matched_route(&mut self, path: &axum::extract::MatchedPath) -> RouteId {
        self.routes.resolve_matched(path, &self.shared)
    }

    /// Counts the end of a body, `ns` after its request began.
    #[inline]
    pub(crate) fn record_body(&mut self, key: SeriesKey, ns: u64, outcome: Outcome) {
        self.with_series(key, |series, budget| {
            series.count(outcome);
            series.body_duration.record(ns, budget)
        });
    }

    /// Counts a request whose head and end are one, `ns` after it began.
    #[inline]
    pub(crate) fn record_whole(&mut self, key: SeriesKey, ns: u64, outcome: Outcome) {
        bump(&self.shard.finished, 1);
        let recorded = self.with_series(key, |series, budget| {
            series.count(outcome);
            let at = Distribution::index(ns);
            series.duration.record_at(at, ns, budget)
                & series.body_duration.record_at(at, ns, budget)
        });
        if recorded != Some(true) {
            bump(&self.shard.dropped_series, 1);
        }
    }

    /// Runs `write` on the series of `key`, unless there is no room for it.
    #[inline]
    pub(crate) fn with_series<R>(
        &mut self,
        key: SeriesKey,
        write: impl FnOnce(&Series, &Budget) -> R,
    ) -> Option<R> {
        let series = match self.series.get(&key.bits()) {
            Some(series) => series,
            None => {
                self.add_series(key);
                self.series.get(&key.bits())?
            }
        };
        Some(write(series, &self.shared.budget))
    }

    #[cold]
    fn add_series(&mut self, key: SeriesKey) {
        if self.shared.budget.take(size_of::<Series>() + ENTRY_BYTES) {
            let series = Arc::new(Series::new(key));
            self.shard.series.lock().push(Arc::clone(&series));
            self.series.insert(key.bits(), series);
        }
    }

    /// Counts one duration of a function or timer.
    pub(crate) fn time(&mut self, id: TimingId, ns: u64) {
        let known = self.timings.get(id.0 as usize).is_some_and(Option::is_some);
        if !known {
            self.add_timing(id);
        }
        let timing = self.timings.get(id.0 as usize).and_then(Option::as_ref);
        if !timing.is_some_and(|timing| timing.durations.record(ns, &self.shared.budget)) {
            bump(&self.shard.dropped_timings, 1);
        }
    }

    #[cold]
    fn add_timing(&mut self, id: TimingId) {
        if self.shared.budget.take(size_of::<Timing>() + ENTRY_BYTES) {
            let timing = Arc::new(Timing {
                id,
                durations: Distribution::new(),
            });
            self.shard.timings.lock().push(Arc::clone(&timing));
            put(&mut self.timings, &timing);
        }
    }

    /// Counts a request that begins.
    #[inline]
    pub(crate) fn begin(&self) {
        bump(&self.shard.begun, 1);
    }
}

fn put(timings: &mut Vec<Option<Arc<Timing>>>, timing: &Arc<Timing>) {
    let at = timing.id.0 as usize;
    if timings.len() <= at {
        timings.resize(at + 1, None);
    }
    timings[at] = Some(Arc::clone(timing));
}

impl Drop for Local {
    fn drop(&mut self) {
        self.shared.give_back(Arc::clone(&self.shard));
    }
}

/// Spreads a packed key by one multiplication; the table takes its bits from both ends.
#[derive(Default)]
struct Multiply(u64);

impl Hasher for Multiply {
    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    #[inline]
    fn write_u64(&mut self, key: u64) {
        // 2^64 / golden ratio (Knuth, The Art of Computer Programming 3, 6.4); the low half alone would ignore the route.
        let product = (self.0 ^ key).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = product ^ (product >> 32);
    }
}
