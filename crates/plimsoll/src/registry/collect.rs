//! From the shards' running counts to windows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::distribution::Seen;
use super::metrics::TimingKey;
use super::minute::SlidingMinute;
use super::routes::OTHER;
use super::series::{OTHER_NAME, Series};
use super::shard::{Shard, Timing};
use super::shared::Shared;
use super::totals::Totals;
use crate::clock::Moment;
use crate::histogram::Histogram;
use crate::window::{Gauge, MetricKey, RequestKey, RequestSeries, Resources, Window};

/// What was last seen of every shard, and the two windows that differences are added to.
#[derive(Debug)]
pub(super) struct Collector {
    shards: Vec<SeenShard>,
    totals: Totals,
    counters: BTreeMap<MetricKey, u64>,
    requests_per_minute: SlidingMinute,
    events_per_minute: SlidingMinute,
    /// Since the last window.
    open: Window,
    /// Since the monitor began.
    cumulative: Window,
}

/// The lists of a shard only grow, so places stand for the same series for ever.
#[derive(Debug, Default)]
struct SeenShard {
    series: Vec<SeenSeries>,
    timings: Vec<SeenTiming>,
    queue_wait: Seen,
}

#[derive(Debug)]
struct SeenSeries {
    series: Arc<Series>,
    key: RequestKey,
    whole: Seen,
    duration: Seen,
    body_duration: Seen,
    ended: u64,
    cancelled: u64,
    failed: u64,
}

#[derive(Debug)]
struct SeenTiming {
    timing: Arc<Timing>,
    key: TimingKey,
    seen: Seen,
}

impl Collector {
    pub(super) fn starting(now: Moment) -> Self {
        Self {
            shards: Vec::new(),
            totals: Totals::default(),
            counters: BTreeMap::new(),
            requests_per_minute: SlidingMinute::starting(now.instant),
            events_per_minute: SlidingMinute::starting(now.instant),
            open: Window::empty(now.unix_ns, now.unix_ns),
            cumulative: Window::empty(now.unix_ns, now.unix_ns),
        }
    }

    pub(super) fn collect(&mut self, shared: &Shared, now: Moment) -> Window {
        self.take_in(shared, now);
        // A wall clock that was set back must not make a window that ends before it starts.
        let end = now.unix_ns.max(self.open.start_unix_ns);
        let mut window = std::mem::replace(&mut self.open, Window::empty(end, end));
        window.end_unix_ns = end;
        window
    }

    #[cfg(feature = "axum")]
    pub(super) fn open(&mut self, shared: &Shared, now: Moment) -> Window {
        self.take_in(shared, now);
        let end_unix_ns = now.unix_ns.max(self.open.start_unix_ns);
        Window {
            end_unix_ns,
            ..self.open.clone()
        }
    }

    pub(super) fn cumulative(&mut self, shared: &Shared, now: Moment) -> &Window {
        self.take_in(shared, now);
        self.cumulative.end_unix_ns = now.unix_ns.max(self.cumulative.start_unix_ns);
        &self.cumulative
    }

    pub(super) fn tick(&mut self, shared: &Shared, now: Moment) {
        let totals = Totals::read(shared, &shared.shards());
        self.read_gauges(&totals, now);
    }

    pub(super) fn add_resources(&mut self, sample: &Resources) {
        self.open.resources.get_or_insert_default().merge(sample);
        self.cumulative
            .resources
            .get_or_insert_default()
            .merge(sample);
    }

    pub(super) fn add_dropped_windows(&mut self, windows: u64) {
        self.open.dropped.windows += windows;
        self.cumulative.dropped.windows += windows;
    }

    /// Adds everything new to both windows.
    fn take_in(&mut self, shared: &Shared, now: Moment) {
        let shards = shared.shards();
        self.shards.resize_with(shards.len(), SeenShard::default);
        let totals = Totals::read(shared, &shards);
        self.read_gauges(&totals, now);
        for window in [&mut self.open, &mut self.cumulative] {
            totals.add_since(&self.totals, window);
        }
        self.totals = totals;
        for (shard, seen) in shards.iter().zip(&mut self.shards) {
            seen.take_in(shard, shared, [&mut self.open, &mut self.cumulative]);
        }
        self.take_in_metrics(shared, now);
    }

    fn take_in_metrics(&mut self, shared: &Shared, now: Moment) {
        for (key, total) in shared.metrics.counters() {
            let before = self.counters.insert(key.clone(), total).unwrap_or(0);
            *self.open.counters.entry(key.clone()).or_default() += total.wrapping_sub(before);
            self.cumulative.counters.insert(key, total);
        }
        for (key, value) in shared.metrics.gauges() {
            self.open
                .gauges
                .entry(key.clone())
                .or_default()
                .read(value, now.unix_ns);
            self.cumulative
                .gauges
                .entry(key)
                .or_default()
                .read(value, now.unix_ns);
        }
    }

    fn read_gauges(&mut self, totals: &Totals, now: Moment) {
        let requests_per_minute = self.requests_per_minute.read(now.instant, totals.begun);
        let events_per_minute = self.events_per_minute.read(now.instant, totals.events);
        for server in [&mut self.open.server, &mut self.cumulative.server] {
            let read = |gauge: &mut Gauge, value: u64| gauge.read(value as f64, now.unix_ns);
            read(&mut server.active_requests, totals.active());
            read(&mut server.queue_size, totals.waiting());
            read(&mut server.connections_active, totals.connected());
            read(&mut server.requests_per_minute, requests_per_minute);
            read(&mut server.events_per_minute, events_per_minute);
        }
    }
}

impl SeenShard {
    fn take_in(&mut self, shard: &Shard, shared: &Shared, mut windows: [&mut Window; 2]) {
        for series in shard.series.lock().iter().skip(self.series.len()) {
            self.series.push(SeenSeries::new(series, shared));
        }
        for series in &mut self.series {
            if let Some(new) = series.take_new() {
                for window in &mut windows {
                    let key = series.series.key;
                    for (is_collective, dropped) in [
                        (key.route() == OTHER, &mut window.dropped.routes),
                        (key.error() == OTHER_NAME, &mut window.dropped.error_types),
                        (key.run() == OTHER_NAME, &mut window.dropped.runs),
                    ] {
                        if is_collective {
                            *dropped += new.duration.count;
                        }
                    }
                    merge_into(
                        &mut window.requests,
                        &series.key,
                        |present: &mut RequestSeries| present.merge(&new),
                    );
                }
            }
        }
        for timing in shard.timings.lock().iter().skip(self.timings.len()) {
            // A number was given out by the same table that is asked here.
            let Some(key) = shared.metrics.timing_key(timing.id) else {
                continue;
            };
            self.timings.push(SeenTiming {
                timing: Arc::clone(timing),
                key,
                seen: Seen::default(),
            });
        }
        for timing in &mut self.timings {
            if let Some(new) = timing.timing.durations.take_new(&mut timing.seen) {
                for window in &mut windows {
                    let merge = |present: &mut Histogram| present.merge(&new);
                    match &timing.key {
                        TimingKey::Function(key) => merge_into(&mut window.functions, key, merge),
                        TimingKey::Timer(key) => merge_into(&mut window.timers, key, merge),
                    }
                }
            }
        }
        if let Some(new) = shard.queue_wait.take_new(&mut self.queue_wait) {
            for window in &mut windows {
                window.server.queue_wait.merge(&new);
            }
        }
    }
}

/// Looks the key up before it is cloned, as it is there nearly always.
fn merge_into<K: Ord + Clone, V: Default>(
    map: &mut BTreeMap<K, V>,
    key: &K,
    merge: impl FnOnce(&mut V),
) {
    match map.get_mut(key) {
        Some(present) => merge(present),
        None => merge(map.entry(key.clone()).or_default()),
    }
}

impl SeenSeries {
    fn new(series: &Arc<Series>, shared: &Shared) -> Self {
        Self {
            key: shared.request_key(series.key),
            series: Arc::clone(series),
            whole: Seen::default(),
            duration: Seen::default(),
            body_duration: Seen::default(),
            ended: 0,
            cancelled: 0,
            failed: 0,
        }
    }

    fn take_new(&mut self) -> Option<RequestSeries> {
        let whole = self.series.whole.take_new(&mut self.whole);
        let duration = self.series.duration.take_new(&mut self.duration);
        let body_duration = self.series.body_duration.take_new(&mut self.body_duration);
        let ended = grown(&self.series.ended, &mut self.ended);
        let cancelled = grown(&self.series.cancelled, &mut self.cancelled);
        let failed = grown(&self.series.failed, &mut self.failed);
        let is_old = whole.is_none() && duration.is_none() && body_duration.is_none();
        if is_old && ended + cancelled + failed == 0 {
            return None;
        }
        let mut duration = duration.unwrap_or_default();
        let mut body_duration = body_duration.unwrap_or_default();
        if let Some(whole) = &whole {
            duration.merge(whole);
            body_duration.merge(whole);
        }
        Some(RequestSeries {
            duration,
            body_duration,
            ended,
            cancelled,
            failed,
            exemplar: self.series.exemplar.lock().take(),
        })
    }
}

fn grown(counter: &AtomicU64, seen: &mut u64) -> u64 {
    let now = counter.load(Relaxed);
    now.wrapping_sub(std::mem::replace(seen, now))
}
