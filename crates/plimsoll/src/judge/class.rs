//! A class while it is watched.

use super::burn::Burn;
use super::floor;
use super::heard::Heard;
use super::requests::{self, Sums};
use super::watch::Watch;
use crate::alert::{Kind, Reading, Unit};
use crate::standards::{Class, Standards};

/// Budget, floor and the alerts of one class.
#[derive(Clone, Debug)]
pub(super) struct ClassWatched {
    /// Its p95 past its line.
    pub(super) slow: Watch,
    pub(super) burn: Burn,
    /// Its error budget.
    pub(super) budget: Watch,
    /// Fewer requests than its floor.
    pub(super) floor: Watch,
    /// Whether it was ever asked. Standards are those of many services, and not each has all classes.
    pub(super) is_asked: bool,
}

/// What is watched of a class: how its key begins, the kind of trouble, the unit.
type Watched = (&'static str, Kind, Unit);

const SLOW: Watched = ("class", Kind::SlowRequest, Unit::Seconds);
const BUDGET: Watched = ("burn", Kind::BurnRate, Unit::Times);
const FLOOR: Watched = ("floor", Kind::Silence, Unit::PerMinute);

/// The class that a key is about, and the kind of trouble; `None` for keys of other things.
pub(super) fn of_key(key: &str) -> Option<(&str, Kind)> {
    let (what, name) = key.split_once(':')?;
    let watched = [SLOW, BUDGET, FLOOR].into_iter();
    let kind = watched
        .filter(|(begins, ..)| *begins == what)
        .map(|(_, kind, _)| kind)
        .next()?;
    Some((name, kind))
}

impl ClassWatched {
    fn new(class: &Class) -> Self {
        let watch =
            |(what, kind, unit): Watched| Watch::new(&format!("{what}:{}", class.name), kind, unit);
        Self {
            slow: watch(SLOW),
            burn: Burn::default(),
            budget: watch(BUDGET),
            floor: watch(FLOOR),
            is_asked: false,
        }
    }

    /// The classes of these standards.
    pub(super) fn all(standards: &Standards) -> Vec<Self> {
        standards.classes.iter().map(Self::new).collect()
    }

    /// Judges it by the sums of its stretches up to the slot `last`.
    pub(super) fn judge(&mut self, expected: &Class, sums: &Sums, heard: &Heard, last: i64) {
        let line = expected.bands.investigate;
        self.slow.found(requests::past_line(sums), None, line);
        let (reading, value, threshold) = self.burn.reading(last, expected.objective, heard);
        self.budget.found(reading, value, threshold);
        let (reading, rate) = match expected.floor_per_minute {
            None => (Reading::Well(0.0), None),
            Some(_) if !self.is_asked => (Reading::NotEnoughData, None),
            Some(floor) => {
                let stretches = floor::stretches(sums, &self.burn, heard, last);
                floor::reading(&stretches, floor)
            }
        };
        let floor = expected.floor_per_minute.unwrap_or(0.0);
        self.floor.found(reading, rate, floor);
    }
}
