//! `/api/performance/exemplars`: the slowest and the failed requests of each route, by their traces.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Asked;
use crate::http::extract::Params;
use crate::http::problem::{Answer, json_answer};
use crate::ingest::otlp::spans::exemplars::{Asked as AskedFor, Shown};
use crate::openapi::answers::ReadRefused;
use crate::openapi::tag;
use crate::services::rfc3339;
use crate::state::App;
use crate::tick;

/// Most rows of one answer.
const MAX_EXEMPLARS: usize = 1_000;

/// Whose requests are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Question {
    /// One service only; without it all but the server itself.
    service: Option<String>,
    /// One method only.
    #[param(example = "GET")]
    method: Option<String>,
    /// One route only.
    #[param(example = "/orders/{id}")]
    route: Option<String>,
    /// As everywhere here; those of the last quarter of an hour are kept, whatever is asked.
    #[param(minimum = 1, maximum = 129_600, default = 5)]
    minutes: Option<u32>,
    /// Most rows of the answer.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

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
    params(Question),
    responses(
        (status = 200, description = "The requests", body = ExemplarList),
        ReadRefused,
    ),
)]
pub async fn exemplars(
    State(app): State<App>,
    Params(question): Params<Question>,
) -> Answer<Response> {
    let Question {
        service,
        method,
        route,
        minutes,
        limit,
    } = question;
    let asked = Asked {
        service,
        minutes,
        limit,
    };
    let limit = asked.limit(MAX_EXEMPLARS)?;
    // What cannot be asked is refused, although it is not needed.
    asked.question()?;
    let asked_for = AskedFor {
        service: asked.service.as_deref(),
        method: method.as_deref(),
        route: route.as_deref(),
    };
    json_answer(&ExemplarList {
        timestamp: rfc3339(tick::now()),
        exemplars: app.otlp.exemplars().shown(asked_for, limit),
        service: asked.service,
    })
}
