//! `/api/performance/calls`: what services asked others, by peer, method and status.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Asked, Durations, Question, answered};
use crate::http::extract::Params;
use crate::http::problem::Answer;
use crate::openapi::answers::{NotFound, ReadRefused};
use crate::openapi::tag;
use crate::performance::observations::observed;
use crate::reading::Reading;
use crate::services::rfc3339;
use crate::state::App;
use crate::store::read::error::QueryError;

/// Most rows of one answer.
const MAX_CALLS: usize = 10_000;

/// The calls of services.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallList {
    timestamp: String,
    period_minutes: u32,
    service: Option<String>,
    /// Those that took most time in all first.
    calls: Vec<Call>,
    /// How many there are.
    total: usize,
    /// What damage is known to keep from the answer, in words with its extent.
    missing: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Call {
    service: String,
    /// Who was asked: host, and port where it is not the usual one.
    peer: String,
    /// HTTP's method, or the remote procedure.
    method: String,
    /// Full code; null when there was no answer.
    status: Option<u16>,
    #[serde(flatten)]
    durations: Durations,
}

/// Answers for one service, or for all observed ones.
///
/// # Errors
/// 404 for an unknown service, 400 for parameters out of range.
#[utoipa::path(
    get,
    path = "",
    operation_id = "listCalls",
    tag = tag::PERFORMANCE,
    params(
        Asked,
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 10000, description = "Most rows of the answer"),
    ),
    responses(
        (status = 200, description = "The calls", body = CallList),
        NotFound,
        ReadRefused,
    ),
)]
pub async fn calls(State(app): State<App>, Params(asked): Params<Asked>) -> Answer<Response> {
    let limit = asked.limit(MAX_CALLS)?;
    let question = asked.question()?;
    answered(app, question, move |reading, question| {
        answer(reading, question, limit)
    })
    .await
}

fn answer(
    reading: &mut Reading<'_>,
    question: Question,
    limit: usize,
) -> Result<CallList, QueryError> {
    let tags = ["service", "peer", "method", "status"];
    let found = observed(
        reading,
        &question.scope,
        question.period,
        "outgoing_calls",
        tags,
    )?;
    let minutes = question.period.minutes();
    let mut calls: Vec<Call> = found
        .into_iter()
        .map(|([service, peer, method, status], observed)| Call {
            service,
            peer,
            method,
            status: status.parse().ok(),
            durations: Durations::of(&observed, minutes),
        })
        .collect();
    let total = calls.len();
    calls.sort_by(|one, other| {
        other
            .durations
            .total_seconds
            .total_cmp(&one.durations.total_seconds)
    });
    calls.truncate(limit);
    Ok(CallList {
        timestamp: rfc3339(question.now),
        period_minutes: question.minutes,
        service: question.service,
        calls,
        total,
        missing: reading.missing(),
    })
}
