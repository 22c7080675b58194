//! The sentence at the head: state, what and how far, since what.

use serde::Serialize;

use super::findings::Finding;
use super::load_line::{Float, Group};
use super::score::{Score, Status};
use super::situation::Situation;
use super::words::{count, share, times};
use crate::alert::Kind;
use crate::standards::Place;

/// How a service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ServiceState {
    /// Its score is 80 or more.
    Healthy,
    /// Its score is 60 or more.
    Degraded,
    /// Its score is below 60, or a critical check fails.
    Unhealthy,
    /// Nothing is measured that a score could be made of.
    Unknown,
    /// Nothing came of it for 90 s.
    Silent,
    /// Fewer than six windows came.
    New,
}

impl ServiceState {
    /// As it is written in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
            Self::Unknown => "unknown",
            Self::Silent => "silent",
            Self::New => "new",
        }
    }
}

/// A sentence, its first words apart, and what else there is to say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Verdict {
    /// "shop is degraded."
    pub bold: String,
    /// What and how far, since what.
    pub rest: String,
    /// Cause, consequence, the rest.
    pub more: String,
}

/// Windows without which there is no verdict.
pub const WINDOWS: u64 = 6;

/// How a service is.
pub fn state(
    situation: &Situation,
    score: &Score,
    windows: u64,
    critical_check_failed: bool,
) -> ServiceState {
    if situation.silent_since().is_some() {
        return ServiceState::Silent;
    }
    if windows < WINDOWS {
        return ServiceState::New;
    }
    match score.status(critical_check_failed) {
        Status::Healthy => ServiceState::Healthy,
        Status::Degraded => ServiceState::Degraded,
        Status::Unhealthy => ServiceState::Unhealthy,
        Status::Unknown => ServiceState::Unknown,
    }
}

/// The sentence.
pub fn verdict(
    situation: &Situation,
    state: ServiceState,
    windows: u64,
    groups: &[Group],
    findings: &[Finding],
) -> Verdict {
    let service = &situation.service;
    let floats: Vec<&Float> = groups.iter().flat_map(|group| &group.floats).collect();
    let bold = format!("{service} is {}", state.as_str());
    match state {
        ServiceState::Silent => {
            let since = situation.silent_since().unwrap_or(situation.now);
            return Verdict {
                bold: format!(
                    "{service} has been silent for {}.",
                    age(situation.now - since)
                ),
                rest: String::new(),
                more: "Either it does not run, or what it measures does not arrive.".to_owned(),
            };
        }
        ServiceState::New => {
            return Verdict {
                bold: format!("{service} is new:"),
                rest: format!(
                    "{windows} of {WINDOWS} windows seen, first verdict in {} s.",
                    10 * (WINDOWS - windows.min(WINDOWS - 1))
                ),
                more: String::new(),
            };
        }
        ServiceState::Unknown => {
            return Verdict {
                bold: format!("{service} sends nothing that can be judged."),
                rest: String::new(),
                more: "No requests and no resources of it were measured in the last minutes."
                    .to_owned(),
            };
        }
        _ => {}
    }
    if let Some(check) = situation.failing_checks().next() {
        let about = findings.iter().find(|one| one.kind == Kind::HealthCheck);
        return Verdict {
            bold: format!("{bold}:"),
            rest: about.map_or_else(
                || format!("the check {check} fails."),
                |finding| lower_first(&finding.headline),
            ),
            more: format!(
                "{service} cannot work without it, and takes no requests while it fails."
            ),
        };
    }
    let mut past: Vec<&&Float> = floats
        .iter()
        .filter(|float| float.place == Place::Past)
        .collect();
    past.sort_by(|one, other| {
        other
            .ratio
            .unwrap_or(0.0)
            .total_cmp(&one.ratio.unwrap_or(0.0))
    });
    let close: Vec<&&Float> = floats
        .iter()
        .filter(|float| float.place == Place::Close)
        .collect();
    let told = findings.iter().find(|finding| finding.place == Place::Past);
    let Some(worst) = past.first() else {
        let ahead = findings.iter().find(|one| one.kind == Kind::Forecast);
        let foreseen = ahead.map(|one| one.headline.clone());
        return well(state, bold, &floats, &close, told, foreseen);
    };
    let about =
        |finding: &&Finding| finding.id == worst.id || finding.float.as_deref() == Some(&worst.id);
    let told = findings.iter().find(about).or(told);
    let since = told.map(|finding| match &finding.deploy {
        Some(deploy) => format!(" since deploy {}", deploy.name()),
        None => String::new(),
    });
    let since = since.unwrap_or_default();
    let begun = told
        .and_then(|finding| finding.since_ns)
        .map(|since| age(situation.now - since))
        .map(|age| match since.is_empty() {
            true => format!(" for {age}"),
            false => format!(", {age} ago"),
        });
    let begun = begun
        .filter(|_| worst.since.is_some() || told.is_some())
        .unwrap_or_default();
    let ratio = worst.ratio.unwrap_or(1.0);
    let how_far = if ratio >= 2.0 {
        format!(
            "{} {} {} {} limit",
            things(worst),
            takes(worst),
            times(ratio),
            its(worst)
        )
    } else {
        format!(
            "{} {} {} past {} line",
            things(worst),
            runs(worst),
            share(ratio - 1.0),
            its(worst)
        )
    };
    let (bold, rest) = joined(state, &bold, '.', &format!("{how_far}{since}{begun}."));
    Verdict {
        bold,
        rest,
        more: more(told, &past, &close),
    }
}

/// How it is, and what is wrong: of what is healthy all the same, as a but.
fn joined(state: ServiceState, bold: &str, sign: char, wrong: &str) -> (String, String) {
    match (state, sign) {
        (ServiceState::Healthy, _) => (format!("{bold},"), format!("but {}", lower_first(wrong))),
        (_, '.') => (format!("{bold}."), wrong.to_owned()),
        _ => (format!("{bold}{sign}"), lower_first(wrong)),
    }
}

fn well(
    state: ServiceState,
    bold: String,
    floats: &[&Float],
    close: &[&&Float],
    told: Option<&Finding>,
    foreseen: Option<String>,
) -> Verdict {
    let measured: Vec<&&Float> = floats
        .iter()
        .filter(|float| float.headroom.is_some())
        .collect();
    let lowest = measured.iter().min_by(|one, other| {
        one.headroom
            .unwrap_or(1.0)
            .total_cmp(&other.headroom.unwrap_or(1.0))
    });
    // Something that has no float of its own, such as a route slower than usual.
    if let Some(told) = told {
        let (bold, rest) = joined(state, &bold, ';', &told.headline);
        return Verdict {
            bold,
            rest,
            more: told.cause.clone(),
        };
    }
    match (close.first(), lowest) {
        (Some(first), _) => Verdict {
            bold: format!("{bold};"),
            rest: format!(
                "{} {} close to {} line: {} headroom.",
                things(first).to_lowercase(),
                is(first),
                its(first),
                share(first.headroom.unwrap_or(0.0))
            ),
            more: match close.len() {
                1 => foreseen.unwrap_or_else(|| "Everything else floats well.".to_owned()),
                n => format!("{} more are close.", count(n as f64 - 1.0)),
            },
        },
        (None, Some(lowest)) => Verdict {
            bold: format!("{bold}."),
            rest: format!(
                "All {} floats are above the line, {} the lowest with {} headroom.",
                count(measured.len() as f64),
                lowest.name,
                share(lowest.headroom.unwrap_or(0.0))
            ),
            more: foreseen.unwrap_or_default(),
        },
        (None, None) => Verdict {
            bold: format!("{bold}."),
            ..Verdict::default()
        },
    }
}

fn more(told: Option<&Finding>, past: &[&&Float], close: &[&&Float]) -> String {
    let mut parts = Vec::new();
    if let Some(told) = told {
        parts.push(
            format!("{} {}", told.headline, told.cause)
                .trim()
                .to_owned(),
        );
    }
    if past.len() > 1 {
        let others: Vec<&str> = past[1..]
            .iter()
            .take(3)
            .map(|float| float.name.as_str())
            .collect();
        parts.push(format!("Past the line, too: {}.", others.join(", ")));
    }
    parts.push(match close.len() {
        0 => "Everything else floats.".to_owned(),
        1 => format!(
            "Everything else floats; {} is close to the line.",
            close[0].name
        ),
        n => format!(
            "Everything else floats; {} are close to the line.",
            count(n as f64)
        ),
    });
    parts.join(" ")
}

/// A float as the subject of a sentence.
fn things(float: &Float) -> String {
    match float.id.split_once(':') {
        Some(("class", "read")) => "Reads".to_owned(),
        Some(("class", "write")) => "Writes".to_owned(),
        Some(("class", "delete")) => "Deletes".to_owned(),
        Some(("class", "aggregation")) => "Aggregations".to_owned(),
        Some(("class", "export")) => "Exports".to_owned(),
        Some(("class", "health")) => "Health checks".to_owned(),
        Some(("class", name)) => format!("Requests of {name}"),
        Some(("pool", name)) => format!("The {name} pool"),
        Some(("queue", name)) => format!("The queue {name}"),
        _ if float.id == "errors" => "Errors".to_owned(),
        _ if float.id == "open_files" => "Open files".to_owned(),
        _ if float.id == "cpu" => "CPU".to_owned(),
        _ => format!("The {}", float.name),
    }
}

fn is_many(float: &Float) -> bool {
    float.id.starts_with("class:") || float.id == "errors" || float.id == "open_files"
}

fn runs(float: &Float) -> &'static str {
    if is_many(float) { "run" } else { "runs" }
}

fn takes(float: &Float) -> &'static str {
    if is_many(float) { "take" } else { "takes" }
}

fn is(float: &Float) -> &'static str {
    if is_many(float) { "are" } else { "is" }
}

fn its(float: &Float) -> &'static str {
    if is_many(float) { "their" } else { "its" }
}

fn lower_first(text: &str) -> String {
    // Methods and names stay as they are written.
    match text.split_once(' ') {
        Some((first, rest))
            if first.len() > 1 && first.chars().skip(1).all(|one| one.is_ascii_lowercase()) =>
        {
            format!("{} {rest}", first.to_ascii_lowercase())
        }
        _ => text.to_owned(),
    }
}

/// 45 s, 25 minutes, 3 hours, 2 days.
pub fn age(ns: i64) -> String {
    let secs = (ns / 1_000_000_000).max(0);
    let told = |number: i64, unit: &str| match number {
        1 => format!("1\u{a0}{unit}"),
        number => format!("{number}\u{a0}{unit}s"),
    };
    match secs {
        secs if secs < 90 => format!("{secs}\u{a0}s"),
        secs if secs < 5_400 => told((secs + 30) / 60, "minute"),
        secs if secs < 129_600 => told((secs + 1_800) / 3_600, "hour"),
        secs => told((secs + 43_200) / 86_400, "day"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_as_they_are_written_within_a_sentence() {
        let within = |text: &str| lower_first(text);
        assert_eq!(within("Writes run"), "writes run");
        assert_eq!(within("GET /a fails"), "GET /a fails");
        assert_eq!(within("CPU is busy"), "CPU is busy");
        assert_eq!(within("Ölstand is past"), "Ölstand is past");
        assert_eq!(within("Öl"), "Öl");
    }
}
