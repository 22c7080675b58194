//! A service by hour, day or week.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::performance::Period;
use crate::performance::series::By;
use crate::performance::stretches::{Stretch, add_peaks, stretches};
use crate::reading::Reading;
use crate::report::contents::Moment;
use crate::report::rows::{Table, TableBy, TableRow};
use crate::store::calendar::{DAY, HOUR, WEEK};
use crate::store::read::error::QueryError;
use crate::store::table::Nanos;

impl TableBy {
    fn step(self) -> Nanos {
        match self {
            Self::Hour => HOUR,
            Self::Day => DAY,
            Self::Week => WEEK,
        }
    }
}

/// The hours, days or weeks that a period touches.
///
/// # Errors
/// When the period has too much to be read at once.
pub(crate) fn table(
    reading: &mut Reading<'_>,
    service: &str,
    period: Period,
    by: TableBy,
    now: Nanos,
) -> Result<Table, QueryError> {
    let mut found = stretches(reading, service, period, by.step(), By::Service)?;
    add_peaks(reading, service, by.step(), now, &mut found)?;
    let zone = &reading.store().config().time_zone;
    let rows = found.iter().map(|stretch| row(stretch, by, zone, now));
    Ok(Table {
        by,
        rows: rows.collect(),
    })
}

fn row(stretch: &Stretch, by: TableBy, zone: &TimeZone, now: Nanos) -> TableRow {
    let totals = stretch.totals();
    let duration = &totals.duration;
    TableRow {
        start: Moment(stretch.start),
        end: Moment(stretch.end),
        label: label(stretch.start, by, zone),
        is_over: stretch.end <= now,
        requests: stretch.heard.then_some(duration.count),
        peak_per_minute: stretch.peak_per_minute.filter(|_| stretch.heard),
        mean_seconds: duration.mean().filter(|mean| mean.is_finite()),
        p95_seconds: duration.percentile(0.95),
        error_rate: totals.error_rate(),
        memory_mean_bytes: stretch.memory.mean,
        memory_max_bytes: stretch.memory.max,
        cpu_mean_ratio: stretch.cpu.mean,
        cpu_max_ratio: stretch.cpu.max,
    }
}

fn label(start: Nanos, by: TableBy, zone: &TimeZone) -> String {
    let Ok(start) = Timestamp::from_nanosecond(i128::from(start)) else {
        return String::new();
    };
    let start = start.to_zoned(zone.clone());
    match by {
        TableBy::Hour => start.strftime("%Y-%m-%d %H:%M").to_string(),
        TableBy::Day | TableBy::Week => start.strftime("%Y-%m-%d").to_string(),
    }
}
