//! `/api/v1/suggestions`: what a model says of the findings of a service.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::posted::{object, posted};
use crate::api::performance::{blocking, judgement_of, kept_badly, time_of};
use crate::http::body::BodyLimits;
use crate::http::extract::Params;
use crate::http::problem::{Answer, Problem, json_answer};
use crate::meta::suggestions::{REMEMBERED, Suggestion};
use crate::openapi::answers::{BodyRefused, Conflict, Invalid, NoAnswer, NotFound, TooOften};
use crate::openapi::tag;
use crate::services::rfc3339;
use crate::state::App;
use crate::store::table::Nanos;
use crate::suggestions::{self, NotAsked};
use crate::tick;

/// Suggestions of an answer when nothing is said.
const LIMIT: usize = 100;
/// Most suggestions of an answer.
const MOST: usize = 1_000;
const LIMITS: BodyLimits = BodyLimits {
    sent: 16 << 10,
    decompressed: 16 << 10,
};
/// When to try again while another question is asked.
const BUSY_SECS: u32 = 5;

/// What can be asked.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AskedSuggestions {
    /// Of one service only.
    service: Option<String>,
    /// Since then: RFC 3339, epoch milliseconds, or relative such as `-7d`.
    since: Option<String>,
    /// Most suggestions of the answer.
    #[param(minimum = 1, maximum = 1_000, default = 100)]
    limit: Option<usize>,
}

/// About which service to ask now.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"service": "shop"}))]
pub struct AskNow {
    /// Which one.
    service: String,
}

/// How suggestions go, and those that were given.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SuggestionList {
    /// Whether somebody is configured who gives them.
    enabled: bool,
    /// `open`: it failed, and is left alone for a while.
    state: suggestions::State,
    /// Questions without an answer since the server's start.
    failures: u64,
    /// Why the last of them had none.
    last_error: Option<String>,
    /// The newest first.
    suggestions: Vec<ShownSuggestion>,
}

/// What a model said.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Suggestion)]
pub(crate) struct ShownSuggestion {
    /// Its number.
    id: String,
    service: String,
    #[schema(format = DateTime)]
    time: String,
    /// Who said it.
    model: String,
    /// A paragraph of plain text.
    text: String,
    /// The ids of the findings that it is about.
    findings: Vec<String>,
}

/// What was suggested, the newest first; kept for 90 days, of each service the last 100.
///
/// # Errors
/// 400 for a bad parameter.
#[utoipa::path(
    get,
    path = "",
    operation_id = "listSuggestions",
    tag = tag::JUDGEMENT,
    params(AskedSuggestions),
    responses((status = 200, description = "The suggestions", body = SuggestionList), Invalid),
)]
pub async fn list(
    State(app): State<App>,
    Params(asked): Params<AskedSuggestions>,
) -> Answer<Response> {
    let now = tick::now();
    let limit = asked.limit.unwrap_or(LIMIT);
    if !(1..=MOST).contains(&limit) {
        let detail = format!("limit must be 1 to {MOST}");
        return Err(Problem::bad_field("limit", limit, detail));
    }
    let oldest = now.saturating_sub(REMEMBERED);
    let since = time_of("since", asked.since.as_deref(), now)?.unwrap_or(oldest);
    let list = blocking(move || {
        let meta = app.judging.meta();
        let found = meta.suggestions(asked.service.as_deref(), since.max(oldest), limit);
        let status = app.suggestions.status();
        Ok(SuggestionList {
            enabled: app.suggestions.is_on(),
            state: status.state,
            failures: status.failures,
            last_error: status.last_error,
            suggestions: found.map_err(kept_badly)?.into_iter().map(shown).collect(),
        })
    });
    json_answer(&list.await?)
}

/// Asks about what is found of a service now, whether or not it was asked before.
///
/// # Errors
/// 409 when nobody is configured or nothing is found, 502 when there was no answer, 503 while the endpoint is left alone.
#[utoipa::path(
    post,
    path = "",
    operation_id = "askForSuggestion",
    tag = tag::JUDGEMENT,
    request_body(content = AskNow, content_type = "application/json"),
    responses(
        (status = 200, description = "The suggestion", body = ShownSuggestion),
        BodyRefused, NotFound, Conflict, TooOften, NoAnswer,
    ),
)]
pub async fn ask(State(app): State<App>, headers: HeaderMap, body: Body) -> Answer<Response> {
    let asked = posted(&app, &headers, body, LIMITS, object::<AskNow>, Ok).await?;
    if !app.suggestions.is_on() {
        return Err(not_asked(NotAsked::Off, &asked.service, &app));
    }
    let (judging, service) = (app.clone(), asked.service.clone());
    let judgement = app
        .slow
        .run(move || judgement_of(&judging, service))
        .await?;
    // It goes on to the end even if the client does not wait for it: what is answered is kept.
    let asking = (app.clone(), Arc::clone(&judgement));
    let asking = tokio::spawn(async move { asking.0.suggestions.ask(&asking.1).await });
    let given = asking.await;
    let given = given.map_err(|panic| Problem::internal("the request failed").because(&panic))?;
    let given = given.map_err(|error| not_asked(error, &asked.service, &app))?;
    json_answer(&shown(given))
}

fn not_asked(error: NotAsked, service: &str, app: &App) -> Problem {
    match error {
        NotAsked::Off => {
            let detail = "suggestions are off: `url` and `model` in [suggestions] of plimsoll.toml turn them on";
            Problem::new(StatusCode::CONFLICT, "off", detail)
        }
        NotAsked::Nothing => {
            let detail = format!("nothing is found of {service}: there is nothing to ask about");
            Problem::new(StatusCode::CONFLICT, "no_findings", detail).field("service", service)
        }
        NotAsked::Busy => {
            let detail = "another question is being asked";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail).retry_after(BUSY_SECS)
        }
        NotAsked::Open { until } => {
            let last = app.suggestions.status().last_error.unwrap_or_default();
            let secs = secs_until(until);
            let detail = format!("the endpoint failed and is left alone for {secs} s: {last}");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "open", detail).retry_after(secs)
        }
        NotAsked::UsedUp { until } => {
            let secs = secs_until(until);
            let detail = format!(
                "all questions of this hour are asked (`suggestions.max_per_hour`), the next one may be in {secs} s"
            );
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "used_up", detail).retry_after(secs)
        }
        NotAsked::Failed(reason) => {
            let detail = format!("the endpoint gave no suggestion: {reason}");
            Problem::new(StatusCode::BAD_GATEWAY, "no_answer", detail)
        }
        NotAsked::Unkept(error) => kept_badly(error),
    }
}

/// Whole seconds until then, at least one.
fn secs_until(until: Nanos) -> u32 {
    let nanos = until.saturating_sub(tick::now()).max(0);
    let secs = u64::try_from(nanos).unwrap_or(0).div_ceil(1_000_000_000);
    u32::try_from(secs).unwrap_or(u32::MAX).max(1)
}

fn shown(given: Suggestion) -> ShownSuggestion {
    ShownSuggestion {
        id: given.id.to_string(),
        service: given.service,
        time: rfc3339(given.time),
        model: given.model,
        text: given.text,
        findings: given.findings,
    }
}
