//! What there is to ask for.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::http::extract::{Params, PathParams};
use crate::http::problem::{Answer, Problem, json_answer};
use crate::http::repeat::asked_again;
use crate::openapi::answers::{Invalid, NotFound, ReadRefused};
use crate::openapi::tag;
use crate::state::App;
use crate::store::Store;
use crate::store::schema::{Field, Type};
use crate::store::table::{Kind, Nanos};
use crate::tick;

use super::time;

/// Entries of a list when the request says nothing.
const DEFAULT_LIMIT: usize = 1_000;
/// Most entries of a list.
const MAX_LIMIT: usize = 10_000;

/// A page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// Most measurements of the page.
    #[param(minimum = 1, maximum = 10_000, default = 1_000)]
    limit: Option<usize>,
    /// Measurements before the page.
    #[param(default = 0)]
    offset: Option<usize>,
}

/// A range; all times when nothing is said.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Range {
    /// First time.
    #[param(example = "-1d")]
    start: Option<String>,
    /// First time after.
    #[param(example = "now")]
    end: Option<String>,
}

/// Some values of a tag in a range.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Values {
    /// First time.
    #[param(example = "-1d")]
    start: Option<String>,
    /// First time after.
    #[param(example = "now")]
    end: Option<String>,
    /// Most values.
    #[param(minimum = 1, maximum = 10_000, default = 1_000)]
    limit: Option<usize>,
}

/// A page of measurements.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MeasurementList {
    /// By name.
    measurements: Vec<Measurement>,
    /// How many there are.
    total: usize,
    /// The path of the next page.
    next: Option<String>,
}

/// A measurement and its fields.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Measurement {
    /// Its name.
    name: String,
    /// By name.
    fields: Vec<FieldInfo>,
}

/// A measurement with its fields and tags.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MeasurementDetail {
    #[serde(flatten)]
    measurement: Measurement,
    /// Names of its tags.
    tags: Vec<String>,
}

/// A field of a measurement.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldInfo {
    /// Its name.
    name: String,
    /// Of its values.
    r#type: FieldType,
    /// What its values mean.
    kind: FieldKind,
}

/// Type of a field's values.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FieldType {
    Float,
    Integer,
    Unsigned,
    Boolean,
    String,
    Histogram,
}

/// What a field's values mean: a state, what was added since the last row, or a total since the start.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FieldKind {
    Gauge,
    Delta,
    Cumulative,
}

/// Values of a tag.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TagValues {
    /// Its name.
    tag: String,
    /// Sorted.
    values: Vec<String>,
    /// Whether there are more.
    truncated: bool,
}

/// A page of all measurements by name, with their fields.
///
/// # Errors
/// 400 for a bad parameter.
#[utoipa::path(
    get,
    path = "",
    operation_id = "listMeasurements",
    tag = tag::DATA,
    params(Page),
    responses((status = 200, description = "A page of measurements", body = MeasurementList), Invalid),
)]
pub async fn measurements(State(app): State<App>, Params(page): Params<Page>) -> Answer {
    let (limit, offset) = (limit(page.limit)?, page.offset.unwrap_or(0));
    let names = app.store.measurements();
    let entries = names.iter().skip(offset).take(limit);
    let entries: Vec<Measurement> = entries.map(|name| entry(&app.store, name)).collect();
    let more = offset.saturating_add(limit);
    let next =
        (more < names.len()).then(|| format!("/api/v1/measurements?limit={limit}&offset={more}"));
    let answer = json_answer(&MeasurementList {
        measurements: entries,
        total: names.len(),
        next,
    });
    answer.map(asked_again)
}

/// The fields and tags of a measurement.
///
/// # Errors
/// 404 when nothing was written under that name, 400 for a bad parameter.
#[utoipa::path(
    get,
    path = "",
    operation_id = "getMeasurement",
    tag = tag::DATA,
    params(("measurement" = String, Path, description = "Its name", example = "http_requests"), Range),
    responses(
        (status = 200, description = "The measurement", body = MeasurementDetail),
        NotFound,
        ReadRefused,
    ),
)]
pub async fn measurement(
    State(app): State<App>,
    PathParams(name): PathParams<String>,
    Params(range): Params<Range>,
) -> Answer {
    known(&app.store, &name)?;
    let (start, end) = times(range.start, range.end)?;
    let asking = app.clone();
    let answer = app.slow.run(move || {
        Ok(MeasurementDetail {
            measurement: entry(&asking.store, &name),
            tags: asking.store.tag_keys(&name, start..end),
        })
    });
    json_answer(&answer.await?).map(asked_again)
}

/// The values of a tag.
///
/// # Errors
/// 404 when nothing was written under that name, 400 for a bad parameter.
#[utoipa::path(
    get,
    path = "",
    operation_id = "listTagValues",
    tag = tag::DATA,
    params(
        ("measurement" = String, Path, description = "The measurement's name", example = "http_requests"),
        ("tag" = String, Path, description = "The tag's name", example = "route"),
        Values,
    ),
    responses(
        (status = 200, description = "The values", body = TagValues),
        NotFound,
        ReadRefused,
    ),
)]
pub async fn tag(
    State(app): State<App>,
    PathParams((name, tag)): PathParams<(String, String)>,
    Params(values): Params<Values>,
) -> Answer {
    known(&app.store, &name)?;
    let (start, end) = times(values.start, values.end)?;
    let limit = limit(values.limit)?;
    let asking = app.clone();
    let answer = app.slow.run(move || {
        let (values, truncated) = asking.store.tag_values(&name, &tag, start..end, limit);
        Ok(TagValues {
            tag,
            values,
            truncated,
        })
    });
    json_answer(&answer.await?).map(asked_again)
}

/// Refuses a measurement that nobody has written.
///
/// # Errors
/// 404.
pub(super) fn known(store: &Store, measurement: &str) -> Answer<()> {
    if store.fields(measurement).is_empty() {
        let detail = format!("nothing was written to `{measurement}`; see /api/v1/measurements");
        return Err(Problem::not_found(detail).field("measurement", measurement));
    }
    Ok(())
}

fn limit(asked: Option<usize>) -> Answer<usize> {
    let limit = asked.unwrap_or(DEFAULT_LIMIT);
    if limit == 0 || limit > MAX_LIMIT {
        let detail = format!("limit must be 1 to {MAX_LIMIT}");
        return Err(Problem::bad_field("limit", limit, detail));
    }
    Ok(limit)
}

fn times(start: Option<String>, end: Option<String>) -> Answer<(Nanos, Nanos)> {
    let now = tick::now();
    let time = |field: &str, text: Option<String>, otherwise: Nanos| match text {
        Some(text) => time::of_field(field, &Value::from(text), now),
        None => Ok(otherwise),
    };
    let shown = start.clone().unwrap_or_default();
    let (start, end) = (time("start", start, 0)?, time("end", end, Nanos::MAX)?);
    if start >= end {
        let detail = "start must lie before end";
        return Err(Problem::bad_field("start", shown, detail));
    }
    Ok((start, end))
}

fn entry(store: &Store, name: &str) -> Measurement {
    let fields = store.fields(name).into_iter();
    let fields = fields.map(|(name, Field { value_type, kind })| FieldInfo {
        name: name.to_string(),
        r#type: value_type.into(),
        kind: kind.into(),
    });
    Measurement {
        name: name.to_owned(),
        fields: fields.collect(),
    }
}

impl From<Type> for FieldType {
    fn from(value_type: Type) -> Self {
        match value_type {
            Type::F64 => Self::Float,
            Type::I64 => Self::Integer,
            Type::U64 => Self::Unsigned,
            Type::Bool => Self::Boolean,
            Type::String => Self::String,
            Type::Histogram => Self::Histogram,
        }
    }
}

impl From<Kind> for FieldKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Gauge => Self::Gauge,
            Kind::Delta => Self::Delta,
            Kind::Cumulative => Self::Cumulative,
        }
    }
}
