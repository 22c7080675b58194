//! What charts are drawn from.

use std::collections::BTreeMap;

use plimsoll::performance::RequestTotals;
use plimsoll::standards::{Class, Standards};

use crate::performance::stretches::Stretch;
use crate::report::contents::{ReportCourse, ReportCourseClass};
use crate::store::table::Nanos;

/// Most classes with a chart of their own.
const MOST_CLASSES: usize = 4;
/// Nanoseconds of a millisecond.
const MILLISECOND: Nanos = 1_000_000;

/// The course of a service, step by step.
pub(super) fn course(
    steps: &[Stretch],
    standards: &Standards,
    memory_limit_bytes: Option<f64>,
    now: Nanos,
) -> ReportCourse {
    let totals: Vec<Option<RequestTotals>> = steps
        .iter()
        .map(|step| step.heard.then(|| step.totals()))
        .collect();
    let per_minute = |(step, totals): (&Stretch, &Option<RequestTotals>)| {
        Some(totals.as_ref()?.duration.count as f64 / step.minutes(now))
    };
    let error_rate = |totals: &Option<RequestTotals>| totals.as_ref()?.error_rate();
    let step = steps.get(steps.len() / 2);
    ReportCourse {
        times: steps.iter().map(|step| step.start / MILLISECOND).collect(),
        step_seconds: step.map_or(0.0, |step| (step.end - step.start) as f64 / 1e9),
        requests_per_minute: steps.iter().zip(&totals).map(per_minute).collect(),
        error_rate: totals.iter().map(error_rate).collect(),
        error_limit: standards.limits.error_rate,
        classes: classes(steps, standards),
        memory_bytes: steps.iter().map(|step| step.memory.mean).collect(),
        memory_limit_bytes,
        cpu_ratio: steps.iter().map(|step| step.cpu.mean).collect(),
        cpu_limit_ratio: standards.limits.cpu_ratio,
    }
}

/// The busiest classes; none where routes were too many to be told apart.
fn classes(steps: &[Stretch], standards: &Standards) -> Vec<ReportCourseClass> {
    let mut found: BTreeMap<&str, (&Class, u64, Vec<Option<RequestTotals>>)> = BTreeMap::new();
    for (at, step) in steps.iter().enumerate() {
        for ((method, route), totals) in &step.routes {
            if method.is_empty() && route.is_empty() {
                continue;
            }
            let class = standards.expected(method, route).class;
            let (_, requests, line) = found
                .entry(&class.name)
                .or_insert_with(|| (class, 0, vec![None; steps.len()]));
            *requests += totals.duration.count;
            line[at].get_or_insert_default().merge(totals);
        }
    }
    let mut found: Vec<_> = found
        .into_values()
        .filter(|(_, requests, _)| *requests > 0)
        .collect();
    found.sort_by_key(|(_, requests, _)| std::cmp::Reverse(*requests));
    found.truncate(MOST_CLASSES);
    let shown = found.into_iter().map(|(class, _, line)| {
        let percentile = |q: f64| {
            let values = line.iter();
            let values = values.map(|totals| totals.as_ref()?.duration.percentile(q));
            values.collect()
        };
        ReportCourseClass {
            name: class.name.to_string(),
            investigate_seconds: class.bands.investigate,
            p50_seconds: percentile(0.5),
            p95_seconds: percentile(0.95),
        }
    });
    shown.collect()
}
