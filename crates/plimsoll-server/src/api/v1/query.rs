//! `/api/v1/query`.

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;

use crate::http::body::{self, Encoding};
use crate::http::extract::Params;
use crate::http::problem::{Answer, Problem, json_bytes};
use crate::state::App;
use crate::store::query::{Answer as Found, Query};
use crate::store::read::error::QueryError;
use crate::tick;

use super::json;
use super::request::QueryRequest;

/// The query as parameters.
///
/// # Errors
/// 400 for what cannot be answered, 503 and 504 for what takes too long.
pub async fn get(State(app): State<App>, Params(params): Params<Vec<(String, String)>>) -> Answer {
    answer(app, QueryRequest::from_params(params)?).await
}

/// The query as JSON.
///
/// # Errors
/// As [`get`].
pub async fn post(State(app): State<App>, headers: HeaderMap, body: Body) -> Answer {
    let (sent, _room) = app.ingest.receive(&headers, body, app.config.body).await?;
    let text = body::decode(&sent, Encoding::of(&headers)?, app.config.body)?;
    let request = serde_json::from_slice(&text)
        .map_err(|error| Problem::bad_request(format!("the query is not understood: {error}")))?;
    answer(app, request).await
}

async fn answer(app: App, request: QueryRequest) -> Answer {
    let asked = request.resolve(tick::now())?;
    let asking = app.clone();
    app.slow
        .run(move || {
            let found = run(&asking, &asked.query)?;
            Ok(json_bytes(json::write(&found, &asked.columns, asked.times)))
        })
        .await
}

/// Asks the store. Blocking.
///
/// # Errors
/// 400 with the store's reason.
pub fn run(app: &App, query: &Query) -> Result<Found, Problem> {
    app.store.query(query).map_err(problem)
}

fn problem(error: QueryError) -> Problem {
    use QueryError::{MixedRows, NoFields, Pattern, TooManyBuckets};
    if matches!(
        error,
        NoFields | MixedRows | Pattern(_) | TooManyBuckets { .. }
    ) {
        return Problem::bad_request(error.to_string());
    }
    Problem::internal("the query failed").because(&error)
}
