//! Memory that climbs: it rises so fast that waiting for ten minutes would be too late.

use super::slots::Slots;

/// One instance's memory, slot by slot.
#[derive(Clone, Debug, Default)]
pub(super) struct Climb {
    slots: Slots<f64>,
}

/// Memory that climbs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Climbing {
    /// Where it is, bytes.
    pub(super) now: f64,
    /// The most that it was in the ten minutes before it began, bytes.
    pub(super) before: f64,
}

/// It must rise in so many slots, without a pause: a minute.
const RISING: usize = 6;
/// Slots before the climb in which it was lower: what begins to serve fills its caches, and that is no climb.
const KNOWN: usize = 12;
/// How many times what it was before is a climb.
pub(super) const GROWTH: f64 = 2.0;
/// A cache that fills does so ever slower: the second half of the last minute must add this share of what the first did.
const STEADY: f64 = 0.8;
/// It is a climb when the line would be reached within so many slots: ten minutes.
const SOON: f64 = 60.0;
/// The newest value may be so many slots old.
const LATE: i64 = 3;

impl Climb {
    /// Takes the memory of a slot, bytes.
    pub(super) fn put(&mut self, slot: i64, bytes: f64) {
        self.slots.put(slot, bytes);
    }

    /// Forgets what is newer than the slot `last`.
    pub(super) fn rewind(&mut self, last: i64) {
        self.slots.rewind(last);
    }

    /// What climbs towards `line` (bytes) up to the slot `last`: it rose in each slot of the last minute, steadily, to more
    /// than [`GROWTH`] times the most it was in the ten minutes before it began to rise, and is past its line or would be
    /// within ten minutes.
    pub(super) fn climbing(&self, last: i64, line: f64) -> Option<Climbing> {
        if self.slots.newest()? < last - LATE {
            return None;
        }
        let newest_first: Vec<f64> = self
            .slots
            .latest(last, Slots::<()>::MOST)
            .copied()
            .collect();
        let steps = newest_first.windows(2);
        let rising = steps.take_while(|pair| pair[0] > pair[1]).count();
        let before = &newest_first[rising..];
        if rising < RISING || before.len() < KNOWN {
            return None;
        }
        let now = newest_first[0];
        let before = before.iter().copied().fold(0.0, f64::max);
        let (half, whole) = (newest_first[RISING / 2], newest_first[RISING]);
        let is_steady = now - half >= STEADY * (half - whole);
        let pace = (now - whole) / RISING as f64;
        let is_near = line - now <= SOON * pace;
        (before > 0.0 && now > GROWTH * before && is_steady && is_near)
            .then_some(Climbing { now, before })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: f64 = 1_048_576.0;

    /// Five minutes at 100 MB, then what `memory` says of each slot.
    fn after(memory: impl Fn(f64) -> f64, slots: i64) -> Option<Climbing> {
        let mut climb = Climb::default();
        for slot in 0..30 + slots {
            let at = (slot - 30).max(0) as f64;
            climb.put(slot, memory(at) * MB);
        }
        climb.climbing(29 + slots, 500.0 * MB)
    }

    #[test]
    fn a_minute_of_steady_growth_to_twice_as_much_is_a_climb_for_as_long_as_it_goes_on() {
        let leaking = |at: f64| 100.0 + 20.0 * at;
        assert_eq!(after(leaking, 5), None);
        for slots in 8..45 {
            let found = after(leaking, slots).unwrap();
            assert_eq!(found.before, 100.0 * MB);
        }
        let mended = |at: f64| if at > 12.0 { 100.0 } else { leaking(at) };
        assert!(after(mended, 12).is_some());
        assert_eq!(after(mended, 14), None);
    }

    #[test]
    fn what_fills_pauses_is_freed_or_is_far_from_its_line_does_not_climb() {
        // Within minutes, to four times as much.
        let filling = |at: f64| 400.0 - 300.0 * (-at / 9.0).exp();
        let pausing = |at: f64| 100.0 + 40.0 * (at / 4.0).floor();
        let sawtooth = |at: f64| 100.0 + 30.0 * (at % 15.0);
        let small = |at: f64| 10.0 + at;
        for slots in 1..45 {
            assert_eq!(after(filling, slots), None, "filling {slots}");
            assert_eq!(after(pausing, slots), None, "pausing {slots}");
            assert_eq!(after(small, slots), None, "small {slots}");
            // What was once as high is no news.
            if slots > 16 {
                assert_eq!(after(sawtooth, slots), None, "sawtooth {slots}");
            }
        }
    }

    #[test]
    fn a_start_is_none_nor_what_is_not_heard_of_any_more() {
        let mut starting = Climb::default();
        for slot in 0..20 {
            starting.put(slot, (20.0 + 20.0 * slot as f64) * MB);
        }
        assert_eq!(starting.climbing(19, 500.0 * MB), None);
        let mut gone = Climb::default();
        for slot in 0..40 {
            gone.put(slot, (100.0 + 20.0 * (slot - 20).max(0) as f64) * MB);
        }
        assert!(gone.climbing(42, 500.0 * MB).is_some());
        assert_eq!(gone.climbing(43, 500.0 * MB), None);
    }
}
