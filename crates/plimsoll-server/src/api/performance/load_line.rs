//! `/api/performance/load-line` and `/api/performance/load-lines`: how a service is, in a sentence, a score and a drawing.

use axum::extract::State;
use axum::response::Response;
use plimsoll::analysis::load_line::Group;
use plimsoll::analysis::score::{Component, Took};
use plimsoll::analysis::verdict::{ServiceState, Verdict};
use plimsoll::standards::Place;
use serde::Serialize;
use utoipa::ToSchema;

use super::shown::ShownFinding;
use super::{Asked, OneService, judged, judgements};
use crate::http::extract::Params;
use crate::http::problem::Answer;
use crate::judge::judgement::Judgement;
use crate::judge::situation::MINUTES;
use crate::openapi::answers::{NotFound, ReadRefused};
use crate::openapi::tag;
use crate::services::rfc3339;
use crate::state::App;

/// A service's load line.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LoadLine {
    #[schema(format = DateTime)]
    timestamp: String,
    service: String,
    /// Minutes that "now" means.
    period_minutes: u32,
    state: ServiceState,
    verdict: Verdict,
    score: ShownScore,
    /// Everything with a limit, in groups.
    groups: Vec<Group>,
    /// What is wrong, the worst first, then what is close.
    findings: Vec<ShownFinding>,
    /// What was looked at and is fine, in words.
    fine: Vec<String>,
    /// What damage is known to keep from the answer, in words with its extent.
    missing: Vec<String>,
}

/// The score with what it is made of.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShownScore {
    /// 0 to 100; null without data.
    value: Option<f64>,
    /// What it was before what is wrong began, or an hour ago; null where that was no other.
    before: Option<f64>,
    /// When that was.
    #[schema(format = DateTime)]
    before_time: Option<String>,
    components: Vec<Component>,
    /// What took points away, the most first.
    took: Vec<Took>,
}

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
    judged(app, asked.service, |judgement| LoadLine {
        timestamp: rfc3339(judgement.situation.now),
        service: judgement.situation.service.clone(),
        period_minutes: MINUTES,
        state: judgement.state,
        verdict: judgement.verdict.clone(),
        score: ShownScore {
            value: judgement.score.value,
            before: judgement.before.map(|(_, before)| before),
            before_time: judgement.before.map(|(time, _)| rfc3339(time)),
            components: judgement.score.components.clone(),
            took: judgement.score.took.clone(),
        },
        groups: judgement.groups.clone(),
        findings: judgement
            .findings
            .iter()
            .map(|finding| ShownFinding::of(&judgement.situation.service, finding))
            .collect(),
        fine: fine(judgement),
        missing: judgement.missing.clone(),
    })
    .await
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

/// What is well, in the order of the load line.
fn fine(judgement: &Judgement) -> Vec<String> {
    let floats = judgement.groups.iter().flat_map(|group| &group.floats);
    let well = floats.filter(|float| {
        matches!(float.place, Place::InTarget | Place::Acceptable) && float.finding.is_none()
    });
    let mut fine: Vec<String> = well.map(|float| float.name.clone()).collect();
    let told = |name: &str| {
        judgement
            .findings
            .iter()
            .any(|finding| finding.subject == name)
    };
    let routes = judgement
        .situation
        .routes
        .iter()
        .filter(|route| route.requests > 0 && !told(&route.name()));
    match routes.count() {
        0 => {}
        1 => fine.push("1 route".to_owned()),
        n => fine.push(format!("{n} routes")),
    }
    fine
}
