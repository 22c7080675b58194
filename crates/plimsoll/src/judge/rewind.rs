//! A clock that was set back.

use super::Judge;

impl Judge {
    /// Forgets what is newer than the slot `last`: the clock was set back to it, and what comes now would be taken for what
    /// is too late otherwise. Alerts stay where they are.
    pub fn rewind(&mut self, last: i64) {
        for route in self.routes.values_mut() {
            route.counts.rewind(last);
        }
        for class in &mut self.classes {
            class.burn.rewind(last);
        }
        for level in self.levels.values_mut() {
            level.values.rewind(last);
        }
        for (leak, _) in self.leaks.values_mut() {
            leak.rewind(last);
        }
        self.service.requests.rewind(last);
        self.service.heard.rewind(last);
        self.started = self.started.filter(|started| *started <= last);
    }
}
