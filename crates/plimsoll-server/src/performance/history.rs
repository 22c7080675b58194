//! What forecasts look back on: the figures of a service hour by hour, each with its line.

use std::collections::BTreeMap;

use plimsoll::alert::Unit;
use plimsoll::analysis::forecast::{History, Step};
use plimsoll::standards::Standards;

use super::levels::{over_time, registered, registered_over_time};
use super::series::{Buckets, By, series};
use super::{MINUTE, Period, Scope};
use crate::reading::Reading;
use crate::store::read::error::QueryError;
use crate::store::table::Nanos;

/// An hour in the store's unit.
pub const HOUR: Nanos = 60 * MINUTE;
/// Hours of history: as long as hourly summaries are kept by default.
const HOURS: usize = 30 * 24;
/// Most pools, queues and other resources that are looked back on.
const MOST_REGISTERED: usize = 16;

/// A figure over the last month.
#[derive(Clone, Debug)]
pub struct Figure {
    /// As a level's key: `disk`, `pool:postgres`; and `requests`.
    pub key: String,
    /// The unit of values and line.
    pub unit: Unit,
    /// Its line; none where nobody said one.
    pub limit: Option<f64>,
    /// Hour by hour, from the first with a value to the last that is over.
    pub history: History,
}

type Hours = Vec<Option<f64>>;

/// The hours up to the last that was over at `now`.
fn hours_before(now: Nanos) -> Buckets {
    let end = now.div_euclid(HOUR) * HOUR;
    Buckets {
        start: end - HOURS as Nanos * HOUR,
        step: HOUR,
        count: HOURS,
        last: HOUR,
    }
}

/// Processors, memory, disk, requests and what was registered, of one service. Blocking.
///
/// # Errors
/// When the store cannot be read.
pub fn figures(
    reading: &mut Reading<'_>,
    service: &str,
    standards: &Standards,
    now: Nanos,
) -> Result<Vec<Figure>, QueryError> {
    let scope = Scope::Service(service.to_owned());
    let buckets = hours_before(now);
    let limits = &standards.limits;
    let mut levels = |measurement: &str, name: &str| -> Result<Hours, QueryError> {
        let found = over_time(reading, &scope, buckets, measurement, name)?;
        Ok(by_hour(buckets, found.into_values().flatten()))
    };
    let cores = levels("process", "cpu_limit")?;
    let cpu = levels("process", "cpu")?.into_iter().zip(cores);
    let cpu = cpu.map(|(busy, cores)| busy.map(|busy| busy / cores.unwrap_or(1.0).max(0.01)));
    let cpu: Hours = cpu.collect();
    let memory = levels("process", "memory_rss")?;
    let allowed = levels("process", "memory_limit")?
        .into_iter()
        .flatten()
        .next_back();
    let disk = levels("system", "disk")?;
    let requests = requests(reading, &scope, buckets)?;
    let memory_line = limits.memory_bytes(allowed.filter(|allowed| *allowed > 0.0));
    let figure = |key: &str, unit, limit, hours| Figure {
        key: key.to_owned(),
        unit,
        limit,
        history: history(buckets.start, hours),
    };
    let mut all = vec![
        figure("cpu", Unit::Ratio, Some(limits.cpu_ratio), cpu),
        figure("memory", Unit::Bytes, Some(memory_line), memory),
        figure("disk", Unit::Ratio, Some(limits.disk_ratio), disk),
        figure(
            "requests",
            Unit::PerSecond,
            limits.requests_per_second,
            requests,
        ),
    ];
    let lately = Period {
        start: now - HOUR,
        end: now,
    };
    let mut lines = BTreeMap::new();
    for resource in registered(reading, &scope, lately)? {
        let line = standards.resource_limit(&resource.name, resource.limit);
        lines.insert(format!("{}:{}", resource.kind, resource.name), line);
    }
    let over = registered_over_time(reading, &scope, buckets)?;
    let known = over.into_iter().filter_map(|(key, values)| {
        let line = *lines.get(&key)?;
        let hours = by_hour(buckets, values);
        Some(figure(&key, Unit::Count, Some(line), hours))
    });
    all.extend(known.take(MOST_REGISTERED));
    Ok(all)
}

fn requests(
    reading: &mut Reading<'_>,
    scope: &Scope,
    buckets: Buckets,
) -> Result<Hours, QueryError> {
    let mut hours = vec![None; buckets.count];
    for line in series(reading, scope, buckets, By::Service)?.into_values() {
        for (hour, totals) in hours.iter_mut().zip(line) {
            *hour = totals.map(|totals| totals.duration.count as f64 / 3_600.0);
        }
    }
    Ok(hours)
}

fn by_hour(buckets: Buckets, values: impl IntoIterator<Item = (Nanos, f64)>) -> Hours {
    let mut hours = vec![None; buckets.count];
    for (time, value) in values {
        let hour = usize::try_from((time - buckets.start) / HOUR).ok();
        if let Some(hour) = hour.and_then(|hour| hours.get_mut(hour)) {
            *hour = Some(value);
        }
    }
    hours
}

/// Without what is before the first value.
fn history(start: Nanos, mut values: Hours) -> History {
    let first = values
        .iter()
        .position(Option::is_some)
        .unwrap_or(values.len());
    values.drain(..first);
    History {
        start: start + first as Nanos * HOUR,
        step: Step::Hour,
        values,
    }
}
