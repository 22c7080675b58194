//! Resources of instances over a period: now, lately, and where they are heading.

use std::collections::BTreeMap;

use plimsoll::resources::Trend;

use super::states::InstanceKey;
use super::{Period, Scope, field, number, query, tag_of, total};
use crate::reading::Reading;
use crate::store::query::{Aggregate, FieldQuery, Value};
use crate::store::read::error::QueryError;
use crate::store::table::Nanos;

/// Values that a mean "lately" covers.
const LATELY: usize = 10;
/// Fewer values show no trend.
const TREND_VALUES: usize = 6;
/// A change smaller than this share of the median is none.
const TREND_SHARE: f64 = 0.1;
/// Steps in which a period is read.
const STEPS: Nanos = 30;
/// The sender's own step: nothing finer is known.
const FINEST_STEP: Nanos = 10 * 1_000_000_000;

/// One resource of one instance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resource {
    /// The latest value.
    pub current: f64,
    /// Mean of the last ten.
    pub average: f64,
    /// Where it is heading.
    pub trend: Trend,
}

/// Where a resource is read from.
struct Measured {
    /// As the interface names it, with the unit.
    name: &'static str,
    measurement: &'static str,
    fields: &'static [&'static str],
    aggregate: Aggregate,
    factor: f64,
}

const fn state(
    name: &'static str,
    measurement: &'static str,
    fields: &'static [&'static str],
) -> Measured {
    Measured {
        name,
        measurement,
        fields,
        aggregate: Aggregate::Mean,
        factor: 1.0,
    }
}

const fn rate(
    name: &'static str,
    measurement: &'static str,
    fields: &'static [&'static str],
    factor: f64,
) -> Measured {
    Measured {
        name,
        measurement,
        fields,
        aggregate: Aggregate::Sum,
        factor,
    }
}

const RESOURCES: &[Measured] = &[
    state("process_memory_rss_bytes", "process", &["memory_rss"]),
    state("process_memory_limit_bytes", "process", &["memory_limit"]),
    state("process_cpu_ratio", "process", &["cpu"]),
    state("process_threads", "process", &["threads"]),
    state("process_open_fds", "process", &["open_fds"]),
    rate(
        "process_disk_read_bytes_per_second",
        "process",
        &["disk_read"],
        1.0,
    ),
    rate(
        "process_disk_written_bytes_per_second",
        "process",
        &["disk_written"],
        1.0,
    ),
    state("system_cpu_ratio", "system", &["cpu"]),
    state("system_memory_ratio", "system", &["memory"]),
    state("system_memory_used_bytes", "system", &["memory_used"]),
    state("system_disk_ratio", "system", &["disk"]),
    rate("system_disk_iops", "system", &["disk_operations"], 1.0),
    rate(
        "system_network_bits_per_second",
        "system",
        &["network_sent", "network_received"],
        8.0,
    ),
];

/// All resources with values, by instance and name.
///
/// # Errors
/// When the period has too much to be read at once.
pub fn resources(
    reading: &mut Reading<'_>,
    scope: &Scope,
    period: Period,
) -> Result<BTreeMap<InstanceKey, BTreeMap<&'static str, Resource>>, QueryError> {
    let mut found: BTreeMap<InstanceKey, BTreeMap<&'static str, Resource>> = BTreeMap::new();
    for measurement in ["process", "system"] {
        let measured: Vec<_> = RESOURCES
            .iter()
            .filter(|one| one.measurement == measurement)
            .collect();
        let mut ask = query(
            measurement,
            period,
            &["service", "instance"],
            scope.filter(),
        );
        let step = ((period.end - period.start) / STEPS).max(FINEST_STEP);
        ask.step = Some(step);
        ask.fields = measured.iter().flat_map(|one| one.columns()).collect();
        for series in reading.ask(&ask)? {
            let key = (
                tag_of(&series.tags, "service").to_owned(),
                tag_of(&series.tags, "instance").to_owned(),
            );
            let instance = found.entry(key).or_default();
            let mut columns = series.columns.as_slice();
            for one in &measured {
                let (mine, rest) = columns.split_at(one.fields.len());
                columns = rest;
                let values = match one.aggregate {
                    Aggregate::Sum => rates(&series.times, mine, step),
                    _ => states(&series.times, &mine[0]),
                };
                let values = values
                    .into_iter()
                    .map(|(time, value)| (time, value * one.factor));
                if let Some(resource) = summary(&values.collect::<Vec<_>>()) {
                    instance.insert(one.name, resource);
                }
            }
        }
    }
    Ok(found)
}

impl Measured {
    fn columns(&self) -> impl Iterator<Item = FieldQuery> + use<> {
        let aggregate = self.aggregate;
        self.fields.iter().map(move |name| field(name, aggregate))
    }
}

fn states(times: &[Nanos], column: &[Value]) -> Vec<(Nanos, f64)> {
    let values = times.iter().zip(column);
    values
        .filter_map(|(&time, value)| Some((time, number(value)?)))
        .collect()
}

/// Amounts of all columns together per second since the sender's row before; a row without any is one without increase.
fn rates(times: &[Nanos], columns: &[Vec<Value>], step: Nanos) -> Vec<(Nanos, f64)> {
    let amount = |row: usize| total(columns.iter().map(|column| &column[row]));
    if (0..times.len()).all(|row| amount(row).is_none()) {
        return Vec::new();
    }
    // A step of several rows that is not over would seem low.
    let running = usize::from(step > FINEST_STEP);
    (1..times.len().saturating_sub(running))
        .map(|row| {
            let seconds = (times[row] - times[row - 1]) as f64 / 1e9;
            (times[row], amount(row).unwrap_or(0.0) / seconds)
        })
        .collect()
}

fn summary(values: &[(Nanos, f64)]) -> Option<Resource> {
    let &(_, current) = values.last()?;
    let lately = &values[values.len().saturating_sub(LATELY)..];
    let average = lately.iter().map(|(_, value)| value).sum::<f64>() / lately.len() as f64;
    Some(Resource {
        current,
        average,
        trend: trend(values),
    })
}

/// Judges the median of the slopes between all pairs of values (Theil 1950, Sen 1968), which single outliers do not
/// move: what it adds up to over the whole stretch, compared with the median value.
pub fn trend(values: &[(Nanos, f64)]) -> Trend {
    if values.len() < TREND_VALUES {
        return Trend::InsufficientData;
    }
    let pairs = values
        .iter()
        .enumerate()
        .flat_map(|(at, first)| values[at + 1..].iter().map(move |second| (first, second)));
    let slopes = pairs
        .filter(|(a, b)| a.0 != b.0)
        .map(|(a, b)| (b.1 - a.1) / (b.0 - a.0) as f64);
    let change = median(slopes.collect()) * (values[values.len() - 1].0 - values[0].0) as f64;
    let level = median(values.iter().map(|(_, value)| *value).collect()).abs();
    match change {
        change if change > TREND_SHARE * level => Trend::Increasing,
        change if change < -TREND_SHARE * level => Trend::Decreasing,
        _ => Trend::Stable,
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        length if length % 2 == 1 => values[length / 2],
        length => (values[length / 2 - 1] + values[length / 2]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64]) -> Trend {
        let values: Vec<_> = values
            .iter()
            .zip(0..)
            .map(|(&value, at)| (at * FINEST_STEP, value))
            .collect();
        trend(&values)
    }

    #[test]
    fn what_is_sent_once_a_minute_counts_per_second_of_that_minute() {
        let times = [0, 6 * FINEST_STEP, 7 * FINEST_STEP];
        let sent = vec![Value::U64(500), Value::U64(120), Value::Null];
        let received = vec![Value::Null, Value::U64(60), Value::Null];
        let found = rates(&times, &[sent, received], FINEST_STEP);
        assert_eq!(found, [(times[1], 3.0), (times[2], 0.0)]);
        let none = vec![Value::Null; 3];
        assert_eq!(rates(&times, &[none], FINEST_STEP), []);
    }

    #[test]
    fn five_values_show_no_trend() {
        assert_eq!(of(&[1.0, 2.0, 3.0, 4.0, 5.0]), Trend::InsufficientData);
    }

    #[test]
    fn a_rise_is_seen_through_outliers() {
        assert_eq!(
            of(&[1.0, 1.1, 9.0, 1.3, 1.4, 1.5, 0.0, 1.7]),
            Trend::Increasing
        );
        assert_eq!(of(&[9.0, 8.0, 7.0, 99.0, 5.0, 4.0]), Trend::Decreasing);
        assert_eq!(of(&[5.0, 5.1, 4.9, 5.0, 50.0, 5.0]), Trend::Stable);
    }

    #[test]
    fn what_stays_zero_is_stable() {
        assert_eq!(of(&[0.0; 8]), Trend::Stable);
    }
}
