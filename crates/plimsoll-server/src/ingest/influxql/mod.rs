//! `/query` of InfluxDB 1.x: what clients ask before they write.
//!
//! There is one store: databases that clients create are only remembered, so that they find them, and retention stands in
//! the configuration. Questions to the data go to `/api/v1/query`.

mod answers;
mod statement;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::problem::{Answer, Problem, json_answer};
use crate::ingest::line_protocol;
use crate::openapi::answers::BodyRefused;
use crate::openapi::tag;
use crate::state::App;

/// Most databases that are remembered; further ones are created without being listed.
const MAX_DATABASES: usize = 1_000;
/// Longest name of one, in bytes.
const MAX_NAME_BYTES: usize = 255;
/// Most statements of one request.
const MAX_STATEMENTS: usize = 100;
/// Largest form.
const MAX_FORM_BYTES: usize = 1 << 20;
/// What is listed when nobody created one.
const OUR_DATABASE: &str = "plimsoll";

/// The databases that clients created since the start.
#[derive(Debug, Default)]
pub struct Databases(Mutex<BTreeSet<String>>);

/// Parameters of the query string or the form; the others mean nothing here.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    q: Option<String>,
}

impl Databases {
    fn create(&self, name: &str) {
        let mut names = self.0.lock();
        if names.len() < MAX_DATABASES {
            names.insert(name.to_owned());
        }
    }

    fn drop(&self, name: &str) {
        self.0.lock().remove(name);
    }

    fn names(&self) -> Vec<String> {
        let mut names = self.0.lock().clone();
        names.insert(OUR_DATABASE.to_owned());
        names.into_iter().collect()
    }
}

/// What clients of InfluxDB 1.x ask before they write, in its query language.
///
/// # Errors
/// 400 for what is no InfluxQL, in InfluxDB's shape; 413 for a form that is too large. What a statement alone cannot have
/// stands in its result, with 200.
#[utoipa::path(
    get,
    path = "",
    operation_id = "influxQuery",
    tag = tag::INGEST,
    params(("q" = String, Query, description = "Statements", example = "SHOW DATABASES")),
    responses((status = 200, description = "A result for each statement", body = Object), BodyRefused),
)]
pub async fn get(app: State<App>, uri: Uri, headers: HeaderMap, body: Body) -> Answer<Response> {
    query(app, uri, headers, body).await
}

/// The same, with the statements in the query string or in a form.
///
/// # Errors
/// As [`get`].
#[utoipa::path(
    post,
    path = "",
    operation_id = "influxQueryByForm",
    tag = tag::INGEST,
    params(("q" = Option<String>, Query, description = "Statements", example = "SHOW DATABASES")),
    request_body(content = Option<String>, content_type = "application/x-www-form-urlencoded", example = "q=SHOW DATABASES"),
    responses((status = 200, description = "A result for each statement", body = Object), BodyRefused),
)]
pub async fn post(app: State<App>, uri: Uri, headers: HeaderMap, body: Body) -> Answer<Response> {
    query(app, uri, headers, body).await
}

async fn query(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Answer<Response> {
    let text = match of_pairs(uri.query().unwrap_or_default()).q {
        Some(text) => text,
        None => {
            let mut limits = app.config.body;
            limits.sent = limits.sent.min(MAX_FORM_BYTES);
            let received = app.ingest.receive(&headers, body, limits).await;
            let (form, _room) = received.map_err(line_protocol::for_influxdb)?;
            let form = String::from_utf8_lossy(&form);
            match of_pairs(&form).q {
                Some(text) => text,
                None => return Ok(refused("missing required parameter \"q\"")),
            }
        }
    };
    let statements = match statement::all(&text) {
        Ok(statements) if statements.len() > MAX_STATEMENTS => {
            return Ok(refused(&format!("more than {MAX_STATEMENTS} statements")));
        }
        Ok(statements) => statements,
        Err(reason) => return Ok(refused(&format!("error parsing query: {reason}"))),
    };
    let asking = app.clone();
    let work = move || {
        let results = statements.iter().enumerate();
        let results =
            results.map(
                |(number, statement)| match answers::answer(&asking, statement) {
                    Ok(series) if series.is_empty() => json!({"statement_id": number}),
                    Ok(series) => json!({"statement_id": number, "series": series}),
                    Err(reason) => json!({"statement_id": number, "error": reason}),
                },
            );
        Ok(results.collect::<Vec<Value>>())
    };
    let results = app.slow.run(work).await;
    let results = results.map_err(line_protocol::for_influxdb)?;
    let mut answer = json_answer(&json!({"results": results}))?;
    answer.headers_mut().extend([line_protocol::version()]);
    Ok(answer)
}

fn of_pairs(query: &str) -> Asked {
    // A POST may have its parameters in either place.
    let uri = format!("/?{query}").parse::<Uri>().ok();
    let read = uri.and_then(|uri| axum::extract::Query::<Asked>::try_from_uri(&uri).ok());
    read.map(|read| read.0).unwrap_or_default()
}

/// An error of InfluxDB 1.x, which is one of ours, too.
fn refused(reason: &str) -> Response {
    let problem = Problem::new(StatusCode::BAD_REQUEST, "invalid", reason);
    line_protocol::for_influxdb(problem).into_response()
}
