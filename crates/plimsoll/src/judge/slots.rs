//! The last minutes in slots of ten seconds. A slot that comes again takes the place of what it was: late rows change it.

use std::collections::VecDeque;

/// Values of the last [`Slots::MOST`] slots; those without any are not kept.
#[derive(Clone, Debug)]
pub(super) struct Slots<T> {
    kept: VecDeque<(i64, T)>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self {
            kept: VecDeque::new(),
        }
    }
}

impl<T> Slots<T> {
    /// Ten minutes.
    pub(super) const MOST: i64 = 60;

    /// Puts the value of a slot.
    pub(super) fn put(&mut self, slot: i64, value: T) {
        let newest = self
            .kept
            .back()
            .map_or(slot, |(newest, _)| slot.max(*newest));
        if slot <= newest - Self::MOST {
            return;
        }
        while self
            .kept
            .front()
            .is_some_and(|(first, _)| *first <= newest - Self::MOST)
        {
            self.kept.pop_front();
        }
        let at = self.kept.partition_point(|(kept, _)| *kept < slot);
        match self.kept.get_mut(at) {
            Some((kept, present)) if *kept == slot => *present = value,
            _ => self.kept.insert(at, (slot, value)),
        }
    }

    /// Forgets what is newer than the slot `last`.
    pub(super) fn rewind(&mut self, last: i64) {
        while self.newest().is_some_and(|newest| newest > last) {
            self.kept.pop_back();
        }
    }

    /// The values of the `count` slots up to `last`, the newest first.
    pub(super) fn latest(&self, last: i64, count: i64) -> impl Iterator<Item = &T> {
        let upto = self
            .kept
            .iter()
            .rev()
            .skip_while(move |(slot, _)| *slot > last);
        upto.take_while(move |(slot, _)| *slot > last - count)
            .map(|(_, value)| value)
    }

    /// The newest slot that has a value.
    pub(super) fn newest(&self) -> Option<i64> {
        self.kept.back().map(|(slot, _)| *slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_replaced_kept_in_order_and_forgotten() {
        let mut slots = Slots::default();
        for (slot, value) in [(10, 1), (12, 3), (11, 2), (12, 4)] {
            slots.put(slot, value);
        }
        let latest = |slots: &Slots<i32>, last, count| {
            slots.latest(last, count).copied().collect::<Vec<_>>()
        };
        assert_eq!(latest(&slots, 12, 3), [4, 2, 1]);
        assert_eq!(latest(&slots, 11, 1), [2]);
        assert!(latest(&slots, 20, 2).is_empty());
        slots.put(71, 5);
        assert_eq!(latest(&slots, 71, 60), [5, 4]);
        // Older than all that is kept.
        slots.put(11, 9);
        assert_eq!(latest(&slots, 71, 100), [5, 4]);
        // Unless the clock was set back.
        slots.rewind(20);
        slots.put(11, 9);
        assert_eq!(latest(&slots, 20, 100), [4, 9]);
    }
}
