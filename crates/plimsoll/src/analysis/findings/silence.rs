//! Too few requests: of the whole service, or of a class that has a floor.

use super::{Finding, OpenAlert, Situation};
use crate::alert::Severity;
use crate::analysis::load_line::class_now;
use crate::analysis::words::count;

/// Requests per minute: one digit where there are few.
fn per_minute(rate: f64) -> String {
    match rate {
        rate if rate < 9.95 => count((10.0 * rate).round() / 10.0),
        rate => count(rate.round()),
    }
}

pub(super) fn silence(situation: &Situation, alert: &OpenAlert) -> Finding {
    let mut found = Finding::of(alert, situation.service.clone());
    let rate = alert.value.unwrap_or(0.0);
    found.headline = if rate > 0.0 {
        format!(
            "{} gets almost no requests: {} a minute.",
            situation.service,
            count(rate)
        )
    } else {
        format!("{} gets no requests.", situation.service)
    };
    found.cause =
        "Either it is not reached, or it does not run, or what it measures does not arrive."
            .to_owned();
    found.evidence.push(format!(
        "at least {} a minute are expected",
        count(alert.limit)
    ));
    found.action = "See whether it runs and what arrives:".to_owned();
    found.fix = Some("plimsoll doctor".to_owned());
    found
}

pub(super) fn floor(situation: &Situation, alert: &OpenAlert, name: &str) -> Finding {
    let mut found = Finding::of(alert, name);
    found.float = Some(format!("class:{name}"));
    let rate = alert.value.unwrap_or(0.0);
    let floor = per_minute(alert.limit);
    found.headline = if rate > 0.0 {
        format!(
            "Requests of {name} are too few: {} a minute, at least {floor} are expected.",
            per_minute(rate)
        )
    } else {
        format!("There are no requests of {name}, at least {floor} a minute are expected.")
    };
    let all: u64 = situation.routes.iter().map(|route| route.requests).sum();
    let class = situation.standards.class(name);
    let own = class.map(|class| class_now(situation, class));
    let own = own.unwrap_or_default();
    let others = all.saturating_sub(own.requests) as f64 / situation.minutes.max(1.0);
    found.cause = if others > 0.0 {
        format!(
            "The service is reached: other classes get {} a minute.",
            per_minute(others)
        )
    } else {
        "The service is heard, but nobody asks it anything.".to_owned()
    };
    found.evidence.push(format!(
        "{} a minute, at least {floor} are expected",
        per_minute(rate)
    ));
    let asked = own.routes.iter().take(3).cloned().collect::<Vec<_>>();
    if !asked.is_empty() {
        found.evidence.push(format!("of {}", asked.join(", ")));
    }
    found.action = match alert.severity {
        Severity::Low | Severity::Medium => {
            "See who asks less than before: clients, jobs, the proxy in front.".to_owned()
        }
        Severity::High | Severity::Critical => {
            "See whether its routes are reached: the proxy in front, the clients, what was deployed."
                .to_owned()
        }
    };
    found
}
