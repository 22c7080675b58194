//! A service that judges itself: its own windows, as they close, against the standards.
//!
//! The same judge as the server's; what is usual is known from the last hour only, and alerts are kept in memory.

mod alerts;
mod learning;
mod situation;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use alerts::{Alert, Alerts, Told};

use super::{Judge, Judged, Observed, SLOT_NS};
use crate::alert::Transition;
use crate::analysis::judgement::Judgement;
use crate::monitor::Ring;
use crate::standards::Standards;
use crate::window::Window;
use learning::Learning;

/// A service under its own judgement. Reads no clock.
#[derive(Clone, Debug)]
pub struct OwnJudge {
    service: String,
    judged: Judged,
    learning: Learning,
    alerts: Alerts,
}

impl OwnJudge {
    /// Nanoseconds between two looks at what is usual: 2 minutes.
    const LEARN_EVERY_NS: i64 = 120_000_000_000;

    /// One that knows nothing of the service yet.
    pub fn new(service: &str, standards: Arc<Standards>) -> Self {
        Self {
            service: service.to_owned(),
            judged: Judged::new(standards),
            learning: Learning::default(),
            alerts: Alerts::default(),
        }
    }

    /// What is expected.
    pub fn standards(&self) -> &Arc<Standards> {
        self.judged.judge.standards()
    }

    /// Expects something else from now on, of what `ring` has of the last ten minutes, too; alerts stay where they are.
    pub fn expect(&mut self, standards: Arc<Standards>, ring: &Ring) {
        self.judged.judge.expect(standards);
        let Some(newest) = self.judged.heard else {
            return;
        };
        for window in ring.since((newest - 60) * SLOT_NS) {
            let observed = Observed::of(&window, self.standards());
            self.judged.judge.observe(slot_of(&window), &observed);
        }
    }

    /// What it knows, alert by alert.
    pub fn judge(&self) -> &Judge {
        &self.judged.judge
    }

    /// What fires and what did.
    pub fn alerts(&self) -> &Alerts {
        &self.alerts
    }

    /// How fast the budget of a class is used up over so many minutes.
    pub fn burn_rate(&self, class: &str, minutes: i64) -> Option<f64> {
        self.judge().burn_rate(class, self.judged.heard?, minutes)
    }

    /// Judges a window that has just been closed, the newest of `ring`; what became different at `now`, nanoseconds since
    /// the Unix epoch.
    pub fn take(&mut self, window: &Window, ring: &Ring, now: i64) -> Vec<Told> {
        let slot = slot_of(window);
        if self.judged.heard.is_some_and(|heard| slot < heard) {
            self.judged.rewind(slot);
            self.learning.rewind(slot);
        }
        let mut observed = Observed::of(window, self.standards());
        observed.started = self.judged.windows == 0;
        self.judged.take(slot, &observed);
        self.learning.take(slot, &observed);
        // A clock that was set back would put it off for as long.
        if !(self.judged.learned - Self::LEARN_EVERY_NS..self.judged.learned).contains(&now) {
            self.learning.teach(&mut self.judged.judge, slot);
            self.judged.learned = now + Self::LEARN_EVERY_NS;
        }
        self.judged.judge.tidy(slot);
        let mut events = self.judged.judge.evaluate(slot, now);
        events.retain(|event| {
            !matches!(event.transition, Transition::Pended | Transition::Withdrawn)
        });
        let is_due = self.judged.score_is_due(now);
        if events.is_empty() && !is_due {
            return Vec::new();
        }
        let judgement = self.judgement(ring, now);
        if let Some(score) = judgement.score.value.filter(|_| is_due) {
            self.judged.note_score(score, now);
        }
        let judge = &self.judged.judge;
        let told = events
            .iter()
            .filter_map(|event| self.alerts.take(event, judge, &judgement, now));
        told.collect()
    }

    /// All that is judged at `now`, from the last minutes of `ring`.
    pub fn judgement(&self, ring: &Ring, now: i64) -> Judgement {
        let situation = situation::of(self, ring, now);
        Judgement::of(situation, self.judged.windows, |moment| {
            self.judged.score_at(moment)
        })
    }

    /// Ends an alert by hand; `None` when there is none of this number. If its breach goes on, a new one fires after a full
    /// wait.
    pub fn resolve(&mut self, id: &str, by: &str, now: i64) -> Option<&Alert> {
        let alert = self.alerts.find(id)?;
        if alert.resolved.is_none() {
            self.judged.judge.resolve(&alert.key);
        }
        self.alerts.resolve(id, by, now)
    }
}

/// Windows end a little after the slots that they are of.
fn slot_of(window: &Window) -> i64 {
    let middle = window.start_unix_ns / 2 + window.end_unix_ns / 2;
    middle.div_euclid(SLOT_NS)
}
