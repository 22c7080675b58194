//! What is expected of a service: classes of operations with their bands, limits of resources, thresholds.
//!
//! [`Standards::default`] has the documents' numbers; `standards.toml` ([`Standards::parse`]) changes any of them.

mod bands;
pub mod class;
#[cfg(feature = "standards-file")]
mod error;
mod headroom;
mod limits;
mod pattern;
#[cfg(feature = "standards-file")]
mod raw;
#[cfg(feature = "standards-file")]
mod read;
mod rules;
#[cfg(feature = "standards-file")]
mod schema;
#[cfg(all(test, feature = "standards-file"))]
mod tests;
mod thresholds;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use bands::{Bands, Place};
pub use class::Class;
#[cfg(feature = "standards-file")]
pub use error::StandardsError;
pub use headroom::Limit;
pub use limits::{Limits, Slow};
pub use pattern::{Pattern, PatternError};
pub use rules::AlertRules;
#[cfg(feature = "standards-file")]
pub use schema::json_schema;
pub use thresholds::{BANDS, BadThreshold, CPU_THRESHOLD, Put, THRESHOLDS, changed};

use crate::config::Profile;

/// What is expected of services.
#[derive(Clone, Debug, PartialEq)]
pub struct Standards {
    /// Whose numbers hold where nothing else is said.
    pub profile: Profile,
    /// In the order in which they are shown: the built-in ones, then the user's own.
    pub classes: Vec<Class>,
    /// Limits of resources.
    pub limits: Limits,
    /// From where on single requests and queries are slow.
    pub slow: Slow,
    /// When a breach becomes an alert.
    pub alerts: AlertRules,
    /// Days over which [`Class::objective`] is counted.
    pub objective_days: u32,
    /// Limits of registered pools, queues and other resources, by name.
    pub resources: BTreeMap<String, f64>,
    /// What the user says of single routes; the narrowest that matches counts.
    overrides: Vec<Override>,
    /// Which class routes are of by themselves.
    usual: Vec<(Pattern, usize)>,
}

/// What is expected of one route.
#[derive(Clone, Debug, PartialEq)]
pub struct Expected<'a> {
    /// Its class.
    pub class: &'a Class,
    /// Place of the class in [`Standards::classes`].
    pub class_at: usize,
    /// Limits of its p95: the class's, unless the route has its own.
    pub bands: Bands,
}

/// What the user says of a route.
#[derive(Clone, Debug, PartialEq)]
struct Override {
    pattern: Pattern,
    class: Option<usize>,
    bands: Option<Bands>,
    /// Where it stands in the file.
    key: String,
}

impl Default for Standards {
    fn default() -> Self {
        Self::of(Profile::default())
    }
}

impl Standards {
    /// What the user says of single routes, in the order of the file: pattern, class and bands of its own.
    pub fn routes(&self) -> impl Iterator<Item = (String, Option<&str>, Option<Bands>)> {
        self.overrides.iter().map(|one| {
            let class = one.class.map(|at| &*self.classes[at].name);
            (one.pattern.to_string(), class, one.bands)
        })
    }

    /// Share of the requests that must be answered within [`Bands::investigate`].
    pub const OBJECTIVE: f64 = 0.995;
    /// Days over which it is counted.
    pub const OBJECTIVE_DAYS: u32 = 7;

    /// Those of a profile.
    pub fn of(profile: Profile) -> Self {
        let classes = Class::built_in(Self::OBJECTIVE);
        let at = |name: &str| {
            let found = classes.iter().position(|class| &*class.name == name);
            found.expect("every built-in route is of a built-in class")
        };
        let home = match profile {
            Profile::HomeAssistant => class::ROUTES_OF_A_HOME,
            Profile::Dev | Profile::Prod => &[],
        };
        let usual = home.iter().chain(class::ROUTES);
        let usual = usual.flat_map(|(name, routes)| {
            let class = at(name);
            routes.iter().map(move |route| {
                let pattern = route.parse().expect("the built-in routes are patterns");
                (pattern, class)
            })
        });
        let usual = usual.collect();
        Self {
            profile,
            classes,
            limits: Limits::of(profile),
            slow: Slow::of(profile),
            alerts: AlertRules::default(),
            objective_days: Self::OBJECTIVE_DAYS,
            resources: BTreeMap::new(),
            overrides: Vec::new(),
            usual,
        }
    }

    /// Reads `standards.toml`; what it does not say is as in `profile`, unless it names another. An empty text is complete.
    ///
    /// # Errors
    /// [`StandardsError`] with line and key: text that is no TOML, unknown keys, bands out of order, routes that two classes
    /// claim.
    #[cfg(feature = "standards-file")]
    pub fn parse(text: &str, profile: Profile) -> Result<Self, StandardsError> {
        read::parse(text, profile)
    }

    /// The class of this name.
    pub fn class(&self, name: &str) -> Option<&Class> {
        self.classes.iter().find(|class| &*class.name == name)
    }

    /// What is expected of requests of a route.
    pub fn expected(&self, method: &str, route: &str) -> Expected<'_> {
        let matching: Vec<&Override> = self
            .overrides
            .iter()
            .filter(|one| one.pattern.matches(method, route))
            .collect();
        let covered_by = |one: &Override| {
            let covering = matching
                .iter()
                .filter(|wide| wide.pattern.covers(&one.pattern));
            covering.count()
        };
        let mut of_user = matching.clone();
        // The narrowest first.
        of_user.sort_by_key(|one| std::cmp::Reverse(covered_by(one)));
        let class_at = of_user
            .iter()
            .find_map(|one| one.class)
            .unwrap_or_else(|| self.usual_class(method, route));
        let class = &self.classes[class_at];
        let bands = of_user.iter().find_map(|one| one.bands);
        Expected {
            class,
            class_at,
            bands: bands.unwrap_or(class.bands),
        }
    }

    fn usual_class(&self, method: &str, route: &str) -> usize {
        let by_route = self
            .usual
            .iter()
            .find(|(pattern, _)| pattern.matches(method, route));
        by_route.map_or_else(
            || self.class_at(class::of_method(method)).unwrap_or_default(),
            |(_, class)| *class,
        )
    }

    /// Where in [`Standards::classes`] the class of this name is.
    pub(crate) fn class_at(&self, name: &str) -> Option<usize> {
        self.classes.iter().position(|class| &*class.name == name)
    }

    /// The limit of a registered pool, queue or other resource: as configured, else what it says of itself, else
    /// [`Limits::db_connections`].
    pub fn resource_limit(&self, name: &str, own: Option<f64>) -> f64 {
        let configured = self.resources.get(name).copied();
        configured.or(own).unwrap_or(self.limits.db_connections)
    }

    /// The same, shared.
    pub fn shared(self) -> Arc<Self> {
        Arc::new(self)
    }
}
