//! When a target is asked: at the same moments of every interval, spread over it by name, so that neither a restart of the
//! server nor a slow scrape moves them and not all targets are asked at once.

use std::hash::BuildHasher;

use crate::config::scrape::ScrapeTarget;
use crate::store::table::Nanos;

/// A scrape that starts this share of its interval late still gets the time for which it was due: equal distances take less
/// room, and nobody sees a hundredth.
const PUNCTUAL_SHARE: Nanos = 100;
/// But never later than this.
const MOST_PUNCTUAL: Nanos = 50_000_000;

/// The moments of one target.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moments {
    interval: Nanos,
    offset: Nanos,
}

impl Moments {
    pub(super) fn of(target: &ScrapeTarget) -> Self {
        let interval = Nanos::try_from(target.interval.as_nanos()).unwrap_or(Nanos::MAX);
        let hash = foldhash::fast::FixedState::default().hash_one((&target.job, &target.url));
        // Whole milliseconds take less room, too.
        let offset =
            (hash % (interval / 1_000_000).unsigned_abs().max(1)).cast_signed() * 1_000_000;
        Self { interval, offset }
    }

    /// The first moment after `now`.
    pub(super) fn after(&self, now: Nanos) -> Nanos {
        let past = (now - self.offset).rem_euclid(self.interval);
        now - past + self.interval
    }

    /// The time of a scrape that was due at `due` and started at `started`.
    pub(super) fn time(&self, due: Nanos, started: Nanos) -> Nanos {
        let punctual = (self.interval / PUNCTUAL_SHARE).min(MOST_PUNCTUAL);
        match (started - due).abs() <= punctual {
            true => due,
            false => started,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Nanos = 1_000_000_000;

    #[test]
    fn moments_lie_an_interval_apart_wherever_one_starts() {
        let moments = Moments {
            interval: 15 * SECOND,
            offset: 4 * SECOND,
        };
        assert_eq!(moments.after(0), 4 * SECOND);
        assert_eq!(moments.after(4 * SECOND), 19 * SECOND);
        assert_eq!(moments.after(18 * SECOND), 19 * SECOND);
    }

    #[test]
    fn a_punctual_scrape_gets_the_time_it_was_due() {
        let moments = Moments {
            interval: SECOND,
            offset: 0,
        };
        assert_eq!(moments.time(SECOND, SECOND + 9_000_000), SECOND);
        assert_eq!(
            moments.time(SECOND, SECOND + 11_000_000),
            SECOND + 11_000_000
        );
    }
}
