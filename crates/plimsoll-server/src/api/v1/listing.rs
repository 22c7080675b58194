//! What there is to ask for.

use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::extract::Params;
use crate::http::problem::{Answer, Problem, json_answer};
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
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    limit: Option<usize>,
    offset: Option<usize>,
}

/// A range; all times when nothing is said.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    start: Option<String>,
    end: Option<String>,
}

/// Some values of a tag in a range.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Values {
    start: Option<String>,
    end: Option<String>,
    limit: Option<usize>,
}

/// `GET /api/v1/measurements`: names and fields.
///
/// # Errors
/// 400 for a bad parameter.
pub async fn measurements(State(app): State<App>, Params(page): Params<Page>) -> Answer {
    let (limit, offset) = (limit(page.limit)?, page.offset.unwrap_or(0));
    let names = app.store.measurements();
    let entries = names.iter().skip(offset).take(limit);
    let entries: Vec<Value> = entries.map(|name| entry(&app.store, name)).collect();
    let more = offset.saturating_add(limit);
    let next =
        (more < names.len()).then(|| format!("/api/v1/measurements?limit={limit}&offset={more}"));
    json_answer(&json!({"measurements": entries, "total": names.len(), "next": next}))
}

/// `GET /api/v1/measurements/{measurement}`: its fields and tags.
///
/// # Errors
/// 404 when nothing was written under that name, 400 for a bad parameter.
pub async fn measurement(
    State(app): State<App>,
    Path(name): Path<String>,
    Params(range): Params<Range>,
) -> Answer {
    known(&app.store, &name)?;
    let (start, end) = times(range.start, range.end)?;
    let asking = app.clone();
    let answer = app.slow.run(move || {
        let mut entry = entry(&asking.store, &name);
        entry["tags"] = asking.store.tag_keys(&name, start..end).into();
        Ok(entry)
    });
    json_answer(&answer.await?)
}

/// `GET /api/v1/measurements/{measurement}/tags/{tag}`: the tag's values.
///
/// # Errors
/// 404 when nothing was written under that name, 400 for a bad parameter.
pub async fn tag(
    State(app): State<App>,
    Path((name, tag)): Path<(String, String)>,
    Params(values): Params<Values>,
) -> Answer {
    known(&app.store, &name)?;
    let (start, end) = times(values.start, values.end)?;
    let limit = limit(values.limit)?;
    let asking = app.clone();
    let answer = app.slow.run(move || {
        let (values, more) = asking.store.tag_values(&name, &tag, start..end, limit);
        Ok(json!({"tag": tag, "values": values, "truncated": more}))
    });
    json_answer(&answer.await?)
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

fn entry(store: &Store, name: &str) -> Value {
    let fields = store.fields(name);
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
