//! What a service did in each hour, day or week, or in each step of a chart: requests, their peak, memory and processors.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll::performance::RequestTotals;

use super::series::{By, counted, heard};
use super::told::{Figure, told};
use super::{MINUTE, Period, Scope, field, minutes, number, query, source, tag};
use crate::reading::Reading;
use crate::store::calendar::{Buckets, DAY, HOUR};
use crate::store::config::{StoreConfig, nanos};
use crate::store::query::{Aggregate, Condition};
use crate::store::read::error::QueryError;
use crate::store::table::Nanos;

/// A stretch of time of a service.
#[derive(Clone, Debug, Default)]
pub struct Stretch {
    /// First nanosecond.
    pub start: Nanos,
    /// First nanosecond after it.
    pub end: Nanos,
    /// Whether anything was heard of the service: without, it has a gap here, not zero requests.
    pub heard: bool,
    /// Requests by method and route; both are empty where lines are of services.
    pub routes: BTreeMap<(String, String), RequestTotals>,
    /// Most requests of one minute; see [`add_peaks`].
    pub peak_per_minute: Option<f64>,
    /// Memory of the largest instance, bytes.
    pub memory: Used,
    /// Processors of the busiest instance, as a share of the cores that it may use.
    pub cpu: Used,
}

/// How much was used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Used {
    /// The mean.
    pub mean: Option<f64>,
    /// The highest value.
    pub max: Option<f64>,
}

impl Stretch {
    /// All requests.
    pub fn totals(&self) -> RequestTotals {
        let mut all = RequestTotals::default();
        self.routes.values().for_each(|totals| all.merge(totals));
        all
    }

    /// Minutes of it that are over.
    pub fn minutes(&self, now: Nanos) -> f64 {
        (self.end.min(now) - self.start).max(1) as f64 / MINUTE as f64
    }
}

impl Used {
    /// Of several instances the one that used most.
    pub(super) fn widen(&mut self, other: Self) {
        let most = |one: Option<f64>, other: Option<f64>| match (one, other) {
            (Some(one), Some(other)) => Some(one.max(other)),
            (one, other) => one.or(other),
        };
        self.mean = most(self.mean, other.mean);
        self.max = most(self.max, other.max);
    }
}

/// The finest step in which rows are known that are so old. One of a day follows the calendar.
pub fn finest_step(config: &StoreConfig, age: Nanos) -> Nanos {
    let kept = [
        (config.retention_of("http_requests"), 10 * 1_000_000_000),
        (config.ten_minute_retention, 10 * MINUTE),
        (config.hourly_retention, HOUR),
    ];
    let finest = kept.iter().find(|(kept, _)| nanos(*kept) >= age);
    finest.map_or(DAY, |(_, step)| *step)
}

/// The stretches of `step` that touch a period, each whole, the oldest first; a step of a day or a week follows the calendar
/// of the store's time zone. Load tests are left out.
///
/// # Errors
/// When the period has too much to be read at once.
pub fn stretches(
    reading: &mut Reading<'_>,
    service: &str,
    period: Period,
    step: Nanos,
    by: By,
) -> Result<Vec<Stretch>, QueryError> {
    let mut found = cut(reading, period, step);
    let Some(whole) = whole(&found) else {
        return Ok(found);
    };
    let scope = Scope::Service(service.to_owned());
    let mut asked = BTreeSet::new();
    for (key, line) in counted(reading, &scope, whole, step, by)? {
        for (time, totals) in line {
            let Some(at) = position(&found, time) else {
                continue;
            };
            asked.insert(at);
            let name = (key.method.clone(), key.route.clone());
            let routes = &mut found[at].routes;
            routes.entry(name).or_default().merge(&totals);
        }
    }
    add_used(reading, &scope, whole, Some(step), &mut found)?;
    let sampled = (0..found.len()).filter(|&at| found[at].memory.mean.is_some());
    let sampled: BTreeSet<usize> = sampled.collect();
    let sampled = Some(&sampled).filter(|sampled| !sampled.is_empty());
    let heard = heard(&asked, sampled, found.len());
    for (stretch, heard) in found.iter_mut().zip(heard) {
        stretch.heard = heard;
    }
    Ok(found)
}

/// Adds the busiest minute of each stretch.
///
/// While there are rows as they came it is counted from them. Later each route has its own peak, which may have been at
/// different times: then the minutes tell that were noted while they passed ([`minutes`]), and only without these the
/// sum of the peaks, which is the most that it can have been.
///
/// # Errors
/// When the period has too much to be read at once.
pub fn add_peaks(
    reading: &mut Reading<'_>,
    service: &str,
    step: Nanos,
    now: Nanos,
    found: &mut [Stretch],
) -> Result<(), QueryError> {
    let Some(whole) = whole(found) else {
        return Ok(());
    };
    let scope = Scope::Service(service.to_owned());
    for mut piece in source::pieces(reading, &scope, whole)? {
        piece
            .filter
            .push(tag("run", Condition::Equal(String::new())));
        let mut ask = query("http_requests", piece.period, &[], piece.filter);
        ask.step = Some(step);
        ask.fields = vec![field("duration", Aggregate::Peak)];
        for series in reading.ask(&ask)? {
            for (&time, peak) in series.times.iter().zip(&series.columns[0]) {
                let peak = number(peak).map(|per_second| 60.0 * per_second);
                if let (Some(at), Some(peak)) = (position(found, time), peak) {
                    let known = &mut found[at].peak_per_minute;
                    *known = Some(known.map_or(peak, |known| known.max(peak)));
                }
            }
        }
    }
    let kept = nanos(reading.store().config().retention_of("http_requests"));
    if found.iter().all(|stretch| stretch.start >= now - kept) {
        return Ok(());
    }
    let noted = noted(reading, service, whole, Some(step), "requests_per_minute")?;
    for (time, used) in noted {
        let Some(at) = position(found, time).filter(|&at| found[at].start < now - kept) else {
            continue;
        };
        found[at].peak_per_minute = used.max.or(found[at].peak_per_minute);
    }
    Ok(())
}

/// Memory and processors of a period as a whole.
///
/// # Errors
/// When the period has too much to be read at once.
pub fn used_over(
    reading: &mut Reading<'_>,
    service: &str,
    period: Period,
) -> Result<Stretch, QueryError> {
    let mut found = [Stretch {
        start: period.start,
        end: period.end,
        ..Stretch::default()
    }];
    let scope = Scope::Service(service.to_owned());
    add_used(reading, &scope, period, None, &mut found)?;
    let [whole] = found;
    Ok(whole)
}

/// Stretches without anything in them.
fn cut(reading: &Reading<'_>, period: Period, step: Nanos) -> Vec<Stretch> {
    let zone = &reading.store().config().time_zone;
    let buckets = Buckets::of(period.start, period.end, Some(step), zone);
    let mut found = Vec::new();
    let mut at = period.start;
    while at < period.end {
        let (start, end) = buckets.around(at);
        found.push(Stretch {
            start,
            end,
            ..Stretch::default()
        });
        at = end.max(at + 1);
    }
    found
}

fn whole(found: &[Stretch]) -> Option<Period> {
    Some(Period {
        start: found.first()?.start,
        end: found.last()?.end,
    })
}

/// The stretch that a time lies in.
fn position(found: &[Stretch], time: Nanos) -> Option<usize> {
    let at = found.partition_point(|stretch| stretch.start <= time);
    at.checked_sub(1).filter(|&at| time < found[at].end)
}

/// Adds memory and processors; without a step to the one stretch that a period is.
fn add_used(
    reading: &mut Reading<'_>,
    scope: &Scope,
    whole: Period,
    step: Option<Nanos>,
    found: &mut [Stretch],
) -> Result<(), QueryError> {
    let figures: [Figure; 6] = [
        (&["memory_rss"], Aggregate::Mean),
        (&["memory_rss"], Aggregate::Max),
        (&["cpu"], Aggregate::Mean),
        (&["cpu"], Aggregate::Max),
        (&["cpu_limit"], Aggregate::Mean),
        (&["cpu_time"], Aggregate::Sum),
    ];
    let mut tells_time = false;
    let mut fewest_cores: Option<f64> = None;
    for instance in told(reading, scope, whole, "process", &figures, step)?.into_values() {
        let value = |figure: usize, time: Nanos| instance[figure].get(&time).copied().flatten();
        tells_time |= instance[5].values().any(Option::is_some);
        let times: BTreeSet<Nanos> = instance
            .iter()
            .flat_map(|told| told.keys().copied())
            .collect();
        for time in times {
            let Some(at) = position(found, time) else {
                continue;
            };
            let cores = value(4, time).map(|cores| cores.max(0.01));
            fewest_cores = match (fewest_cores, cores) {
                (Some(known), Some(cores)) => Some(known.min(cores)),
                (known, cores) => known.or(cores),
            };
            found[at].memory.widen(Used {
                mean: value(0, time),
                max: value(1, time),
            });
            // Of one core, where nobody tells how many there are.
            let share = |busy: Option<f64>| busy.map(|busy| busy / cores.unwrap_or(1.0));
            found[at].cpu.widen(Used {
                mean: share(value(2, time)),
                max: share(value(3, time)),
            });
        }
    }
    if let (true, Scope::Service(service)) = (tells_time, scope) {
        // A total of processor time says little of stretches in which it was not told all along; its minutes were noted.
        let cores = fewest_cores.unwrap_or(1.0);
        for (time, used) in noted(reading, service, whole, step, "cpu_usage_percent")? {
            if let Some(at) = position(found, time) {
                let share = |percent: Option<f64>| percent.map(|percent| percent / 100.0 / cores);
                found[at].cpu = Used {
                    mean: share(used.mean),
                    max: share(used.max),
                };
            }
        }
    }
    Ok(())
}

/// A figure of the minutes that were noted of a service as a whole.
fn noted(
    reading: &mut Reading<'_>,
    service: &str,
    whole: Period,
    step: Option<Nanos>,
    name: &str,
) -> Result<BTreeMap<Nanos, Used>, QueryError> {
    let filter = vec![
        tag("service", Condition::Equal(service.to_owned())),
        tag("endpoint", Condition::Equal(String::new())),
    ];
    let mut ask = query(minutes::MEASUREMENT, whole, &[], filter);
    ask.step = step;
    ask.fields = vec![field(name, Aggregate::Mean), field(name, Aggregate::Max)];
    let mut found = BTreeMap::new();
    for series in reading.ask(&ask)? {
        for (row, &time) in series.times.iter().enumerate() {
            let used = Used {
                mean: number(&series.columns[0][row]),
                max: number(&series.columns[1][row]),
            };
            if used.mean.is_some() {
                found.insert(time, used);
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
