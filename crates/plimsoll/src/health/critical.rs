//! What critical checks said last: for whoever does not ask `/health` himself.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::{CheckReport, Status};

/// The gauge of a critical check, with the tag `check`: 1 when it is well, 0 when it fails.
pub const CHECK: &str = "plimsoll.health.check";
/// Most checks that are remembered; further ones are only in `/health`.
pub const MAX_CRITICAL: usize = 64;
/// What was said longer ago is not true any more.
const TRUE_FOR: Duration = Duration::from_secs(60);

/// By name.
#[derive(Debug, Default)]
pub(super) struct Critical(BTreeMap<String, Said>);

#[derive(Clone, Copy, Debug)]
struct Said {
    at: Instant,
    is_well: bool,
    /// Whether nobody took it yet.
    is_new: bool,
}

impl Critical {
    /// Notes what a check said. One that is not critical, or checks nothing, is forgotten.
    pub(super) fn note(&mut self, name: &str, report: &CheckReport, now: Instant) {
        if !report.critical || report.status == Status::NotConfigured {
            self.0.remove(name);
            return;
        }
        if self.0.len() == MAX_CRITICAL && !self.0.contains_key(name) {
            return;
        }
        let said = Said {
            at: now,
            is_well: report.status != Status::Unhealthy,
            is_new: true,
        };
        self.0.insert(name.to_owned(), said);
    }

    /// Forgets what a check said that another one takes the place of.
    pub(super) fn forget(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// What was said since the last call: each check with whether it is well.
    pub(super) fn take_new(&mut self) -> Vec<(String, bool)> {
        let new = self.0.iter_mut().filter(|(_, said)| said.is_new);
        new.map(|(name, said)| {
            said.is_new = false;
            (name.clone(), said.is_well)
        })
        .collect()
    }

    /// What was said within the last minute.
    pub(super) fn lately(&self, now: Instant) -> Vec<(String, bool)> {
        let lately = self
            .0
            .iter()
            .filter(|(_, said)| now.duration_since(said.at) <= TRUE_FOR);
        lately
            .map(|(name, said)| (name.clone(), said.is_well))
            .collect()
    }

    /// Whether nobody asked a check that is to be asked so often.
    pub(super) fn is_due(&self, name: &str, every: Duration, now: Instant) -> bool {
        // Half of it, as the last time was a little after its turn.
        let asked = self.0.get(name).map(|said| now.duration_since(said.at));
        asked.is_none_or(|ago| ago >= every / 2)
    }
}
