//! What is usual of a service, from its own last hour.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::analysis::{Basis, Stretch, Usual};
use crate::judge::{Judge, Observed};

/// Slots of a stretch: five minutes.
const SLOTS: i64 = 30;
/// Stretches of an hour.
const STRETCHES: usize = 12;
/// The last minutes are what is judged, not what is usual: so many slots.
const NOT_YET: i64 = 30;
/// Most routes of which it is learned what is usual, about a kilobyte each for a stretch.
const MOST_ROUTES: usize = 500;

type Name = (Arc<str>, Arc<str>);

/// The last hour in stretches, the oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Learning {
    stretches: VecDeque<Heard>,
}

#[derive(Clone, Debug)]
struct Heard {
    /// Its first slot, divided by [`SLOTS`].
    number: i64,
    /// Slots that were heard.
    slots: u32,
    routes: BTreeMap<Name, Stretch>,
}

impl Learning {
    /// Takes what the service did in a slot, which must be no older than the one before.
    pub(super) fn take(&mut self, slot: i64, observed: &Observed) {
        let number = slot.div_euclid(SLOTS);
        let is_new = self
            .stretches
            .back()
            .is_none_or(|last| last.number != number);
        if is_new {
            self.stretches.push_back(Heard {
                number,
                slots: 0,
                routes: BTreeMap::new(),
            });
            // The one that grows, and those that are not usual yet, stand beside the hour.
            while self.stretches.len() > STRETCHES + 1 + (NOT_YET / SLOTS) as usize {
                self.stretches.pop_front();
            }
        }
        let Some(newest) = self.stretches.back_mut() else {
            return;
        };
        newest.slots += 1;
        for seen in &observed.routes {
            let name = (seen.method.clone(), seen.route.clone());
            if newest.routes.len() == MOST_ROUTES && !newest.routes.contains_key(&name) {
                continue;
            }
            let stretch = newest.routes.entry(name).or_default();
            stretch.duration.merge(&seen.duration);
            stretch.errors += seen.errors;
        }
    }

    /// Forgets what is ahead of a clock that was set back to `slot`.
    pub(super) fn rewind(&mut self, slot: i64) {
        let number = slot.div_euclid(SLOTS);
        self.stretches.retain(|heard| heard.number <= number);
    }

    /// Tells the judge what is usual at `slot`.
    pub(super) fn teach(&self, judge: &mut Judge, slot: i64) {
        let mut of_routes: BTreeMap<&Name, Vec<Stretch>> = BTreeMap::new();
        let mut of_service = Vec::new();
        for heard in &self.stretches {
            if (heard.number + 1) * SLOTS > slot + 1 - NOT_YET {
                continue;
            }
            let minutes = f64::from(heard.slots) / 6.0;
            let mut all = Stretch {
                minutes,
                ..Stretch::default()
            };
            for (name, stretch) in &heard.routes {
                all.duration.merge(&stretch.duration);
                all.errors += stretch.errors;
                let stretch = Stretch {
                    minutes,
                    ..stretch.clone()
                };
                of_routes.entry(name).or_default().push(stretch);
            }
            of_service.push(all);
        }
        for ((method, route), stretches) in of_routes {
            judge.learn(method, route, Usual::of(&stretches, Basis::LastHour));
        }
        judge.learn_service(Usual::of(&of_service, Basis::LastHour));
    }
}
