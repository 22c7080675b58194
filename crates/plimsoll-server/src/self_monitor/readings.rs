//! The store's and the ingest's state as metrics of the server's monitor, so that they stand in `/metrics` and in its windows.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use plimsoll::Monitor;
use plimsoll::window::MetricKey;

use crate::ingest::Ingest;
use crate::state::AppState;
use crate::store::StoreStatus;
use crate::stream::Hub;

/// Sets the monitor's gauges and counters to what was read last.
#[derive(Debug)]
pub(super) struct Readings {
    /// Counters of the monitor as they stood then.
    counted: BTreeMap<MetricKey, u64>,
}

impl Readings {
    /// Goes on from where the monitor's counters stand.
    pub(super) fn of(monitor: &Monitor) -> Self {
        Self {
            counted: monitor.cumulative().counters,
        }
    }

    /// Reads everything anew.
    pub(super) fn update(&mut self, app: &AppState) {
        let status = app.store.status();
        for (name, value) in states(&status) {
            app.monitor.gauge(name, &[]).set(value);
        }
        let restarts = app
            .tasks
            .restarts()
            .iter()
            .map(|(_, restarts)| restarts)
            .sum();
        self.count(&app.monitor, "plimsoll.task_restarts", restarts);
        app.monitor
            .gauge("plimsoll.stream.clients", &[])
            .set(app.stream.clients() as f64);
        let counts = of_store(&status)
            .into_iter()
            .chain(of_ingest(&app.ingest))
            .chain(of_stream(&app.stream));
        for (name, value) in counts {
            self.count(&app.monitor, name, value);
        }
    }

    fn count(&mut self, monitor: &Monitor, name: &str, value: u64) {
        let key = MetricKey::new(name, &[]);
        let counted = self.counted.entry(key).or_default();
        monitor
            .counter(name, &[])
            .add(value.saturating_sub(*counted));
        *counted = value;
    }
}

fn states(status: &StoreStatus) -> [(&'static str, f64); 9] {
    [
        ("plimsoll.store.unsealed_rows", status.unsealed_rows as f64),
        ("plimsoll.store.sealed_rows", status.sealed_rows as f64),
        ("plimsoll.store.disk_bytes", status.disk_bytes as f64),
        ("plimsoll.store.journal_bytes", status.journal_bytes as f64),
        ("plimsoll.store.segments", status.segments as f64),
        ("plimsoll.store.active_series", status.active_series as f64),
        ("plimsoll.store.max_series", status.max_series as f64),
        ("plimsoll.store.damaged_parts", status.damage.len() as f64),
        (
            "plimsoll.store.disk_full",
            f64::from(u8::from(status.disk_full)),
        ),
    ]
}

fn of_store(status: &StoreStatus) -> [(&'static str, u64); 4] {
    [
        ("plimsoll.store.appended_rows", status.appended_rows),
        ("plimsoll.store.refused_disk_full", status.refused_disk_full),
        (
            "plimsoll.store.refused_unavailable",
            status.refused_unavailable,
        ),
        ("plimsoll.store.dropped_files", status.dropped_files),
    ]
}

fn of_stream(hub: &Hub) -> [(&'static str, u64); 3] {
    [
        ("plimsoll.stream.events", &hub.events),
        ("plimsoll.stream.dropped_slow", &hub.dropped_slow),
        ("plimsoll.stream.refused", &hub.refused),
    ]
    .map(|(name, counter)| (name, counter.load(Ordering::Relaxed)))
}

fn of_ingest(ingest: &Ingest) -> [(&'static str, u64); 5] {
    [
        ("plimsoll.ingest.rows_written", &ingest.rows_written),
        ("plimsoll.ingest.rows_refused", &ingest.rows_refused),
        ("plimsoll.ingest.rows_out_of_time", &ingest.rows_out_of_time),
        (
            "plimsoll.ingest.rows_over_series_limit",
            &ingest.rows_over_series_limit,
        ),
        (
            "plimsoll.ingest.own_rows_over_series_limit",
            &ingest.own_rows_over_series_limit,
        ),
    ]
    .map(|(name, counter)| (name, counter.load(Ordering::Relaxed)))
}
