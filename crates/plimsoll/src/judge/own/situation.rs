//! What a service knows of itself at one moment.

use std::collections::BTreeMap;

use super::OwnJudge;
use crate::alert::Phase;
use crate::analysis::situation::{FunctionNow, LevelNow, OpenAlert, RouteNow, Situation};
use crate::histogram::Histogram;
use crate::judge::SLOT_NS;
use crate::monitor::Ring;
use crate::performance::RequestTotals;
use crate::window::{FunctionOutcome, Window};

/// Minutes that "now" means.
const MINUTES: i64 = 5;

/// What is known at `now`, from the last minutes of `ring` and from the judge.
pub(super) fn of(own: &OwnJudge, ring: &Ring, now: i64) -> Situation {
    let lately = ring.merged_since(now - MINUTES * 60_000_000_000);
    let judged = &own.judged;
    let alerts = judged.judge.watches().filter_map(|watch| {
        let Phase::Firing { worst, .. } = watch.state.phase else {
            return None;
        };
        Some(OpenAlert {
            id: own
                .alerts
                .firing(&watch.key)
                .map(|alert| alert.id.to_string()),
            key: watch.key.to_string(),
            kind: watch.kind,
            severity: worst,
            since: watch.state.since_ns,
            value: watch.value,
            limit: watch.limit,
            unit: watch.unit,
        })
    });
    let levels = judged.judge.levels().map(|(watch, value, limit)| LevelNow {
        key: watch.key.to_string(),
        value,
        limit: limit.value(),
        ratio: limit.ratio(value),
        unit: watch.unit,
    });
    let end = |slot: i64| (slot + 1) * SLOT_NS;
    let asked = judged.asked.iter();
    Situation {
        service: own.service.clone(),
        url: String::new(),
        now,
        standards: own.standards().clone(),
        routes: lately
            .as_ref()
            .map(|lately| routes(own, lately))
            .unwrap_or_default(),
        statements: Vec::new(),
        calls: Vec::new(),
        functions: lately.as_ref().map(functions).unwrap_or_default(),
        levels: levels.collect(),
        ahead: Vec::new(),
        deploys: Vec::new(),
        alerts: alerts.collect(),
        minutes: MINUTES as f64,
        asked: asked
            .map(|(class, slot)| (class.clone(), end(*slot)))
            .collect(),
        heard: judged.heard.map(end),
    }
}

/// Requests by kind of error.
type ErrorTypes = BTreeMap<String, u64>;

/// Requests by route and method, load tests left out.
fn routes(own: &OwnJudge, lately: &Window) -> Vec<RouteNow> {
    let mut found: BTreeMap<(&str, &str), (RequestTotals, ErrorTypes)> = BTreeMap::new();
    for (key, series) in lately.requests.iter().filter(|(key, _)| key.run.is_none()) {
        let (totals, types) = found.entry((key.method, &key.route)).or_default();
        totals.add(
            key.status,
            &series.duration,
            series.failed,
            series.cancelled,
        );
        if let Some(error_type) = key.otel_error_type() {
            *types.entry(error_type.into_owned()).or_default() += series.duration.count;
        }
    }
    let routes = found.into_iter().map(|((method, route), (totals, types))| {
        let mut error_types: Vec<(String, u64)> = types.into_iter().collect();
        error_types.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
        let usual = own.judge().usual(method, route).cloned();
        RouteNow::of(method, route, &totals, error_types, usual)
    });
    routes.collect()
}

fn functions(lately: &Window) -> Vec<FunctionNow> {
    let mut found: BTreeMap<&str, Histogram> = BTreeMap::new();
    for (key, duration) in &lately.functions {
        if key.outcome != FunctionOutcome::Cancelled {
            found.entry(&key.function).or_default().merge(duration);
        }
    }
    let functions = found.into_iter().map(|(name, duration)| FunctionNow {
        name: name.to_owned(),
        calls: duration.count,
        total: duration.sum,
        p95: duration.percentile(0.95).unwrap_or(0.0),
    });
    functions.collect()
}
