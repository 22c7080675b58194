//! Which tier answers for which part of a range.

use std::ops::Range;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};

use crate::store::calendar::{Buckets, HOUR, MINUTE};
use crate::store::commit::Hour;
use crate::store::table::Nanos;
use crate::store::tier::Tier;

/// A part of a range and the tier that answers for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) tier: Tier,
    pub(crate) times: Range<Nanos>,
}

/// What is known of the hours that a query is about.
#[derive(Debug, Default)]
pub(crate) struct Hours {
    /// The latest seal that brought rows of an hour.
    touched: HashMap<Hour, u64, RandomState>,
    /// Hours with rows that are not sealed yet.
    unsealed: HashSet<Hour, RandomState>,
    /// Days since the epoch whose raw rows are kept.
    raw_days: HashSet<i64, RandomState>,
    /// Up to which seal a rollup has computed an hour.
    covered: HashMap<(Tier, Hour), u64, RandomState>,
}

/// How well the rollups of a tier answer a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Support {
    /// They lack what is asked for.
    No,
    /// Not as well as raw rows: take those while they are there.
    Poorly,
    /// As well as raw rows.
    Well,
}

const DAY_HOURS: i64 = 24;

impl Hours {
    pub(crate) fn touch(&mut self, hour: Hour, seal: u64) {
        let latest = self.touched.entry(hour).or_insert(seal);
        *latest = seal.max(*latest);
    }

    pub(crate) fn mark_unsealed(&mut self, hour: Hour) {
        self.unsealed.insert(hour);
    }

    /// The raw rows of the UTC day that `hour` begins are there.
    pub(crate) fn keep_raw_day(&mut self, hour: Hour) {
        self.raw_days.insert(hour.div_euclid(DAY_HOURS));
    }

    pub(crate) fn cover(&mut self, tier: Tier, hour: Hour, seal: u64) {
        let latest = self.covered.entry((tier, hour)).or_insert(seal);
        *latest = seal.max(*latest);
    }

    /// The latest seal that brought rows of an hour.
    pub(crate) fn touched(&self) -> impl Iterator<Item = (Hour, u64)> {
        self.touched.iter().map(|(&hour, &seal)| (hour, seal))
    }

    /// The latest seal that brought rows of this hour.
    pub(crate) fn touched_by(&self, hour: Hour) -> Option<u64> {
        self.touched.get(&hour).copied()
    }

    pub(crate) fn is_unsealed(&self, hour: Hour) -> bool {
        self.unsealed.contains(&hour)
    }

    pub(crate) fn is_covered(&self, tier: Tier, hour: Hour) -> bool {
        self.covered.contains_key(&(tier, hour))
    }

    /// Whether the rollup of an hour knows the rows of a seal.
    pub(crate) fn covers(&self, tier: Tier, hour: Hour, seal: u64) -> bool {
        self.covered
            .get(&(tier, hour))
            .is_some_and(|&covered| covered >= seal)
    }

    /// Whether the rollup of an hour is there and no row came since.
    pub(crate) fn is_clean(&self, tier: Tier, hour: Hour) -> bool {
        let covered = self.covered.get(&(tier, hour));
        covered.is_some_and(|covered| {
            self.touched
                .get(&hour)
                .is_none_or(|touched| touched <= covered)
        }) && !self.unsealed.contains(&hour)
    }

    /// Whether the rollups of all hours of a range are there, hours without any row left out, and no row came since.
    pub(crate) fn are_clean(&self, tier: Tier, times: &Range<Nanos>) -> bool {
        let mut any = false;
        let clean = hours(times).all(|hour| {
            let empty = !self.touched.contains_key(&hour) && !self.unsealed.contains(&hour);
            let covered = self.covered.contains_key(&(tier, hour));
            any |= covered;
            self.is_clean(tier, hour) || (empty && !covered)
        });
        any && clean
    }

    /// Whether raw rows of an hour are kept.
    pub(crate) fn has_raw(&self, hour: Hour) -> bool {
        self.raw_days.contains(&hour.div_euclid(DAY_HOURS)) || self.unsealed.contains(&hour)
    }
}

/// The hours that a range touches.
pub(crate) fn hours(times: &Range<Nanos>) -> Range<Hour> {
    times.start.div_euclid(HOUR)..times.end.saturating_sub(1).div_euclid(HOUR) + 1
}

/// Cuts a range into parts, each answered by the coarsest rollup that lies within one bucket and is clean, or else by
/// raw rows; where these are no longer kept, by the finest rollup there is.
pub(crate) fn plan(
    times: Range<Nanos>,
    buckets: &Buckets,
    days: &Buckets,
    hours: &Hours,
    support: impl Fn(Tier) -> Support,
) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::new();
    let mut at = times.start;
    while at < times.end {
        let day = days.around(at);
        let hour = Buckets::Fixed(HOUR).around(at);
        let ten_minutes = Buckets::Fixed(10 * MINUTE).around(at);
        let coarse_first = [
            (Tier::Daily, day),
            (Tier::Hourly, hour),
            (Tier::TenMinutes, ten_minutes),
        ];
        let number = at.div_euclid(HOUR);
        let fits = |&(tier, (start, end)): &(Tier, (Nanos, Nanos))| {
            let clean = || match tier {
                Tier::Daily => hours.are_clean(tier, &(start..end)),
                _ => hours.is_clean(tier, number),
            };
            start == at
                && end <= times.end
                && buckets.around(at).1 >= end
                && support(tier) == Support::Well
                && clean()
        };
        let kept = |&(tier, _): &(Tier, (Nanos, Nanos))| {
            hours.covered.contains_key(&(tier, number)) && support(tier) > Support::No
        };
        let chosen = coarse_first.iter().find(|candidate| fits(candidate));
        let chosen = match chosen {
            None if !hours.has_raw(number) => {
                coarse_first.iter().rev().find(|candidate| kept(candidate))
            }
            chosen => chosen,
        };
        let (tier, end) =
            chosen.map_or((Tier::Raw, ten_minutes.1), |&(tier, (_, end))| (tier, end));
        let end = end.min(times.end).max(at + 1);
        match segments.last_mut() {
            Some(last) if last.tier == tier => last.times.end = end,
            _ => segments.push(Segment {
                tier,
                times: at..end,
            }),
        }
        at = end;
    }
    segments
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::store::calendar::DAY;

    fn covered(tiers: &[Tier], hours: Range<Hour>) -> Hours {
        let mut known = Hours::default();
        for hour in hours {
            known.touch(hour, 5);
            known.keep_raw_day(hour);
            tiers.iter().for_each(|&tier| known.cover(tier, hour, 5));
        }
        known
    }

    fn planned(
        times: Range<Nanos>,
        step: Option<Nanos>,
        hours: &Hours,
    ) -> Vec<(Tier, Nanos, Nanos)> {
        let buckets = Buckets::of(times.start, times.end, step, &TimeZone::UTC);
        let segments = plan(
            times,
            &buckets,
            &Buckets::Days(TimeZone::UTC),
            hours,
            |_| Support::Well,
        );
        segments
            .into_iter()
            .map(|part| (part.tier, part.times.start, part.times.end))
            .collect()
    }

    const ROLLUPS: [Tier; 3] = [Tier::TenMinutes, Tier::Hourly, Tier::Daily];

    #[test]
    fn the_coarsest_rollup_that_fits_answers_and_raw_rows_at_the_edges() {
        let hours = covered(&ROLLUPS, 0..72);
        let start = 23 * HOUR + 45 * MINUTE;
        let end = 2 * DAY + HOUR + 15 * MINUTE;
        let expected = [
            (Tier::Raw, start, start + 5 * MINUTE),
            (Tier::TenMinutes, start + 5 * MINUTE, DAY),
            (Tier::Daily, DAY, 2 * DAY),
            (Tier::Hourly, 2 * DAY, 2 * DAY + HOUR),
            (Tier::TenMinutes, 2 * DAY + HOUR, end - 5 * MINUTE),
            (Tier::Raw, end - 5 * MINUTE, end),
        ];
        assert_eq!(planned(start..end, None, &hours), expected);
    }

    #[test]
    fn a_rollup_wider_than_the_step_does_not_answer() {
        let hours = covered(&ROLLUPS, 0..24);
        assert_eq!(
            planned(0..DAY, Some(HOUR), &hours),
            [(Tier::Hourly, 0, DAY)]
        );
        assert_eq!(
            planned(0..DAY, Some(30 * MINUTE), &hours),
            [(Tier::TenMinutes, 0, DAY)]
        );
        assert_eq!(planned(0..DAY, Some(MINUTE), &hours), [(Tier::Raw, 0, DAY)]);
        // 25 minutes are no multiple of 10: only buckets that lie within one step are taken.
        let parts = planned(0..HOUR, Some(25 * MINUTE), &hours);
        assert_eq!(parts[0], (Tier::TenMinutes, 0, 20 * MINUTE));
        assert_eq!(parts[1], (Tier::Raw, 20 * MINUTE, 30 * MINUTE));
    }

    #[test]
    fn an_hour_with_newer_or_unsealed_rows_is_read_raw() {
        let mut hours = covered(&[Tier::Hourly], 0..24);
        hours.touch(3, 6);
        hours.mark_unsealed(7);
        let expected = [
            (Tier::Hourly, 0, 3 * HOUR),
            (Tier::Raw, 3 * HOUR, 4 * HOUR),
            (Tier::Hourly, 4 * HOUR, 7 * HOUR),
            (Tier::Raw, 7 * HOUR, 8 * HOUR),
            (Tier::Hourly, 8 * HOUR, DAY),
        ];
        assert_eq!(planned(0..DAY, None, &hours), expected);
    }

    #[test]
    fn after_raw_rows_are_gone_the_finest_rollup_answers_even_a_finer_step() {
        let mut hours = Hours::default();
        (0..24).for_each(|hour| hours.cover(Tier::Daily, hour, 5));
        (12..24).for_each(|hour| hours.cover(Tier::Hourly, hour, 5));
        let expected = [(Tier::Daily, 0, DAY)];
        assert_eq!(planned(0..DAY, Some(MINUTE), &hours), expected);
        assert_eq!(
            planned(12 * HOUR..DAY, Some(MINUTE), &hours),
            [(Tier::Hourly, 12 * HOUR, DAY)]
        );
    }

    #[test]
    fn a_day_of_the_time_zone_is_answered_by_the_daily_rollup() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let hours = covered(&ROLLUPS, 0..72);
        let days = Buckets::Days(zone);
        // Midnight in New York is 05:00 UTC.
        let segments = plan(5 * HOUR..29 * HOUR, &days, &days, &hours, |_| Support::Well);
        assert_eq!(
            segments,
            [Segment {
                tier: Tier::Daily,
                times: 5 * HOUR..29 * HOUR
            }]
        );
    }

    #[test]
    fn raw_rows_are_preferred_while_they_are_there_where_rollups_answer_poorly() {
        let hours = covered(&ROLLUPS, 0..24);
        let whole = Buckets::Whole { start: 0, end: DAY };
        let days = Buckets::Days(TimeZone::UTC);
        let segments = plan(0..DAY, &whole, &days, &hours, |_| Support::Poorly);
        assert_eq!(
            segments,
            [Segment {
                tier: Tier::Raw,
                times: 0..DAY
            }]
        );
    }
}
