//! Resources of instances over a period: now, lately, and where they are heading.

use std::collections::BTreeMap;

use plimsoll::analysis::trend::{Trend, trend};

use super::states::InstanceKey;
use super::told::{Figure, Told, told};
use super::{MINUTE, Period, Scope};
use crate::reading::Reading;
use crate::store::query::Aggregate;
use crate::store::read::error::QueryError;
use crate::store::table::Nanos;

/// Values that a mean "lately" covers.
const LATELY: usize = 10;
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
    state("process_open_fds_limit", "process", &["open_fds_limit"]),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_once_a_minute_counts_per_second_of_that_minute() {
        let times = [0, 6 * FINEST_STEP, 7 * FINEST_STEP];
        let told = |values: [Option<f64>; 3]| times.into_iter().zip(values).collect::<Told>();
        let found = rates(&told([Some(500.0), Some(180.0), None]), FINEST_STEP);
        assert_eq!(found, [(times[1], 3.0), (times[2], 0.0)]);
        assert_eq!(rates(&told([None; 3]), FINEST_STEP), []);
    }
}
