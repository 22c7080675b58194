//! What an alert is about, in sentences.

use super::ahead::ahead;
use super::cause::diagnose;
use super::command::{argument, exemplars};
use super::{Finding, OpenAlert, Situation, silence};
use crate::alert::{Kind, Unit};
use crate::analysis::situation::RouteNow;
use crate::analysis::words::{amount, bytes, count, duration, share, times};
use crate::judge::SLOW_BURN;

pub(super) fn finding(situation: &Situation, alert: &OpenAlert) -> Finding {
    let (what, name) = alert.key.split_once(':').unwrap_or((&alert.key, ""));
    let mut found = match (alert.kind, what) {
        (Kind::SlowRequest, "class") => class(situation, alert, name),
        (Kind::SlowRequest, _) => route(situation, alert, name),
        (Kind::ErrorRate, _) => errors(situation, alert, name),
        (Kind::BurnRate, _) => burn(situation, alert, name),
        (Kind::Silence, "floor") => silence::floor(situation, alert, name),
        (Kind::Silence, _) => silence::silence(situation, alert),
        (Kind::TrafficSurge, _) => surge(alert),
        (Kind::MemoryLeak, _) => leak(situation, alert, name),
        (Kind::HealthCheck, _) => check(situation, alert, name),
        // What is foreseen began with no deploy.
        (Kind::Forecast, _) => return ahead(situation, alert, name),
        _ => level(alert, what, name),
    };
    if let Some(deploy) = situation.deploy_before(alert.since) {
        found.headline = format!(
            "{} since deploy {}.",
            found.headline.trim_end_matches('.'),
            deploy.name()
        );
        found.deploy = Some(deploy.clone());
        if let Some(revision) = deploy.revision.as_ref().filter(|_| found.fix.is_none()) {
            let action = format!("{} To be well at once:", found.action);
            found.action = action.trim_start().to_owned();
            found.fix = Some(format!("git revert {}", argument(revision)));
        }
    }
    found
}

fn class(situation: &Situation, alert: &OpenAlert, name: &str) -> Finding {
    let standards = &situation.standards;
    let of_class = situation.routes.iter().filter(|route| {
        route.requests > 0 && &*standards.expected(&route.method, &route.route).class.name == name
    });
    let ratio = |route: &RouteNow| {
        route.p95
            / standards
                .expected(&route.method, &route.route)
                .bands
                .investigate
    };
    // The one that most requests past the line come from.
    let weight = |route: &RouteNow| (ratio(route) - 0.9).max(0.0) * route.requests as f64;
    let worst = of_class.max_by(|one, other| weight(one).total_cmp(&weight(other)));
    let Some(worst) = worst else {
        let mut found = Finding::of(alert, name);
        found.headline = format!("{name} is past its line of {}.", duration(alert.limit));
        found.action =
            "Requests of this class have stopped since: see whether the service is reached."
                .to_owned();
        return found;
    };
    let line = standards
        .expected(&worst.method, &worst.route)
        .bands
        .investigate;
    let mut found = slow(situation, alert, worst);
    found.float = Some(alert.key.clone());
    found.headline = match ratio(worst) {
        ratio if ratio >= 2.0 => format!(
            "{} takes {} its line of {}.",
            worst.name(),
            times(ratio),
            duration(line)
        ),
        ratio if ratio > 1.0 => {
            format!(
                "{} runs {} past its line of {}.",
                worst.name(),
                share(ratio - 1.0),
                duration(line)
            )
        }
        _ => format!("{name} is past its line of {}.", duration(line)),
    };
    found
}

fn route(situation: &Situation, alert: &OpenAlert, name: &str) -> Finding {
    let Some(route) = situation.routes.iter().find(|route| route.name() == name) else {
        let mut found = Finding::of(alert, name);
        found.headline = format!("{name} was slower than usual when it was last asked.");
        found.action = "It is not asked any more: see whether it is reached.".to_owned();
        return found;
    };
    let mut found = slow(situation, alert, route);
    let usual = route.usual.as_ref();
    // The larger of what the median and the tail say.
    let slower = usual.map(|usual| (route.p95 / usual.p95).max(route.p50 / usual.p50));
    found.headline = match slower {
        Some(ratio) if ratio.is_finite() && ratio > 1.0 => {
            format!("{name} is {} slower than usual.", times(ratio))
        }
        _ => format!("{name} is slower than usual."),
    };
    let class = situation
        .standards
        .expected(&route.method, &route.route)
        .class;
    found.float = Some(format!("class:{}", class.name));
    found
}

/// What all slow routes have in common: the numbers, why, and what to do.
fn slow(situation: &Situation, alert: &OpenAlert, route: &RouteNow) -> Finding {
    let mut found = Finding::of(alert, route.name());
    found.value = Some(route.p95);
    let usual = route
        .usual
        .as_ref()
        .map(|usual| format!(", usually {}", duration(usual.p95)));
    found.evidence.push(format!(
        "p95 {}{}",
        duration(route.p95),
        usual.unwrap_or_default()
    ));
    let cause = diagnose(situation, route);
    let (why, evidence) = cause.told();
    found.cause = why;
    found.evidence.extend(evidence);
    (found.action, found.fix) = cause.action(situation, route);
    found
}

fn errors(situation: &Situation, alert: &OpenAlert, name: &str) -> Finding {
    let mut found = Finding::of(alert, name);
    found.float = Some("errors".to_owned());
    let route = situation.routes.iter().find(|route| route.name() == name);
    let rate = route
        .map(|route| route.error_rate)
        .or(alert.value)
        .unwrap_or(0.0);
    found.headline = format!(
        "{name} fails: {} of its requests end in errors.",
        share(rate)
    );
    found.evidence.push(format!(
        "{} of requests, at most {} may",
        share(rate),
        share(alert.limit)
    ));
    if let Some(route) = route {
        if let Some(usual) = &route.usual {
            found
                .evidence
                .push(format!("usually {}", share(usual.error_rate)));
        }
        let types: Vec<String> = route
            .error_types
            .iter()
            .take(3)
            .map(|(name, number)| format!("{name} ({})", count(*number as f64)))
            .collect();
        if let Some((first, number)) = route.error_types.first() {
            let all: u64 = route.error_types.iter().map(|(_, number)| number).sum();
            found.cause = format!(
                "{} of them are {first}.",
                share(*number as f64 / all.max(1) as f64)
            );
            found.evidence.push(types.join(", "));
        }
    }
    found.fix = route.and_then(|route| exemplars(situation, route));
    found.action = match found.fix {
        Some(_) => "See what they say:".to_owned(),
        None => "See what its log says of them.".to_owned(),
    };
    found
}

fn burn(situation: &Situation, alert: &OpenAlert, name: &str) -> Finding {
    let mut found = Finding::of(alert, name);
    found.float = Some(format!("class:{name}"));
    let days = situation.standards.objective_days;
    let rate = alert.value.unwrap_or(alert.limit);
    let hours = f64::from(days) * 24.0 / rate.max(0.1);
    found.headline = format!("The error budget of {name} burns {} too fast.", times(rate));
    found.cause = format!(
        "At this rate the budget of {days} days is gone in {}.",
        duration(hours * 3_600.0)
    );
    let over = if alert.limit > SLOW_BURN {
        "an hour"
    } else {
        "six hours"
    };
    found.evidence.push(format!(
        "burn rate {}, at most {} for {over}",
        times(rate),
        times(alert.limit)
    ));
    found.action = "Make its slowest route faster, or roll back what made it slow.".to_owned();
    found
}

fn surge(alert: &OpenAlert) -> Finding {
    let mut found = Finding::of(alert, "requests");
    let rate = alert.value.unwrap_or(alert.limit);
    found.headline = format!(
        "There are {} requests a minute, far more than ever at this hour.",
        count(rate)
    );
    found.evidence.push(format!(
        "more than {} were never seen",
        count(alert.limit / 3.0)
    ));
    found.action = "See who asks, and limit requests per client if they are not wanted.".to_owned();
    found
}

fn leak(situation: &Situation, alert: &OpenAlert, instance: &str) -> Finding {
    let subject = if instance.is_empty() {
        situation.service.as_str()
    } else {
        instance
    };
    let mut found = Finding::of(alert, subject);
    found.float = Some("memory".to_owned());
    let now = alert
        .value
        .map(|now| format!(": {} now", bytes(now)))
        .unwrap_or_default();
    found.headline = format!("Memory of {} grows without end{now}.", situation.service);
    found.cause = format!(
        "It rises without a pause, past {} by now, and nothing of it is given back.",
        bytes(alert.limit)
    );
    if let Some(memory) = situation.level("memory") {
        found.evidence.push(format!(
            "{} of {}",
            bytes(memory.value),
            bytes(memory.limit)
        ));
    }
    found.action = "See what holds it; until it is found, restart before the limit:".to_owned();
    found.fix = Some(format!(
        "systemctl restart {}",
        argument(&situation.service)
    ));
    found
}

fn check(situation: &Situation, alert: &OpenAlert, name: &str) -> Finding {
    let mut found = Finding::of(alert, name);
    found.headline = format!("The check {name} fails.");
    found.cause = format!(
        "{} cannot work without it, and takes no requests while it fails.",
        situation.service
    );
    found.evidence.push("it is critical".to_owned());
    found.action =
        "See what it says in the answer of `/health`, and bring back what it asks.".to_owned();
    found
}

fn level(alert: &OpenAlert, what: &str, name: &str) -> Finding {
    let label = label(what, name);
    let mut found = Finding::of(alert, if name.is_empty() { what } else { name });
    found.float = Some(alert.key.clone());
    let value = alert.value.unwrap_or(alert.limit);
    let (now, line) = (amount(value, alert.unit), amount(alert.limit, alert.unit));
    found.headline = match alert.unit {
        Unit::Count if what == "pool" => {
            format!("The {name} pool is past its line: {now} connections of {line}.")
        }
        _ => format!("{label} is past its line: {now} of {line}."),
    };
    found.evidence.push(format!("{now}, line {line}"));
    (found.action, found.fix) = match what {
        "pool" => (
            "Find what holds connections for long: a larger pool would only move the wait into the database.".to_owned(),
            None,
        ),
        "queue" => ("Work it off faster, or take less in.".to_owned(), None),
        "memory" => ("See what holds it, and bound the caches.".to_owned(), None),
        "cpu" => ("See what it computes:".to_owned(), Some("perf top".to_owned())),
        "disk" => (
            "See what takes the room:".to_owned(),
            Some("du -xh / --max-depth 2 | sort -h | tail".to_owned()),
        ),
        "open_files" => (
            "See what is open, and close it:".to_owned(),
            Some("ls -l /proc/$(pgrep -o NAME)/fd | tail".to_owned()),
        ),
        _ => ("See who uses it, and since when.".to_owned(), None),
    };
    found
}

/// A level's name as people say it.
pub(super) fn label(what: &str, name: &str) -> String {
    match what {
        "cpu" => "CPU".to_owned(),
        "memory" => "Memory".to_owned(),
        "disk" => "The disk".to_owned(),
        "disk_io" => "Disk I/O".to_owned(),
        "network" => "The network".to_owned(),
        "requests" => "Requests".to_owned(),
        "open_files" => "The number of open files".to_owned(),
        "pool" => format!("The {name} pool"),
        "queue" => format!("The queue {name}"),
        "check" => format!("The check {name}"),
        _ if name.is_empty() => what.to_owned(),
        _ => name.to_owned(),
    }
}
