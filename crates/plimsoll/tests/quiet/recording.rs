//! The recording as a judge takes it.

use std::collections::BTreeMap;

use plimsoll::alert::{Kind, Unit};
use plimsoll::analysis::{Basis, Stretch, Usual};
use plimsoll::histogram::{Buckets, Exponential, Histogram, Layout};
use plimsoll::judge::{Judge, LevelObserved, Observed, RouteObserved};
use plimsoll::standards::{Limit, Standards};
use serde::Deserialize;

/// Slots of ten seconds, one after the other.
pub(super) struct Recording {
    pub(super) slots: Vec<Observed>,
}

#[derive(Deserialize)]
struct Line {
    routes: BTreeMap<String, LineRoute>,
    levels: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
struct LineRoute {
    errors: u64,
    sum: f64,
    min: f64,
    max: f64,
    /// Index and count, by turns.
    buckets: Vec<i64>,
}

/// Connections in use that the shop says are as many as should be.
const CONNECTIONS: f64 = 5.0;
/// Slots of what is usual: five minutes.
const STRETCH: usize = 30;

impl Recording {
    pub(super) fn read() -> Self {
        // The first line tells when and how.
        let lines = include_str!("shop.jsonl").lines().skip(1);
        let slots = lines.map(|line| serde_json::from_str::<Line>(line).unwrap().observed());
        Self {
            slots: slots.collect(),
        }
    }

    /// Tells a judge what is usual, as learned from this.
    pub(super) fn teach(&self, judge: &mut Judge) {
        let mut routes: BTreeMap<_, Vec<Stretch>> = BTreeMap::new();
        let mut all = Vec::new();
        for (at, slots) in self.slots.chunks_exact(STRETCH).enumerate() {
            let empty = || Stretch {
                minutes: STRETCH as f64 / 6.0,
                ..Stretch::default()
            };
            let mut together = empty();
            for route in slots.iter().flat_map(|slot| &slot.routes) {
                let name = (route.method.clone(), route.route.clone());
                let stretches = routes.entry(name).or_default();
                stretches.resize_with(at + 1, empty);
                for stretch in [&mut stretches[at], &mut together] {
                    stretch.duration.merge(&route.duration);
                    stretch.errors += route.errors;
                }
            }
            all.push(together);
        }
        for ((method, route), stretches) in routes {
            judge.learn(&method, &route, Usual::of(&stretches, Basis::SameHours));
        }
        judge.learn_service(Usual::of(&all, Basis::SameHours));
    }
}

impl Line {
    fn observed(self) -> Observed {
        let limits = Standards::default().limits;
        let level = |key: &str, value: f64| {
            let (kind, unit, line) = match key {
                "cpu" => (Kind::ResourceViolation, Unit::Ratio, limits.cpu_ratio),
                "memory" => (Kind::HighMemory, Unit::Bytes, limits.memory_bytes(None)),
                "disk" => (Kind::ResourceViolation, Unit::Ratio, limits.disk_ratio),
                "disk_io" => (Kind::ResourceViolation, Unit::PerSecond, limits.disk_iops),
                _ => (Kind::ResourceViolation, Unit::Count, CONNECTIONS),
            };
            LevelObserved {
                key: key.into(),
                kind,
                unit,
                value,
                limit: Limit::Ceiling(line),
            }
        };
        let memory = self.levels.get("memory").copied();
        Observed {
            routes: self
                .routes
                .iter()
                .map(|(name, one)| one.observed(name))
                .collect(),
            levels: self
                .levels
                .iter()
                .map(|(key, value)| level(key, *value))
                .collect(),
            memory: memory.map(|bytes| ("".into(), bytes)).into_iter().collect(),
            started: false,
        }
    }
}

impl LineRoute {
    fn observed(&self, name: &str) -> RouteObserved {
        let (method, route) = name.split_once(' ').unwrap();
        let pairs = self.buckets.chunks_exact(2);
        let pairs: Vec<(i32, u64)> = pairs
            .map(|pair| (pair[0].try_into().unwrap(), pair[1].try_into().unwrap()))
            .collect();
        RouteObserved {
            method: method.into(),
            route: route.into(),
            duration: Histogram {
                count: pairs.iter().map(|(_, count)| count).sum(),
                sum: self.sum,
                min: self.min,
                max: self.max,
                layout: of_buckets(pairs),
            },
            errors: self.errors,
        }
    }
}

fn of_buckets(pairs: impl IntoIterator<Item = (i32, u64)>) -> Layout {
    let positive: Buckets = pairs.into_iter().collect();
    Layout::Exponential(Exponential {
        scale: Histogram::SCALE,
        positive,
        ..Exponential::default()
    })
}

/// Makes all answers of a route take so many times as long.
pub(super) fn slower(route: &mut RouteObserved, times: u32) {
    let Layout::Exponential(layout) = &route.duration.layout else {
        panic!("the shop's histograms are exponential");
    };
    // 32 buckets each time it doubles.
    let further = (32.0 * f64::from(times).log2()).round() as i32;
    let moved = layout
        .positive
        .iter()
        .map(|(index, count)| (index + further, count));
    let layout = of_buckets(moved.collect::<Vec<_>>());
    let factor = f64::from(times);
    let Histogram {
        count,
        sum,
        min,
        max,
        ..
    } = route.duration;
    route.duration = Histogram {
        layout,
        count,
        sum: sum * factor,
        min: min * factor,
        max: max * factor,
    };
}
