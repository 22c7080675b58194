//! `/api/performance/report`: what happened to a service, for people who were not there.

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{OneService, kept_badly, unanswered_since};
use crate::http::extract::Params;
use crate::http::problem::{Answer, Problem, json_answer};
use crate::openapi::answers::{NotFound, ReadRefused};
use crate::openapi::tag;
use crate::report::contents::Report;
use crate::report::gather::{GatherError, gather};
use crate::report::period::{LONGEST, since};
use crate::report::{html, markdown};
use crate::state::App;
use crate::tick;

/// The page has its styles and pictures within it, runs nothing and asks nobody.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// What can be asked.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AskedReport {
    /// Which service.
    #[param(example = "shop")]
    service: String,
    /// Since then, at most 90 days ago: RFC 3339, epoch milliseconds, or relative such as `-7d`, which holds without it.
    #[param(example = "-7d", default = "-7d")]
    since: Option<String>,
    /// How it is written, `markdown` without it.
    #[param(inline, example = "markdown")]
    format: Option<Format>,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// GitHub's Markdown.
    #[default]
    Markdown,
    /// A page with charts, whole in itself.
    Html,
    /// For programs.
    Json,
}

/// What happened to a service over a stretch of time: how it is now, standards, routes, statements, calls, resources, alerts,
/// deploys, trends, forecast and what to do, as a document for people or for programs.
///
/// # Errors
/// 404 for an unknown service, 400 for a bad parameter.
#[utoipa::path(
    get,
    path = "",
    operation_id = "getReport",
    tag = tag::JUDGEMENT,
    params(AskedReport),
    responses(
        (status = 200, description = "The report", content(
            (String = "text/markdown"),
            (String = "text/html"),
            (Report = "application/json"),
        )),
        NotFound,
        ReadRefused,
    ),
)]
pub async fn report(
    State(app): State<App>,
    Params(asked): Params<AskedReport>,
) -> Answer<Response> {
    let now = tick::now();
    let text = asked.since.unwrap_or_else(|| "-7d".to_owned());
    let period = since(&text, LONGEST, now)?;
    let format = asked.format.unwrap_or_default();
    let one = OneService {
        service: asked.service,
    };
    let asking = app.clone();
    let written = move || {
        one.question(now).check_service(&asking)?;
        let report = gather(&asking, &one.service, period, now)
            .map_err(|error| not_gathered(error, &text))?;
        match format {
            Format::Markdown => Ok(of_kind(
                "text/markdown; charset=utf-8",
                markdown::page(&report),
            )),
            Format::Html => {
                let page = of_kind("text/html; charset=utf-8", html::page(&report));
                let policy = [(
                    header::CONTENT_SECURITY_POLICY,
                    HeaderValue::from_static(POLICY),
                )];
                Ok((policy, page).into_response())
            }
            Format::Json => json_answer(&report),
        }
    };
    app.slow.run(written).await
}

/// What cannot be read of a period that began at `since`.
pub(super) fn not_gathered(error: GatherError, since: &str) -> Problem {
    match error {
        GatherError::Store(error) => unanswered_since(&error, since),
        GatherError::Meta(error) => kept_badly(error),
    }
}

fn of_kind(kind: &'static str, body: String) -> Response {
    let headers: [(HeaderName, HeaderValue); 1] =
        [(header::CONTENT_TYPE, HeaderValue::from_static(kind))];
    (headers, body).into_response()
}
