//! A time of its own for every event: of two rows with the same series and time the store keeps the later one.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::store::table::{Nanos, SeriesId};

/// A series and a time: what only one event can have.
pub(super) type Place = (SeriesId, Nanos);

/// By how much an event may be moved.
pub(super) const MOST: Nanos = 1_000_000;
/// Events that are closer than this are looked for together.
const NEAR: Nanos = 60 * 1_000_000_000;

/// The places of events that are being written: not in the store yet, and not free any more.
#[derive(Debug, Default)]
pub struct EventTimes(Arc<Mutex<HashSet<Place>>>);

/// Places kept for events until they are in the store.
#[derive(Debug)]
pub(super) struct Kept {
    all: Arc<Mutex<HashSet<Place>>>,
    pub(super) places: Vec<Place>,
}

impl EventTimes {
    /// Moves each event on, by single nanoseconds, to a place that no other event has. `stored` tells which are taken in
    /// the store.
    ///
    /// # Errors
    /// When `stored` fails, and `None` when all places up to [`MOST`] are taken.
    pub(super) fn settle<E>(
        &self,
        wanted: &[Place],
        stored: impl Fn() -> Result<HashSet<Place>, E>,
    ) -> Result<Option<Kept>, E> {
        let mut kept = Kept {
            all: self.0.clone(),
            places: Vec::with_capacity(wanted.len()),
        };
        let mut known = HashSet::new();
        while kept.take(wanted, &known) {
            // Only a look after the places were taken sees all that was stored in them: others keep off from here on.
            known.extend(stored()?);
            if !kept.places.iter().any(|place| known.contains(place)) {
                return Ok(Some(kept));
            }
            kept.leave();
        }
        Ok(None)
    }
}

impl Kept {
    /// Takes a place for each; tells whether there were enough.
    fn take(&mut self, wanted: &[Place], stored: &HashSet<Place>) -> bool {
        let mut all = self.all.lock();
        // Where to look on for further events of the same place.
        let mut next: HashMap<Place, Nanos> = HashMap::new();
        for &(series, wanted) in wanted {
            let first = next.get(&(series, wanted)).copied().unwrap_or(wanted);
            let mut times = first..wanted.saturating_add(MOST);
            let free =
                times.find(|&time| !stored.contains(&(series, time)) && all.insert((series, time)));
            let Some(time) = free else { return false };
            next.insert((series, wanted), time + 1);
            self.places.push((series, time));
        }
        true
    }

    fn leave(&mut self) {
        let mut all = self.all.lock();
        for place in self.places.drain(..) {
            all.remove(&place);
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.leave();
    }
}

/// The ranges in which events may come to lie that want these times.
pub(super) fn ranges(mut times: Vec<Nanos>) -> Vec<Range<Nanos>> {
    times.sort_unstable();
    let mut ranges: Vec<Range<Nanos>> = Vec::new();
    for time in times {
        let end = time.saturating_add(MOST);
        match ranges.last_mut() {
            Some(last) if time - last.end < NEAR => last.end = end,
            _ => ranges.push(time..end),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: SeriesId = SeriesId(1);
    const B: SeriesId = SeriesId(2);

    fn settled(times: &EventTimes, wanted: &[Place], stored: &[Place]) -> Kept {
        let stored = || Ok::<_, ()>(stored.iter().copied().collect());
        let kept = times.settle(wanted, stored).unwrap();
        kept.expect("there is room")
    }

    #[test]
    fn events_of_one_place_follow_each_other() {
        let times = EventTimes::default();
        let kept = settled(&times, &[(A, 5), (B, 5), (A, 5), (A, 6)], &[(A, 7), (B, 4)]);
        assert_eq!(kept.places, [(A, 5), (B, 5), (A, 6), (A, 8)]);
    }

    #[test]
    fn a_place_is_taken_while_it_is_written_and_afterwards_by_the_store() {
        let times = EventTimes::default();
        let first = settled(&times, &[(A, 5)], &[]);
        let second = settled(&times, &[(A, 5)], &[]);
        assert_eq!(second.places, [(A, 6)]);
        drop((first, second));
        let third = settled(&times, &[(A, 5)], &[(A, 5), (A, 6)]);
        assert_eq!(third.places, [(A, 7)]);
    }

    #[test]
    fn ranges_are_joined_when_they_are_near() {
        let far = 10 * NEAR;
        assert_eq!(
            ranges(vec![far, 0, NEAR / 2]),
            [0..NEAR / 2 + MOST, far..far + MOST]
        );
    }
}
