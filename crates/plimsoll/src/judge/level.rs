//! Levels: processors, memory, disks, pools, queues. A level is judged by the median of the last minute, so one reading
//! alone neither breaks a line nor mends it.

use super::slots::Slots;
use crate::alert::{Reading, Severity};
use crate::analysis::robust;
use crate::standards::Limit;

/// Slots that are looked at: a minute.
const LATELY: i64 = 6;
/// For what tells itself less often: the newest value within three minutes.
const SELDOM: i64 = 18;
/// A check that was not asked for so long says nothing: what a server reads of half a minute is a minute old then.
const CHECKED: i64 = 4;
/// Values that a median needs.
const ENOUGH: usize = 3;

/// The level now: the median of the last minute, or the newest value of what tells itself once a minute.
pub(super) fn level(slots: &Slots<f64>, last: i64) -> Option<f64> {
    let mut lately: Vec<f64> = slots.latest(last, LATELY).copied().collect();
    if lately.len() >= ENOUGH {
        return robust::median(&mut lately);
    }
    slots.latest(last, SELDOM).next().copied()
}

/// What a critical check said last, if that was lately.
pub(super) fn check(slots: &Slots<f64>, last: i64) -> Option<f64> {
    slots.latest(last, CHECKED).next().copied()
}

/// What a level means against its line.
pub(super) fn reading(level: Option<f64>, limit: Limit) -> Reading {
    let Some(value) = level else {
        return Reading::NotEnoughData;
    };
    let ratio = limit.ratio(value);
    match Severity::of_ratio(ratio) {
        Some(severity) => Reading::Breach(ratio, severity),
        None => Reading::Well(ratio),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(values: &[f64]) -> Slots<f64> {
        let mut slots = Slots::default();
        for (slot, &value) in (0..).zip(values) {
            slots.put(slot, value);
        }
        slots
    }

    #[test]
    fn one_peak_is_no_breach_and_a_minute_of_them_is() {
        let limit = Limit::Ceiling(0.8);
        let peak = slots(&[0.3, 0.3, 0.99, 0.3, 0.3, 0.3]);
        assert!(matches!(reading(level(&peak, 5), limit), Reading::Well(ratio) if ratio < 0.5));
        let busy = slots(&[0.3, 0.3, 0.9, 0.95, 0.9, 0.92]);
        assert!(matches!(
            reading(level(&busy, 5), limit),
            Reading::Breach(_, Severity::Low)
        ));
        assert_eq!(
            reading(level(&slots(&[]), 5), limit),
            Reading::NotEnoughData
        );
    }

    #[test]
    fn a_check_is_as_it_was_last_and_unknown_when_nobody_asks() {
        let asked = slots(&[1.0, 1.0, 1.0, 0.0]);
        assert_eq!(check(&asked, 3), Some(0.0));
        assert_eq!(check(&asked, 6), Some(0.0));
        assert_eq!(check(&asked, 7), None);
    }

    #[test]
    fn what_tells_itself_once_a_minute_is_judged_by_its_newest_value() {
        let mut seldom = Slots::default();
        for minute in 0..3 {
            seldom.put(6 * minute, 10.0 * minute as f64);
        }
        assert_eq!(level(&seldom, 17), Some(20.0));
        assert_eq!(level(&seldom, 40), None);
    }
}
