//! `/api/performance/queries`: statements that services asked databases, by the route that had them asked.

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
const MAX_QUERIES: usize = 10_000;

/// The statements of services.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueryList {
    timestamp: String,
    period_minutes: u32,
    service: Option<String>,
    /// Those that took most time in all first.
    queries: Vec<Query>,
    /// How many there are.
    total: usize,
    /// What damage is known to keep from the answer, in words with its extent.
    missing: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Query {
    service: String,
    /// Literals are `?`.
    statement: String,
    /// As OpenTelemetry names it: `postgresql`, `redis`.
    db_system: String,
    /// The database's name; null when not told.
    db_name: Option<String>,
    /// The route that had it asked: null for none, `<unknown>` when its request was not seen.
    route: Option<String>,
    /// The method of that request.
    method: Option<String>,
    #[serde(flatten)]
    durations: Durations,
    /// Share of the time of all queries in the answer, 0 to 1.
    share: f64,
}

/// Answers for one service, or for all observed ones.
///
/// # Errors
/// 404 for an unknown service, 400 for parameters out of range.
#[utoipa::path(
    get,
    path = "",
    operation_id = "listQueries",
    tag = tag::PERFORMANCE,
    params(
        Asked,
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 10000, description = "Most rows of the answer"),
    ),
    responses(
        (status = 200, description = "The statements", body = QueryList),
        NotFound,
        ReadRefused,
    ),
)]
pub async fn queries(State(app): State<App>, Params(asked): Params<Asked>) -> Answer<Response> {
    let limit = asked.limit(MAX_QUERIES)?;
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
) -> Result<QueryList, QueryError> {
    let tags = [
        "service",
        "statement",
        "db_system",
        "db_name",
        "route",
        "method",
    ];
    let found = observed(
        reading,
        &question.scope,
        question.period,
        "db_queries",
        tags,
    )?;
    let all_secs: f64 = found.values().map(|observed| observed.duration.sum).sum();
    let minutes = question.period.minutes();
    let mut queries: Vec<Query> = found
        .into_iter()
        .map(
            |([service, statement, db_system, db_name, route, method], observed)| Query {
                service,
                statement,
                db_system,
                db_name: told(db_name),
                route: told(route),
                method: told(method),
                share: if all_secs > 0.0 {
                    observed.duration.sum / all_secs
                } else {
                    0.0
                },
                durations: Durations::of(&observed, minutes),
            },
        )
        .collect();
    let total = queries.len();
    queries.sort_by(|one, other| {
        other
            .durations
            .total_seconds
            .total_cmp(&one.durations.total_seconds)
    });
    queries.truncate(limit);
    Ok(QueryList {
        timestamp: rfc3339(question.now),
        period_minutes: question.minutes,
        service: question.service,
        queries,
        total,
        missing: reading.missing(),
    })
}

/// A tag that may be absent.
fn told(value: String) -> Option<String> {
    (!value.is_empty()).then_some(value)
}
