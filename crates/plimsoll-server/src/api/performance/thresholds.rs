//! `/api/performance/thresholds`: what is slow, much and too often; changed while the server runs, and tried before.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::kept_badly;
use crate::api::v1::posted::{object, posted};
use crate::http::body::BodyLimits;
use crate::http::problem::{Answer, Problem, json_answer};
use crate::judge::in_force::{BANDS, BadThreshold, THRESHOLDS};
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

/// Thresholds in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Thresholds {
    /// A slower request is a slow one, seconds.
    slow_request_threshold: f64,
    /// A slower query is a slow one, seconds.
    slow_query_threshold: f64,
    /// More memory of a process is high, MB.
    high_memory_threshold: f64,
    /// A larger share of failed requests is high.
    error_rate_threshold: f64,
    /// Where each comes from: `default`, `file`, `environment` or `put`; the bands of a class together, as `classes.NAME`.
    origins: BTreeMap<String, &'static str>,
    /// The bands of each class.
    classes: BTreeMap<String, ShownBands>,
}

/// Bands of a class, seconds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShownBands {
    target_seconds: f64,
    acceptable_seconds: f64,
    investigate_seconds: f64,
    /// `default`, `file` or `put`.
    origin: &'static str,
}

/// Thresholds to be set; those that are not named stay, null gives one back to the environment or the file.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({"slow_request_threshold": 1.0, "slow_query_threshold": 0.1, "high_memory_threshold": 500.0, "error_rate_threshold": 0.1}))]
pub struct NewThresholds {
    /// Seconds.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<f64>)]
    slow_request_threshold: Option<Option<f64>>,
    /// Seconds.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<f64>)]
    slow_query_threshold: Option<Option<f64>>,
    /// MB.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<f64>)]
    high_memory_threshold: Option<Option<f64>>,
    /// A share.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<f64>)]
    error_rate_threshold: Option<Option<f64>>,
    /// Bands by class.
    #[schema(value_type = BTreeMap<String, NewBands>)]
    classes: BTreeMap<String, Object<NewBands>>,
}

/// Bands to be set.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewBands {
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<f64>)]
    target_seconds: Option<Option<f64>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<f64>)]
    acceptable_seconds: Option<Option<f64>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<f64>)]
    investigate_seconds: Option<Option<f64>>,
}

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
    let standards = app.judging.in_force.standards();
    let of_file = app.judging.in_force.of_file();
    let put = app.judging.in_force.put();
    let default = plimsoll::standards::Standards::of(of_file.profile);
    let has_file = app.judging.in_force.file_state().path.is_some();
    let origin = |name: &str, is_other: bool| match () {
        () if put.contains_key(name) => "put",
        () if app.judging.in_force.variable(name).is_some() => "environment",
        () if has_file && is_other => "file",
        () => "default",
    };
    let others = [
        of_file.slow.request != default.slow.request,
        of_file.slow.query != default.slow.query,
        of_file.limits.memory_mb != default.limits.memory_mb,
        of_file.limits.error_rate != default.limits.error_rate,
    ];
    let origins = THRESHOLDS.iter().zip(others);
    let origins = origins.map(|(name, is_other)| ((*name).to_owned(), origin(name, is_other)));
    let mut origins: BTreeMap<String, &'static str> = origins.collect();
    let classes = standards.classes.iter().map(|class| {
        let is_put = BANDS
            .iter()
            .any(|band| put.contains_key(&format!("classes.{}.{band}", class.name)));
        let of_file = of_file.class(&class.name).map(|class| class.bands);
        let is_other = of_file != default.class(&class.name).map(|class| class.bands);
        let bands = ShownBands {
            target_seconds: class.bands.target,
            acceptable_seconds: class.bands.acceptable,
            investigate_seconds: class.bands.investigate,
            origin: match () {
                () if is_put => "put",
                () if has_file && is_other => "file",
                () => "default",
            },
        };
        (class.name.to_string(), bands)
    });
    let classes: BTreeMap<String, ShownBands> = classes.collect();
    for (class, bands) in &classes {
        origins.insert(format!("classes.{class}"), bands.origin);
    }
    Thresholds {
        slow_request_threshold: standards.slow.request.as_secs_f64(),
        slow_query_threshold: standards.slow.query.as_secs_f64(),
        high_memory_threshold: standards.limits.memory_mb,
        error_rate_threshold: standards.limits.error_rate,
        origins,
        classes,
    }
}

impl NewThresholds {
    /// By the names under which they are kept.
    fn changes(&self) -> BTreeMap<String, Option<f64>> {
        let four = [
            self.slow_request_threshold,
            self.slow_query_threshold,
            self.high_memory_threshold,
            self.error_rate_threshold,
        ];
        let four = THRESHOLDS
            .iter()
            .zip(four)
            .map(|(name, value)| ((*name).to_owned(), value));
        let bands = self.classes.iter().flat_map(|(class, Object(new))| {
            let three = [
                new.target_seconds,
                new.acceptable_seconds,
                new.investigate_seconds,
            ];
            BANDS
                .iter()
                .zip(three)
                .map(move |(band, value)| (format!("classes.{class}.{band}"), value))
        });
        four.chain(bands)
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }
}

fn bad(error: BadThreshold) -> Problem {
    let value = serde_json::Number::from_f64(error.value)
        .map_or(serde_json::Value::Null, serde_json::Value::Number);
    Problem::bad_field(&error.field, value, error.reason)
}

/// Tells a null from what is not there.
fn given<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<Option<f64>>, D::Error> {
    Option::<f64>::deserialize(value).map(Some)
}

/// An object: of a type's members in a list, which serde would take as well, nobody could say which is which.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
struct Object<T>(T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Object<T> {
    fn deserialize<D: serde::Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        let object = serde_json::Map::deserialize(value)?;
        let read = serde_json::from_value(serde_json::Value::Object(object));
        read.map(Self).map_err(serde::de::Error::custom)
    }
}
