//! What reaches its line in some days, in sentences: how soon, how fast it grows, and what to do about it in time.

use super::told::label;
use super::{Finding, OpenAlert, Situation, runbook};
use crate::alert::{Kind, Unit};
use crate::analysis::forecast::DaysLeft;
use crate::analysis::situation::AheadNow;
use crate::analysis::words::{amount, days, share};
use crate::standards::Place;

pub(super) fn ahead(situation: &Situation, alert: &OpenAlert, key: &str) -> Finding {
    let (what, name) = key.split_once(':').unwrap_or((key, ""));
    let subject = if name.is_empty() { what } else { name };
    let mut found = Finding::of(alert, subject);
    // Nothing is past its line yet.
    found.place = Place::Close;
    found.float = (what != "requests").then(|| key.to_owned());
    let line = amount(alert.limit, alert.unit);
    found.headline = match situation.ahead(key) {
        Some(ahead) => {
            found.value = Some(ahead.current);
            found.cause = format!("{} by {} a day.", grows(what), grown(ahead));
            found.evidence = evidence(ahead);
            format!(
                "{} {} in {}.",
                label(what, name),
                reaches(what),
                when(&ahead.left)
            )
        }
        None => {
            let now = alert.value.map(|now| amount(now, alert.unit));
            found
                .evidence
                .extend(now.map(|now| format!("{now}, line {line}")));
            format!(
                "{} {} of {line} before long.",
                label(what, name),
                reaches(what)
            )
        }
    };
    (found.action, found.fix) = action(what, alert.unit);
    found.runbook = match what {
        "memory" => runbook(Kind::HighMemory),
        "disk" | "requests" => runbook(Kind::Forecast),
        _ => runbook(Kind::ResourceViolation),
    };
    found
}

fn reaches(what: &str) -> &'static str {
    match what {
        "requests" => "reach their line",
        _ => "reaches its line",
    }
}

fn grows(what: &str) -> &'static str {
    match what {
        "requests" => "They grow",
        _ => "It grows",
    }
}

/// 12 days (9–17); where the late end is not known: 12 days (9 or more).
pub(super) fn when(left: &DaysLeft) -> String {
    let early = left.early.floor();
    let range = match left.late {
        Some(late) => format!("{early:.0}–{:.0}", late.ceil()),
        None => format!("{early:.0} or more"),
    };
    format!("{} ({range})", days(left.median))
}

fn grown(ahead: &AheadNow) -> String {
    match ahead.unit {
        // 0.4 % of the disk, not of what is used of it.
        Unit::Ratio => format!("{} of the whole", share(ahead.per_day)),
        unit => amount(ahead.per_day, unit),
    }
}

fn evidence(ahead: &AheadNow) -> Vec<String> {
    let (now, line) = (
        amount(ahead.current, ahead.unit),
        amount(ahead.limit, ahead.unit),
    );
    let left = &ahead.left;
    let mut told = vec![format!("{now}, line {line}")];
    told.push(match left.late {
        Some(late) => format!("nine in ten cases: {} to {}", days(left.early), days(late)),
        None => format!("nine in ten cases: {} or more", days(left.early)),
    });
    told
}

/// What to do while there is time, and what to copy for it.
fn action(what: &str, unit: Unit) -> (String, Option<String>) {
    match what {
        "disk" => (
            "Keep less for less long, or make the volume larger before the day; see what takes the room:".to_owned(),
            Some("du -xh / --max-depth 2 | sort -h | tail".to_owned()),
        ),
        "memory" => (
            "See whether it leaks, and bound the caches; if all of it is needed, raise the limit before the day.".to_owned(),
            None,
        ),
        "cpu" => (
            "Add an instance or processors before the day, or see what it computes:".to_owned(),
            Some("perf top".to_owned()),
        ),
        "requests" => (
            "Add an instance before the day, and find with a load test what it carries then.".to_owned(),
            None,
        ),
        "pool" => (
            "Find what holds connections for long; allow more of them only where the database has room.".to_owned(),
            None,
        ),
        "queue" => ("Work it off faster, or take less in, before the day.".to_owned(), None),
        _ if unit == Unit::Bytes => ("Make room before the day.".to_owned(), None),
        _ => ("See who uses it, and make room before the day.".to_owned(), None),
    }
}
