//! What is known of a service at this moment, read from the store and from its judge.

use std::collections::BTreeMap;

use plimsoll::analysis::situation::{
    CallNow, Deploy, FunctionNow, OpenAlert, RouteNow, Situation, StatementNow,
};
use plimsoll::judge::Known;
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
        let routes = by_route.iter().map(|((method, route), (totals, types))| {
            judged.route_now((method, route), totals, types)
        });
        (routes.collect(), judged.known(now))
    });
    let (mut routes, mut known): (Vec<RouteNow>, Known) = judged.unwrap_or_default();
    let traced = app.otlp.exemplars().routes_of(service);
    for route in &mut routes {
        route.is_traced = traced.contains(&(route.method.clone(), route.route.clone()));
    }
    number(app, service, &mut known.alerts);
    Ok(Situation {
        service: service.to_owned(),
        url: app.doors.url_for_browsers().to_string(),
        now,
        standards: app.judging.in_force.standards(),
        routes,
        statements,
        calls,
        functions,
        levels: known.levels,
        ahead: known.ahead,
        deploys,
        alerts: known.alerts,
        minutes: f64::from(MINUTES),
        asked: known.asked,
        heard: known.heard,
    })
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
                // What goes on since before the server's start is judged anew in some minutes: until then it is as it was told.
                if let Some(known) = known.filter(|_| alert.value.is_none() && alert.limit == 0.0) {
                    (alert.value, alert.limit) = (known.value, known.line);
                }
            }
        }
        Err(error) => tracing::warn!(%error, "alerts cannot be read: {error}"),
    }
}
