//! Tiers of detail, and which file of a tier a time belongs to.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

use super::table::Nanos;

/// How detailed rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// As written; a file a day.
    Raw,
    /// A row each 10 minutes; a file a month.
    TenMinutes,
    /// A row an hour; a file a month.
    Hourly,
    /// A row a day; a file a year.
    Daily,
}

/// What one file of a tier covers: a day, month or year, UTC. Its text is the file's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    /// Of which tier.
    pub tier: Tier,
    first_day: Date,
}

impl Tier {
    /// All, the most detailed first.
    pub const ALL: [Tier; 4] = [Tier::Raw, Tier::TenMinutes, Tier::Hourly, Tier::Daily];

    /// The folder of its files.
    pub fn folder(self) -> &'static str {
        match self {
            Tier::Raw => "raw",
            Tier::TenMinutes => "10m",
            Tier::Hourly => "hourly",
            Tier::Daily => "daily",
        }
    }
}

impl Period {
    /// The period of a tier that a time lies in.
    pub fn of(tier: Tier, time: Nanos) -> Period {
        let timestamp =
            Timestamp::from_nanosecond(time.into()).expect("64 bits of nanoseconds end in 2262");
        let day = timestamp.to_zoned(TimeZone::UTC).date();
        let first_day = match tier {
            Tier::Raw => day,
            Tier::TenMinutes | Tier::Hourly => day.first_of_month(),
            Tier::Daily => day.first_of_year(),
        };
        Period { tier, first_day }
    }

    /// The period that a file name stands for.
    pub fn parse(tier: Tier, name: &str) -> Option<Period> {
        let mut parts = name.split('-');
        let year = parts.next()?.parse().ok()?;
        let month = parts.next().map_or(Some(1), |month| month.parse().ok())?;
        let day = parts.next().map_or(Some(1), |day| day.parse().ok())?;
        let period = Period {
            tier,
            first_day: Date::new(year, month, day).ok()?,
        };
        (period.to_string() == name).then_some(period)
    }

    /// First nanosecond.
    pub fn start(self) -> Nanos {
        nanos(self.first_day)
    }

    /// First nanosecond after it.
    pub fn end(self) -> Nanos {
        let span = match self.tier {
            Tier::Raw => jiff::Span::new().days(1),
            Tier::TenMinutes | Tier::Hourly => jiff::Span::new().months(1),
            Tier::Daily => jiff::Span::new().years(1),
        };
        nanos(self.first_day.saturating_add(span))
    }
}

fn nanos(day: Date) -> Nanos {
    let day = day.clamp(date(1678, 1, 1), date(2262, 4, 1));
    let midnight = day
        .to_zoned(TimeZone::UTC)
        .expect("the years above are within range");
    Nanos::try_from(midnight.timestamp().as_nanosecond()).expect("the years above fit 64 bits")
}

impl fmt::Display for Period {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = self.first_day;
        match self.tier {
            Tier::Raw => write!(out, "{day}"),
            Tier::TenMinutes | Tier::Hourly => write!(out, "{:04}-{:02}", day.year(), day.month()),
            Tier::Daily => write!(out, "{:04}", day.year()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_s_name_tells_its_period() {
        // 2024-02-29T12:00:00Z, a leap day.
        let noon = 1_709_208_000_000_000_000;
        let day = Period::of(Tier::Raw, noon);
        assert_eq!(day.to_string(), "2024-02-29");
        assert_eq!(
            (day.start(), day.end()),
            (noon - 43_200_000_000_000, noon + 43_200_000_000_000)
        );
        assert_eq!(Period::of(Tier::Hourly, noon).to_string(), "2024-02");
        assert_eq!(Period::of(Tier::Daily, noon).to_string(), "2024");
        for tier in Tier::ALL {
            let period = Period::of(tier, noon);
            assert_eq!(Period::parse(tier, &period.to_string()), Some(period));
        }
        assert_eq!(Period::parse(Tier::Raw, "2024-02"), None);
        assert_eq!(Period::of(Tier::Raw, -1).to_string(), "1969-12-31");
    }
}
