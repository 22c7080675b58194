//! Which services were seen: from whom, since when, in which versions. Kept in memory, rebuilt from the store at start.

mod builds;
pub mod recall;
mod starts;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Mutex, RwLock};
use serde::Serialize;
use utoipa::ToSchema;

pub use builds::Build;

use crate::scrape;
use crate::store::Store;
use crate::store::key;
use crate::store::table::Nanos;

/// Most services; further ones are stored but not listed.
pub const MAX_SERVICES: usize = 10_000;
/// Most instances of one service; the one not seen for longest makes room.
pub const MAX_INSTANCES: usize = 1_000;
/// Most versions, environments and sources listed of one service.
const MAX_NAMES: usize = 100;

/// All services seen.
#[derive(Debug, Default)]
pub struct Services {
    by_name: RwLock<BTreeMap<String, Known>>,
    /// Whether there was one more than can be listed.
    truncated: AtomicBool,
    /// How many series the store had taken in when it was last looked through for new ones; none before it is recalled.
    series: Mutex<Option<u32>>,
}

/// Some of the services.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// By name.
    pub services: Vec<Service>,
    /// How many there are with those before and after.
    pub total: usize,
    /// Whether there are more than are remembered.
    pub truncated: bool,
}

/// A sender, as its data names it. Empty: not told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The service's name.
    pub service: String,
    /// Which of its instances.
    pub instance: String,
    /// The version that the instance runs.
    pub version: String,
    /// The commit that it was built from.
    pub revision: String,
    /// Where it runs.
    pub environment: String,
    /// Who measured: `library`, `span`, `metric`, `scrape`, or empty for rows written by hand.
    pub source: String,
}

/// A service as the API lists it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// When its first row came, RFC 3339.
    #[schema(format = DateTime)]
    pub first_seen: String,
    /// When its last row came, RFC 3339.
    #[schema(format = DateTime)]
    pub last_seen: String,
    /// Who measured it.
    pub sources: Vec<String>,
    /// Versions seen.
    pub versions: Vec<String>,
    /// Environments seen.
    pub environments: Vec<String>,
    /// Instances, the latest seen first.
    pub instances: Vec<Instance>,
    /// How many instances there are, those beyond the list included.
    pub instance_count: usize,
}

/// One instance as the API lists it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Instance {
    /// Its name.
    pub instance: String,
    /// Its version; null when not told.
    pub version: Option<String>,
    /// The commit that it was built from; null when not told.
    pub revision: Option<String>,
    /// Its environment; null when not told.
    pub environment: Option<String>,
    /// When its first row came, RFC 3339.
    #[schema(format = DateTime)]
    pub first_seen: String,
    /// When its last row came, RFC 3339.
    #[schema(format = DateTime)]
    pub last_seen: String,
}

#[derive(Debug)]
struct Known {
    span: Span,
    sources: BTreeSet<String>,
    versions: BTreeSet<String>,
    /// What it ran, and when that was seen.
    builds: BTreeMap<Build, Span>,
    environments: BTreeSet<String>,
    instances: BTreeMap<String, KnownInstance>,
}

#[derive(Debug)]
struct KnownInstance {
    span: Span,
    /// When it began to run what it runs.
    build_began: Nanos,
    /// Whether it has a name; under none there may be several that run different builds side by side.
    is_named: bool,
    /// When it told last what that is.
    build_told: Nanos,
    version: String,
    revision: String,
    environment: String,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    first: Nanos,
    last: Nanos,
}

impl Services {
    /// Notes that rows of a sender came at `time`.
    pub fn note(&self, seen: &Seen, time: Nanos) {
        self.note_span(seen, Span::at(time));
    }

    /// Notes that rows of a sender came from the first of `span` to the last.
    fn note_span(&self, seen: &Seen, span: Span) {
        if seen.service.is_empty() {
            return;
        }
        let mut services = self.by_name.write();
        if services.len() >= MAX_SERVICES && !services.contains_key(&seen.service) {
            self.truncated.store(true, Ordering::Relaxed);
            return;
        }
        let known = services
            .entry(seen.service.clone())
            .or_insert_with(|| Known {
                span,
                sources: BTreeSet::new(),
                versions: BTreeSet::new(),
                builds: BTreeMap::new(),
                environments: BTreeSet::new(),
                instances: BTreeMap::new(),
            });
        known.span.widen(span);
        note_name(&mut known.sources, &seen.source);
        note_name(&mut known.versions, &seen.version);
        note_name(&mut known.environments, &seen.environment);
        known.note_build(seen, span);
        known.note_instance(seen, span);
    }

    /// Notes the senders of series that the store took in since the last look. Costs nothing when there are none.
    pub fn note_new(&self, store: &Store, now: Nanos) {
        let mut looked = self.series.lock();
        let Some(before) = *looked else { return };
        let (new, given) = store.series().newer_than(before);
        *looked = Some(given);
        drop(looked);
        for series in new.iter().filter(|series| is_sent(&series.measurement)) {
            self.note(&Seen::by_key(&series.measurement, &series.key), now);
        }
    }

    /// Whether a row of `service` ever came. Whoever is not remembered is looked for in the store's indexes: blocking.
    pub fn knows(&self, store: &Store, service: &str, now: Nanos) -> bool {
        self.note_new(store, now);
        let sends = |key: &[u8]| key::tag_value(key, "service") == service;
        self.by_name.read().contains_key(service)
            || store.measurements().iter().any(|measurement| {
                let keys = store.series_keys(measurement, 0..Nanos::MAX);
                keys.iter().any(|key| sends(key))
            })
    }

    /// When each service was last seen.
    pub fn last_seen(&self) -> BTreeMap<String, Nanos> {
        let services = self.by_name.read();
        services
            .iter()
            .map(|(name, known)| (name.clone(), known.span.last))
            .collect()
    }

    /// The names of all services, sorted.
    pub fn names(&self) -> Vec<String> {
        self.by_name.read().keys().cloned().collect()
    }

    /// All services by name, each with at most `instances` of its instances.
    pub fn list(&self, instances: usize) -> Vec<Service> {
        self.page(0, MAX_SERVICES, instances).services
    }

    /// At most `limit` services after the first `offset` by name, each with at most `instances` of its instances.
    pub fn page(&self, offset: usize, limit: usize, instances: usize) -> Page {
        let services = self.by_name.read();
        let page = services.iter().skip(offset).take(limit);
        Page {
            services: page
                .map(|(name, known)| known.view(name, instances))
                .collect(),
            total: services.len(),
            truncated: self.truncated.load(Ordering::Relaxed),
        }
    }
}

impl Known {
    fn note_instance(&mut self, seen: &Seen, span: Span) {
        if !self.instances.contains_key(&seen.instance) && self.instances.len() >= MAX_INSTANCES {
            let oldest = self
                .instances
                .iter()
                .min_by_key(|(_, instance)| instance.span.last);
            let oldest = oldest.map(|(name, _)| name.clone());
            oldest.and_then(|name| self.instances.remove(&name));
        }
        let instance = self
            .instances
            .entry(seen.instance.clone())
            .or_insert_with(|| KnownInstance {
                span,
                build_began: span.first,
                build_told: Nanos::MIN,
                is_named: !seen.instance.is_empty(),
                version: String::new(),
                revision: String::new(),
                environment: String::new(),
            });
        instance.tells(seen, span);
        instance.span.widen(span);
    }

    fn view(&self, name: &str, most: usize) -> Service {
        let mut instances: Vec<_> = self.instances.iter().collect();
        instances.sort_by_key(|(_, instance)| std::cmp::Reverse(instance.span.last));
        let told = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Service {
            name: name.to_owned(),
            first_seen: rfc3339(self.span.first),
            last_seen: rfc3339(self.span.last),
            sources: self.sources.iter().cloned().collect(),
            versions: self.versions.iter().cloned().collect(),
            environments: self.environments.iter().cloned().collect(),
            instances: instances
                .iter()
                .take(most)
                .map(|(name, instance)| Instance {
                    instance: (*name).clone(),
                    version: told(&instance.version),
                    revision: told(&instance.revision),
                    environment: told(&instance.environment),
                    first_seen: rfc3339(instance.span.first),
                    last_seen: rfc3339(instance.span.last),
                })
                .collect(),
            instance_count: self.instances.len(),
        }
    }
}

impl Span {
    fn at(time: Nanos) -> Self {
        Self {
            first: time,
            last: time,
        }
    }

    fn widen(&mut self, other: Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

/// Whether rows of a measurement tell that their service sent them: those that say how a scrape went do not.
fn is_sent(measurement: &str) -> bool {
    !scrape::OWN.contains(&measurement)
}

fn note_name(names: &mut BTreeSet<String>, name: &str) {
    if !name.is_empty() && names.len() < MAX_NAMES && !names.contains(name) {
        names.insert(name.to_owned());
    }
}

pub(crate) use plimsoll::analysis::load_line::rfc3339;

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Nanos = 1_000_000_000;

    fn seen(service: &str, instance: &str, version: &str) -> Seen {
        Seen {
            service: service.into(),
            instance: instance.into(),
            version: version.into(),
            source: "library".into(),
            ..Seen::default()
        }
    }

    #[test]
    fn a_service_is_listed_with_what_its_senders_told() {
        let services = Services::default();
        services.note(&seen("shop", "a", "1.0"), 10 * SECOND);
        services.note(&seen("shop", "b", "1.1"), 30 * SECOND);
        services.note(&seen("shop", "a", "1.0"), 20 * SECOND);
        let list = services.list(10);
        assert_eq!(list.len(), 1);
        let shop = &list[0];
        assert_eq!(
            (&*shop.first_seen, &*shop.last_seen),
            ("1970-01-01T00:00:10.000Z", "1970-01-01T00:00:30.000Z")
        );
        assert_eq!(
            (&shop.versions[..], &shop.sources[..]),
            (
                &["1.0".to_owned(), "1.1".into()][..],
                &["library".to_owned()][..]
            )
        );
        let instances: Vec<_> = shop
            .instances
            .iter()
            .map(|i| (&*i.instance, i.version.as_deref(), &*i.last_seen))
            .collect();
        assert_eq!(
            instances,
            [
                ("b", Some("1.1"), "1970-01-01T00:00:30.000Z"),
                ("a", Some("1.0"), "1970-01-01T00:00:20.000Z")
            ]
        );
    }

    #[test]
    fn senders_that_invent_names_take_no_unbounded_memory() {
        let services = Services::default();
        for n in 0..MAX_INSTANCES as Nanos + 5 {
            services.note(&seen("shop", &n.to_string(), &n.to_string()), n);
        }
        for n in 0..MAX_SERVICES + 5 {
            services.note(&seen(&n.to_string(), "", ""), 0);
        }
        assert_eq!(services.names().len(), MAX_SERVICES);
        let page = services.page(1, 2, 1);
        assert_eq!((page.services.len(), page.total), (2, MAX_SERVICES));
        assert!(page.truncated, "{page:?}");
        let shop = services
            .list(3)
            .into_iter()
            .find(|service| service.name == "shop")
            .expect("listed");
        assert_eq!(
            (
                shop.instance_count,
                shop.instances.len(),
                shop.versions.len()
            ),
            (MAX_INSTANCES, 3, MAX_NAMES)
        );
        assert_eq!(shop.instances[0].instance, (MAX_INSTANCES + 4).to_string());
    }
}
