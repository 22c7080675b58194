//! `/api/v1/query`.

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;

use crate::http::body::BodyLimits;
use crate::http::extract::Params;
use crate::http::problem::{Answer, Problem, json_bytes};
use crate::openapi::answers::{BodyRefused, NotFound, ReadRefused, TooSlow};
use crate::openapi::tag;
use crate::state::App;
use crate::store::Store;
use crate::store::query::Query;
use crate::store::read::error::QueryError;
use crate::tick;

use super::json::{self, QueryAnswer};
use super::params::QueryParams;
use super::posted::posted;
use super::request::{Asked, QueryRequest};

/// Longest query, compressed or not.
const MAX_BYTES: usize = 1_000_000;

/// Rows or aggregates of a measurement; the query stands in parameters.
///
/// # Errors
/// 400 for what cannot be answered, 404 for an unknown measurement, 503 and 504 for what takes too long.
#[utoipa::path(
    get,
    path = "",
    operation_id = "queryByParams",
    tag = tag::DATA,
    params(QueryParams),
    responses(
        (status = 200, description = "The series that were found", body = QueryAnswer),
        NotFound,
        ReadRefused,
    ),
)]
pub async fn get(State(app): State<App>, Params(params): Params<Vec<(String, String)>>) -> Answer {
    answer(
        app,
        QueryRequest::from_params(params)?.resolve(tick::now())?,
    )
    .await
}

/// Rows or aggregates of a measurement; the query stands in the body, as JSON.
///
/// # Errors
/// As [`get`], and 413 for one that is too long.
#[utoipa::path(
    post,
    path = "",
    operation_id = "query",
    tag = tag::DATA,
    request_body(content = QueryRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "The series that were found", body = QueryAnswer),
        NotFound,
        BodyRefused,
        TooSlow,
    ),
)]
pub async fn post(State(app): State<App>, headers: HeaderMap, body: Body) -> Answer {
    let limits = BodyLimits {
        sent: app.config.body.sent.min(MAX_BYTES),
        decompressed: app.config.body.decompressed.min(MAX_BYTES),
    };
    let asked = posted(&app, &headers, body, limits, read, Ok).await?;
    answer(app, asked).await
}

fn read(text: &[u8]) -> Answer<Asked> {
    let request: QueryRequest = serde_json::from_slice(text)
        .map_err(|error| Problem::bad_request(format!("the query is not understood: {error}")))?;
    request.resolve(tick::now())
}

async fn answer(app: App, asked: Asked) -> Answer {
    let asking = app.clone();
    app.slow
        .run(move || Ok(json_bytes(found(&asking.store, &asked)?)))
        .await
}

/// The answer as JSON. Blocking.
///
/// # Errors
/// 400 for what cannot be answered, 404 for an unknown measurement.
pub fn found(store: &Store, asked: &Asked) -> Answer<Vec<u8>> {
    asked.check(store)?;
    let found = store
        .query(&asked.query)
        .map_err(|error| problem(&error, &asked.query))?;
    Ok(json::write(&found, &asked.columns, asked.times))
}

/// Why a query has no answer.
pub(super) fn problem(error: &QueryError, query: &Query) -> Problem {
    let (field, value) = match error {
        QueryError::TooManyBuckets { .. } => {
            let secs = query.step.map(|step| format!("{}s", step as f64 / 1e9));
            ("step", secs.into())
        }
        QueryError::NoFields | QueryError::MixedRows => {
            let names = query.fields.iter().map(|field| field.name.as_str());
            ("fields", names.collect())
        }
        QueryError::Pattern(_) => {
            let tags = query.filter.iter().map(|filter| filter.tag.as_str());
            ("filter", tags.collect())
        }
        _ => return Problem::internal("the query failed").because(error),
    };
    let value: serde_json::Value = value;
    Problem::bad_field(field, value, error.to_string())
}
