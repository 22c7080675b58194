//! A window of the library, as a judge takes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::observed::{LevelObserved, Observed, RouteObserved};
use crate::alert::{Kind, Unit};
use crate::health::CHECK;
use crate::instruments::{LIMIT, USED};
use crate::standards::{Limit, Standards};
use crate::window::{MetricKey, Window};

impl Observed {
    /// What a service did in a window. Load tests are left out.
    pub fn of(window: &Window, standards: &Standards) -> Self {
        let mut observed = Self {
            routes: routes(window),
            ..Self::default()
        };
        observed.machine(window, standards);
        observed.registered(window, standards);
        observed.checks(window);
        observed
    }

    /// Critical checks that were asked.
    fn checks(&mut self, window: &Window) {
        let asked = window.gauges.iter().filter(|(key, _)| &*key.name == CHECK);
        let levels = asked.filter_map(|(key, gauge)| {
            let (_, name) = key.tags.iter().find(|(tag, _)| &**tag == "check")?;
            Some(LevelObserved::check(name, gauge.current()?))
        });
        self.levels.extend(levels);
    }

    fn machine(&mut self, window: &Window, standards: &Standards) {
        let Some(resources) = &window.resources else {
            return;
        };
        let limits = &standards.limits;
        let seconds = window.seconds().max(1e-3);
        let cores = resources
            .process_cpu_limit
            .current()
            .unwrap_or(1.0)
            .max(0.01);
        let cpu = resources.process_cpu.mean().map(|busy| busy / cores);
        let allowed = resources
            .process_memory_limit
            .current()
            .filter(|bytes| *bytes > 0.0);
        let memory = resources.process_memory.current();
        let per_second = |count: u64| Some(count as f64 / seconds).filter(|_| count > 0);
        let operations = per_second(resources.system_disk_operations);
        let bits =
            per_second(8 * (resources.system_network_sent + resources.system_network_received));
        // Without a limit they cannot come close to it.
        let files_allowed = resources.process_open_fds_limit.current();
        let files = resources.process_open_fds.mean();
        let files = files.filter(|_| files_allowed.is_some());
        let violation = Kind::ResourceViolation;
        let levels = [
            ("cpu", violation, Unit::Ratio, cpu, limits.cpu_ratio),
            (
                "memory",
                Kind::HighMemory,
                Unit::Bytes,
                memory,
                limits.memory_bytes(allowed),
            ),
            (
                "disk",
                violation,
                Unit::Ratio,
                resources.system_disk.current(),
                limits.disk_ratio,
            ),
            (
                "disk_io",
                violation,
                Unit::PerSecond,
                operations,
                limits.disk_iops,
            ),
            (
                "network",
                violation,
                Unit::BitsPerSecond,
                bits,
                limits.network_mbit_per_second * 1e6,
            ),
            (
                "open_files",
                violation,
                Unit::Count,
                files,
                limits.open_files(files_allowed.unwrap_or_default()),
            ),
        ];
        for (key, kind, unit, value, line) in levels {
            if let Some(value) = value {
                self.levels.push(LevelObserved {
                    key: key.into(),
                    kind,
                    unit,
                    value,
                    limit: Limit::Ceiling(line),
                });
            }
        }
        self.memory
            .extend(memory.map(|bytes| (Arc::from(""), bytes)));
    }

    /// Pools, queues and what else was registered.
    fn registered(&mut self, window: &Window, standards: &Standards) {
        let used = window.gauges.iter().filter(|(key, _)| &*key.name == USED);
        for (key, gauge) in used {
            let limit = MetricKey {
                name: LIMIT.into(),
                tags: key.tags.clone(),
            };
            let own = window.gauges.get(&limit).and_then(|limit| limit.current());
            let tag = |name: &str| {
                key.tags
                    .iter()
                    .find(|(tag, _)| &**tag == name)
                    .map(|(_, value)| &**value)
            };
            let (Some(kind), Some(name), Some(value)) =
                (tag("kind"), tag("resource"), gauge.mean())
            else {
                continue;
            };
            self.levels.push(LevelObserved {
                key: format!("{kind}:{name}").into(),
                kind: Kind::ResourceViolation,
                unit: Unit::Count,
                value,
                limit: Limit::Ceiling(standards.resource_limit(name, own)),
            });
        }
    }
}

fn routes(window: &Window) -> Vec<RouteObserved> {
    let mut by_route: BTreeMap<(&str, &str), RouteObserved> = BTreeMap::new();
    for (key, series) in window.requests.iter().filter(|(key, _)| key.run.is_none()) {
        let answered = series.duration.count;
        let errors = if key.status >= 500 {
            answered
        } else {
            series.failed.min(answered)
        };
        let route = by_route
            .entry((&key.route, key.method))
            .or_insert_with(|| RouteObserved {
                method: key.method.into(),
                route: key.route.clone(),
                duration: crate::histogram::Histogram::new(),
                errors: 0,
            });
        route.duration.merge(&series.duration);
        route.errors += errors;
    }
    by_route
        .into_values()
        .filter(|route| route.duration.count > 0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::{Gauge, RequestKey, RequestSeries, Resources};

    fn series(secs: f64, count: u64, failed: u64) -> RequestSeries {
        let mut series = RequestSeries::default();
        series.duration.record_n(secs, count);
        series.failed = failed;
        series
    }

    fn key(status: u16, run: Option<&str>) -> RequestKey {
        RequestKey {
            route: "/orders".into(),
            method: "GET",
            status,
            error_type: None,
            run: run.map(Arc::from),
        }
    }

    #[test]
    fn a_window_is_taken_without_load_tests_and_with_its_levels() {
        let mut window = Window::empty(0, 10_000_000_000);
        window.requests.insert(key(200, None), series(0.1, 8, 1));
        window.requests.insert(key(503, None), series(0.1, 2, 0));
        window
            .requests
            .insert(key(200, Some("load")), series(9.0, 1_000, 0));
        let mb = crate::performance::MB;
        window.resources = Some(Resources {
            process_cpu: Gauge::of(1.2, 1),
            process_cpu_limit: Gauge::of(2.0, 1),
            process_memory: Gauge::of(100.0 * mb, 1),
            process_memory_limit: Gauge::of(200.0 * mb, 1),
            process_open_fds: Gauge::of(900.0, 1),
            process_open_fds_limit: Gauge::of(1_000.0, 1),
            ..Resources::default()
        });
        let tags = [("kind", "pool"), ("resource", "postgres")];
        window
            .gauges
            .insert(MetricKey::new(USED, &tags), Gauge::of(7.0, 1));
        window
            .gauges
            .insert(MetricKey::new(LIMIT, &tags), Gauge::of(30.0, 1));
        let observed = Observed::of(&window, &Standards::default());
        assert_eq!(observed.routes.len(), 1);
        let orders = &observed.routes[0];
        assert_eq!((orders.duration.count, orders.errors), (10, 3));
        let levels: Vec<(&str, f64, f64)> = observed
            .levels
            .iter()
            .map(|level| (&*level.key, level.value, level.limit.value()))
            .collect();
        assert_eq!(
            levels,
            [
                ("cpu", 0.6, 0.8),
                ("memory", 100.0 * mb, 160.0 * mb),
                ("open_files", 900.0, 800.0),
                ("pool:postgres", 7.0, 30.0)
            ]
        );
    }
}
