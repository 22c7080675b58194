//! Resources of instances over a period: now, lately, and where they are heading.

use std::collections::BTreeMap;

use plimsoll::resources::Trend;

use super::states::InstanceKey;
use super::{Period, Scope, both, field, number, query, tag_of, total};
use crate::store::Store;
use crate::store::query::{Aggregate, FieldQuery};
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
        aggregate: Aggregate::Rate,
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
    store: &Store,
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
        ask.step = Some(((period.end - period.start) / STEPS).max(FINEST_STEP));
        ask.fields = measured.iter().flat_map(|one| one.columns()).collect();
        for series in store.query(&ask)?.series {
            let key = (
                tag_of(&series.tags, "service").to_owned(),
                tag_of(&series.tags, "instance").to_owned(),
            );
            let instance = found.entry(key).or_default();
            let mut columns = series.columns.as_slice();
            for one in &measured {
                let (mine, rest) = columns.split_at(one.columns().len());
                columns = rest;
                // The running step is not over: what counts per second would seem low.
                let rows = series.times.len()
                    - usize::from(one.aggregate == Aggregate::Rate && series.times.len() > 1);
                let value = |row: usize| match one.aggregate {
                    Aggregate::Rate => total(mine.iter().map(|column| &column[row])),
                    _ => mine.first().and_then(|column| number(&column[row])),
                };
                let values =
                    (0..rows).filter_map(|row| Some((series.times[row], value(row)? * one.factor)));
                if let Some(resource) = summary(&values.collect::<Vec<_>>()) {
                    instance.insert(one.name, resource);
                }
            }
        }
    }
    Ok(found)
}

impl Measured {
    fn columns(&self) -> Vec<FieldQuery> {
        match self.aggregate {
            Aggregate::Rate => self
                .fields
                .iter()
                .flat_map(|name| both(name, Aggregate::Rate))
                .collect(),
            aggregate => self
                .fields
                .iter()
                .map(|name| field(name, aggregate))
                .collect(),
        }
    }
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
