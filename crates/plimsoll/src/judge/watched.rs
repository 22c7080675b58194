//! Everything that is watched of a service, by its key.

use super::{Judge, Watch};
use crate::alert::{self, Phase, State};
use crate::analysis::forecast::Foreseen;
use crate::standards::Limit;

impl Judge {
    /// How fast the budget of a class is used up over so many minutes up to the slot `last`.
    pub fn burn_rate(&self, class: &str, last: i64, minutes: i64) -> Option<f64> {
        let at = self.standards.class_at(class)?;
        let objective = self.standards.classes[at].objective;
        self.classes[at].burn.rate(last, minutes, objective)
    }

    /// Everything that is watched.
    pub fn watches(&self) -> impl Iterator<Item = &Watch> {
        let classes = self
            .classes
            .iter()
            .flat_map(|class| [&class.slow, &class.budget, &class.floor]);
        let routes = self
            .routes
            .values()
            .flat_map(|route| [&route.slow, &route.errors]);
        let levels = self.levels.values().map(|level| &level.watch);
        let leaks = self.leaks.values().map(|(_, watch)| watch);
        let ahead = self.ahead.values().map(|one| &one.watch);
        let service = [&self.service.silence, &self.service.surge];
        classes
            .chain(routes)
            .chain(levels)
            .chain(leaks)
            .chain(ahead)
            .chain(service)
    }

    /// What forecasts say, by the key of the level.
    pub fn foreseen(&self) -> impl Iterator<Item = (&str, &Foreseen)> {
        self.ahead
            .iter()
            .filter_map(|(key, one)| Some((&**key, one.foreseen.as_ref()?)))
    }

    /// Levels that are known, each with its line.
    pub fn levels(&self) -> impl Iterator<Item = (&Watch, f64, Limit)> {
        self.levels
            .values()
            .filter_map(|level| Some((&level.watch, level.watch.value?, level.limit)))
    }

    pub(super) fn watches_mut(&mut self) -> impl Iterator<Item = &mut Watch> {
        let classes = self.classes.iter_mut();
        let classes =
            classes.flat_map(|class| [&mut class.slow, &mut class.budget, &mut class.floor]);
        let routes = self.routes.values_mut();
        let routes = routes.flat_map(|route| [&mut route.slow, &mut route.errors]);
        let levels = self.levels.values_mut().map(|level| &mut level.watch);
        let leaks = self.leaks.values_mut().map(|(_, watch)| watch);
        let ahead = self.ahead.values_mut().map(|one| &mut one.watch);
        let service = [&mut self.service.silence, &mut self.service.surge];
        classes
            .chain(routes)
            .chain(levels)
            .chain(leaks)
            .chain(ahead)
            .chain(service)
    }

    /// The watch of this key.
    pub fn watch(&self, key: &str) -> Option<&Watch> {
        self.watches().find(|watch| &*watch.key == key)
    }

    /// Sets where an alert is, as it was kept. Of what is not watched yet it is remembered.
    pub fn restore(&mut self, key: &str, state: State) {
        if let Some(watch) = self.watches_mut().find(|watch| &*watch.key == key) {
            watch.state = state;
            return;
        }
        self.kept.insert(key.into(), state);
    }

    /// Ends an alert by hand; returns whether it was under way. If its breach goes on, it fires anew after a full
    /// [`AlertRules::fire_after`](crate::standards::AlertRules::fire_after).
    pub fn resolve(&mut self, key: &str) -> bool {
        if self.kept.remove(key).is_some() {
            return true;
        }
        let found = self.watches_mut().find(|watch| &*watch.key == key);
        let Some(watch) = found.filter(|watch| watch.state.phase != Phase::Quiet) else {
            return false;
        };
        alert::resolve(&mut watch.state);
        true
    }
}
