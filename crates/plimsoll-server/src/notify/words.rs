//! Numbers and sentences as people read them.

use plimsoll::analysis::words;

use super::notice::{Kind, Notice, Unit};
use super::summary::Summary;
use crate::api::v1::time::rfc3339;
use crate::store::table::Nanos;

const SECOND: Nanos = 1_000_000_000;

/// A value with its unit, a dash where there is none. As in messages, but for spaces that do not break: not every receiver
/// shows those.
pub(super) fn value_or_dash(number: Option<f64>, unit: Unit) -> String {
    number.map_or_else(
        || "–".to_owned(),
        |number| words::amount(number, unit).replace('\u{a0}', " "),
    )
}

/// A time to the second.
pub(super) fn time(time: Nanos) -> String {
    rfc3339(time - time.rem_euclid(SECOND))
}

/// `shop: write p95 1.51 s, its line 1.00 s`, and what happened where that is not that it began.
pub(super) fn headline(notice: &Notice) -> String {
    let Notice {
        service, message, ..
    } = notice;
    match notice.kind {
        Kind::Firing => format!("{service}: {message}"),
        Kind::Worsened => format!("{service} got worse: {message}"),
        Kind::Resolved => format!("Over in {service}: {message}"),
        Kind::Test => format!("Test: {message}"),
    }
}

/// `37 alerts in 4 services: 30 firing, 7 resolved.`
pub(super) fn headline_of(summary: &Summary) -> String {
    let kinds = summary.by_kind.iter();
    let kinds = kinds.map(|(kind, count)| format!("{count} {}", kind.as_str()));
    format!("{}: {}", size_of(summary), joined(kinds))
}

/// `37 alerts in 4 services`.
pub(super) fn size_of(summary: &Summary) -> String {
    let alerts = counted(summary.count, "alert");
    match summary.by_service.len() {
        1 => {
            let service = summary.by_service.keys().next();
            format!("{alerts} in {}", service.map_or("", String::as_str))
        }
        services => format!("{alerts} in {}", counted(services as u64, "service")),
    }
}

/// `2 critical, 5 low`, the worst first.
pub(super) fn severities_of(summary: &Summary) -> String {
    let severities = summary.by_severity.iter().rev();
    joined(severities.map(|(severity, count)| format!("{count} {}", severity.as_str())))
}

/// `30 in shop, 7 in cart`, the most first.
pub(super) fn services_of(summary: &Summary) -> String {
    /// Most that are written out.
    const MOST: usize = 10;
    let mut services: Vec<_> = summary.by_service.iter().collect();
    services.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), (*name).clone()));
    let rest = services.split_off(services.len().min(MOST));
    let written = services.iter();
    let mut text = joined(written.map(|(name, count)| format!("{count} in {name}")));
    if !rest.is_empty() {
        let count: u64 = rest.iter().map(|(_, count)| **count).sum();
        text.push_str(&format!(", {count} in {} more", rest.len()));
    }
    text
}

fn counted(count: u64, thing: &str) -> String {
    match count {
        1 => format!("1 {thing}"),
        count => format!("{} {thing}s", words::count(count as f64)),
    }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::notice::Severity;
    use super::super::notice::tests::notice;
    use super::*;

    #[test]
    fn numbers_are_written_as_in_messages() {
        for (number, unit, expected) in [
            (Some(1.51), Unit::Seconds, "1.51 s"),
            (Some(500.0 * 1_048_576.0), Unit::Bytes, "500 MB"),
            (Some(2_040.0), Unit::PerMinute, "2,040 a minute"),
            (None, Unit::Ratio, "–"),
        ] {
            assert_eq!(value_or_dash(number, unit), expected);
        }
    }

    #[test]
    fn a_headline_says_who_and_what_happened() {
        let firing = notice("1", Severity::Medium);
        assert_eq!(headline(&firing), "shop: write p95 1.51 s, its line 1.00 s");
        let over = Notice {
            kind: Kind::Resolved,
            ..firing
        };
        assert!(headline(&over).starts_with("Over in shop: "));
    }

    #[test]
    fn a_summary_in_a_sentence() {
        let mut notices: Vec<_> = (0..12)
            .map(|n| notice(&n.to_string(), Severity::High))
            .collect();
        assert_eq!(
            headline_of(&Summary::of(notices.clone())),
            "12 alerts in shop: 12 firing"
        );
        notices.push(Notice {
            service: "cart".to_owned(),
            kind: Kind::Resolved,
            ..notice("99", Severity::Low)
        });
        let summary = Summary::of(notices);
        assert_eq!(
            headline_of(&summary),
            "13 alerts in 2 services: 12 firing, 1 resolved"
        );
        assert_eq!(severities_of(&summary), "12 high, 1 low");
        assert_eq!(services_of(&summary), "12 in shop, 1 in cart");
    }
}
