//! What a service knows of itself at one moment.

use std::collections::BTreeMap;

use super::OwnJudge;
use crate::analysis::situation::{FunctionNow, RouteNow, Situation};
use crate::histogram::Histogram;
use crate::monitor::Ring;
use crate::performance::by_route;
use crate::window::{FunctionOutcome, Window};

/// Minutes that "now" means.
const MINUTES: i64 = 5;

/// What is known at `now`, from the last minutes of `ring` and from the judge.
pub(super) fn of(own: &OwnJudge, ring: &Ring, now: i64) -> Situation {
    let lately = ring.merged_since(now - MINUTES * 60_000_000_000);
    let mut known = own.judged.known(now);
    for alert in &mut known.alerts {
        let kept = own.alerts.firing(&alert.key);
        alert.id = kept.map(|kept| kept.id.to_string());
    }
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
        levels: known.levels,
        ahead: known.ahead,
        deploys: Vec::new(),
        alerts: known.alerts,
        minutes: MINUTES as f64,
        asked: known.asked,
        heard: known.heard,
    }
}

fn routes(own: &OwnJudge, lately: &Window) -> Vec<RouteNow> {
    by_route(lately)
        .iter()
        .map(|(name, (totals, types))| own.judged.route_now(*name, totals, types))
        .collect()
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
