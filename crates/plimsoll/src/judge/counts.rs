//! What is counted of a route's requests in ten seconds: so little that a thousand routes of many services fit in memory.

use crate::alert::Severity;
use crate::analysis::Usual;
use crate::histogram::Histogram;
use crate::standards::Bands;

/// Share of the requests that may be above a limit of the p95.
pub const TAIL: f64 = 0.05;

/// Requests of some time, and how many of them were how slow.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    /// Finished requests.
    pub requests: u32,
    /// 5xx, panics and bodies that broke off.
    pub errors: u32,
    /// Slower than the target.
    pub over_target: u32,
    /// Slower than so many times the line: where each [`Severity`] begins.
    pub over_line: [u32; 4],
    /// Slower than so many times the double of what is usual.
    pub over_usual: [u32; 4],
    /// Sum of the natural logarithms of the seconds.
    pub log_sum: f64,
}

impl Counts {
    /// Counts requests whose answer times are in `duration`.
    pub fn of(duration: &Histogram, errors: u64, bands: &Bands, usual: Option<&Usual>) -> Self {
        if duration.count == 0 {
            return Self::default();
        }
        let over = |limit: f64| small(duration.count_above(limit));
        let tiers =
            |limit: f64| Severity::ALL.map(|severity| over(limit * severity.begins_above()));
        Self {
            requests: small(duration.count),
            errors: small(errors),
            over_target: over(bands.target),
            over_line: tiers(bands.investigate),
            over_usual: usual.map_or([0; 4], |usual| tiers(usual.limit())),
            log_sum: duration.logarithms().sum,
        }
    }

    /// Adds those of another time or route.
    pub fn add(&mut self, other: &Counts) {
        let sum = |mine: &mut u32, theirs: u32| *mine = mine.saturating_add(theirs);
        sum(&mut self.requests, other.requests);
        sum(&mut self.errors, other.errors);
        sum(&mut self.over_target, other.over_target);
        for at in 0..4 {
            sum(&mut self.over_line[at], other.over_line[at]);
            sum(&mut self.over_usual[at], other.over_usual[at]);
        }
        self.log_sum += other.log_sum;
    }
}

fn small(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_against_each_multiple_of_the_line() {
        let mut duration = Histogram::new();
        for secs in [0.05, 0.3, 0.6, 0.9, 1.2, 5.0] {
            duration.record(secs);
        }
        let counts = Counts::of(&duration, 2, &Bands::below(0.5), None);
        // Above 0.1 s; above 0.5, 0.75, 1.0 and 1.5 s.
        assert_eq!(
            (counts.requests, counts.errors, counts.over_target),
            (6, 2, 5)
        );
        assert_eq!(counts.over_line, [4, 3, 2, 1]);
        let mut twice = counts;
        twice.add(&counts);
        assert_eq!((twice.requests, twice.over_line), (12, [8, 6, 4, 2]));
        assert!((twice.log_sum - 2.0 * counts.log_sum).abs() < 1e-9);
    }
}
