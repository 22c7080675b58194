//! Values, moments and stretches of time as a report says them.

use jiff::Timestamp;
use plimsoll::alert::Unit;
use plimsoll::analysis::verdict::age;
use plimsoll::analysis::words;

use super::contents::Moment;

/// What stands where there is no value.
pub(super) const NONE: &str = "–";

/// A value with its unit.
pub(super) fn value(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Seconds => words::duration(value),
        Unit::Ratio => words::share(value),
        Unit::Times => words::times(value),
        Unit::Bytes => words::bytes(value),
        Unit::Count => words::count(value),
        Unit::PerMinute => format!("{} a minute", words::count(value)),
        Unit::PerSecond => format!("{} a second", words::count(value)),
        Unit::BitsPerSecond => format!("{}\u{a0}Mbit/s", words::count(value / 1e6)),
    }
}

/// The same of one that may not be there.
pub(super) fn maybe(number: Option<f64>, unit: Unit) -> String {
    number.map_or_else(|| NONE.to_owned(), |number| value(number, unit))
}

/// A change as a share, with its sign.
pub(super) fn change(ratio: Option<f64>) -> String {
    match ratio {
        None => NONE.to_owned(),
        Some(ratio) if ratio >= 9.95 => format!("{} as much", words::times(ratio + 1.0)),
        Some(ratio) if ratio > 0.0 => format!("+{}", words::share(ratio)),
        Some(ratio) => words::share(ratio),
    }
}

/// `2027-01-04 14:05 UTC`.
pub(super) fn time(moment: Moment) -> String {
    format!("{} UTC", told(moment, "%Y-%m-%d %H:%M"))
}

/// `Jan 4 14:05`, of days `Jan 4`: for charts.
pub(super) fn short(ms: i64, with_time: bool) -> String {
    let format = match with_time {
        true => "%H:%M",
        false => "%b %-d",
    };
    told(Moment(ms.saturating_mul(1_000_000)), format)
}

/// `Jan 4, 14:05`.
pub(super) fn step(ms: i64) -> String {
    told(Moment(ms.saturating_mul(1_000_000)), "%b %-d, %H:%M")
}

fn told(moment: Moment, format: &str) -> String {
    Timestamp::from_nanosecond(i128::from(moment.0))
        .map(|time| time.strftime(format).to_string())
        .unwrap_or_default()
}

/// `45 s`, `25 minutes`, `7 days`.
pub(super) fn length(seconds: f64) -> String {
    age((seconds * 1e9) as i64)
}

/// `1 alert`, `3 alerts`.
pub(super) fn counted(number: usize, thing: &str) -> String {
    match number {
        1 => format!("1 {thing}"),
        number => format!("{} {thing}s", words::count(number as f64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_have_a_sign_and_moments_no_seconds() {
        let plain = |text: String| text.replace('\u{a0}', " ");
        assert_eq!(plain(change(Some(0.25))), "+25 %");
        assert_eq!(plain(change(Some(-0.08))), "−8.0 %");
        assert_eq!(plain(change(Some(11.0))), "12× as much");
        assert_eq!(change(None), NONE);
        let moment = Moment(1_766_000_065_000_000_000);
        assert_eq!(time(moment), "2025-12-17 19:34 UTC");
        assert_eq!(short(1_766_000_065_000, false), "Dec 17");
        assert_eq!(plain(length(7.0 * 86_400.0)), "7 days");
        assert_eq!(counted(1, "alert"), "1 alert");
    }
}
