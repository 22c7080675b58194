//! What services did, slot by slot, read from the store as the library's judge takes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll::alert::{Kind, Unit};
use plimsoll::judge::{LevelObserved, Observed, RouteObserved, SLOT_NS};
use plimsoll::standards::{Limit, Standards};

use crate::performance::levels::{checks, flows, registered};
use crate::performance::resources::cpu_used;
use crate::performance::series::{Buckets, By, series};
use crate::performance::states::states;
use crate::performance::{Period, Scope};
use crate::reading::Reading;
use crate::store::read::error::QueryError;
use crate::store::table::Nanos;

/// Levels are read over so long: half a minute, in which what tells itself every ten seconds has told itself.
const LEVELS_OVER: Nanos = 3 * SLOT_NS;

/// By service and slot, or minute.
pub(super) type OfServices = BTreeMap<String, BTreeMap<i64, Observed>>;

/// Requests of the buckets of `step` from `first` to `last`, counted from the epoch: of slots, or of minutes.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn requests(
    reading: &mut Reading<'_>,
    scope: &Scope,
    step: Nanos,
    first: i64,
    last: i64,
) -> Result<OfServices, QueryError> {
    let buckets = Buckets {
        start: first * step,
        step,
        count: usize::try_from(last - first + 1).unwrap_or_default(),
        last: step,
    };
    let mut found = OfServices::new();
    for (key, line) in series(reading, scope, buckets, By::Route)? {
        let (method, route): (Arc<str>, Arc<str>) = (key.method.into(), key.route.into());
        let slots = found.entry(key.service).or_default();
        for (slot, totals) in (first..).zip(line) {
            let Some(totals) = totals else { continue };
            let observed = slots.entry(slot).or_default();
            if totals.duration.count > 0 {
                observed.routes.push(RouteObserved {
                    method: method.clone(),
                    route: route.clone(),
                    duration: totals.duration,
                    errors: totals.errors,
                });
            }
        }
    }
    Ok(found)
}

/// Levels as they are at the end of the slot `last`, by service.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn levels(
    reading: &mut Reading<'_>,
    scope: &Scope,
    last: i64,
    standards: &Standards,
) -> Result<BTreeMap<String, Observed>, QueryError> {
    let end = (last + 1) * SLOT_NS;
    let period = Period {
        start: end - LEVELS_OVER,
        end,
    };
    let mut found: BTreeMap<String, Observed> = BTreeMap::new();
    let limits = &standards.limits;
    let names = [
        "cpu",
        "cpu_limit",
        "memory_rss",
        "memory_limit",
        "open_fds",
        "open_fds_limit",
    ];
    let used = cpu_used(reading, scope, period)?;
    let processes = states(reading, scope, period, "process", names)?;
    for ((service, instance), [cpu, cores, memory, allowed, files, files_allowed]) in processes {
        let of_service = found.entry(service.clone()).or_default();
        let busy = used.get(&(service, instance.clone())).copied().or(cpu.mean);
        if let Some(busy) = busy {
            // Of one core, where nobody tells how many there are.
            let share = busy / cores.last.unwrap_or(1.0).max(0.01);
            most(
                of_service,
                "cpu",
                Kind::ResourceViolation,
                Unit::Ratio,
                share,
                limits.cpu_ratio,
            );
        }
        if let Some(bytes) = memory.last {
            let line = limits.memory_bytes(allowed.last.filter(|allowed| *allowed > 0.0));
            most(
                of_service,
                "memory",
                Kind::HighMemory,
                Unit::Bytes,
                bytes,
                line,
            );
            of_service.memory.push((instance.into(), bytes));
        }
        if let (Some(files), Some(allowed)) = (files.last, files_allowed.last) {
            most(
                of_service,
                "open_files",
                Kind::ResourceViolation,
                Unit::Count,
                files,
                limits.open_files(allowed),
            );
        }
    }
    for ((service, _), [disk]) in states(reading, scope, period, "system", ["disk"])? {
        if let Some(disk) = disk.last {
            let of_service = found.entry(service).or_default();
            most(
                of_service,
                "disk",
                Kind::ResourceViolation,
                Unit::Ratio,
                disk,
                limits.disk_ratio,
            );
        }
    }
    for ((service, _), flows) in flows(reading, scope, period)? {
        let of_service = found.entry(service).or_default();
        if let Some(iops) = flows.disk_operations {
            most(
                of_service,
                "disk_io",
                Kind::ResourceViolation,
                Unit::PerSecond,
                iops,
                limits.disk_iops,
            );
        }
        if let Some(bits) = flows.network_bits {
            let line = limits.network_mbit_per_second * 1e6;
            most(
                of_service,
                "network",
                Kind::ResourceViolation,
                Unit::BitsPerSecond,
                bits,
                line,
            );
        }
    }
    add_registered(reading, scope, period, standards, &mut found)?;
    for ((service, name), value) in checks(reading, scope, period)? {
        let levels = &mut found.entry(service).or_default().levels;
        levels.push(LevelObserved::check(&name, value));
    }
    Ok(found)
}

/// Pools, queues and other resources that services registered.
fn add_registered(
    reading: &mut Reading<'_>,
    scope: &Scope,
    period: Period,
    standards: &Standards,
    found: &mut BTreeMap<String, Observed>,
) -> Result<(), QueryError> {
    for resource in registered(reading, scope, period)? {
        let line = standards.resource_limit(&resource.name, resource.limit);
        let key = format!("{}:{}", resource.kind, resource.name);
        let of_service = found.entry(resource.service).or_default();
        most(
            of_service,
            &key,
            Kind::ResourceViolation,
            Unit::Count,
            resource.used,
            line,
        );
    }
    Ok(())
}

/// Of several instances the one that is closest to its line counts.
fn most(observed: &mut Observed, key: &str, kind: Kind, unit: Unit, value: f64, line: f64) {
    let limit = Limit::Ceiling(line);
    let known = observed.levels.iter_mut().find(|level| &*level.key == key);
    match known {
        Some(known) if known.limit.ratio(known.value) >= limit.ratio(value) => {}
        Some(known) => (known.value, known.limit) = (value, limit),
        None => observed.levels.push(LevelObserved {
            key: key.into(),
            kind,
            unit,
            value,
            limit,
        }),
    }
}
