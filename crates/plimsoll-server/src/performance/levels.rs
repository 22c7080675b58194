//! What machines move, and what services registered to be watched: pools, queues.

use std::collections::BTreeMap;

use super::series::Buckets;
use super::states::InstanceKey;
use super::{Period, Scope, field, number, query, tag_of, total};
use crate::reading::Reading;
use crate::store::query::{Aggregate, AnswerSeries};
use crate::store::read::error::QueryError;
use crate::store::table::Nanos;

/// What a machine moves, per second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Flows {
    /// Operations of its disks.
    pub disk_operations: Option<f64>,
    /// Bits sent and received.
    pub network_bits: Option<f64>,
}

/// What the machine of each instance moved over a period.
///
/// # Errors
/// When the period has too much to be read at once.
pub fn flows(
    reading: &mut Reading<'_>,
    scope: &Scope,
    period: Period,
) -> Result<BTreeMap<InstanceKey, Flows>, QueryError> {
    let mut ask = query("system", period, &["service", "instance"], scope.filter());
    let names = ["disk_operations", "network_sent", "network_received"];
    ask.fields = names.map(|name| field(name, Aggregate::Sum)).into();
    let seconds = (period.end - period.start) as f64 / 1e9;
    let mut found = BTreeMap::new();
    for series in reading.ask(&ask)? {
        let key = (
            tag_of(&series.tags, "service").to_owned(),
            tag_of(&series.tags, "instance").to_owned(),
        );
        let sum = |columns: &[usize]| {
            let last = columns
                .iter()
                .filter_map(|&column| series.columns[column].last());
            total(last).map(|sum| sum / seconds)
        };
        found.insert(
            key,
            Flows {
                disk_operations: sum(&[0]),
                network_bits: sum(&[1, 2]).map(|bytes| 8.0 * bytes),
            },
        );
    }
    Ok(found)
}

/// Something that a service registered.
#[derive(Clone, Debug, PartialEq)]
pub struct Registered {
    /// Whose.
    pub service: String,
    /// `pool`, `queue` or `resource`.
    pub kind: String,
    /// What it is called.
    pub name: String,
    /// How much of it is in use, or waits.
    pub used: f64,
    /// Its limit as it says itself.
    pub limit: Option<f64>,
}

/// The measurements of what is registered.
pub(super) const USED: &str = "plimsoll_resource_used";
pub(super) const LIMIT: &str = "plimsoll_resource_limit";
/// The measurement of critical checks.
const CHECK: &str = "plimsoll_health_check";

/// What services registered, of each instance as it was last.
///
/// # Errors
/// When the period has too much to be read at once.
pub fn registered(
    reading: &mut Reading<'_>,
    scope: &Scope,
    period: Period,
) -> Result<Vec<Registered>, QueryError> {
    let tags = ["service", "instance", "kind", "resource"];
    let mut ask_last = |measurement: &str| -> Result<BTreeMap<[String; 4], f64>, QueryError> {
        let mut ask = query(measurement, period, &tags, scope.filter());
        ask.fields = vec![field("value", Aggregate::Mean)];
        let mut found = BTreeMap::new();
        for series in reading.ask(&ask)? {
            let key = tags.map(|tag| tag_of(&series.tags, tag).to_owned());
            if let Some(value) = series.columns[0].last().and_then(number) {
                found.insert(key, value);
            }
        }
        Ok(found)
    };
    let used = ask_last(USED)?;
    let limits = ask_last(LIMIT)?;
    let registered = used.into_iter().map(|(key, used)| {
        let limit = limits.get(&key).copied();
        let [service, _, kind, name] = key;
        Registered {
            service,
            kind,
            name,
            used,
            limit,
        }
    });
    Ok(registered.collect())
}

/// Critical checks as they were told last, by service and name: 1 well, 0 failing; of several instances the worst.
///
/// # Errors
/// When the period has too much to be read at once.
pub fn checks(
    reading: &mut Reading<'_>,
    scope: &Scope,
    period: Period,
) -> Result<BTreeMap<(String, String), f64>, QueryError> {
    let tags = ["service", "instance", "check"];
    let mut ask = query(CHECK, period, &tags, scope.filter());
    ask.fields = vec![field("value", Aggregate::Last)];
    let mut found = BTreeMap::new();
    for series in reading.ask(&ask)? {
        let tag = |name| tag_of(&series.tags, name).to_owned();
        if let Some(value) = series.columns[0].last().and_then(number) {
            let worst = found.entry((tag("service"), tag("check"))).or_insert(value);
            *worst = value.min(*worst);
        }
    }
    Ok(found)
}

/// What was registered over time, by kind and name (`pool:postgres`) and bucket: of several instances and services of the scope
/// the largest mean.
///
/// # Errors
/// When the period has too much to be read at once.
pub fn registered_over_time(
    reading: &mut Reading<'_>,
    scope: &Scope,
    buckets: Buckets,
) -> Result<BTreeMap<String, BTreeMap<Nanos, f64>>, QueryError> {
    let tags = ["service", "instance", "kind", "resource"];
    let mut ask = query(USED, buckets.period(), &tags, scope.filter());
    ask.step = Some(buckets.step);
    ask.fields = vec![field("value", Aggregate::Mean)];
    let mut found: BTreeMap<String, BTreeMap<Nanos, f64>> = BTreeMap::new();
    for series in reading.ask(&ask)? {
        let text = |name| tag_of(&series.tags, name);
        let key = format!("{}:{}", text("kind"), text("resource"));
        add_most(found.entry(key).or_default(), &series);
    }
    Ok(found)
}

/// A state over time, by service and bucket: of several instances the largest mean.
///
/// # Errors
/// When the period has too much to be read at once.
pub fn over_time(
    reading: &mut Reading<'_>,
    scope: &Scope,
    buckets: Buckets,
    measurement: &str,
    name: &str,
) -> Result<BTreeMap<String, BTreeMap<Nanos, f64>>, QueryError> {
    let mut ask = query(
        measurement,
        buckets.period(),
        &["service", "instance"],
        scope.filter(),
    );
    ask.step = Some(buckets.step);
    ask.fields = vec![field(name, Aggregate::Mean)];
    let mut found: BTreeMap<String, BTreeMap<Nanos, f64>> = BTreeMap::new();
    for series in reading.ask(&ask)? {
        let of_service = found
            .entry(tag_of(&series.tags, "service").to_owned())
            .or_default();
        add_most(of_service, &series);
    }
    Ok(found)
}

/// Of each time the largest value.
fn add_most(most: &mut BTreeMap<Nanos, f64>, series: &AnswerSeries) {
    for (&time, value) in series.times.iter().zip(&series.columns[0]) {
        if let Some(value) = number(value) {
            let known = most.entry(time).or_insert(value);
            *known = known.max(value);
        }
    }
}
