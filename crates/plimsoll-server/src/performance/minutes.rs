//! The measurement `performance_metrics`: one row a minute for each service, and for each of its endpoints.
//!
//! A minute is written again as long as late rows may change it. Rows have the minute's start as their time, so whatever
//! is written again takes the place of what was there, after a restart as well.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use plimsoll::performance::{MB, RequestTotals};

use super::requests::requests;
use super::resources::cpu_used;
use super::states::{InstanceKey, State, states};
use super::{MINUTE, Period, Scope};
use crate::ingest;
use crate::reading::Reading;
use crate::state::App;
use crate::store::key;
use crate::store::read::error::QueryError;
use crate::store::series::SeriesIndex;
use crate::store::table::{Batch, Column, Kind, Nanos, SeriesId, Table, Values};
use crate::store::{AppendError, Store};
use crate::tasks::Stop;
use crate::tick;

/// The measurement's name.
pub const MEASUREMENT: &str = "performance_metrics";
/// How long after its end a minute is written first: windows of its last seconds have come by then.
const SETTLE: Nanos = 15 * 1_000_000_000;
/// How many minutes are written again, for senders that export once a minute.
const AGAIN: Nanos = 2;
/// How many minutes are written again after a start.
const AFTER_START: Nanos = 10;
const LOOK: Duration = Duration::from_secs(5);
/// Series that may be added beyond the limit: half of what there is, the other half is for the server's own windows.
const ROOM: usize = SeriesIndex::OWN_ROOM / 2;

const FIELDS: [&str; 9] = [
    "response_time_ms",
    "requests_per_minute",
    "events_per_minute",
    "cpu_usage_percent",
    "memory_usage_mb",
    "disk_usage_percent",
    "error_rate_percent",
    "queue_size",
    "active_connections",
];

/// Why a minute could not be written.
#[derive(Debug, thiserror::Error)]
pub enum MinuteError {
    /// It could not be read.
    #[error("cannot read the minute")]
    Read(#[from] QueryError),
    /// The store could not write.
    #[error("cannot write the minute")]
    Write(#[from] AppendError),
}

/// Values of one row, in the order of [`FIELDS`].
type Row = [Option<f64>; FIELDS.len()];

/// Service, endpoint and method; the latter two are empty for the service as a whole.
type RowKey = (String, String, String);

/// Writes minutes until told to stop.
///
/// # Errors
/// None: a minute that cannot be written is tried again.
pub async fn run(app: App, mut stop: Stop) -> anyhow::Result<()> {
    let mut writer = Writer::default();
    loop {
        tokio::select! {
            () = stop.wait() => return Ok(()),
            () = tokio::time::sleep(LOOK) => {}
        }
        let app = app.clone();
        writer = tokio::task::spawn_blocking(move || {
            match writer.write(&app.store, tick::now()) {
                Ok(left_out) => app.ingest.own_left_out(left_out),
                Err(error) => tracing::warn!(error = ?error, "performance_metrics: {error}"),
            }
            writer
        })
        .await?;
    }
}

/// What was written of the last minutes.
#[derive(Debug, Default)]
pub struct Writer {
    written: BTreeMap<Nanos, BTreeMap<RowKey, Row>>,
    /// When the next look is due.
    due: Nanos,
}

impl Writer {
    /// Writes the minutes that are over by `now`, as far as something changed; what is not read as a whole is not
    /// written. Returns how many rows were left out, for they would have made series beyond the limit.
    ///
    /// # Errors
    /// When a minute cannot be read or written; the next call tries again.
    pub fn write(&mut self, store: &Store, now: Nanos) -> Result<usize, MinuteError> {
        if now < self.due {
            return Ok(0);
        }
        let mut left_out = 0;
        let last = (now - SETTLE).div_euclid(MINUTE) * MINUTE - MINUTE;
        let again = if self.written.is_empty() {
            AFTER_START
        } else {
            AGAIN
        };
        for minute in (0..=again).rev().map(|back| last - back * MINUTE) {
            let mut reading = Reading::of(store);
            let rows = rows(&mut reading, minute)?;
            if let Some(missing) = reading.missing().first() {
                tracing::warn!("performance_metrics: a minute is left out: {missing}");
                continue;
            }
            if self.written.get(&minute) != Some(&rows) {
                let batch = batch(store, minute, &rows);
                left_out += rows.len() - ingest::rows(&batch);
                store.append_blocking(batch)?;
                self.written.insert(minute, rows);
            }
        }
        self.written
            .retain(|minute, _| *minute >= last - AGAIN * MINUTE);
        self.due = last + 2 * MINUTE + SETTLE;
        Ok(left_out)
    }
}

/// Windows carry the time of their end: the one that ends with the minute belongs to it.
fn period_of(minute: Nanos) -> Period {
    Period {
        start: minute + 1,
        end: minute + MINUTE + 1,
    }
}

fn rows(reading: &mut Reading<'_>, minute: Nanos) -> Result<BTreeMap<RowKey, Row>, QueryError> {
    let period = period_of(minute);
    let mut endpoints: BTreeMap<RowKey, RequestTotals> = BTreeMap::new();
    for (key, counts) in requests(reading, &Scope::All, period)? {
        if !key.service.is_empty() {
            let whole = endpoints
                .entry((key.service.clone(), String::new(), String::new()))
                .or_default();
            whole.merge(&counts.totals);
            endpoints
                .entry((key.service, key.route, key.method))
                .or_default()
                .merge(&counts.totals);
        }
    }
    let of_services = services(reading, period)?;
    let mut rows: BTreeMap<RowKey, Row> = BTreeMap::new();
    for service in of_services.keys() {
        let key = (service.clone(), String::new(), String::new());
        endpoints.entry(key).or_default();
    }
    for (key, totals) in endpoints {
        let mut row = of_services.get(&key.0).copied().unwrap_or_default();
        row[0] = totals
            .duration
            .mean()
            .filter(|mean| mean.is_finite())
            .map(|secs| secs * 1e3);
        row[1] = Some(totals.duration.count as f64);
        row[6] = totals.error_rate().map(|rate| rate * 100.0);
        rows.insert(key, row);
    }
    Ok(rows)
}

/// What is known of each service as a whole: the largest instance's use, the sum of what waits.
fn services(
    reading: &mut Reading<'_>,
    period: Period,
) -> Result<BTreeMap<String, Row>, QueryError> {
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    let names = [
        "events_per_minute",
        "queue_size",
        "connections_active",
        "active_requests",
    ];
    for ((service, _), [events, queue, connections, active]) in
        instances(reading, period, "http_server", names)?
    {
        let row = rows.entry(service).or_default();
        for (field, state) in [
            (2, events.mean),
            (7, queue.last),
            (8, connections.last.or(active.last)),
        ] {
            row[field] = merged(row[field], state, |a, b| a + b);
        }
    }
    for ((service, _), [cpu, memory]) in
        instances(reading, period, "process", ["cpu", "memory_rss"])?
    {
        let row = rows.entry(service).or_default();
        row[3] = merged(row[3], cpu.mean.map(|ratio| ratio * 100.0), f64::max);
        row[4] = merged(row[4], memory.last.map(|bytes| bytes / MB), f64::max);
    }
    for ((service, _), ratio) in cpu_used(reading, &Scope::All, period)? {
        let row = rows.entry(service).or_default();
        row[3] = merged(row[3], Some(ratio * 100.0), f64::max);
    }
    for ((service, _), [disk]) in instances(reading, period, "system", ["disk"])? {
        let row = rows.entry(service).or_default();
        row[5] = merged(row[5], disk.last.map(|ratio| ratio * 100.0), f64::max);
    }
    rows.remove("");
    Ok(rows)
}

fn instances<const N: usize>(
    reading: &mut Reading<'_>,
    period: Period,
    measurement: &str,
    fields: [&str; N],
) -> Result<BTreeMap<InstanceKey, [State; N]>, QueryError> {
    states(reading, &Scope::All, period, measurement, fields)
}

fn merged(known: Option<f64>, more: Option<f64>, merge: fn(f64, f64) -> f64) -> Option<f64> {
    match (known, more) {
        (Some(known), Some(more)) => Some(merge(known, more)),
        (known, more) => known.or(more),
    }
}

/// The rows whose series are known or find room.
fn batch(store: &Store, minute: Nanos, rows: &BTreeMap<RowKey, Row>) -> Batch {
    let (series, rows): (Vec<SeriesId>, Vec<&Row>) = rows
        .iter()
        .filter_map(|((service, endpoint, method), row)| {
            let tags = [
                ("endpoint", endpoint),
                ("method", method),
                ("service", service),
            ];
            let key = key::encode(MEASUREMENT, &tags);
            let series = store.series().intern_own(&key, ROOM).ok()?;
            Some((series.id(), row))
        })
        .unzip();
    let columns = FIELDS.iter().enumerate().filter_map(|(at, name)| {
        let values: Vec<_> = rows.iter().map(|row| row[at]).collect();
        values.iter().any(Option::is_some).then(|| Column {
            name: (*name).into(),
            kind: Kind::Gauge,
            present: Some(values.iter().map(Option::is_some).collect()),
            values: Values::F64(values.into_iter().map(Option::unwrap_or_default).collect()),
        })
    });
    let columns = columns.collect();
    let times = vec![minute; series.len()];
    Batch {
        tables: vec![Table {
            measurement: Arc::from(MEASUREMENT),
            series,
            times,
            columns,
        }],
    }
}

#[cfg(test)]
mod tests;
