//! What began to run, and in which version.

use std::collections::{BTreeMap, BTreeSet};

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

    /// The version of each service whose instance was first seen last, where one was told, and when that was.
    pub fn newest_versions(&self) -> BTreeMap<String, (String, Nanos)> {
        let services = self.by_name.read();
        let newest = services.iter().filter_map(|(name, known)| {
            let told = known
                .instances
                .values()
                .filter(|instance| !instance.version.is_empty());
            let newest = told.max_by_key(|instance| instance.span.first)?;
            Some((name.clone(), (newest.version.clone(), newest.span.first)))
        });
        newest.collect()
    }

    /// Whether a service ever ran another version than this.
    pub fn has_other_versions(&self, service: &str, version: &str) -> bool {
        let services = self.by_name.read();
        let known = services.get(service);
        known.is_some_and(|known| known.versions.iter().any(|other| other != version))
    }
}
