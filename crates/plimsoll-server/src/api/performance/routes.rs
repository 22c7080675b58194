//! `/api/performance/routes`: requests by service, route, method and status.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use plimsoll::performance::Requests;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Asked, Question, answered};
use crate::http::extract::Params;
use crate::http::problem::Answer;
use crate::openapi::answers::{NotFound, ReadRefused};
use crate::openapi::tag;
use crate::performance::requests::{RequestCounts, RequestKey, requests};
use crate::reading::Reading;
use crate::services::rfc3339;
use crate::state::App;
use crate::store::read::error::QueryError;

/// Most rows of one answer.
const MAX_ROUTES: usize = 10_000;

/// Requests by route, method and status.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RouteList {
    /// End of the period.
    #[schema(format = DateTime)]
    timestamp: String,
    /// Length of the period.
    period_minutes: u32,
    /// The service asked for; null: all but the server itself.
    service: Option<String>,
    /// The busiest first.
    routes: Vec<Route>,
    /// How many there are.
    total: usize,
    /// What damage is known to keep from the answer, in words with its extent.
    missing: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Route {
    /// Who answered.
    service: String,
    /// Route template, `<unmatched>` or `<other>`.
    route: String,
    /// Method.
    method: String,
    /// Full code; null when no answer had one.
    status: Option<u16>,
    #[serde(flatten)]
    requests: Requests,
    /// How far a percentile can be from the true value, as a share of it; null without requests.
    p95_error_ratio: Option<f64>,
    /// Bodies sent to their end.
    bodies_ended: u64,
    /// Bodies that broke off.
    bodies_failed: u64,
    /// Requests by kind of error.
    error_types: BTreeMap<String, u64>,
    /// Who measured.
    sources: Vec<String>,
}

/// Requests of the last minutes by service, route, method and status, the busiest first.
///
/// # Errors
/// 404 for an unknown service, 400 for parameters out of range.
#[utoipa::path(
    get,
    path = "",
    operation_id = "listRoutes",
    tag = tag::PERFORMANCE,
    params(
        Asked,
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 10_000, description = "Most routes of the answer"),
    ),
    responses(
        (status = 200, description = "The routes", body = RouteList),
        NotFound,
        ReadRefused,
    ),
)]
pub async fn routes(State(app): State<App>, Params(asked): Params<Asked>) -> Answer<Response> {
    let limit = asked.limit(MAX_ROUTES)?;
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
) -> Result<RouteList, QueryError> {
    let minutes = question.period.minutes();
    let found = requests(reading, &question.scope, question.period)?;
    let mut routes: Vec<_> = found
        .into_iter()
        .map(|(key, counts)| route(key, counts, minutes))
        .collect();
    let total = routes.len();
    routes.sort_by_key(|route| std::cmp::Reverse(route.requests.total_requests));
    routes.truncate(limit);
    Ok(RouteList {
        timestamp: rfc3339(question.now),
        period_minutes: question.minutes,
        service: question.service,
        routes,
        total,
        missing: reading.missing(),
    })
}

fn route(key: RequestKey, counts: RequestCounts, minutes: f64) -> Route {
    let estimate = counts.totals.duration.percentile_with_error(0.95);
    Route {
        service: key.service,
        route: key.route,
        method: key.method,
        status: key.status,
        requests: counts.totals.requests(minutes),
        p95_error_ratio: estimate
            .map(|of| (of.high - of.value).max(of.value - of.low) / of.value)
            .filter(|ratio| ratio.is_finite()),
        bodies_ended: counts.ended,
        bodies_failed: counts.failed,
        error_types: counts.error_types,
        sources: counts.sources,
    }
}
