//! What is known of a service at this moment, read from the store and from its judge.

use std::collections::BTreeMap;

use plimsoll::alert::Phase;
use plimsoll::analysis::situation::{
    AheadNow, CallNow, Deploy, FunctionNow, LevelNow, OpenAlert, RouteNow, Situation, StatementNow,
};
use plimsoll::judge::SLOT_NS;
use plimsoll::performance::RequestTotals;

use crate::performance::observations::observed;
use crate::performance::requests::requests;
use crate::performance::{Period, Scope};
use crate::reading::Reading;
use crate::state::AppState;
use crate::store::read::error::QueryError;
use crate::store::table::Nanos;

/// Minutes that "now" means.
pub const MINUTES: u32 = 5;
/// Deploys are looked for so far back: a day.
const DEPLOYS_SINCE: Nanos = 86_400 * 1_000_000_000;
/// Most deploys that are looked at.
const MOST_DEPLOYS: usize = 50;

/// What is known of a service at `now`. Blocking.
///
/// # Errors
/// When the store cannot be read.
pub fn of(app: &AppState, service: &str, now: Nanos) -> Result<Situation, QueryError> {
    let mut reading = Reading::of(&app.store);
    read(app, &mut reading, service, now)
}

/// The same, with a reading that remembers what is missing.
///
/// # Errors
/// When the store cannot be read.
pub fn read(
    app: &AppState,
    reading: &mut Reading<'_>,
    service: &str,
    now: Nanos,
) -> Result<Situation, QueryError> {
    let scope = Scope::Service(service.to_owned());
    let period = Period::minutes_before(now, MINUTES);
    let mut by_route: BTreeMap<(String, String), (RequestTotals, BTreeMap<String, u64>)> =
        BTreeMap::new();
    for (key, counts) in requests(reading, &scope, period)? {
        let (totals, types) = by_route.entry((key.method, key.route)).or_default();
        totals.merge(&counts.totals);
        for (name, number) in counts.error_types {
            *types.entry(name).or_default() += number;
        }
    }
    let mut statements = Vec::new();
    let tags = ["method", "route", "statement"];
    for ([method, route, statement], seen) in observed(reading, &scope, period, "db_queries", tags)?
    {
        statements.push(StatementNow {
            statement,
            route,
            method,
            executions: seen.duration.count,
            total: seen.duration.sum,
            p95: seen.duration.percentile(0.95).unwrap_or(0.0),
        });
    }
    let mut calls = Vec::new();
    for ([peer], seen) in observed(reading, &scope, period, "outgoing_calls", ["peer"])? {
        let number = seen.duration.count;
        calls.push(CallNow {
            peer,
            calls: number,
            total: seen.duration.sum,
            p95: seen.duration.percentile(0.95).unwrap_or(0.0),
            error_rate: seen.errors as f64 / number.max(1) as f64,
        });
    }
    let functions = observed(reading, &scope, period, "functions", ["function"])?;
    let functions = functions.into_iter().map(|([name], seen)| FunctionNow {
        name,
        calls: seen.duration.count,
        total: seen.duration.sum,
        p95: seen.duration.percentile(0.95).unwrap_or(0.0),
    });
    let functions = functions.collect();
    let meta = app.judging.meta();
    let deploys = meta.deploys(Some(service), now - DEPLOYS_SINCE, MOST_DEPLOYS);
    let deploys =
        deploys.inspect_err(|error| tracing::warn!(%error, "deploys cannot be read: {error}"));
    let deploys = deploys
        .unwrap_or_default()
        .into_iter()
        .map(|deploy| Deploy {
            version: deploy.version,
            revision: deploy.revision,
            at: deploy.at,
        });
    let deploys = deploys.collect();
    let judged = app.judging.with(service, |judged| {
        let alerts = judged
            .judge
            .watches()
            .filter_map(|watch| match watch.state.phase {
                Phase::Firing { worst, .. } => Some(OpenAlert {
                    id: None,
                    key: watch.key.to_string(),
                    kind: watch.kind,
                    severity: worst,
                    since: watch.state.since_ns,
                    value: watch.value,
                    limit: watch.limit,
                    unit: watch.unit,
                }),
                _ => None,
            });
        let levels = judged.judge.levels().map(|(watch, value, limit)| LevelNow {
            key: watch.key.to_string(),
            value,
            limit: limit.value(),
            ratio: limit.ratio(value),
            unit: watch.unit,
        });
        let ahead = judged.judge.foreseen();
        let ahead = ahead.filter_map(|(key, foreseen)| AheadNow::of(key, foreseen, now));
        let routes = by_route.iter().map(|((method, route), (totals, types))| {
            let mut error_types: Vec<(String, u64)> = types.clone().into_iter().collect();
            error_types.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
            let usual = judged.judge.usual(method, route).cloned();
            RouteNow::of(method, route, totals, error_types, usual)
        });
        let end = |slot: i64| (slot + 1) * SLOT_NS;
        let asked = judged
            .asked
            .iter()
            .map(|(class, slot)| (class.clone(), end(*slot)));
        FromJudge {
            alerts: alerts.collect(),
            levels: levels.collect(),
            ahead: ahead.collect(),
            routes: routes.collect(),
            asked: asked.collect(),
            heard: judged.heard.map(end),
        }
    });
    let FromJudge {
        mut alerts,
        levels,
        ahead,
        routes,
        asked,
        heard,
    } = judged.unwrap_or_default();
    number(app, service, &mut alerts);
    Ok(Situation {
        service: service.to_owned(),
        url: app.doors.url_for_browsers().to_string(),
        now,
        standards: app.judging.in_force.standards(),
        routes,
        statements,
        calls,
        functions,
        levels,
        ahead,
        deploys,
        alerts,
        minutes: f64::from(MINUTES),
        asked,
        heard,
    })
}

/// What the judge of a service knows.
#[derive(Default)]
struct FromJudge {
    alerts: Vec<OpenAlert>,
    levels: Vec<LevelNow>,
    ahead: Vec<AheadNow>,
    routes: Vec<RouteNow>,
    asked: BTreeMap<String, Nanos>,
    heard: Option<Nanos>,
}

/// Gives alerts that fire their numbers.
fn number(app: &AppState, service: &str, alerts: &mut [OpenAlert]) {
    if alerts.is_empty() {
        return;
    }
    let asked = crate::meta::alerts::Asked {
        resolved: Some(false),
        service: Some(service.to_owned()),
        limit: alerts.len() + 1_000,
        ..Default::default()
    };
    match app.judging.meta().alerts(&asked) {
        Ok((known, _)) => {
            for alert in alerts {
                let known = known.iter().find(|known| known.key == alert.key);
                alert.id = known.map(|known| known.id.to_string());
            }
        }
        Err(error) => tracing::warn!(%error, "alerts cannot be read: {error}"),
    }
}
