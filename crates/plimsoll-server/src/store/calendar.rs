//! Buckets of time: fixed widths from the epoch, and days and weeks of a time zone.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};

use super::table::Nanos;

/// A second.
pub(crate) const SECOND: Nanos = 1_000_000_000;
/// A minute.
pub(crate) const MINUTE: Nanos = 60 * SECOND;
/// An hour.
pub(crate) const HOUR: Nanos = 60 * MINUTE;
/// A day of 24 hours. As a step of a query: the days of the store's time zone.
pub(crate) const DAY: Nanos = 24 * HOUR;
/// Seven days of 24 hours. As a step of a query: the weeks, from Monday, of the store's time zone.
pub(crate) const WEEK: Nanos = 7 * DAY;

/// How time is cut into buckets.
#[derive(Clone, Debug)]
pub(crate) enum Buckets {
    /// One bucket.
    Whole { start: Nanos, end: Nanos },
    /// Of this width, aligned to the epoch.
    Fixed(Nanos),
    /// From midnight to midnight: 23 to 25 hours.
    Days(TimeZone),
    /// From Monday's midnight to the next.
    Weeks(TimeZone),
}

impl Buckets {
    /// Of a query's range and step.
    pub(crate) fn of(start: Nanos, end: Nanos, step: Option<Nanos>, zone: &TimeZone) -> Self {
        match step {
            None => Self::Whole { start, end },
            Some(DAY) => Self::Days(zone.clone()),
            Some(WEEK) => Self::Weeks(zone.clone()),
            Some(step) => Self::Fixed(step.max(1)),
        }
    }

    /// First nanosecond of the bucket that `time` lies in, and of the one after it.
    pub(crate) fn around(&self, time: Nanos) -> (Nanos, Nanos) {
        match self {
            Self::Whole { start, end } => (*start, *end),
            Self::Fixed(step) => {
                let start = time - time.rem_euclid(*step);
                (start, start.saturating_add(*step))
            }
            Self::Days(zone) => calendar_bucket(zone, time, 1),
            Self::Weeks(zone) => calendar_bucket(zone, time, 7),
        }
    }
}

/// A day or a week of `zone`. Beyond the calendar's range (years -9999 to 9999, which `i64` nanoseconds never leave) it
/// would fall back to UTC days.
fn calendar_bucket(zone: &TimeZone, time: Nanos, days: i64) -> (Nanos, Nanos) {
    local_bucket(zone, time, days).unwrap_or_else(|_| {
        let start = time - time.rem_euclid(days * DAY);
        (start, start.saturating_add(days * DAY))
    })
}

fn local_bucket(zone: &TimeZone, time: Nanos, days: i64) -> Result<(Nanos, Nanos), jiff::Error> {
    let date = Timestamp::from_nanosecond(i128::from(time))?
        .to_zoned(zone.clone())
        .date();
    let back = if days == 7 {
        i64::from(date.weekday().to_monday_zero_offset())
    } else {
        0
    };
    let first = date.checked_sub(Span::new().days(back))?;
    let next = first.checked_add(Span::new().days(days))?;
    Ok((
        nanos(&first.to_zoned(zone.clone())?),
        nanos(&next.to_zoned(zone.clone())?),
    ))
}

fn nanos(instant: &Zoned) -> Nanos {
    let bounded = instant
        .timestamp()
        .as_nanosecond()
        .clamp(i128::from(i64::MIN), i128::from(i64::MAX));
    bounded as Nanos
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Nanos {
        Timestamp::from_second(text.parse::<Timestamp>().unwrap().as_second())
            .unwrap()
            .as_nanosecond() as Nanos
    }

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    #[test]
    fn the_day_summer_time_begins_has_23_hours_in_berlin() {
        let days = Buckets::Days(zone("Europe/Berlin"));
        let (start, end) = days.around(at("2026-03-29T12:00:00Z"));
        assert_eq!(
            (start, end),
            (at("2026-03-28T23:00:00Z"), at("2026-03-29T22:00:00Z"))
        );
        assert_eq!(end - start, 23 * HOUR);
    }

    #[test]
    fn the_day_summer_time_ends_has_25_hours_in_berlin() {
        let days = Buckets::Days(zone("Europe/Berlin"));
        let (start, end) = days.around(at("2026-10-25T12:00:00Z"));
        assert_eq!(
            (start, end),
            (at("2026-10-24T22:00:00Z"), at("2026-10-25T23:00:00Z"))
        );
        assert_eq!(end - start, 25 * HOUR);
    }

    #[test]
    fn a_day_whose_midnight_does_not_exist_begins_at_one() {
        // Cuba: clocks went from 00:00 to 01:00 on 2026-03-08, at 05:00 UTC.
        let (start, end) = Buckets::Days(zone("America/Havana")).around(at("2026-03-08T12:00:00Z"));
        assert_eq!(
            (start, end),
            (at("2026-03-08T05:00:00Z"), at("2026-03-09T04:00:00Z"))
        );
    }

    #[test]
    fn weeks_begin_on_monday_and_may_have_169_hours() {
        let (start, end) =
            Buckets::Weeks(zone("America/New_York")).around(at("2026-11-01T12:00:00Z"));
        assert_eq!(start, at("2026-10-26T04:00:00Z"));
        assert_eq!(end - start, 169 * HOUR);
    }

    #[test]
    fn fixed_steps_start_at_the_epoch_also_before_it() {
        assert_eq!(Buckets::Fixed(600).around(-1), (-600, 0));
        assert_eq!(Buckets::Fixed(600).around(600), (600, 1200));
    }

    #[test]
    fn a_step_of_a_day_follows_the_time_zone() {
        let buckets = Buckets::of(0, 10 * DAY, Some(DAY), &zone("Asia/Kathmandu"));
        // +05:45: midnight is at 18:15 UTC.
        assert_eq!(
            buckets.around(at("2026-01-01T18:15:00Z")).0,
            at("2026-01-01T18:15:00Z")
        );
        assert_eq!(
            buckets.around(at("2026-01-01T18:14:59Z")).0,
            at("2025-12-31T18:15:00Z")
        );
    }
}
