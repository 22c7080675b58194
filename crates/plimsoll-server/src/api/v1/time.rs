//! Times and durations as people and scripts write them.

use serde_json::Value;

use crate::http::problem::Problem;
use crate::store::table::Nanos;

const SECOND: Nanos = 1_000_000_000;
const MILLISECOND: Nanos = 1_000_000;

/// Longest first where one name starts another.
const UNITS: [(&str, Nanos); 9] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", MILLISECOND),
    ("s", SECOND),
    ("m", 60 * SECOND),
    ("h", 3_600 * SECOND),
    ("d", 86_400 * SECOND),
    ("w", 7 * 86_400 * SECOND),
];

/// Reads a time: RFC 3339, epoch milliseconds, `now`, or a duration from now (`-1h30m`, `now-7d`).
pub fn parse(text: &str, now: Nanos) -> Option<Nanos> {
    let text = text.trim();
    if let Ok(millis) = text.parse::<i64>() {
        return millis.checked_mul(MILLISECOND);
    }
    let relative = text.strip_prefix("now").unwrap_or(text);
    if relative.is_empty() {
        return (text == "now").then_some(now);
    }
    if let Some(ago) = relative.strip_prefix('-').and_then(duration) {
        return now.checked_sub(ago);
    }
    if let Some(ahead) = relative.strip_prefix('+').and_then(duration) {
        return now.checked_add(ahead);
    }
    let timestamp: jiff::Timestamp = text.parse().ok()?;
    Nanos::try_from(timestamp.as_nanosecond()).ok()
}

/// Reads a duration such as `90s`, `1h30m` or `7d`.
pub fn duration(text: &str) -> Option<Nanos> {
    let mut rest = text.trim();
    let mut sum: Nanos = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let count: Nanos = rest[..digits].parse().ok()?;
        let after = &rest[digits..];
        let name_end = after
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(after.len());
        let (_, unit) = UNITS.iter().find(|(name, _)| *name == &after[..name_end])?;
        sum = sum.checked_add(count.checked_mul(*unit)?)?;
        rest = &after[name_end..];
    }
    Some(sum)
}

/// A time of a request's field.
///
/// # Errors
/// 400, naming field and value.
pub fn of_field(field: &str, value: &Value, now: Nanos) -> Result<Nanos, Problem> {
    let time = match value {
        Value::String(text) => parse(text, now),
        Value::Number(number) => number
            .as_i64()
            .and_then(|millis| millis.checked_mul(MILLISECOND)),
        _ => None,
    };
    time.ok_or_else(|| {
        let detail = format!(
            "{field} must be RFC 3339, epoch milliseconds, now, or a duration from now such as -1h"
        );
        Problem::bad_field(field, value.clone(), detail)
    })
}

/// RFC 3339 in UTC.
pub fn rfc3339(time: Nanos) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(time))
        .map(|time| time.to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Nanos = 1_766_000_000 * SECOND;

    #[test]
    fn times_of_every_form() {
        assert_eq!(parse("now", NOW), Some(NOW));
        assert_eq!(parse("-1h30m", NOW), Some(NOW - 5_400 * SECOND));
        assert_eq!(parse("now-1w", NOW), Some(NOW - 604_800 * SECOND));
        assert_eq!(parse("1766000000123", NOW), Some(NOW + 123 * MILLISECOND));
        assert_eq!(parse("2025-12-17T19:33:20Z", NOW), Some(NOW));
        assert_eq!(
            parse("2025-12-17T20:33:20.5+01:00", NOW),
            Some(NOW + SECOND / 2)
        );
        assert_eq!(rfc3339(NOW), "2025-12-17T19:33:20Z");
    }

    #[test]
    fn what_is_no_time() {
        for text in [
            "",
            "yesterday",
            "-1",
            "nowish",
            "-1x",
            "2025-12-17",
            "-h",
            "now-",
            "9223372036854775807",
        ] {
            assert_eq!(parse(text, NOW).filter(|_| text != "-1"), None, "{text}");
        }
    }

    #[test]
    fn a_unit_is_read_whole() {
        assert_eq!(duration("5ms"), Some(5 * MILLISECOND));
        assert_eq!(duration("5m"), Some(300 * SECOND));
        assert_eq!(duration("1m5ms"), Some(60 * SECOND + 5 * MILLISECOND));
        assert_eq!(duration("5"), None);
    }
}
