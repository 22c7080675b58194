//! When something was heard of a service at all: what was not heard is no sign of few requests.

use std::collections::VecDeque;

use super::slots::Slots;

/// Slots in which a service was heard: the last ten minutes one by one, six hours by the minute.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard {
    slots: Slots<()>,
    minutes: VecDeque<(i64, u32)>,
}

/// Slots of a minute.
const MINUTE: i64 = 6;
/// Minutes kept: six hours.
const KEPT: i64 = 360;

impl Heard {
    /// It was heard in this slot.
    pub(super) fn put(&mut self, slot: i64) {
        self.slots.put(slot, ());
    }

    /// Sums up a minute, in place of what is known of it.
    pub(super) fn sum_up(&mut self, minute: i64) {
        let slots = self.slots.latest(minute * MINUTE + 5, MINUTE).count() as u32;
        let at = self.minutes.partition_point(|(known, _)| *known < minute);
        match self.minutes.get_mut(at) {
            Some((known, heard)) if *known == minute => *heard = slots,
            _ => self.minutes.insert(at, (minute, slots)),
        }
        let newest = self.minutes.back().map_or(minute, |(newest, _)| *newest);
        while self
            .minutes
            .front()
            .is_some_and(|(first, _)| *first <= newest - KEPT)
        {
            self.minutes.pop_front();
        }
    }

    /// Forgets what is ahead of a clock that was set back to the slot `last`.
    pub(super) fn rewind(&mut self, last: i64) {
        self.slots.rewind(last);
        self.minutes
            .retain(|(minute, _)| *minute <= last.div_euclid(MINUTE));
    }

    /// Minutes heard of so many slots up to `last`: ten minutes at most.
    pub(super) fn lately(&self, last: i64, slots: i64) -> f64 {
        self.slots.latest(last, slots).count() as f64 / MINUTE as f64
    }

    /// Minutes heard of so many up to that of the slot `last`.
    pub(super) fn over(&self, last: i64, minutes: i64) -> f64 {
        let now = last.div_euclid(MINUTE);
        let within = self
            .minutes
            .iter()
            .rev()
            .take_while(|(minute, _)| *minute > now - minutes);
        let slots: u32 = within.map(|(_, slots)| slots).sum();
        f64::from(slots) / MINUTE as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_not_heard_and_a_minute_that_comes_again_counts_once() {
        let mut heard = Heard::default();
        for slot in (0..36).filter(|slot| !(12..18).contains(slot)) {
            heard.put(slot);
            heard.sum_up(slot / MINUTE);
        }
        heard.sum_up(2);
        assert_eq!((heard.lately(35, 36), heard.lately(35, 6)), (5.0, 1.0));
        assert_eq!((heard.over(35, 6), heard.over(35, 4)), (5.0, 3.0));
        assert_eq!(heard.over(35 + 360 * 6, 360), 0.0);
    }
}
