//! `/api/performance/analytics`, `/api/performance/summary` and `/api/performance/bottlenecks`: what is judged, for dashboards.

use axum::extract::State;
use axum::response::Response;
use plimsoll::performance::analytics::{Analytics, Bottlenecks, Summary};

use super::{Asked, judgements};
use crate::http::extract::Params;
use crate::http::problem::Answer;
use crate::openapi::answers::{NotFound, ReadRefused};
use crate::openapi::tag;
use crate::state::App;

/// Most alerts of the answer.
const MOST_ALERTS: usize = 100;

/// Score, alerts and what to do.
///
/// # Errors
/// 404 for an unknown service.
#[utoipa::path(
    get,
    path = "",
    operation_id = "getAnalytics",
    tag = tag::JUDGEMENT,
    params(Asked),
    responses((status = 200, description = "What is judged", body = Analytics), NotFound, ReadRefused),
)]
pub async fn analytics(State(app): State<App>, Params(asked): Params<Asked>) -> Answer<Response> {
    let service = asked.service.clone();
    asked.question()?;
    let reading = app.clone();
    judgements(app, asked, move |all, now| {
        let alerts = super::alerts::firing(&reading, service.as_deref(), MOST_ALERTS, now);
        Analytics::of(all, alerts, now)
    })
    .await
}

/// The state in a few numbers.
///
/// # Errors
/// 404 for an unknown service.
#[utoipa::path(
    get,
    path = "",
    operation_id = "getSummary",
    tag = tag::JUDGEMENT,
    params(Asked),
    responses((status = 200, description = "The state", body = Summary), NotFound, ReadRefused),
)]
pub async fn summary(State(app): State<App>, Params(asked): Params<Asked>) -> Answer<Response> {
    asked.question()?;
    judgements(app, asked, |all, _| Summary::of(all)).await
}

/// What holds services up: slow queries, memory, processors, pools.
///
/// # Errors
/// 404 for an unknown service.
#[utoipa::path(
    get,
    path = "",
    operation_id = "listBottlenecks",
    tag = tag::JUDGEMENT,
    params(Asked),
    responses((status = 200, description = "The bottlenecks", body = Bottlenecks), NotFound, ReadRefused),
)]
pub async fn bottlenecks(State(app): State<App>, Params(asked): Params<Asked>) -> Answer<Response> {
    asked.question()?;
    judgements(app, asked, Bottlenecks::of).await
}
