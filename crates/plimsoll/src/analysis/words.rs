//! Numbers as people read them: 3 ms, 1.51 s, 341 MB, 3.4 %. Between number and unit stands a no-break space.

use crate::alert::Unit;

/// A no-break space.
const SPACE: char = '\u{a0}';

/// Seconds: 3 ms, 412 ms, 1.51 s, 2 min.
pub fn duration(secs: f64) -> String {
    let ms = secs * 1e3;
    match ms {
        ms if !ms.is_finite() => "?".to_owned(),
        ms if ms < 0.995 => format!("{}{SPACE}ms", trimmed(ms, 2)),
        ms if ms < 9.95 => format!("{}{SPACE}ms", trimmed(ms, 1)),
        ms if ms < 999.5 => format!("{ms:.0}{SPACE}ms"),
        ms if ms < 9_995.0 => format!("{:.2}{SPACE}s", secs),
        ms if ms < 99_950.0 => format!("{:.1}{SPACE}s", secs),
        _ if secs < 3_600.0 => format!("{:.0}{SPACE}min", secs / 60.0),
        _ => format!("{:.1}{SPACE}h", secs / 3_600.0),
    }
}

/// Days: 12 days, 1.5 days, 20 hours.
pub fn days(days: f64) -> String {
    let (number, unit) = match days {
        days if days < 0.98 => ((24.0 * days).round().max(1.0), "hour"),
        days if days < 2.95 => ((10.0 * days).round() / 10.0, "day"),
        days => (days.round(), "day"),
    };
    let many = if number == 1.0 { "" } else { "s" };
    format!("{}{SPACE}{unit}{many}", count(number))
}

/// A share: 3.4 %, 99.94 %, 51 %.
pub fn share(ratio: f64) -> String {
    let percent = ratio * 100.0;
    let text = match percent.abs() {
        0.0 => "0".to_owned(),
        p if p < 0.095 => format!("{percent:.2}"),
        p if p < 9.95 => format!("{percent:.1}"),
        p if p > 99.0 && p < 100.0 => format!("{percent:.2}"),
        _ => format!("{percent:.0}"),
    };
    format!("{}{SPACE}%", text.replace('-', "\u{2212}"))
}

/// Bytes in MB and GB of 2^20 and 2^30 bytes.
pub fn bytes(bytes: f64) -> String {
    let mb = bytes / crate::performance::MB;
    if mb < 1_023.5 {
        format!("{mb:.0}{SPACE}MB")
    } else {
        format!("{:.1}{SPACE}GB", mb / 1_024.0)
    }
}

/// A multiple: 2.4×, 12×.
pub fn times(ratio: f64) -> String {
    match ratio {
        ratio if !ratio.is_finite() => "many times".to_owned(),
        ratio if ratio < 9.95 => format!("{ratio:.1}×"),
        ratio => format!("{ratio:.0}×"),
    }
}

/// A number of things with commas: 18,276; 0.4.
pub fn count(number: f64) -> String {
    if number.abs() < 9.95 && number.fract() != 0.0 {
        return trimmed(number, 1);
    }
    let digits = format!("{:.0}", number.abs());
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number <= -0.5 {
        format!("\u{2212}{text}")
    } else {
        text
    }
}

/// A value with its unit: 412 ms, 5.2 %, 341 MB, 40 a minute.
pub fn amount(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Seconds => duration(value),
        Unit::Ratio => share(value),
        Unit::Times => times(value),
        Unit::Bytes => bytes(value),
        Unit::Count => count(value),
        Unit::PerMinute => format!("{} a minute", count(value)),
        Unit::PerSecond => format!("{} a second", count(value)),
        Unit::BitsPerSecond => format!("{} Mbit a second", count(value / 1e6)),
    }
}

fn trimmed(number: f64, digits: usize) -> String {
    let text = format!("{number:.digits$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        text.replace(SPACE, " ")
    }

    #[test]
    fn numbers_read_as_in_the_drawings() {
        let durations =
            [0.003, 0.412, 1.51, 0.0004, 0.0098, 12.34, 120.0].map(|secs| plain(&duration(secs)));
        assert_eq!(
            durations,
            [
                "3 ms", "412 ms", "1.51 s", "0.4 ms", "9.8 ms", "12.3 s", "2 min"
            ]
        );
        let told = [0.01, 0.8, 1.02, 1.51, 11.6, 120.0].map(|number| plain(&days(number)));
        assert_eq!(
            told,
            [
                "1 hour", "19 hours", "1 day", "1.5 days", "12 days", "120 days"
            ]
        );
        let shares = [0.034, 0.9994, 0.51, 0.0, -0.38, 1.0].map(|ratio| plain(&share(ratio)));
        assert_eq!(
            shares,
            ["3.4 %", "99.94 %", "51 %", "0 %", "−38 %", "100 %"]
        );
        assert_eq!(
            [18_276.0, 0.4, 41.0, -1_234.0].map(count),
            ["18,276", "0.4", "41", "−1,234"]
        );
        assert_eq!(
            [5.84, 12.4, f64::INFINITY].map(times),
            ["5.8×", "12×", "many times"]
        );
        assert_eq!(plain(&bytes(341.0 * crate::performance::MB)), "341 MB");
        assert_eq!(
            plain(&bytes(160.0 * 1024.0 * crate::performance::MB)),
            "160.0 GB"
        );
    }
}
