//! How much happened in the last 60 seconds.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_secs(60);
/// Readings closer together replace each other, so that 62 of them span a minute however often it is read.
const SPACING: Duration = Duration::from_millis(990);

/// Readings of a running total over the last minute. The answer is exact to what happened within one reading's distance
/// (a second) at the far edge, and has no upper bound.
#[derive(Debug)]
pub(crate) struct SlidingMinute {
    readings: VecDeque<(Instant, u64)>,
}

impl SlidingMinute {
    pub(crate) fn starting(now: Instant) -> Self {
        Self {
            readings: VecDeque::from([(now, 0)]),
        }
    }

    /// Takes a reading of the total and says by how much it grew within the minute before `now`.
    pub(crate) fn read(&mut self, now: Instant, total: u64) -> u64 {
        let spaced = self
            .readings
            .back()
            .is_none_or(|&(last, _)| now.saturating_duration_since(last) >= SPACING);
        if spaced {
            self.readings.push_back((now, total));
        }
        // One reading at or before the edge is kept, to interpolate from.
        while self
            .readings
            .get(1)
            .is_some_and(|&(second, _)| now.saturating_duration_since(second) >= MINUTE)
        {
            self.readings.pop_front();
        }
        total.saturating_sub(self.total_at_edge(now, total))
    }

    fn total_at_edge(&self, now: Instant, total: u64) -> u64 {
        let Some(&(first_at, first)) = self.readings.front() else {
            return total;
        };
        let beyond = now
            .saturating_duration_since(first_at)
            .saturating_sub(MINUTE);
        let &(second_at, second) = self.readings.get(1).unwrap_or(&(now, total));
        let span = second_at.saturating_duration_since(first_at);
        if beyond.is_zero() || span.is_zero() {
            return first;
        }
        let share = (beyond.as_secs_f64() / span.as_secs_f64()).min(1.0);
        first + (share * (second.saturating_sub(first)) as f64).round() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_stream_reads_its_rate_whenever_it_is_asked() {
        let start = Instant::now();
        let mut minute = SlidingMinute::starting(start);
        for tenth in 1..3000u64 {
            let read = minute.read(start + Duration::from_millis(tenth * 100), tenth * 10);
            let expected = tenth.min(600) * 10;
            assert!(
                read.abs_diff(expected) <= 1,
                "{read} for {expected} after {tenth} tenths"
            );
        }
    }

    #[test]
    fn more_than_60_requests_a_minute_are_seen() {
        let start = Instant::now();
        let mut minute = SlidingMinute::starting(start);
        assert_eq!(
            minute.read(start + Duration::from_secs(5), 100_000),
            100_000
        );
    }

    #[test]
    fn what_is_older_than_a_minute_is_gone() {
        let start = Instant::now();
        let mut minute = SlidingMinute::starting(start);
        minute.read(start + Duration::from_secs(1), 500);
        assert_eq!(minute.read(start + Duration::from_secs(60), 500), 500);
        assert_eq!(minute.read(start + Duration::from_secs(62), 500), 0);
    }

    #[test]
    fn memory_is_bounded() {
        let start = Instant::now();
        let mut minute = SlidingMinute::starting(start);
        for n in 0..100_000 {
            minute.read(start + Duration::from_millis(n * 7), n);
        }
        assert!(minute.readings.len() <= 63);
    }
}
