//! How a service is, in a sentence, a score and a drawing.

use serde::Serialize;

use super::judged::ShownFinding;
use crate::analysis::judgement::Judgement;
use crate::analysis::load_line::{Group, rfc3339};
use crate::analysis::score::{Component, Took};
use crate::analysis::verdict::{ServiceState, Verdict};
use crate::standards::Place;

/// A service's load line.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoadLine {
    /// When that was, RFC 3339, UTC.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub timestamp: String,
    /// Whose.
    pub service: String,
    /// Minutes that "now" means.
    pub period_minutes: u32,
    /// How it is.
    pub state: ServiceState,
    /// In a sentence.
    pub verdict: Verdict,
    /// The score with what it is made of.
    pub score: ShownScore,
    /// Everything with a limit, in groups.
    pub groups: Vec<Group>,
    /// What is wrong, the worst first, then what is close.
    pub findings: Vec<ShownFinding>,
    /// What was looked at and is fine, in words.
    pub fine: Vec<String>,
    /// What damage is known to keep from the answer, in words with its extent.
    pub missing: Vec<String>,
}

/// The score with what it is made of.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShownScore {
    /// 0 to 100; null without data.
    pub value: Option<f64>,
    /// What it was before what is wrong began, or an hour ago; null where that was no other.
    pub before: Option<f64>,
    /// When that was.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub before_time: Option<String>,
    /// In the order of their weights.
    pub components: Vec<Component>,
    /// What took points away, the most first.
    pub took: Vec<Took>,
}

impl LoadLine {
    /// Of a service judged.
    pub fn of(judgement: &Judgement) -> Self {
        Self {
            timestamp: rfc3339(judgement.situation.now),
            service: judgement.situation.service.clone(),
            period_minutes: judgement.situation.minutes as u32,
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
        }
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
