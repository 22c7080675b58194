//! What there is to ask for.

use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::extract::Params;
use crate::http::problem::{Answer, Problem, json_answer};
use crate::state::App;
use crate::store::schema::{Field, Type};
use crate::store::table::{Kind, Nanos};
use crate::tick;

use super::time;

/// Most values of a tag in an answer.
const MAX_VALUES: usize = 10_000;

/// A range; all times when nothing is said.
#[derive(Debug, Deserialize)]
pub struct Range {
    start: Option<String>,
    end: Option<String>,
    limit: Option<usize>,
}

/// `GET /api/v1/measurements`: names and fields.
///
/// # Errors
/// None is known.
pub async fn measurements(State(app): State<App>) -> Answer {
    let measurements: Vec<Value> = app
        .store
        .measurements()
        .iter()
        .map(|name| entry(&app, name))
        .collect();
    json_answer(&json!({ "measurements": measurements }))
}

/// `GET /api/v1/measurements/{measurement}`: its fields and tags.
///
/// # Errors
/// 404 when nothing was written under that name.
pub async fn measurement(
    State(app): State<App>,
    Path(name): Path<String>,
    Params(range): Params<Range>,
) -> Answer {
    known(&app, &name)?;
    let (start, end) = range.times()?;
    let asking = app.clone();
    let answer = app.slow.run(move || {
        let mut entry = entry(&asking, &name);
        entry["tags"] = asking.store.tag_keys(&name, start..end).into();
        Ok(entry)
    });
    json_answer(&answer.await?)
}

/// `GET /api/v1/measurements/{measurement}/tags/{tag}`: the tag's values.
///
/// # Errors
/// 404 when nothing was written under that name.
pub async fn tag(
    State(app): State<App>,
    Path((name, tag)): Path<(String, String)>,
    Params(range): Params<Range>,
) -> Answer {
    known(&app, &name)?;
    let (start, end) = range.times()?;
    let limit = range.limit.unwrap_or(1_000).min(MAX_VALUES);
    let asking = app.clone();
    let answer = app.slow.run(move || {
        let (values, more) = asking.store.tag_values(&name, &tag, start..end, limit);
        Ok(json!({"tag": tag, "values": values, "truncated": more}))
    });
    json_answer(&answer.await?)
}

impl Range {
    fn times(&self) -> Result<(Nanos, Nanos), Problem> {
        let now = tick::now();
        let time = |field: &str, text: &Option<String>, otherwise: Nanos| match text {
            Some(text) => time::of_field(field, &Value::from(text.as_str()), now),
            None => Ok(otherwise),
        };
        Ok((
            time("start", &self.start, 0)?,
            time("end", &self.end, Nanos::MAX)?,
        ))
    }
}

fn known(app: &App, name: &str) -> Result<(), Problem> {
    if app.store.fields(name).is_empty() {
        let detail = format!("nothing was written to `{name}`; see /api/v1/measurements");
        return Err(Problem::not_found(detail).field("measurement", name));
    }
    Ok(())
}

fn entry(app: &App, name: &str) -> Value {
    let fields = app.store.fields(name);
    let fields: Vec<Value> = fields
        .iter()
        .map(|(name, Field { value_type, kind })| {
            json!({"name": &**name, "type": type_name(*value_type), "kind": kind_name(*kind)})
        })
        .collect();
    json!({"name": name, "fields": fields})
}

fn type_name(value_type: Type) -> &'static str {
    match value_type {
        Type::F64 => "float",
        Type::I64 => "integer",
        Type::U64 => "unsigned",
        Type::Bool => "boolean",
        Type::String => "string",
        Type::Histogram => "histogram",
    }
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Gauge => "gauge",
        Kind::Delta => "delta",
        Kind::Cumulative => "cumulative",
    }
}
