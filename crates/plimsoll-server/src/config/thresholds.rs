//! Thresholds that the environment sets, by the names that home-made monitors use and the library takes in a service, too.
//! They win over `standards.toml`; what is put through the interface wins over them.

use std::collections::BTreeMap;

use plimsoll::config::{Configuration, Origin};
use plimsoll::standards::{Put, Standards};

use super::ConfigError;

/// The names; of two that set the same the later one wins.
pub const NAMES: [&str; 6] = [
    "SLOW_REQUEST_THRESHOLD",
    "SLOW_QUERY_THRESHOLD",
    "HIGH_MEMORY_THRESHOLD",
    "MAX_MEMORY_USAGE_MB",
    "MAX_CPU_USAGE_PERCENT",
    "ERROR_RATE_THRESHOLD",
];

/// What the environment sets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OfEnvironment {
    put: Put,
    /// The variable that sets each.
    variables: BTreeMap<&'static str, &'static str>,
}

impl OfEnvironment {
    /// Reads what these variables set; others are none of ours, and an empty value counts as unset.
    ///
    /// # Errors
    /// A value that cannot be used, with the name of its variable.
    pub fn of<N: AsRef<str>, V: AsRef<str>>(
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, ConfigError> {
        let ours = variables
            .into_iter()
            .filter(|(name, _)| NAMES.contains(&name.as_ref()));
        let read = Configuration::new("plimsoll").resolve(ours);
        let read = read.map_err(|error| ConfigError(format!("environment {error}")))?;
        let mut of = Self::default();
        for (threshold, key, value) in read.set_thresholds() {
            let Origin::Environment(variable) = read.origin(key) else {
                continue;
            };
            // A service may say that it wants to hear of each; judged is what is more than nothing.
            if value <= 0.0 {
                return Err(ConfigError(format!(
                    "environment {variable} must be above 0, but is 0"
                )));
            }
            of.put.insert(threshold.to_owned(), value);
            of.variables.insert(threshold, variable);
        }
        Ok(of)
    }

    /// Those of the process.
    ///
    /// # Errors
    /// As [`OfEnvironment::of`].
    pub fn of_process() -> Result<Self, ConfigError> {
        Self::of(super::environment::text(std::env::vars_os())?)
    }

    /// Lays them over standards.
    pub fn lay_over(&self, standards: &mut Standards) {
        let laid = standards.apply(&self.put);
        laid.expect("the values were checked when they were read");
    }

    /// The variable that sets a threshold.
    pub fn variable(&self, threshold: &str) -> Option<&'static str> {
        self.variables.get(threshold).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_sets_its_threshold_and_the_alias_gives_way() {
        let of = OfEnvironment::of([
            ("SLOW_REQUEST_THRESHOLD", "0.25"),
            ("SLOW_QUERY_THRESHOLD", "0.02"),
            ("HIGH_MEMORY_THRESHOLD", "300"),
            ("MAX_MEMORY_USAGE_MB", "1024"),
            ("MAX_CPU_USAGE_PERCENT", "60"),
            ("ERROR_RATE_THRESHOLD", "0.02"),
            ("PLIMSOLL_PROFILE", "staging"),
        ]);
        let of = of.unwrap();
        let mut standards = Standards::default();
        of.lay_over(&mut standards);
        let (slow, limits) = (&standards.slow, &standards.limits);
        assert_eq!(
            (slow.request.as_millis(), slow.query.as_millis()),
            (250, 20)
        );
        assert_eq!(
            (limits.memory_mb, limits.cpu_ratio, limits.error_rate),
            (1_024.0, 0.6, 0.02)
        );
        assert_eq!(
            of.variable("high_memory_threshold"),
            Some("MAX_MEMORY_USAGE_MB")
        );
    }

    #[test]
    fn nothing_set_changes_nothing_and_what_cannot_be_is_named() {
        let empty = OfEnvironment::of([("SLOW_REQUEST_THRESHOLD", " ")]).unwrap();
        assert_eq!(empty, OfEnvironment::default());
        for (name, value) in [
            ("SLOW_REQUEST_THRESHOLD", "soon"),
            ("MAX_MEMORY_USAGE_MB", "-5"),
            ("MAX_CPU_USAGE_PERCENT", "800"),
            ("ERROR_RATE_THRESHOLD", "1.5"),
            ("ERROR_RATE_THRESHOLD", "0"),
        ] {
            let error = OfEnvironment::of([(name, value)]).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(value), "{error}");
        }
    }
}
