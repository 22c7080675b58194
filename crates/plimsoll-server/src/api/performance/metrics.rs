//! `/api/performance/metrics`: requests, queries and memory of the last minutes in one small answer.

use axum::extract::State;
use axum::response::Response;
use plimsoll::performance::{Database, MB, Memory, Metrics, RequestTotals};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Asked, Question, answered};
use crate::http::extract::Params;
use crate::http::problem::{Answer, Problem};
use crate::openapi::answers::{NotFound, ReadRefused};
use crate::openapi::tag;
use crate::performance::requests::requests;
use crate::performance::states::{State as Held, states};
use crate::reading::Reading;
use crate::services::rfc3339;
use crate::state::App;
use crate::store::read::error::QueryError;

/// The library's shape, and of whom it speaks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RequestMetrics {
    #[serde(flatten)]
    metrics: Metrics,
    /// The service asked for; null: all but the server itself.
    service: Option<String>,
    /// Who measured the requests.
    sources: Vec<String>,
    /// What damage is known to keep from the answer, in words with its extent.
    missing: Vec<String>,
}

/// Requests, queries and memory of the last minutes, for one service or for all observed ones together.
///
/// # Errors
/// 404 for an unknown service, 400 for parameters out of range.
#[utoipa::path(
    get,
    path = "",
    operation_id = "getRequestMetrics",
    tag = tag::PERFORMANCE,
    params(Asked),
    responses(
        (status = 200, description = "The numbers", body = RequestMetrics),
        NotFound,
        ReadRefused,
    ),
)]
pub async fn metrics(State(app): State<App>, Params(asked): Params<Asked>) -> Answer<Response> {
    if let Some(limit) = asked.limit {
        let detail = "limit belongs to routes and resources; there is one answer here";
        return Err(Problem::bad_field("limit", limit, detail));
    }
    answered(app, asked.question()?, answer).await
}

fn answer(reading: &mut Reading<'_>, question: Question) -> Result<RequestMetrics, QueryError> {
    let mut totals = RequestTotals::default();
    let mut sources = Vec::new();
    for counts in requests(reading, &question.scope, question.period)?.into_values() {
        totals.merge(&counts.totals);
        sources.extend(counts.sources);
    }
    sources.sort();
    sources.dedup();
    let memory = states(
        reading,
        &question.scope,
        question.period,
        "process",
        ["memory_rss"],
    )?;
    Ok(RequestMetrics {
        metrics: Metrics {
            timestamp: rfc3339(question.now),
            period_minutes: question.minutes,
            requests: totals.requests(question.period.minutes()),
            database: Database::default(),
            memory: largest(memory.values().map(|[memory]| memory)),
        },
        service: question.service,
        sources,
        missing: reading.missing(),
    })
}

/// The memory of the instance that has the most, and of all together.
fn largest<'a>(instances: impl Iterator<Item = &'a Held> + Clone) -> Memory {
    let highest = |of: fn(&Held) -> Option<f64>| {
        instances
            .clone()
            .filter_map(of)
            .reduce(f64::max)
            .map(|bytes| bytes / MB)
    };
    Memory {
        current_memory_mb: highest(|memory| memory.last),
        avg_memory_mb: highest(|memory| memory.mean),
        max_memory_mb: highest(|memory| memory.max),
        sum_memory_mb: instances
            .clone()
            .filter_map(|memory| memory.last)
            .reduce(|a, b| a + b)
            .map(|bytes| bytes / MB),
    }
}
