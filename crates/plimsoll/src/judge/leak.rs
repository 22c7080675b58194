//! Memory that grows without end.

use std::collections::VecDeque;

use super::climb::{self, Climb};
use crate::alert::{Reading, Severity};

/// One instance's memory, minute by minute.
#[derive(Clone, Debug, Default)]
pub(super) struct Leak {
    /// The minute and the lowest reading within it: what is freed between two peaks shows.
    minutes: VecDeque<(i64, f64)>,
    climb: Climb,
    /// Whether it climbed: then it is known to be over before the ten minutes are.
    has_climbed: bool,
}

/// What the last minutes mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) reading: Reading,
    /// Where memory is, bytes.
    pub(super) now: Option<f64>,
    /// What growth allows from where it was, bytes; 0 when that is not known.
    pub(super) allowed: f64,
}

/// Slots of a minute.
const MINUTE: i64 = 6;
/// Minutes that are looked at: the baseline and ten samples after it.
const MINUTES: usize = 11;
/// Growth over these minutes that is no leak yet.
const GROWTH: f64 = 1.5;
/// Of the ten steps, so many must go up.
const RISING: usize = 9;
/// What is filling a cache slows down, a leak does not: the last third must grow by this share of what the first did.
const STEADY: f64 = 0.5;

impl Leak {
    /// Takes the memory of a slot, bytes.
    pub(super) fn put(&mut self, slot: i64, bytes: f64) {
        self.climb.put(slot, bytes);
        let minute = slot.div_euclid(MINUTE);
        match self.minutes.back_mut() {
            Some((last, lowest)) if *last == minute => *lowest = lowest.min(bytes),
            Some((last, _)) if *last > minute => {}
            _ => self.minutes.push_back((minute, bytes)),
        }
        while self.minutes.len() > MINUTES + 1 {
            self.minutes.pop_front();
        }
    }

    /// Forgets what is newer than the slot `last`.
    pub(super) fn rewind(&mut self, last: i64) {
        self.climb.rewind(last);
        self.minutes
            .retain(|(minute, _)| *minute <= last.div_euclid(MINUTE));
    }

    /// What the minutes up to the slot `last` mean, where memory has a line at `line` bytes.
    pub(super) fn found(&mut self, last: i64, line: f64) -> Found {
        if let Some(climbing) = self.climb.climbing(last, line) {
            self.has_climbed = true;
            return Found::grown(climbing.now, climb::GROWTH * climbing.before, true);
        }
        match self.over_minutes(last) {
            Some(found) => {
                self.has_climbed = false;
                found
            }
            None if self.has_climbed => Found {
                reading: Reading::Well(0.0),
                ..Found::UNKNOWN
            },
            None => Found::UNKNOWN,
        }
    }

    /// What eleven whole minutes mean, the running one left out.
    fn over_minutes(&self, last: i64) -> Option<Found> {
        let running = (last + 1).div_euclid(MINUTE);
        let over: Vec<(i64, f64)> = self
            .minutes
            .iter()
            .copied()
            .filter(|(minute, _)| *minute < running)
            .collect();
        let lately = &over[over.len().saturating_sub(MINUTES)..];
        let ((first, base), (last, now)) = (lately.first()?, lately.last()?);
        // A gap is a restart or a machine that slept: what is before it is of another life.
        if lately.len() < MINUTES || last - first != MINUTES as i64 - 1 || *base <= 0.0 {
            return None;
        }
        let rising = lately
            .windows(2)
            .filter(|pair| pair[1].1 > pair[0].1)
            .count();
        let third = MINUTES / 3;
        let early = lately[third].1 - base;
        let late = now - lately[MINUTES - 1 - third].1;
        let is_steady = rising >= RISING && late >= STEADY * early;
        Some(Found::grown(*now, GROWTH * base, is_steady))
    }
}

impl Found {
    const UNKNOWN: Self = Self {
        reading: Reading::NotEnoughData,
        now: None,
        allowed: 0.0,
    };

    fn grown(now: f64, allowed: f64, is_steady: bool) -> Self {
        let ratio = now / allowed;
        let severity = Severity::of_ratio(ratio).filter(|_| is_steady);
        let reading = match severity {
            Some(severity) => Reading::Breach(ratio, severity.min(Severity::High)),
            // What grew once and does not grow on is well, and nothing is near a line of growth.
            None => Reading::Well(ratio.clamp(0.0, 0.5)),
        };
        Self {
            reading,
            now: Some(now),
            allowed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: f64 = 1_048_576.0;

    fn after(memory: impl Fn(i64) -> f64, minutes: i64) -> Reading {
        let mut leak = Leak::default();
        for slot in 0..minutes * MINUTE {
            leak.put(slot, memory(slot) * MB);
        }
        leak.found(minutes * MINUTE - 1, 4_000.0 * MB).reading
    }

    #[test]
    fn ten_minutes_of_steady_growth_by_half_are_a_leak() {
        let leaking = |slot: i64| 100.0 + slot as f64;
        assert_eq!(after(leaking, 10), Reading::NotEnoughData);
        assert!(matches!(after(leaking, 12), Reading::Breach(..)));
    }

    #[test]
    fn a_cache_that_fills_and_memory_that_is_freed_are_none() {
        // Fills to 300 MB within minutes.
        let filling = |slot: i64| 300.0 - 200.0 * (-(slot as f64) / 12.0).exp();
        assert!(matches!(after(filling, 13), Reading::Well(_)));
        let sawtooth = |slot: i64| 100.0 + (slot % 18) as f64 * 10.0;
        assert!(matches!(after(sawtooth, 13), Reading::Well(_)));
        assert!(matches!(after(|_| 100.0, 13), Reading::Well(_)));
    }
}
