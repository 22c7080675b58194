//! What a service used over a period, against its lines: processors, memory, disk, network, and what it registered.

use std::collections::BTreeMap;

use plimsoll::alert::Unit;
use plimsoll::standards::Standards;

use super::levels::{LIMIT, USED};
use super::stretches::{Used, used_over};
use super::told::{Figure, told};
use super::{Period, Scope, field, number, query, tag_of};
use crate::reading::Reading;
use crate::store::query::Aggregate;
use crate::store::read::error::QueryError;

/// Something that was used, of the instance that used most.
#[derive(Clone, Debug, PartialEq)]
pub struct Use {
    /// As the judge names it: `cpu`, `memory`, `pool:postgres`.
    pub key: String,
    /// As people name it.
    pub name: String,
    /// How much.
    pub used: Used,
    /// Its line.
    pub line: f64,
    /// The unit of all of these.
    pub unit: Unit,
}

/// All that has values, in the order of the load line. A service that was heard for so many `seconds` of the period moved
/// what it moved in these.
///
/// # Errors
/// When the period has too much to be read at once.
pub fn used(
    reading: &mut Reading<'_>,
    service: &str,
    period: Period,
    seconds: f64,
    standards: &Standards,
) -> Result<Vec<Use>, QueryError> {
    let scope = Scope::Service(service.to_owned());
    let limits = &standards.limits;
    let whole = used_over(reading, service, period)?;
    let mut found = Vec::new();
    let mut add = |key: &str, name: &str, used: Used, line: f64, unit: Unit| {
        if used.mean.or(used.max).is_some() {
            found.push(Use {
                key: key.to_owned(),
                name: name.to_owned(),
                used,
                line,
                unit,
            });
        }
    };
    add("cpu", "CPU", whole.cpu, limits.cpu_ratio, Unit::Ratio);
    let line = limits.memory_bytes(allowed_memory(reading, &scope, period)?);
    add("memory", "memory", whole.memory, line, Unit::Bytes);
    let [disk, disk_io, network] = of_machine(reading, &scope, period, seconds)?;
    add("disk", "disk", disk, limits.disk_ratio, Unit::Ratio);
    add(
        "disk_io",
        "disk I/O",
        disk_io,
        limits.disk_iops,
        Unit::PerSecond,
    );
    let line = limits.network_mbit_per_second * 1e6;
    add("network", "network", network, line, Unit::BitsPerSecond);
    for ((kind, name), (used, own)) in registered(reading, &scope, period)? {
        let line = standards.resource_limit(&name, own);
        add(&format!("{kind}:{name}"), &name, used, line, Unit::Count);
    }
    Ok(found)
}

/// What the control group of the instance allows that may use least, bytes.
fn allowed_memory(
    reading: &mut Reading<'_>,
    scope: &Scope,
    period: Period,
) -> Result<Option<f64>, QueryError> {
    let figures: [Figure; 1] = [(&["memory_limit"], Aggregate::Min)];
    let found = told(reading, scope, period, "process", &figures, None)?;
    let allowed = found.into_values().flatten();
    let allowed = allowed.flat_map(|told| told.into_values().flatten());
    Ok(allowed.filter(|bytes| *bytes > 0.0).reduce(f64::min))
}

/// Disk, its operations and the network of the machines.
fn of_machine(
    reading: &mut Reading<'_>,
    scope: &Scope,
    period: Period,
    seconds: f64,
) -> Result<[Used; 3], QueryError> {
    let figures: [Figure; 6] = [
        (&["disk"], Aggregate::Mean),
        (&["disk"], Aggregate::Max),
        (&["disk_operations"], Aggregate::Sum),
        (&["disk_operations"], Aggregate::Peak),
        (&["network_sent", "network_received"], Aggregate::Sum),
        (&["network_sent", "network_received"], Aggregate::Peak),
    ];
    let mut found = [Used::default(); 3];
    for instance in told(reading, scope, period, "system", &figures, None)?.into_values() {
        let value = |figure: usize| instance[figure].values().copied().flatten().next_back();
        let per_second = |figure: usize, factor: f64| Used {
            mean: value(figure).map(|sum| factor * sum / seconds.max(1.0)),
            max: value(figure + 1).map(|peak| factor * peak),
        };
        found[0].widen(Used {
            mean: value(0),
            max: value(1),
        });
        found[1].widen(per_second(2, 1.0));
        found[2].widen(per_second(4, 8.0));
    }
    Ok(found)
}

/// By kind and name: how much was used, and the limit that it told.
type Registered = BTreeMap<(String, String), (Used, Option<f64>)>;

fn registered(
    reading: &mut Reading<'_>,
    scope: &Scope,
    period: Period,
) -> Result<Registered, QueryError> {
    let tags = ["service", "instance", "kind", "resource"];
    let mut found = Registered::new();
    for measurement in [USED, LIMIT] {
        let mut ask = query(measurement, period, &tags, scope.filter());
        ask.fields = vec![
            field("value", Aggregate::Mean),
            field("value", Aggregate::Max),
        ];
        for series in reading.ask(&ask)? {
            let tag = |name| tag_of(&series.tags, name).to_owned();
            let value = |column: usize| series.columns[column].last().and_then(number);
            let key = (tag("kind"), tag("resource"));
            if measurement == USED {
                let (used, _) = found.entry(key).or_default();
                used.widen(Used {
                    mean: value(0),
                    max: value(1),
                });
            } else if let Some((_, limit)) = found.get_mut(&key) {
                *limit = value(0).or(*limit);
            }
        }
    }
    Ok(found)
}
