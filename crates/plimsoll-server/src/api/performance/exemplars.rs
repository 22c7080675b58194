//! `/api/performance/exemplars`: the slowest and the failed requests of each route, by their traces.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::Asked;
use crate::http::extract::Params;
use crate::http::problem::{Answer, json_answer};
use crate::ingest::otlp::spans::exemplars::Shown;
use crate::services::rfc3339;
use crate::state::App;
use crate::tick;

/// Most rows of one answer.
const MAX_EXEMPLARS: usize = 1_000;

#[derive(Debug, Serialize)]
struct Told {
    timestamp: String,
    service: Option<String>,
    /// The slowest first.
    exemplars: Vec<Shown>,
}

/// Answers for one service, or for all. From memory: what came since the server started.
///
/// # Errors
/// 400 for parameters out of range.
pub async fn exemplars(State(app): State<App>, Params(asked): Params<Asked>) -> Answer<Response> {
    let limit = asked.limit(MAX_EXEMPLARS)?;
    json_answer(&Told {
        timestamp: rfc3339(tick::now()),
        exemplars: app.otlp.exemplars().shown(asked.service.as_deref(), limit),
        service: asked.service,
    })
}
