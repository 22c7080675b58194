//! A thread's way to its shard.

use std::cell::{Cell, RefCell};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use hashbrown::HashMap;

use super::budget::Budget;
use super::distribution::Distribution;
use super::routes::RouteCache;
use super::series::{Outcome, RouteId, Series, SeriesKey, bump, spread};
use super::shard::{Shard, Timing, TimingId};
use super::shared::{MonitorId, Shared};

thread_local! {
    /// The shard that this thread wrote last; none while it is being written.
    static CURRENT: Cell<Option<Box<Local>>> = const { Cell::new(None) };
    /// Those of other monitors, one of each.
    #[expect(clippy::vec_box, reason = "a box moves between here and CURRENT as it is")]
    static OTHERS: RefCell<Vec<Box<Local>>> = const { RefCell::new(Vec::new()) };
}

/// What a series costs beside itself: its entries in the thread's table and in the lists of shard and collector.
const ENTRY_BYTES: usize = 200;

/// Slots for series lately written; a power of two.
const RECENT: usize = 64;

/// One thread's writing end of one monitor.
pub(crate) struct Local {
    monitor: MonitorId,
    pub(crate) shared: Arc<Shared>,
    pub(crate) shard: Arc<Shard>,
    routes: RouteCache,
    /// Series lately written, each in the slot of its key, so that most are found without a search.
    recent: [Option<Arc<Series>>; RECENT],
    series: HashMap<u64, Arc<Series>, BuildHasherDefault<Multiply>>,
    timings: Vec<Option<Arc<Timing>>>,
}

/// Runs `write` on the calling thread's end of `monitor`; `None` when that monitor is gone.
#[inline(always)]
pub(crate) fn with_local<R>(monitor: MonitorId, write: impl FnOnce(&mut Local) -> R) -> Option<R> {
    // Taken out rather than borrowed, and `write` called in one place only: so all of it becomes one piece of code. A write
    // that comes back in, as from an allocator's hook, finds none here and makes its own.
    let current = CURRENT.try_with(Cell::take).ok().flatten();
    let mut local = match current {
        Some(local) if local.monitor == monitor => local,
        other => switch(other, monitor)?,
    };
    let written = write(&mut local);
    // A thread that is about to end has no place for it any more: it is dropped, which gives the shard back.
    let _ended = CURRENT.try_with(|current| current.set(Some(local)));
    Some(written)
}

/// Puts `current` aside for the shard of `monitor`.
#[cold]
fn switch(current: Option<Box<Local>>, monitor: MonitorId) -> Option<Box<Local>> {
    let present = OTHERS.try_with(|others| {
        let mut others = others.try_borrow_mut().ok()?;
        others.extend(current);
        let at = others.iter().position(|local| local.monitor == monitor);
        if at.is_none() {
            others.retain(|local| local.shared.is_alive());
        }
        at.map(|at| others.swap_remove(at))
    });
    match present {
        Ok(Some(local)) => Some(local),
        _ => Some(Box::new(Local::attach(monitor)?)),
    }
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
            recent: [const { None }; RECENT],
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
            series.whole.record(ns, budget)
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
        let slot = (spread(key.bits()) >> (64 - RECENT.trailing_zeros())) as usize;
        if !matches!(&self.recent[slot], Some(series) if series.key == key) {
            self.search_series(key, slot)?;
        }
        let series = self.recent[slot].as_ref()?;
        Some(write(series, &self.shared.budget))
    }

    /// Puts the series of `key` into its slot; `None` when there is no room for a new one.
    #[cold]
    fn search_series(&mut self, key: SeriesKey, slot: usize) -> Option<()> {
        if !self.series.contains_key(&key.bits()) {
            self.add_series(key);
        }
        let series = self.series.get(&key.bits())?;
        self.recent[slot] = Some(Arc::clone(series));
        Some(())
    }

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
        // The low half alone would ignore the route.
        let product = spread(self.0 ^ key);
        self.0 = product ^ (product >> 32);
    }
}
