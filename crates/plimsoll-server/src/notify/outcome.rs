//! What came of a try to send, and of an answer over HTTP.

use std::time::Duration;

use crate::store::table::Nanos;

/// The longest that a receiver may ask to wait.
pub const LONGEST_WAIT: Duration = Duration::from_secs(3_600);
/// Most characters of an answer that are told.
const TOLD: usize = 200;

/// What came of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken. What was odd about it is told.
    Delivered(Option<String>),
    /// It was not, but may be later.
    Failed {
        /// Why not.
        reason: String,
        /// When the receiver wants to be asked again.
        after: Option<Duration>,
    },
    /// It never will be.
    Refused(String),
}

impl Outcome {
    /// It may be taken later.
    pub(super) fn failed(reason: impl Into<String>) -> Self {
        Self::Failed {
            reason: reason.into(),
            after: None,
        }
    }

    /// What to tell of it.
    pub fn told(&self) -> Option<&str> {
        match self {
            Self::Delivered(note) => note.as_deref(),
            Self::Failed { reason, .. } | Self::Refused(reason) => Some(reason),
        }
    }

    /// Whether it was taken.
    pub fn is_delivered(&self) -> bool {
        matches!(self, Self::Delivered(_))
    }
}

/// An answer over HTTP, as far as it says anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// The begin of it, free of secrets.
    pub(super) text: String,
    /// Whether that is as much as was wanted of it.
    pub(super) is_whole: bool,
    /// `Retry-After`.
    pub(super) retry_after: Option<Duration>,
    /// `Location`, without its path.
    pub(super) location: Option<String>,
}

impl Answer {
    /// What holds for all receivers: statuses that are no success.
    pub(super) fn failure(&self) -> Option<Outcome> {
        let status = self.status;
        match status {
            200..=299 => None,
            300..=399 => {
                let location = self.location.as_deref().unwrap_or("another place");
                Some(Outcome::failed(format!(
                    "it answers {status} to {location}: redirects are not followed, set `url` to it"
                )))
            }
            // Too slow, too many, and whatever is the receiver's own trouble.
            408 | 429 | 500..=599 => Some(Outcome::Failed {
                reason: self.in_words(),
                after: self.retry_after,
            }),
            _ => Some(Outcome::Refused(self.in_words())),
        }
    }

    /// Status and the begin of the text.
    pub(super) fn in_words(&self) -> String {
        let text: Vec<&str> = self.text.split_whitespace().collect();
        let text: String = text.join(" ").chars().take(TOLD).collect();
        match text.as_str() {
            "" => format!("it answers {}", self.status),
            text => format!("it answers {}: {text}", self.status),
        }
    }
}

/// `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3).
pub(super) fn retry_after(value: &str, now: Nanos) -> Option<Duration> {
    let value = value.trim();
    let wait = match value.parse::<u64>() {
        Ok(secs) => Duration::from_secs(secs),
        Err(_) => {
            let date = jiff::fmt::rfc2822::parse(value).ok()?;
            let nanos = date.timestamp().as_nanosecond() - i128::from(now);
            Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
        }
    };
    Some(wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16) -> Answer {
        Answer {
            status,
            ..Answer::default()
        }
    }

    #[test]
    fn what_may_pass_is_tried_again_and_what_will_not_is_refused() {
        for status in [200, 202, 204] {
            assert_eq!(answer(status).failure(), None, "{status}");
        }
        for status in [301, 302, 307, 308, 408, 429, 500, 502, 503, 504] {
            let failure = answer(status).failure();
            assert!(matches!(failure, Some(Outcome::Failed { .. })), "{status}");
        }
        for status in [400, 401, 403, 404, 405, 410, 413, 422] {
            let failure = answer(status).failure();
            assert!(matches!(failure, Some(Outcome::Refused(_))), "{status}");
        }
    }

    #[test]
    fn a_redirect_says_what_to_set() {
        let moved = Answer {
            location: Some("https://new.example/…".to_owned()),
            ..answer(302)
        };
        let failure = moved.failure().unwrap();
        assert_eq!(
            failure.told(),
            Some(
                "it answers 302 to https://new.example/…: redirects are not followed, set `url` to it"
            )
        );
    }

    #[test]
    fn an_answer_is_told_in_one_line_of_bounded_length() {
        let long = Answer {
            text: format!("invalid\n\n{}", "ü".repeat(1_000)),
            ..answer(400)
        };
        let told = long.in_words();
        assert!(told.starts_with("it answers 400: invalid ü"), "{told}");
        assert_eq!(told.chars().count(), "it answers 400: ".len() + TOLD);
        assert_eq!(answer(404).in_words(), "it answers 404");
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_never_too_long() {
        // RFC 9110, section 10.2.3: both of its examples.
        assert_eq!(retry_after("120", 0), Some(Duration::from_secs(120)));
        let date: jiff::Timestamp = "1999-12-31T23:59:59Z".parse().unwrap();
        let before = Nanos::try_from(date.as_nanosecond()).unwrap() - 90_000_000_000;
        let date = "Fri, 31 Dec 1999 23:59:59 GMT";
        assert_eq!(retry_after(date, before), Some(Duration::from_secs(90)));
        assert_eq!(retry_after(date, before * 2), Some(Duration::ZERO));
        assert_eq!(retry_after("99999999", 0), Some(LONGEST_WAIT));
        assert_eq!(retry_after("soon", 0), None);
    }
}
