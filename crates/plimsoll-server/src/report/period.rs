//! Which stretch of time is asked for.

use crate::api::v1::time;
use crate::http::problem::{Answer, Problem};
use crate::performance::{MINUTE, Period};
use crate::store::table::Nanos;

/// A day.
pub(crate) const DAY: Nanos = 24 * 60 * MINUTE;
/// How far back a report reaches at most: as long as daily rollups are kept by default.
pub(crate) const LONGEST: Nanos = 90 * DAY;
/// Less is no stretch of time to tell of.
const SHORTEST: Nanos = MINUTE;

/// The period from `text` until now, at most `longest`.
///
/// # Errors
/// 400 naming `since`.
pub(crate) fn since(text: &str, longest: Nanos, now: Nanos) -> Answer<Period> {
    let refused = |detail: String| Err(Problem::bad_field("since", text, detail));
    let Some(start) = time::parse(text, now) else {
        return refused(
            "since must be RFC 3339, epoch milliseconds, or relative to now such as -7d".to_owned(),
        );
    };
    if now - SHORTEST < start {
        return refused("since must be a minute ago or more".to_owned());
    }
    // A time that was written down a moment ago is not too long ago yet.
    if start < now.saturating_sub(longest).saturating_sub(MINUTE) {
        let most = match longest / DAY {
            0 => format!("{} hours", longest / (60 * MINUTE)),
            days => format!("{days} days"),
        };
        return refused(format!("since must be at most {most} ago"));
    }
    Ok(Period {
        start,
        end: now.saturating_add(1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Nanos = 1_766_000_000_000_000_000;

    #[test]
    fn a_period_ends_now_and_is_a_minute_to_90_days_long() {
        let found = since("-7d", LONGEST, NOW).unwrap();
        assert_eq!((found.start, found.end), (NOW - 7 * DAY, NOW + 1));
        let rfc = since("2025-12-17T00:00:00Z", LONGEST, NOW).unwrap();
        let ms = since("1765929600000", LONGEST, NOW).unwrap();
        assert_eq!(rfc, ms);
        assert!(since("-90d", LONGEST, NOW).is_ok());
        for (text, reason) in [
            ("soon", "RFC 3339"),
            ("-91d", "at most 90 days"),
            ("+1h", "a minute ago"),
            ("now", "a minute ago"),
        ] {
            let problem = since(text, LONGEST, NOW).unwrap_err();
            assert_eq!(problem.member("field").unwrap(), "since");
            assert_eq!(problem.member("value").unwrap(), text);
            assert!(problem.detail().contains(reason), "{}", problem.detail());
        }
    }
}
