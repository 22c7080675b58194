//! Reads a report from store, judge and what is known of alerts and deploys.

mod changes;
mod course;
mod outlook;
mod requests;
mod scores;
mod spent;
pub(crate) mod table;

use std::collections::BTreeSet;

use super::contents::{Moment, Report, ReportAction, ReportNow};
use super::period::DAY;
use super::rows::TableBy;
use crate::judge::judgement::{self, Judgement};
use crate::meta::MetaError;
use crate::performance::series::By;
use crate::performance::stretches::{Stretch, finest_step, stretches};
use crate::performance::used::used;
use crate::performance::{MINUTE, Period, Scope};
use crate::reading::Reading;
use crate::state::AppState;
use crate::store::Store;
use crate::store::key;
use crate::store::read::error::QueryError;
use crate::store::table::Nanos;

/// Most recommendations.
const MOST_ACTIONS: usize = 20;
/// Most versions that are named.
const MOST_VERSIONS: usize = 20;
/// Steps of the charts.
const STEPS: Nanos = 120;
/// What tells that a service sent.
const SENT: [&str; 2] = ["http_requests", "process"];
/// Widths of a step, seconds; beyond them a step is a day.
const ROUND_STEPS: [Nanos; 11] = [
    10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 43_200,
];

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GatherError {
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] QueryError),
    /// What users did and what was told could not be read.
    #[error(transparent)]
    Meta(#[from] MetaError),
}

pub(crate) use changes::deploys;

/// The report of a service over a period that ends at `now`. Blocking.
///
/// # Errors
/// When store or `meta.db` cannot be read.
pub(crate) fn gather(
    app: &AppState,
    service: &str,
    period: Period,
    now: Nanos,
) -> Result<Report, GatherError> {
    let mut reading = Reading::of(&app.store);
    let reading = &mut reading;
    let judgement = judgement::of(app, service, now)?;
    let standards = &judgement.situation.standards;
    let scope = Scope::Service(service.to_owned());

    let (mut steps, step) = steps(reading, service, period, now)?;
    let heard_seconds = heard_seconds(&app.store, service, (&steps, step), period, now);
    // A step that has just begun says little.
    let is_young = |last: &Stretch| now - last.start < step / 2;
    if steps.len() > 1 && steps.last().is_some_and(is_young) {
        steps.pop();
    }
    let now_routes = requests::by_route(reading, &scope, period)?;
    let before = requests::before(reading, &scope, period, now)?;
    let classes = requests::classes(reading, service, standards, &now_routes, now)?;
    let (statements, statements_total) = spent::statements(reading, &scope, period)?;
    let (calls, calls_total) = spent::calls(reading, &scope, period)?;
    let resources = used(reading, service, period, heard_seconds, standards)?;
    let alerts = changes::alerts(app, service, period)?;
    let (deploys, deploys_total) = changes::deploys(app, reading, service, period)?;
    let trends = outlook::trends(app, service, period, now)?;
    let forecast = outlook::forecast(app, service, now)?;
    let length = period.end - period.start;
    let table = match length {
        length if length >= 28 * DAY => Some(TableBy::Week),
        length if length >= 7 * DAY => Some(TableBy::Day),
        _ => None,
    };
    let table = table.map(|by| table::table(reading, service, period, by, now));
    let table = table.transpose()?;

    let all = requests::all(&now_routes);
    let (routes, routes_total) = requests::routes(standards, &now_routes, before.as_ref());
    let memory_limit = resources
        .iter()
        .find(|used| used.key == "memory")
        .map(|memory| memory.line);
    let mut missing: BTreeSet<String> = judgement.missing.iter().cloned().collect();
    missing.extend(reading.missing());
    missing.extend(trends.missing);
    missing.extend(forecast.missing);
    Ok(Report {
        service: service.to_owned(),
        start: Moment(period.start),
        end: Moment(now),
        time_zone: time_zone(&app.store),
        versions: versions(app, service, period),
        requests: all.duration.count,
        error_rate: all.error_rate(),
        now: state(&judgement),
        scores: scores::scores(app, service, period),
        classes,
        objective_days: standards.objective_days,
        has_before: before.is_some(),
        routes,
        routes_total,
        statements,
        statements_total,
        calls,
        calls_total,
        resources: resources.into_iter().map(spent::resource).collect(),
        alerts,
        deploys,
        deploys_total,
        trend_seconds: trends.seconds,
        trends: trends.rows,
        forecast: forecast.rows,
        recommendations: actions(&judgement),
        table,
        course: course::course(&steps, standards, memory_limit, now),
        missing: missing.into_iter().collect(),
    })
}

fn state(judgement: &Judgement) -> ReportNow {
    ReportNow {
        state: judgement.state,
        verdict: judgement.verdict.clone(),
        score: judgement.score.clone(),
    }
}

fn actions(judgement: &Judgement) -> Vec<ReportAction> {
    let actions = judgement.findings.iter().map(|finding| ReportAction {
        finding: finding.id.clone(),
        headline: finding.headline.clone(),
        cause: finding.cause.clone(),
        action: finding.action.clone(),
        fix: finding.fix.clone(),
    });
    actions.take(MOST_ACTIONS).collect()
}

/// What charts are drawn from, by route where that is not too much, else as a whole; and the length of a step.
fn steps(
    reading: &mut Reading<'_>,
    service: &str,
    period: Period,
    now: Nanos,
) -> Result<(Vec<Stretch>, Nanos), QueryError> {
    let length = period.end - period.start;
    let wanted = (length / STEPS).max(finest_step(reading.store().config(), now - period.start));
    let seconds = |step: Nanos| step * 1_000_000_000;
    let step = ROUND_STEPS.into_iter().map(seconds);
    let step = step.into_iter().find(|step| *step >= wanted).unwrap_or(DAY);
    let by_route = stretches(reading, service, period, step, By::Route);
    let found = match by_route {
        Err(QueryError::TooManyBuckets { .. }) => {
            stretches(reading, service, period, step, By::Service)?
        }
        found => found?,
    };
    Ok((found, step))
}

/// For how long a service was heard: the steps in which it was, the first from its first row on.
fn heard_seconds(
    store: &Store,
    service: &str,
    (steps, step): (&[Stretch], Nanos),
    period: Period,
    now: Nanos,
) -> f64 {
    let heard = || steps.iter().filter(|step| step.heard);
    let whole: f64 = heard().map(|step| 60.0 * step.minutes(now)).sum();
    let Some(begins) = heard().next().map(|step| step.start) else {
        return 0.0;
    };
    let mut first = None;
    for measurement in SENT {
        let is_of = |series: &[u8]| key::tag_value(series, "service") == service;
        let times = begins.max(period.start)..begins + step;
        store.spans(measurement, &times, is_of, |is_of, span| {
            if *is_of {
                first = Some(first.map_or(*span.start(), |first: Nanos| first.min(*span.start())));
            }
        });
    }
    let before = first.map_or(0, |first| (first - begins).max(0));
    (whole - before as f64 / 1e9).clamp(0.0, 60.0 * period.minutes())
}

/// The versions that sent in a period, in the order in which they were seen to begin where that is known.
fn versions(app: &AppState, service: &str, period: Period) -> Vec<String> {
    let mut found = BTreeSet::new();
    for measurement in SENT {
        for series in app.store.series_keys(measurement, period.start..period.end) {
            let version = key::tag_value(&series, "version");
            if key::tag_value(&series, "service") == service && !version.is_empty() {
                found.insert(version.into_owned());
            }
        }
    }
    let newest = app.services.newest_builds();
    let newest = newest.get(service).map(|(build, _)| build.version.as_str());
    let mut found: Vec<String> = found.into_iter().collect();
    found.sort_by_key(|version| newest == Some(version.as_str()));
    let beyond = found.len().saturating_sub(MOST_VERSIONS);
    found.drain(..beyond);
    found
}

fn time_zone(store: &Store) -> String {
    let zone = &store.config().time_zone;
    zone.iana_name()
        .unwrap_or("the server's time zone")
        .to_owned()
}

/// How long rows of a tier are kept, as a moment.
fn kept_since(kept: std::time::Duration, now: Nanos) -> Nanos {
    now.saturating_sub(crate::store::config::nanos(kept))
}

/// An hour.
const HOUR: Nanos = 60 * MINUTE;
