//! `/api/performance/exemplars`: the slowest and the failed requests of each route, by their traces.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::Asked;
use crate::http::extract::Params;
use crate::http::problem::{Answer, json_answer};
use crate::ingest::otlp::spans::exemplars::Shown;
use crate::openapi::answers::ReadRefused;
use crate::openapi::tag;
use crate::services::rfc3339;
use crate::state::App;
use crate::tick;

/// Most rows of one answer.
const MAX_EXEMPLARS: usize = 1_000;

/// The requests of services.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExemplarList {
    timestamp: String,
    service: Option<String>,
    /// The slowest first.
    exemplars: Vec<Shown>,
}

/// Answers for one service, or for all. From memory: what came since the server started.
///
/// # Errors
/// 400 for parameters out of range.
#[utoipa::path(
    get,
    path = "",
    operation_id = "listExemplars",
    tag = tag::PERFORMANCE,
    params(
        Asked,
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 1000, description = "Most rows of the answer"),
    ),
    responses(
        (status = 200, description = "The requests", body = ExemplarList),
        ReadRefused,
    ),
)]
pub async fn exemplars(State(app): State<App>, Params(asked): Params<Asked>) -> Answer<Response> {
    let limit = asked.limit(MAX_EXEMPLARS)?;
    // Those of the last quarter of an hour are kept, whatever is asked; what cannot be asked is refused all the same.
    asked.question()?;
    json_answer(&ExemplarList {
        timestamp: rfc3339(tick::now()),
        exemplars: app.otlp.exemplars().shown(asked.service.as_deref(), limit),
        service: asked.service,
    })
}
