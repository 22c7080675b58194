//! What began to run.

use std::collections::BTreeSet;

use super::Services;
use crate::store::table::Nanos;

impl Services {
    /// The services of which an instance was first seen since then, and that are older themselves.
    pub fn started_since(&self, since: Nanos) -> BTreeSet<String> {
        let services = self.by_name.read();
        let started = services.iter().filter(|(_, known)| {
            known.span.first < since
                && known
                    .instances
                    .values()
                    .any(|instance| instance.span.first >= since)
        });
        started.map(|(name, _)| name.clone()).collect()
    }
}
