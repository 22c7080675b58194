//! `/api/performance/thresholds`: what is slow, much and too often; changed while the server runs, and tried before.

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use plimsoll::performance::thresholds::{NewThresholds, Object, Thresholds};
use plimsoll::standards::{BadThreshold, Standards};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::kept_badly;
use crate::api::v1::posted::{object, posted};
use crate::http::body::BodyLimits;
use crate::http::problem::{Answer, Problem, json_answer};
use crate::judge::replay;
use crate::openapi::answers::{BodyRefused, ReadRefused};
use crate::openapi::tag;
use crate::state::{App, AppState};
use crate::tick;

const LIMITS: BodyLimits = BodyLimits {
    sent: 64 << 10,
    decompressed: 64 << 10,
};
/// Days that a trial looks back when nothing is said.
const DAYS: u32 = 7;
/// Most of them: as long as every row is kept by default.
const MOST_DAYS: u32 = 30;

/// Thresholds to be tried.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({"thresholds": {"error_rate_threshold": 0.02}, "days": 7}))]
pub struct Trial {
    /// What would be set.
    #[schema(value_type = NewThresholds)]
    thresholds: Object<NewThresholds>,
    /// Over so many days.
    #[schema(minimum = 1, maximum = 30, default = 7)]
    days: Option<u32>,
    /// Of one service; without it of all.
    service: Option<String>,
}

/// Thresholds in force, and where each comes from.
///
/// # Errors
/// None.
#[utoipa::path(
    get,
    path = "",
    operation_id = "getThresholds",
    tag = tag::JUDGEMENT,
    responses((status = 200, description = "The thresholds", body = Thresholds)),
)]
pub async fn get(State(app): State<App>) -> Answer<Response> {
    json_answer(&in_force(&app))
}

/// Sets thresholds: they win over the file from now on, and stay after a restart. All of them or none.
///
/// # Errors
/// 400 naming the field that cannot be.
#[utoipa::path(
    put,
    path = "",
    operation_id = "setThresholds",
    tag = tag::JUDGEMENT,
    request_body(content = NewThresholds, content_type = "application/json"),
    responses((status = 200, description = "The thresholds, as they are in force now", body = Thresholds), BodyRefused),
)]
pub async fn put(State(app): State<App>, headers: HeaderMap, body: Body) -> Answer<Response> {
    let setting = app.clone();
    let set = posted(
        &app,
        &headers,
        body,
        LIMITS,
        object::<NewThresholds>,
        move |new| {
            let changes = new.changes();
            let in_force_now = &setting.judging.in_force;
            let (put, _) = in_force_now.with(&changes).map_err(bad)?;
            let meta = setting.judging.meta();
            meta.set_thresholds(&changes, tick::now())
                .map_err(kept_badly)?;
            in_force_now.set(put);
            setting.judging.expect_in_force();
            Ok(in_force(&setting))
        },
    );
    json_answer(&set.await?)
}

/// What would have fired with other thresholds. Nothing is changed.
///
/// # Errors
/// 400 naming the field that cannot be.
#[utoipa::path(
    post,
    path = "",
    operation_id = "replayThresholds",
    tag = tag::JUDGEMENT,
    request_body(content = Trial, content_type = "application/json"),
    responses((status = 200, description = "What would have fired", body = replay::Replayed), BodyRefused, ReadRefused),
)]
pub async fn replay(State(app): State<App>, headers: HeaderMap, body: Body) -> Answer<Response> {
    let checking = app.clone();
    let checked = posted(
        &app,
        &headers,
        body,
        LIMITS,
        object::<Trial>,
        move |trial| {
            let days = trial.days.unwrap_or(DAYS);
            if !(1..=MOST_DAYS).contains(&days) {
                let detail = format!("days must be 1 to {MOST_DAYS}");
                return Err(Problem::bad_field("days", days, detail));
            }
            let (_, standards) = checking
                .judging
                .in_force
                .with(&trial.thresholds.0.changes())
                .map_err(bad)?;
            Ok((standards, days, trial.service))
        },
    );
    let (standards, days, service) = checked.await?;
    let reading = app.clone();
    let replayed = app.slow.run(move || {
        let replayed = replay::replay(
            &reading.store,
            standards,
            service.as_deref(),
            days,
            tick::now(),
        );
        replayed.map_err(|error| Problem::internal("the store could not be read").because(&error))
    });
    json_answer(&replayed.await?)
}

fn in_force(app: &AppState) -> Thresholds {
    let in_force = &app.judging.in_force;
    let (standards, of_file, put) = (in_force.standards(), in_force.of_file(), in_force.put());
    let of_profile = Standards::of(of_file.profile);
    let has_file = in_force.file_state().path.is_some();
    Thresholds::of(&standards, |name| match () {
        () if put.keys().any(|put| Thresholds::is_of(put, name)) => "put",
        () if in_force.variable(name).is_some() => "environment",
        () if has_file && !of_file.agrees_on(&of_profile, name) => "file",
        () => "default",
    })
}

fn bad(error: BadThreshold) -> Problem {
    let value = serde_json::Number::from_f64(error.value)
        .map_or(serde_json::Value::Null, serde_json::Value::Number);
    Problem::bad_field(&error.field, value, error.reason)
}
