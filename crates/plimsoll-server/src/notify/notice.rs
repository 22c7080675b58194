//! What there is to tell: one transition of an alert.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use plimsoll::alert::{Kind as AlertType, Severity, Unit};

use crate::store::table::Nanos;

/// Most bytes of one text of a notice; the rest is cut off.
const MAX_TEXT_BYTES: usize = 4_000;
/// Most labels of a notice.
const MAX_LABELS: usize = 32;

/// A transition of an alert, in words and numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// Number of the alert.
    pub alert: String,
    /// Which of the alert's transitions it is. Together they are [`Notice::key`].
    pub transition: u32,
    /// What happened to the alert.
    pub kind: Kind,
    /// Whose alert it is.
    pub service: String,
    /// What it is about.
    #[serde(rename = "type")]
    pub alert_type: AlertType,
    /// How bad it is. Of one that is over, how bad it was at its worst, so that whoever heard of it hears of its end.
    pub severity: Severity,
    /// What is wrong, in a sentence.
    pub message: String,
    /// Why; may be empty.
    pub cause: String,
    /// What to do; may be empty.
    pub action: String,
    /// What to paste for it.
    pub fix: Option<String>,
    /// The line, in `unit`.
    pub threshold: Option<f64>,
    /// Where the value is, in `unit`.
    pub current_value: Option<f64>,
    /// Of both.
    pub unit: Unit,
    /// What it is about: `route`, `class` and so on.
    pub labels: BTreeMap<String, String>,
    /// When the breach began.
    pub since: Nanos,
    /// When this transition was.
    pub timestamp: Nanos,
    /// A page that shows it.
    pub link: Option<String>,
}

/// What happened to an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It began.
    Firing,
    /// Its severity rose.
    Worsened,
    /// It is over.
    Resolved,
    /// None did: somebody tries a channel.
    Test,
}

impl Notice {
    /// The same for every try to tell it, and for nothing else of this server.
    pub fn key(&self) -> String {
        format!("{}:{}", self.alert, self.transition)
    }

    /// With texts that are no longer than any channel takes.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        let texts = [
            &mut self.service,
            &mut self.message,
            &mut self.cause,
            &mut self.action,
        ];
        for text in texts.into_iter().chain(&mut self.fix).chain(&mut self.link) {
            cut(text, MAX_TEXT_BYTES);
        }
        while self.labels.len() > MAX_LABELS {
            self.labels.pop_last();
        }
        self.labels
            .values_mut()
            .for_each(|value| cut(value, MAX_TEXT_BYTES));
        self
    }
}

impl Kind {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Worsened => "worsened",
            Self::Resolved => "resolved",
            Self::Test => "test",
        }
    }
}

/// Cuts a text to at most `most` bytes, and says so by its end.
pub(super) fn cut(text: &mut String, most: usize) {
    if text.len() <= most {
        return;
    }
    text.truncate(text.floor_char_boundary(most.saturating_sub('…'.len_utf8())));
    text.push('…');
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// One of shop's, whose write requests are slow.
    pub(in crate::notify) fn notice(alert: &str, severity: Severity) -> Notice {
        Notice {
            alert: alert.to_owned(),
            transition: 1,
            kind: Kind::Firing,
            service: "shop".to_owned(),
            alert_type: AlertType::SlowRequest,
            severity,
            message: "write p95 1.51 s, its line 1.00 s".to_owned(),
            cause: "It asks for stock once per item.".to_owned(),
            action: "Ask once:".to_owned(),
            fix: Some("SELECT … WHERE id = ANY($1)".to_owned()),
            threshold: Some(1.0),
            current_value: Some(1.51),
            unit: Unit::Seconds,
            labels: BTreeMap::from([("class".to_owned(), "write".to_owned())]),
            since: 1_774_569_600_000_000_000,
            timestamp: 1_774_569_630_000_000_000,
            link: Some("http://127.0.0.1:1876/services/shop".to_owned()),
        }
    }

    #[test]
    fn names_are_those_of_the_wire() {
        for known in AlertType::ALL {
            let wire = serde_json::to_value(known).unwrap();
            assert_eq!(wire, known.as_str());
            assert_eq!(AlertType::named(known.as_str()), Some(known));
        }
        assert_eq!(
            AlertType::named("response_time"),
            Some(AlertType::SlowRequest)
        );
        assert_eq!(
            AlertType::named("memory_usage"),
            Some(AlertType::HighMemory)
        );
        assert_eq!(AlertType::named("slow"), None);
        for unit in [
            Unit::Seconds,
            Unit::Ratio,
            Unit::Bytes,
            Unit::Count,
            Unit::PerMinute,
        ] {
            assert_eq!(serde_json::to_value(unit).unwrap(), unit.as_str());
        }
        for kind in [Kind::Firing, Kind::Worsened, Kind::Resolved, Kind::Test] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }

    #[test]
    fn a_notice_is_never_longer_than_its_bound() {
        let mut long = notice("1", Severity::Low);
        long.message = "ü".repeat(9_000);
        long.labels = (0..99)
            .map(|n| (format!("l{n:02}"), "x".repeat(9_000)))
            .collect();
        let bounded = long.bounded();
        assert!(bounded.message.len() <= MAX_TEXT_BYTES && bounded.message.ends_with("ü…"));
        assert_eq!(bounded.labels.len(), MAX_LABELS);
        assert!(
            bounded
                .labels
                .values()
                .all(|value| value.len() <= MAX_TEXT_BYTES)
        );
        let short = notice("1", Severity::Low);
        assert_eq!(short.clone().bounded(), short);
    }
}
