//! Classes and routes over the period.

use std::collections::BTreeMap;

use plimsoll::performance::RequestTotals;
use plimsoll::standards::{Place, Standards};

use super::kept_since;
use crate::judge::budget::{self, Kept};
use crate::performance::requests::requests;
use crate::performance::{Period, Scope};
use crate::reading::Reading;
use crate::report::contents::{ReportBefore, ReportClass, ReportRoute};
use crate::store::read::error::QueryError;
use crate::store::table::Nanos;

/// Most routes of a report.
const MOST_ROUTES: usize = 20;

/// Requests by method and route.
pub(super) type Routes = BTreeMap<(String, String), RequestTotals>;

/// The requests of a period.
pub(super) fn by_route(
    reading: &mut Reading<'_>,
    scope: &Scope,
    period: Period,
) -> Result<Routes, QueryError> {
    let mut found = Routes::new();
    for (key, counts) in requests(reading, scope, period)? {
        let totals = found.entry((key.method, key.route)).or_default();
        totals.merge(&counts.totals);
    }
    found.retain(|_, totals| totals.duration.count > 0);
    Ok(found)
}

/// The requests of the period before, of the same length; `None` where not all of it is kept.
pub(super) fn before(
    reading: &mut Reading<'_>,
    scope: &Scope,
    period: Period,
    now: Nanos,
) -> Result<Option<Routes>, QueryError> {
    let before = Period {
        start: period.start - (period.end - period.start),
        end: period.start,
    };
    if before.start < kept_since(reading.store().config().daily_retention, now) {
        return Ok(None);
    }
    let found = by_route(reading, scope, before)?;
    Ok(Some(found).filter(|found| !found.is_empty()))
}

/// All of them together.
pub(super) fn all(routes: &Routes) -> RequestTotals {
    let mut all = RequestTotals::default();
    routes.values().for_each(|totals| all.merge(totals));
    all
}

/// The classes that were asked in the period.
pub(super) fn classes(
    reading: &mut Reading<'_>,
    service: &str,
    standards: &Standards,
    routes: &Routes,
    now: Nanos,
) -> Result<Vec<ReportClass>, QueryError> {
    let budgets = match budget::kept(reading, service, standards, now) {
        // More routes than hours can be told apart by.
        Err(QueryError::TooManyBuckets { .. }) => BTreeMap::new(),
        kept => kept?,
    };
    let mut found = Vec::new();
    for class in &standards.classes {
        let mut whole = RequestTotals::default();
        // Those that have the class's own bands.
        let mut alike = RequestTotals::default();
        let (mut kept, mut place) = (Kept::default(), Place::Unknown);
        for ((method, route), totals) in routes {
            let expected = standards.expected(method, route);
            if expected.class.name != class.name {
                continue;
            }
            whole.merge(totals);
            kept.requests += totals.duration.count;
            kept.past += totals.duration.count_above(expected.bands.investigate);
            if expected.bands == class.bands {
                alike.merge(totals);
            } else if let Some(p95) = totals.duration.percentile(0.95) {
                place = place.max(expected.bands.place(p95));
            }
        }
        if kept.requests == 0 {
            continue;
        }
        if let Some(p95) = alike.duration.percentile(0.95) {
            place = place.max(class.bands.place(p95));
        }
        let budget = budgets.get(&*class.name);
        found.push(ReportClass {
            name: class.name.to_string(),
            target_seconds: class.bands.target,
            acceptable_seconds: class.bands.acceptable,
            investigate_seconds: class.bands.investigate,
            p95_seconds: whole.duration.percentile(0.95),
            place,
            compliance: kept.compliance(),
            objective: class.objective,
            budget_left: budget.and_then(|kept| kept.budget_left(class.objective)),
            requests: kept.requests,
            error_rate: whole.error_rate(),
        });
    }
    Ok(found)
}

/// The routes that took most time, and how many there are.
pub(super) fn routes(
    standards: &Standards,
    now: &Routes,
    before: Option<&Routes>,
) -> (Vec<ReportRoute>, usize) {
    let all_secs: f64 = now.values().map(|totals| totals.duration.sum).sum();
    let mut found: Vec<ReportRoute> = now
        .iter()
        .map(|((method, route), totals)| {
            let duration = &totals.duration;
            let then = before.and_then(|before| before.get(&(method.clone(), route.clone())));
            ReportRoute {
                class: standards.expected(method, route).class.name.to_string(),
                requests: duration.count,
                p50_seconds: duration.percentile(0.5),
                p95_seconds: duration.percentile(0.95),
                p99_seconds: duration.percentile(0.99),
                errors: totals.errors,
                error_rate: totals.error_rate(),
                total_seconds: duration.sum,
                share: match all_secs > 0.0 {
                    true => duration.sum / all_secs,
                    false => 0.0,
                },
                before: before.map(|_| compared(totals, then)),
                method: method.clone(),
                route: route.clone(),
            }
        })
        .collect();
    let total = found.len();
    found.sort_by(|one, other| other.total_seconds.total_cmp(&one.total_seconds));
    found.truncate(MOST_ROUTES);
    (found, total)
}

fn compared(now: &RequestTotals, then: Option<&RequestTotals>) -> ReportBefore {
    let none = RequestTotals::default();
    let then = then.unwrap_or(&none);
    let change = |then: Option<f64>, now: Option<f64>| {
        let (then, now) = (then?, now?);
        Some((now - then) / then).filter(|ratio| ratio.is_finite())
    };
    let p95 = |totals: &RequestTotals| totals.duration.percentile(0.95);
    let count = |totals: &RequestTotals| Some(totals.duration.count as f64);
    ReportBefore {
        requests: then.duration.count,
        p95_seconds: p95(then),
        error_rate: then.error_rate(),
        requests_change_ratio: change(count(then), count(now)),
        p95_change_ratio: change(p95(then), p95(now)),
    }
}
