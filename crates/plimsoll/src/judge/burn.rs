//! How fast a class uses up its error budget (Site Reliability Workbook, chapter 5, "Alerting on SLOs"): a page when an
//! hour and the last five minutes burn at 14.4 times the even rate, a warning at 6 times over six hours and thirty minutes.
//!
//! Both thresholds stand for a part of the budget that is gone. Of a service that was heard for a part of the long stretch
//! only, the rate must be so much higher: two bad minutes of the first ten are no hour's worth of errors.

use std::collections::VecDeque;

use super::heard::Heard;
use super::significance::more_than;
use crate::alert::{Reading, Severity};

/// Requests of one class, minute by minute, and how many were past the line.
#[derive(Clone, Debug, Default)]
pub(super) struct Burn {
    minutes: VecDeque<Minute>,
}

#[derive(Clone, Copy, Debug)]
struct Minute {
    minute: i64,
    requests: u64,
    past: u64,
}

/// Slots of a minute.
const MINUTE: i64 = 6;
/// Minutes kept: six hours.
const KEPT: i64 = 360;
/// At this rate over six hours a budget burns too fast; any faster threshold is of an hour.
pub(crate) const SLOW_BURN: f64 = 6.0;
/// Long and short stretch in minutes, the rate at which both must burn, and how severe that is.
const PAIRS: [(i64, i64, f64, Severity); 2] = [
    (60, 5, 14.4, Severity::High),
    (360, 30, SLOW_BURN, Severity::Medium),
];
/// With fewer requests in the long stretch a budget means nothing.
const LEAST_REQUESTS: u64 = 100;
/// With fewer past the line neither.
const LEAST_PAST: u64 = 10;

impl Burn {
    /// Puts the sums of a minute, in place of what is known of it.
    pub(super) fn put(&mut self, minute: i64, requests: u64, past: u64) {
        let at = self.minutes.partition_point(|known| known.minute < minute);
        let new = Minute {
            minute,
            requests,
            past,
        };
        match self.minutes.get_mut(at) {
            Some(known) if known.minute == minute => *known = new,
            _ => self.minutes.insert(at, new),
        }
        let newest = self.minutes.back().map_or(minute, |last| last.minute);
        while self
            .minutes
            .front()
            .is_some_and(|first| first.minute <= newest - KEPT)
        {
            self.minutes.pop_front();
        }
    }

    /// Forgets what is newer than the slot `last`.
    pub(super) fn rewind(&mut self, last: i64) {
        self.minutes
            .retain(|known| known.minute <= last.div_euclid(MINUTE));
    }

    /// Burn rate over so many minutes up to the slot `last`: the share past the line by the share that the objective
    /// allows. `None` with too few requests.
    pub(super) fn rate(&self, last: i64, minutes: i64, objective: f64) -> Option<f64> {
        let (requests, past) = self.sum(last, minutes);
        let allowed = 1.0 - objective;
        (requests > 0 && allowed > 0.0).then(|| past as f64 / requests as f64 / allowed)
    }

    /// What both pairs of stretches mean; the value is the rate of the pair that is worse. Too fast a rate of a service that
    /// was not heard for long enough neither fires nor resolves.
    pub(super) fn reading(
        &self,
        last: i64,
        objective: f64,
        heard: &Heard,
    ) -> (Reading, Option<f64>, f64) {
        let mut reading = Reading::NotEnoughData;
        let mut found = (None, PAIRS[0].2);
        for (long, short, threshold, severity) in PAIRS {
            let (requests, past) = self.sum(last, long);
            if requests < LEAST_REQUESTS {
                continue;
            }
            let rate = |minutes| self.rate(last, minutes, objective).unwrap_or(0.0);
            let both = rate(long).min(rate(short));
            let ratio = both / threshold;
            let is_sure = more_than(past, requests, threshold * (1.0 - objective));
            if ratio > 1.0 && past >= LEAST_PAST && is_sure {
                let heard = (heard.over(last, long) / long as f64).min(1.0);
                if rate(long) * heard <= threshold {
                    return (Reading::NotEnoughData, Some(both), threshold);
                }
                return (Reading::Breach(ratio, severity), Some(both), threshold);
            }
            if reading == Reading::NotEnoughData {
                reading = Reading::Well(ratio.min(1.0));
                found = (Some(both), threshold);
            }
        }
        (reading, found.0, found.1)
    }

    /// Requests of so many minutes up to that of the slot `last`.
    pub(super) fn requests(&self, last: i64, minutes: i64) -> u64 {
        self.sum(last, minutes).0
    }

    fn sum(&self, last: i64, minutes: i64) -> (u64, u64) {
        let now = last.div_euclid(MINUTE);
        let within = self
            .minutes
            .iter()
            .rev()
            .take_while(|known| known.minute > now - minutes);
        within.fold((0, 0), |(requests, past), known| {
            (requests + known.requests, past + known.past)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn burning(minutes: i64, past_of_100: impl Fn(i64) -> u64) -> (Reading, Option<f64>) {
        let (mut burn, mut heard) = (Burn::default(), Heard::default());
        for minute in 0..minutes {
            burn.put(minute, 100, past_of_100(minute));
            (0..MINUTE).for_each(|slot| heard.put(minute * MINUTE + slot));
            heard.sum_up(minute);
        }
        let (reading, rate, _) = burn.reading(minutes * MINUTE - 1, 0.995, &heard);
        (reading, rate)
    }

    #[test]
    fn a_tenth_past_the_line_for_an_hour_burns_twenty_times_too_fast() {
        let (reading, rate) = burning(60, |_| 10);
        assert!(matches!(reading, Reading::Breach(_, Severity::High)));
        assert!((rate.unwrap() - 20.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_over_and_what_has_few_requests_is_no_alarm() {
        // Ten bad minutes, half an hour ago.
        let (reading, _) = burning(60, |minute| if minute < 30 { 20 } else { 0 });
        assert!(matches!(reading, Reading::Well(_)));
        let mut few = Burn::default();
        few.put(0, 20, 20);
        let heard = Heard::default();
        assert_eq!(few.reading(5, 0.995, &heard).0, Reading::NotEnoughData);
    }

    #[test]
    fn two_bad_minutes_of_a_young_service_do_not_use_up_a_budget_and_ten_do() {
        for minutes in 10..60 {
            let (reading, _) = burning(minutes, |minute| if minute < 2 { 100 } else { 0 });
            assert!(!matches!(reading, Reading::Breach(..)), "{minutes}");
        }
        let (reading, _) = burning(12, |minute| if minute > 2 { 100 } else { 0 });
        assert!(matches!(reading, Reading::Breach(_, Severity::High)));
    }

    #[test]
    fn a_slow_burn_is_seen_over_six_hours() {
        let (reading, rate) = burning(360, |_| 4);
        assert!(matches!(reading, Reading::Breach(_, Severity::Medium)));
        assert!((rate.unwrap() - 8.0).abs() < 1e-9);
    }

    #[test]
    fn a_minute_that_comes_again_counts_once() {
        let mut burn = Burn::default();
        (0..60).for_each(|minute| burn.put(minute, 100, 0));
        burn.put(59, 100, 100);
        burn.put(59, 100, 50);
        let share = 50.0 / 6_000.0 / 0.005;
        assert!((burn.rate(359, 60, 0.995).unwrap() - share).abs() < 1e-9);
    }
}
