//! Resources of instances over a period: now, lately, and where they are heading.

use std::collections::BTreeMap;

use plimsoll::resources::Trend;

use super::states::InstanceKey;
use super::told::{Figure, Told, told};
use super::{MINUTE, Period, Scope};
use crate::reading::Reading;
use crate::store::query::Aggregate;
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
    // Before what others call utilization, which some divide by the number of processors.
    rate("process_cpu_ratio", "process", &["cpu_time"], 1.0),
    state("process_cpu_ratio", "process", &["cpu"]),
    state("process_threads", "process", &["threads"]),
    state("process_open_fds", "process", &["open_fds"]),
    state("process_goroutines", "process", &["goroutines"]),
    state("process_heap_used_bytes", "process", &["heap_used"]),
    state("process_event_loop_ratio", "process", &["event_loop"]),
    state(
        "process_event_loop_delay_p99_seconds",
        "process",
        &["event_loop_delay_p99"],
    ),
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
        let step = ((period.end - period.start) / STEPS).max(FINEST_STEP);
        let figures: Vec<Figure> = measured
            .iter()
            .map(|one| (one.fields, one.aggregate))
            .collect();
        let told = told(reading, scope, period, measurement, &figures, Some(step))?;
        for (key, of_instance) in told {
            let instance = found.entry(key).or_default();
            for (one, told) in measured.iter().zip(&of_instance) {
                let values = match one.aggregate {
                    Aggregate::Sum => rates(told, step),
                    _ => states(told),
                };
                let values = values
                    .into_iter()
                    .map(|(time, value)| (time, value * one.factor));
                if let Some(resource) = summary(&values.collect::<Vec<_>>()) {
                    instance.entry(one.name).or_insert(resource);
                }
            }
        }
    }
    Ok(found)
}
/// How much each instance used of a core in `minute`, where it tells its time.
///
/// # Errors
/// As [`resources`].
pub fn cpu_used(
    reading: &mut Reading<'_>,
    scope: &Scope,
    minute: Period,
) -> Result<BTreeMap<InstanceKey, f64>, QueryError> {
    // A row tells what came since the one before, which many send a minute earlier.
    let period = Period {
        start: minute.start - 2 * MINUTE,
        ..minute
    };
    let time: [Figure; 1] = [(&["cpu_time"], Aggregate::Sum)];
    let step = Some(FINEST_STEP);
    let found = told(reading, scope, period, "process", &time, step)?;
    let used = found.into_iter().filter_map(|(key, figures)| {
        let mut ratios = rates(figures.first()?, FINEST_STEP);
        ratios.retain(|(time, _)| *time >= minute.start);
        let sum: f64 = ratios.iter().map(|(_, ratio)| ratio).sum();
        (!ratios.is_empty()).then(|| (key, sum / ratios.len() as f64))
    });
    Ok(used.collect())
}

fn states(told: &Told) -> Vec<(Nanos, f64)> {
    let values = told.iter();
    values
        .filter_map(|(&time, value)| Some((time, (*value)?)))
        .collect()
}

/// Amounts per second since the sender's row before; a row without any is one without increase.
fn rates(told: &Told, step: Nanos) -> Vec<(Nanos, f64)> {
    if told.values().all(Option::is_none) {
        return Vec::new();
    }
    // A step of several rows that is not over would seem low.
    let running = usize::from(step > FINEST_STEP);
    let pairs = told.iter().zip(told.iter().skip(1));
    pairs
        .take(told.len().saturating_sub(1 + running))
        .map(|((&before, _), (&time, amount))| {
            let seconds = (time - before) as f64 / 1e9;
            (time, amount.unwrap_or(0.0) / seconds)
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
        let told = |values: [Option<f64>; 3]| times.into_iter().zip(values).collect::<Told>();
        let found = rates(&told([Some(500.0), Some(180.0), None]), FINEST_STEP);
        assert_eq!(found, [(times[1], 3.0), (times[2], 0.0)]);
        assert_eq!(rates(&told([None; 3]), FINEST_STEP), []);
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
