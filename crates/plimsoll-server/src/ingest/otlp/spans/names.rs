//! Routes, statements and peers of each service, bounded: a sender that makes a name of each request does not fill the store.

use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};

use crate::store::table::Nanos;

/// What further names are called.
pub(super) const OTHER: &str = "<other>";
/// Names of one service and kind.
pub(super) const MOST: usize = 1_000;
/// Names of all services together.
const MOST_OF_ALL: usize = 100_000;
/// A name that was not seen for one or two of these makes room.
const GENERATION: Nanos = 24 * 3_600 * 1_000_000_000;

/// What is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Named {
    Route,
    Statement,
    Peer,
    Destination,
    ErrorType,
    Procedure,
    Run,
    /// Databases, brokers and what they are asked to do.
    System,
}

/// Names seen lately, and those of the time before that were not seen since.
type Generations = [HashSet<Arc<str>, RandomState>; 2];

/// Names that were let in.
#[derive(Debug, Default)]
pub(super) struct Names {
    by_service: HashMap<Arc<str>, HashMap<Named, Generations, RandomState>, RandomState>,
    count: usize,
    since: Nanos,
}

impl Names {
    /// The name, or `<other>` when the service has too many.
    pub(super) fn bounded(
        &mut self,
        service: &str,
        named: Named,
        name: &str,
        now: Nanos,
    ) -> Arc<str> {
        if now - self.since > GENERATION {
            self.turn(now);
        }
        if name.is_empty() || name == OTHER {
            return name.into();
        }
        let of_service = match self.by_service.get_mut(service) {
            Some(known) => known,
            None => self.by_service.entry(service.into()).or_default(),
        };
        let [new, old] = of_service.entry(named).or_default();
        if let Some(known) = new.get(name) {
            return known.clone();
        }
        let name: Arc<str> = match old.take(name) {
            Some(known) => known,
            None if new.len() + old.len() >= MOST || self.count >= MOST_OF_ALL => {
                return OTHER.into();
            }
            None => {
                self.count += 1;
                name.into()
            }
        };
        new.insert(name.clone());
        name
    }

    fn turn(&mut self, now: Nanos) {
        self.since = now;
        for names in self.by_service.values_mut() {
            for generations in names.values_mut() {
                generations.swap(0, 1);
                generations[0] = HashSet::default();
            }
            names.retain(|_, [_, old]| !old.is_empty());
        }
        self.by_service.retain(|_, names| !names.is_empty());
        let left = self.by_service.values().flat_map(HashMap::values);
        self.count = left.map(|[_, old]| old.len()).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_names_is_folded_and_what_was_known_stays() {
        let mut names = Names {
            since: 1,
            ..Names::default()
        };
        let mut name = |name: &str, now| names.bounded("shop", Named::Route, name, now).to_string();
        assert_eq!(name("/orders", 1), "/orders");
        for n in 0..3 * MOST {
            name(&format!("/{n}"), 1);
        }
        assert_eq!(name("/late", 1), OTHER);
        assert_eq!(name("/orders", 1), "/orders");
        // A day later the flood is forgotten, what is still in use is not.
        assert_eq!(name("/orders", GENERATION + 2), "/orders");
        assert_eq!(name("/late", 2 * GENERATION + 3), "/late");
        assert_eq!(name("/orders", 2 * GENERATION + 3), "/orders");
    }

    #[test]
    fn services_do_not_take_room_from_each_other() {
        let mut names = Names::default();
        for n in 0..2 * MOST {
            names.bounded("flood", Named::Statement, &n.to_string(), 1);
        }
        let other = names.bounded("shop", Named::Statement, "SELECT ?", 1);
        assert_eq!(&*other, "SELECT ?");
    }
}
