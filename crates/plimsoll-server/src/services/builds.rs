//! What services run: versions, and the commits that they were built from.

use std::collections::BTreeMap;

use super::{Known, KnownInstance, Seen, Services, Span};
use crate::store::key;
use crate::store::table::Nanos;

/// Most builds of a service that are remembered; the one not seen for longest makes room.
const MAX_BUILDS: usize = 100;
/// A version that is not told is called by so many characters of the revision.
const SHORT: usize = 7;
/// What a build says that was not given a version.
const NO_VERSIONS: [&str; 2] = ["(devel)", "unknown"];

/// A version, and the commit that it was built from; empty where that is not told.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Build {
    /// Which version.
    pub version: String,
    /// Which commit.
    pub revision: String,
}

impl Build {
    /// Of what was told; `None` when neither was. A version that is not told is the revision's first characters.
    fn of(version: &str, revision: &str) -> Option<Self> {
        let version = match version {
            "" => revision.chars().take(SHORT).collect(),
            version => version.to_owned(),
        };
        (!version.is_empty()).then(|| Self {
            version,
            revision: revision.to_owned(),
        })
    }

    /// Whether both are different for certain: one of which the commit is not told may be any of its version.
    fn is_other(&self, than: &Self) -> bool {
        let known = !self.revision.is_empty() && !than.revision.is_empty();
        self.version != than.version || (known && self.revision != than.revision)
    }
}

impl Services {
    /// What each service began to run last, where that was told, and when it did: the build that was first seen last, or
    /// that of the instance which began to run its own last, as it does when an earlier one comes back.
    pub fn newest_builds(&self) -> BTreeMap<String, (Build, Nanos)> {
        let services = self.by_name.read();
        let newest = services.iter().filter_map(|(name, known)| {
            let instances = known.instances.values().filter_map(|instance| {
                let build = Build::of(&instance.version, &instance.revision)?;
                Some((build, instance.build_began))
            });
            let builds = known.builds.iter();
            let builds = builds.map(|(build, span)| (build.clone(), span.first));
            let newest = instances
                .chain(builds)
                .max_by_key(|(build, first)| (*first, !build.revision.is_empty()))?;
            Some((name.clone(), newest))
        });
        newest.collect()
    }

    /// Whether a service ever ran anything else than this.
    pub fn has_other_builds(&self, service: &str, build: &Build) -> bool {
        let services = self.by_name.read();
        let known = services.get(service);
        known.is_some_and(|known| known.builds.keys().any(|other| other.is_other(build)))
    }
}

impl Known {
    pub(super) fn note_build(&mut self, seen: &Seen, span: Span) {
        let Some(build) = Build::of(&seen.version, &seen.revision) else {
            return;
        };
        if let Some(known) = self.builds.get_mut(&build) {
            known.widen(span);
            return;
        }
        if self.builds.len() >= MAX_BUILDS {
            let oldest = self.builds.iter().min_by_key(|(_, span)| span.last);
            let oldest = oldest.map(|(build, _)| build.clone());
            oldest.and_then(|build| self.builds.remove(&build));
        }
        self.builds.insert(build, span);
    }
}

impl KnownInstance {
    /// Takes what its rows of a span tell, unless newer ones told otherwise. Rows that tell nothing of it are written by
    /// others than those that do.
    pub(super) fn tells(&mut self, seen: &Seen, span: Span) {
        if span.last >= self.span.last && !seen.environment.is_empty() {
            seen.environment.clone_into(&mut self.environment);
        }
        if seen.version.is_empty() && seen.revision.is_empty() {
            return;
        }
        let version = match seen.version.as_str() {
            "" => &self.version,
            told => told,
        };
        let told = Build::of(version, &seen.revision).unwrap_or_default();
        let known = Build::of(&self.version, &self.revision);
        let other = known.filter(|known| self.is_named && told.is_other(known));
        if span.last < self.build_told {
            // What it runs now came back after that.
            if other.is_some() {
                self.build_began = self.build_began.max(span.last);
            }
            return;
        }
        let is_another = !seen.version.is_empty() && seen.version != self.version;
        if is_another {
            seen.version.clone_into(&mut self.version);
        }
        if is_another || !seen.revision.is_empty() {
            seen.revision.clone_into(&mut self.revision);
        }
        if other.is_some() {
            self.build_began = span.first.max(self.build_told);
        }
        self.build_told = span.last;
    }
}

impl Seen {
    /// Whom the tags of a series name.
    pub(super) fn by_key(measurement: &str, series: &[u8]) -> Self {
        let tag = |name| key::tag_value(series, name).into_owned();
        let (version, revision) = match measurement {
            "target_info" => ("service_version", "vcs_ref_head_revision"),
            _ => ("version", "revision"),
        };
        let mut seen = Self {
            service: tag("service"),
            instance: tag("instance"),
            version: tag(version),
            revision: tag(revision),
            environment: tag("environment"),
            source: tag("source"),
        };
        // `go_info` and `python_info` tell what the service runs on.
        let is_of_runtime = measurement.ends_with("_info")
            && !measurement.ends_with("_build_info")
            && measurement != "target_info";
        if is_of_runtime || NO_VERSIONS.contains(&seen.version.as_str()) {
            seen.version.clear();
            seen.revision.clear();
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Nanos = 60_000_000_000;

    fn seen(instance: &str, version: &str, revision: &str) -> Seen {
        Seen {
            service: "shop".to_owned(),
            instance: instance.to_owned(),
            version: version.to_owned(),
            revision: revision.to_owned(),
            ..Seen::default()
        }
    }

    fn newest(services: &Services) -> Option<(String, String, Nanos, bool)> {
        let (build, first) = services.newest_builds().remove("shop")?;
        let others = services.has_other_builds("shop", &build);
        Some((build.version, build.revision, first / MINUTE, others))
    }

    fn is(
        version: &str,
        revision: &str,
        minute: Nanos,
        others: bool,
    ) -> Option<(String, String, Nanos, bool)> {
        Some((version.to_owned(), revision.to_owned(), minute, others))
    }

    #[test]
    fn another_revision_of_the_same_version_is_another_build() {
        let services = Services::default();
        services.note(&seen("a", "1.4.2", "9d59409"), MINUTE);
        services.note(&seen("a", "1.4.2", ""), 2 * MINUTE);
        assert_eq!(
            newest(&services),
            is("1.4.2", "", 2, false),
            "it may be the same"
        );
        services.note(&seen("a", "1.4.2", "abc1234"), 3 * MINUTE);
        services.note(&seen("a", "", ""), 4 * MINUTE);
        assert_eq!(newest(&services), is("1.4.2", "abc1234", 3, true));
        let instance = &services.list(1)[0].instances[0];
        let told = (instance.version.as_deref(), instance.revision.as_deref());
        assert_eq!(told, (Some("1.4.2"), Some("abc1234")));
    }

    #[test]
    fn a_version_that_comes_back_with_another_instance_begins_anew() {
        let services = Services::default();
        services.note(&seen("a", "1", ""), MINUTE);
        services.note(&seen("b", "2", ""), 2 * MINUTE);
        services.note(&seen("c", "1", ""), 3 * MINUTE);
        assert_eq!(newest(&services), is("1", "", 3, true));
    }

    #[test]
    fn a_version_that_comes_back_with_the_same_instance_begins_anew() {
        let services = Services::default();
        services.note(&seen("a", "1", ""), MINUTE);
        services.note(&seen("a", "2", ""), 2 * MINUTE);
        services.note(&seen("a", "", ""), 3 * MINUTE);
        services.note(&seen("a", "1", ""), 4 * MINUTE);
        services.note(&seen("a", "1", ""), 5 * MINUTE);
        assert_eq!(newest(&services), is("1", "", 4, true));
    }

    #[test]
    fn what_the_store_recalls_in_any_order_says_when_a_version_came_back() {
        let minutes = |first: Nanos, last: Nanos| Span {
            first: first * MINUTE,
            last: last * MINUTE,
        };
        let requests = (seen("a", "", ""), minutes(1, 30));
        let earlier = (seen("a", "1", ""), minutes(1, 30));
        let later = (seen("a", "2", ""), minutes(10, 20));
        for order in [
            [0, 1, 2],
            [0, 2, 1],
            [1, 0, 2],
            [1, 2, 0],
            [2, 0, 1],
            [2, 1, 0],
        ] {
            let services = Services::default();
            for at in order {
                let (seen, span) = [&requests, &earlier, &later][at];
                services.note_span(seen, *span);
            }
            assert_eq!(newest(&services), is("1", "", 20, true), "{order:?}");
        }
    }

    #[test]
    fn versions_side_by_side_that_name_no_instance_do_not_come_back() {
        let services = Services::default();
        for minute in 0..10 {
            services.note(&seen("", "1", ""), minute * MINUTE);
            services.note(&seen("", "2", ""), minute * MINUTE + 1);
        }
        assert_eq!(newest(&services), is("2", "", 0, true));
    }

    #[test]
    fn without_a_version_the_revision_names_the_build() {
        let services = Services::default();
        services.note(&seen("a", "", ""), MINUTE);
        assert_eq!(newest(&services), None);
        services.note(&seen("a", "", "9d59409acf479dfa"), 2 * MINUTE);
        assert_eq!(
            newest(&services),
            is("9d59409", "9d59409acf479dfa", 2, false)
        );
    }

    #[test]
    fn a_page_tells_its_build_and_not_what_it_runs_on() {
        let told = |measurement: &str, tags: &[(&str, &str)]| {
            let seen = Seen::by_key(measurement, &key::encode(measurement, tags));
            (seen.version, seen.revision)
        };
        let both = |version: &str, revision: &str| (version.to_owned(), revision.to_owned());
        let build = [("revision", "abc"), ("service", "shop"), ("version", "2.1")];
        assert_eq!(told("shop_build_info", &build), both("2.1", "abc"));
        assert_eq!(told("python_info", &build), both("", ""));
        let devel = [("service", "shop"), ("version", "(devel)")];
        assert_eq!(told("go_build_info", &devel), both("", ""));
        let target = [
            ("service", "shop"),
            ("service_version", "2.1"),
            ("vcs_ref_head_revision", "abc"),
        ];
        assert_eq!(told("target_info", &target), both("2.1", "abc"));
    }

    #[test]
    fn builds_without_end_take_no_unbounded_memory() {
        let services = Services::default();
        for n in 0..MAX_BUILDS as Nanos + 5 {
            services.note(&seen("a", "1", &format!("{n:040x}")), n);
        }
        let services = services.by_name.read();
        let builds = &services["shop"].builds;
        assert_eq!(builds.len(), MAX_BUILDS);
        assert!(
            builds.values().all(|span| span.first >= 5),
            "the oldest went"
        );
    }
}
