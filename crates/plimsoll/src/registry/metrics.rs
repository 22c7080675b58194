//! The service's own metrics: bounded tables of counters, gauges, timers and tracked functions.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use hashbrown::HashMap;
use parking_lot::Mutex;

use super::shard::TimingId;
use crate::window::{FunctionKey, MetricKey};

/// What a [`TimingId`] stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum TimingKey {
    Function(FunctionKey),
    Timer(MetricKey),
}

/// A gauge's latest value, as bits of a double; NaN until it is set.
#[derive(Debug)]
pub(crate) struct GaugeCell(AtomicU64);

impl GaugeCell {
    pub(crate) fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Relaxed);
    }

    /// Adds to the value; a gauge that was never set counts as 0.
    pub(crate) fn add(&self, difference: f64) {
        let _always_set = self.0.fetch_update(Relaxed, Relaxed, |bits| {
            let value = f64::from_bits(bits);
            Some(
                (if value.is_nan() {
                    difference
                } else {
                    value + difference
                })
                .to_bits(),
            )
        });
    }

    pub(crate) fn value(&self) -> Option<f64> {
        Some(f64::from_bits(self.0.load(Relaxed))).filter(|value| value.is_finite())
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Metrics {
    limit: usize,
    tables: Mutex<Tables>,
    /// Values that belong to no series because the tables were full.
    pub(crate) dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct Tables {
    counters: HashMap<MetricKey, Arc<AtomicU64>, foldhash::fast::FixedState>,
    gauges: HashMap<MetricKey, Arc<GaugeCell>, foldhash::fast::FixedState>,
    timings: HashMap<TimingKey, TimingId, foldhash::fast::FixedState>,
    timing_keys: Vec<TimingKey>,
}

impl Tables {
    fn len(&self) -> usize {
        self.counters.len() + self.gauges.len() + self.timing_keys.len()
    }
}

impl Metrics {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            tables: Mutex::default(),
            dropped: AtomicU64::new(0),
        }
    }

    /// The counter of this key; `None` (and counted) when the tables are full.
    pub(crate) fn counter(&self, key: &MetricKey) -> Option<Arc<AtomicU64>> {
        let mut tables = self.tables.lock();
        if let Some(counter) = tables.counters.get(key) {
            return Some(Arc::clone(counter));
        }
        self.room(&tables)?;
        Some(Arc::clone(tables.counters.entry(key.clone()).or_default()))
    }

    /// The gauge of this key; `None` (and counted) when the tables are full.
    pub(crate) fn gauge(&self, key: &MetricKey) -> Option<Arc<GaugeCell>> {
        let mut tables = self.tables.lock();
        if let Some(gauge) = tables.gauges.get(key) {
            return Some(Arc::clone(gauge));
        }
        self.room(&tables)?;
        let gauge = Arc::new(GaugeCell(AtomicU64::new(f64::NAN.to_bits())));
        Some(Arc::clone(
            tables.gauges.entry(key.clone()).or_insert(gauge),
        ))
    }

    /// The number of a function outcome or timer; `None` (and counted) when the tables are full.
    pub(crate) fn timing(&self, key: &TimingKey) -> Option<TimingId> {
        let mut tables = self.tables.lock();
        if let Some(&id) = tables.timings.get(key) {
            return Some(id);
        }
        self.room(&tables)?;
        let id = TimingId(u32::try_from(tables.timing_keys.len()).ok()?);
        tables.timing_keys.push(key.clone());
        tables.timings.insert(key.clone(), id);
        Some(id)
    }

    fn room(&self, tables: &Tables) -> Option<()> {
        if tables.len() < self.limit {
            return Some(());
        }
        self.dropped.fetch_add(1, Relaxed);
        None
    }

    pub(crate) fn timing_key(&self, id: TimingId) -> Option<TimingKey> {
        self.tables.lock().timing_keys.get(id.0 as usize).cloned()
    }

    pub(crate) fn counters(&self) -> Vec<(MetricKey, u64)> {
        let tables = self.tables.lock();
        tables
            .counters
            .iter()
            .map(|(key, counter)| (key.clone(), counter.load(Relaxed)))
            .collect()
    }

    pub(crate) fn gauges(&self) -> Vec<(MetricKey, f64)> {
        let tables = self.tables.lock();
        tables
            .gauges
            .iter()
            .filter_map(|(key, gauge)| Some((key.clone(), gauge.value()?)))
            .collect()
    }
}
