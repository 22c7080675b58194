//! What is judged wrong, in sentences: what, how much, since when, why, and what to do.

mod ahead;
mod cause;
mod close;
mod command;
mod runbook;
mod silence;
#[cfg(test)]
mod tests;
mod told;

use serde::Serialize;

use super::situation::{Deploy, OpenAlert, Situation};
use crate::alert::{Kind, Severity};
use crate::standards::Place;

pub use cause::{Cause, diagnose};
pub use runbook::runbook;

/// Something judged wrong, or close to it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    /// Names it within its service: the key of its alert, where it has one.
    pub id: String,
    /// What kind of trouble.
    pub kind: Kind,
    /// What it is about: `POST /orders`, `postgres`.
    pub subject: String,
    /// The float of the load line that it is about; null when there is none.
    pub float: Option<String>,
    /// `past` or `close`.
    pub place: Place,
    /// How severe; null for what is only close, unless it will be past its line soon.
    pub severity: Option<Severity>,
    /// What was measured, in the unit of the alert; null where only the number of those past the line is known.
    pub value: Option<f64>,
    /// What, how much, since what: a sentence.
    pub headline: String,
    /// Why, as far as it is known; empty when it is not.
    pub cause: String,
    /// Numbers, each with what it is measured against.
    pub evidence: Vec<String>,
    /// Nanoseconds since the Unix epoch.
    #[serde(skip)]
    pub since_ns: Option<i64>,
    /// What to do: a sentence that ends with a colon where [`Finding::fix`] follows.
    pub action: String,
    /// To be copied: a statement, a command.
    pub fix: Option<String>,
    /// What to look at when the action does not help, a line each.
    pub runbook: &'static str,
    /// The finding that this one follows from.
    pub follows_from: Option<String>,
    /// The alert's number.
    pub alert: Option<String>,
    /// The deploy since which it is so.
    pub deploy: Option<Deploy>,
}

/// All findings of a service: what is past its line, the worst first, then what is close.
pub fn findings(situation: &Situation) -> Vec<Finding> {
    let mut found: Vec<Finding> = situation
        .alerts
        .iter()
        .map(|alert| told::finding(situation, alert))
        .collect();
    follow(situation, &mut found);
    found.sort_by_key(|finding| {
        let follows = finding.follows_from.is_some();
        (
            finding.place != Place::Past,
            follows,
            std::cmp::Reverse(finding.severity),
            finding.since_ns,
        )
    });
    found.extend(close::close(situation, &found));
    found
}

/// Which finding comes from which: the class from its route, what is used from who uses it, failing from waiting.
fn follow(situation: &Situation, found: &mut [Finding]) {
    let causes: Vec<(String, Kind, String, Option<i64>)> = found
        .iter()
        .map(|one| (one.id.clone(), one.kind, one.subject.clone(), one.since_ns))
        .collect();
    for finding in found {
        let cause = causes.iter().find(|(id, kind, subject, since)| {
            let is_other = *id != finding.id;
            // A cause begins before its consequence, give or take the time that either takes to be seen.
            // What was foreseen is told before what it is about.
            let is_earlier = finding.kind == Kind::Forecast
                || since
                    .zip(finding.since_ns)
                    .is_none_or(|(cause, effect)| cause <= effect + CLOSE_NS);
            let same_route = *subject == finding.subject;
            is_other && is_earlier && follows(situation, finding, (*kind, id, same_route))
        });
        finding.follows_from = cause.map(|(id, ..)| id.clone());
    }
}

/// How far apart cause and consequence may be seen in the wrong order.
const CLOSE_NS: i64 = 120_000_000_000;

fn follows(
    situation: &Situation,
    finding: &Finding,
    (kind, id, same_route): (Kind, &str, bool),
) -> bool {
    let is_class = |id: &str| id.starts_with("class:") || id.starts_with("burn:");
    match finding.kind {
        // The class because of its route, never the other way round.
        Kind::SlowRequest if is_class(&finding.id) => {
            (kind == Kind::SlowRequest && !is_class(id) && same_route)
                || kind == Kind::ErrorRate && same_route
        }
        Kind::BurnRate => {
            let of_class = id.ends_with(finding.id.trim_start_matches("burn:"));
            kind == Kind::SlowRequest && (of_class || same_route)
        }
        // Who holds connections longer needs more of them, unless the pool itself is what makes them wait.
        Kind::ResourceViolation if finding.id.starts_with("pool:") => {
            kind == Kind::SlowRequest && !is_class(id)
        }
        Kind::ResourceViolation if finding.id.starts_with("queue:") => {
            kind == Kind::SlowRequest && !is_class(id)
        }
        Kind::ErrorRate => {
            kind == Kind::HealthCheck || kind == Kind::ResourceViolation && id.starts_with("pool:")
        }
        Kind::HighMemory => kind == Kind::MemoryLeak,
        Kind::Forecast => {
            let level = finding.id.trim_start_matches("forecast:");
            id == level || (level == "memory" && kind == Kind::MemoryLeak)
        }
        // A service that gets nothing is one silence, not one for each class.
        Kind::Silence => finding.id.starts_with("floor:") && id == "silence",
        Kind::SlowRequest => {
            // Everything is slow where the processors are busy.
            id == "cpu" && situation.level("cpu").is_some_and(|cpu| cpu.ratio > 1.0)
        }
        _ => false,
    }
}

impl Finding {
    fn of(alert: &OpenAlert, subject: impl Into<String>) -> Self {
        Self {
            id: alert.key.clone(),
            kind: alert.kind,
            subject: subject.into(),
            float: None,
            place: Place::Past,
            severity: Some(alert.severity),
            value: alert.value,
            headline: String::new(),
            cause: String::new(),
            evidence: Vec::new(),
            since_ns: Some(alert.since),
            action: String::new(),
            fix: None,
            runbook: runbook(alert.kind),
            follows_from: None,
            alert: alert.id.clone(),
            deploy: None,
        }
    }
}
