//! `/api/performance/standards`: what is expected, and how far it is kept.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use plimsoll::analysis::load_line::class_now;
use plimsoll::standards::{CPU_THRESHOLD, Class, Place, Standards};
use serde::Serialize;
use utoipa::ToSchema;

use super::{OneService, unanswered};
use crate::http::extract::Params;
use crate::http::problem::{Answer, json_answer};
use crate::judge::budget::{self, Kept};
use crate::judge::judgement::{self, Judgement};
use crate::openapi::answers::{NotFound, ReadRefused};
use crate::openapi::tag;
use crate::reading::Reading;
use crate::services::rfc3339;
use crate::state::{App, AppState};
use crate::tick;

/// What is expected of a service, and how far it is kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StandardsOf {
    #[schema(format = DateTime)]
    timestamp: String,
    service: String,
    /// `dev`, `prod` or `home-assistant`.
    profile: &'static str,
    /// Share of the requests that must be answered within `investigate_seconds`.
    objective: f64,
    /// Days over which it is counted.
    objective_days: u32,
    /// Where the file was read; null: there is none.
    file: Option<String>,
    /// What is wrong with the file since it was last read without fault.
    file_error: Option<String>,
    /// Those that the service has, in the order of the configuration.
    classes: Vec<ClassOf>,
    limits: Vec<LimitOf>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClassOf {
    name: String,
    target_seconds: f64,
    acceptable_seconds: f64,
    investigate_seconds: f64,
    place: Place,
    /// Of the last 5 minutes; null without requests.
    p95_seconds: Option<f64>,
    headroom: Option<f64>,
    requests_per_minute: f64,
    /// What a load test has to reach.
    throughput_target_per_second: Option<f64>,
    floor_per_minute: Option<f64>,
    objective: f64,
    /// Share of the requests of `objective_days` that met it; null without any.
    compliance: Option<f64>,
    /// Share of the error budget that is left, below 0 when it is overdrawn.
    budget_left: Option<f64>,
    /// How many times too fast the budget is used up, over the last hour.
    burn_rate_1h: Option<f64>,
    /// The same over six hours.
    burn_rate_6h: Option<f64>,
    /// When it is used up at the rate of the last hour, if that is within a day.
    #[schema(format = DateTime)]
    budget_gone_at: Option<String>,
    /// Seconds since it was last asked; null unless it rests.
    idle_seconds: Option<f64>,
    /// Its routes.
    routes: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LimitOf {
    name: &'static str,
    value: f64,
    /// `profile dev`, `file`, `environment MAX_MEMORY_USAGE_MB` or `put`.
    origin: String,
}

const DAY_HOURS: f64 = 24.0;

/// What is expected of a service: classes with their bands, compliance and error budget, limits of resources.
///
/// # Errors
/// 404 for an unknown service.
#[utoipa::path(
    get,
    path = "",
    operation_id = "getStandards",
    tag = tag::JUDGEMENT,
    params(OneService),
    responses((status = 200, description = "The standards", body = StandardsOf), NotFound, ReadRefused),
)]
pub async fn standards(
    State(app): State<App>,
    Params(asked): Params<OneService>,
) -> Answer<Response> {
    let now = tick::now();
    let question = asked.question(now);
    let reading = app.clone();
    let read = move || {
        question.check_service(&reading)?;
        let judgement = judgement::of(&reading, &asked.service, now);
        let judgement = judgement.map_err(|error| unanswered(&error, question.minutes))?;
        let standards = &judgement.situation.standards;
        let mut store = Reading::of(&reading.store);
        let kept = budget::kept(&mut store, &asked.service, standards, now);
        let kept = kept.map_err(|error| unanswered(&error, question.minutes))?;
        Ok(answer(&reading, &judgement, &kept))
    };
    json_answer(&app.slow.run(read).await?)
}

fn answer(app: &AppState, judgement: &Judgement, kept: &BTreeMap<String, Kept>) -> StandardsOf {
    let situation = &judgement.situation;
    let standards = &situation.standards;
    let file = app.judging.in_force.file_state();
    let classes = standards
        .classes
        .iter()
        .filter_map(|class| of_class(app, judgement, class, kept));
    let overall = standards.classes.iter().map(|class| class.objective).next();
    StandardsOf {
        timestamp: rfc3339(situation.now),
        service: situation.service.clone(),
        profile: standards.profile.as_str(),
        objective: overall.unwrap_or(Standards::OBJECTIVE),
        objective_days: standards.objective_days,
        file: file.path,
        file_error: file.error,
        classes: classes.collect(),
        limits: limits(app, standards),
    }
}

fn of_class(
    app: &AppState,
    judgement: &Judgement,
    class: &Class,
    kept: &BTreeMap<String, Kept>,
) -> Option<ClassOf> {
    let situation = &judgement.situation;
    let now = class_now(situation, class);
    let kept = kept.get(&*class.name).copied().unwrap_or_default();
    if now.requests == 0 && kept.requests == 0 && !situation.asked.contains_key(&*class.name) {
        return None;
    }
    let id = format!("class:{}", class.name);
    let float = judgement
        .groups
        .iter()
        .flat_map(|group| &group.floats)
        .find(|float| float.id == id);
    let last = app.judging.last_slot();
    let burn = |minutes| {
        let rate = app.judging.with(&situation.service, |judged| {
            judged.judge.burn_rate(&class.name, last, minutes)
        });
        rate.flatten()
    };
    let (burn_rate_1h, burn_rate_6h) = (burn(60), burn(360));
    let budget_left = kept.budget_left(class.objective);
    let hours = f64::from(situation.standards.objective_days) * DAY_HOURS;
    let gone_in = budget_left
        .zip(burn_rate_1h)
        .filter(|(left, rate)| *left > 0.0 && *rate > 1.0);
    let gone_in = gone_in
        .map(|(left, rate)| left * hours / rate)
        .filter(|hours| *hours <= DAY_HOURS);
    Some(ClassOf {
        name: class.name.to_string(),
        target_seconds: class.bands.target,
        acceptable_seconds: class.bands.acceptable,
        investigate_seconds: class.bands.investigate,
        place: float.map_or(Place::Unknown, |float| float.place),
        p95_seconds: now.p95,
        headroom: float.and_then(|float| float.headroom),
        requests_per_minute: now.requests as f64 / situation.minutes,
        throughput_target_per_second: class.throughput_per_second,
        floor_per_minute: class.floor_per_minute,
        objective: class.objective,
        compliance: kept.compliance(),
        budget_left,
        burn_rate_1h,
        burn_rate_6h,
        budget_gone_at: gone_in.map(|hours| rfc3339(situation.now + (hours * 3.6e12) as i64)),
        idle_seconds: float.and_then(|float| float.idle_seconds),
        routes: now.routes,
    })
}

fn limits(app: &AppState, standards: &Standards) -> Vec<LimitOf> {
    let of_profile = Standards::of(standards.profile).limits;
    let put = app.judging.in_force.put();
    let now = &standards.limits;
    let all = [
        (
            "memory_mb",
            now.memory_mb,
            of_profile.memory_mb,
            Some("high_memory_threshold"),
        ),
        (
            "memory_ratio",
            now.memory_ratio,
            of_profile.memory_ratio,
            None,
        ),
        (
            "cpu_ratio",
            now.cpu_ratio,
            of_profile.cpu_ratio,
            Some(CPU_THRESHOLD),
        ),
        ("disk_ratio", now.disk_ratio, of_profile.disk_ratio, None),
        ("disk_iops", now.disk_iops, of_profile.disk_iops, None),
        (
            "network_mbit_per_second",
            now.network_mbit_per_second,
            of_profile.network_mbit_per_second,
            None,
        ),
        (
            "open_files_ratio",
            now.open_files_ratio,
            of_profile.open_files_ratio,
            None,
        ),
        (
            "error_rate",
            now.error_rate,
            of_profile.error_rate,
            Some("error_rate_threshold"),
        ),
        (
            "db_connections",
            now.db_connections,
            of_profile.db_connections,
            None,
        ),
        (
            "cache_hit_rate",
            now.cache_hit_rate,
            of_profile.cache_hit_rate,
            None,
        ),
        (
            "floor_per_minute",
            now.floor_per_minute,
            of_profile.floor_per_minute,
            None,
        ),
    ];
    let variable = |threshold: Option<&str>| app.judging.in_force.variable(threshold?);
    let requests = now.requests_per_second.map(|most| LimitOf {
        name: "requests_per_second",
        value: most,
        origin: "file".to_owned(),
    });
    let shown = all.map(|(name, value, of_profile, threshold)| LimitOf {
        name,
        value,
        origin: match (threshold, variable(threshold)) {
            (Some(threshold), _) if put.contains_key(threshold) => "put".to_owned(),
            (_, Some(variable)) => format!("environment {variable}"),
            _ if value != of_profile => "file".to_owned(),
            _ => format!("profile {}", standards.profile.as_str()),
        },
    });
    shown.into_iter().chain(requests).collect()
}
