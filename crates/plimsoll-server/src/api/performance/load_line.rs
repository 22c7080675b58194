//! `/api/performance/load-line` and `/api/performance/load-lines`: how a service is, in a sentence, a score and a drawing.

use axum::extract::State;
use axum::response::Response;
use plimsoll::analysis::verdict::{ServiceState, Verdict};
use plimsoll::performance::load_line::LoadLine;
use plimsoll::standards::Place;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Asked, OneService, judged, judgements};
use crate::http::extract::Params;
use crate::http::problem::Answer;
use crate::judge::judgement::Judgement;
use crate::openapi::answers::{NotFound, ReadRefused};
use crate::openapi::tag;
use crate::services::rfc3339;
use crate::state::App;

/// The load lines of all services, small.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LoadLines {
    #[schema(format = DateTime)]
    timestamp: String,
    /// By name.
    services: Vec<SmallLoadLine>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SmallLoadLine {
    service: String,
    state: ServiceState,
    /// 0 to 100; null without data.
    score: Option<f64>,
    verdict: Verdict,
    floats: Vec<SmallFloat>,
    /// The headline of what is worst.
    finding: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SmallFloat {
    id: String,
    name: String,
    /// The group's name.
    group: &'static str,
    place: Place,
    headroom: Option<f64>,
    ratio: Option<f64>,
}

/// How a service is: a sentence, its score, everything with a limit, and what is wrong.
///
/// # Errors
/// 404 for an unknown service.
#[utoipa::path(
    get,
    path = "",
    operation_id = "getLoadLine",
    tag = tag::JUDGEMENT,
    params(OneService),
    responses((status = 200, description = "The load line", body = LoadLine), NotFound, ReadRefused),
)]
pub async fn load_line(
    State(app): State<App>,
    Params(asked): Params<OneService>,
) -> Answer<Response> {
    judged(app, asked.service, LoadLine::of).await
}

/// The load lines of all services, for a list.
///
/// # Errors
/// 503 when too many ask at once.
#[utoipa::path(
    get,
    path = "",
    operation_id = "listLoadLines",
    tag = tag::JUDGEMENT,
    responses((status = 200, description = "The load lines", body = LoadLines), ReadRefused),
)]
pub async fn load_lines(State(app): State<App>) -> Answer<Response> {
    judgements(app, Asked::default(), |all, now| LoadLines {
        timestamp: rfc3339(now),
        services: all.iter().map(|judgement| small(judgement)).collect(),
    })
    .await
}

fn small(judgement: &Judgement) -> SmallLoadLine {
    let floats = judgement.groups.iter().flat_map(|group| {
        group.floats.iter().map(|float| SmallFloat {
            id: float.id.clone(),
            name: float.name.clone(),
            group: group.name,
            place: float.place,
            headroom: float.headroom,
            ratio: float.ratio,
        })
    });
    SmallLoadLine {
        service: judgement.situation.service.clone(),
        state: judgement.state,
        score: judgement.score.value,
        verdict: judgement.verdict.clone(),
        floats: floats.collect(),
        finding: judgement
            .findings
            .first()
            .map(|finding| finding.headline.clone()),
    }
}
