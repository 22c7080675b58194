//! Thresholds that the environment sets, by the names that home-made monitors use and the library takes in a service, too.
//! They win over `standards.toml`; what is put through the interface wins over them.

use std::time::Duration;

use plimsoll::config::{Configuration, Origin};
use plimsoll::standards::Standards;

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

/// The thresholds that can be set, each by its name in the interface and in the library. The processors' has none in the
/// interface.
const THRESHOLDS: [(&str, &str); 5] = [
    ("slow_request_threshold", "slow_request_threshold"),
    ("slow_query_threshold", "slow_query_threshold"),
    ("high_memory_threshold", "max_memory_mb"),
    (CPU, "max_cpu_percent"),
    ("error_rate_threshold", "error_rate_threshold"),
];
/// The threshold of the processors.
pub const CPU: &str = "cpu_threshold";

/// What the environment sets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OfEnvironment {
    set: Vec<Set>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Set {
    threshold: &'static str,
    variable: &'static str,
    value: f64,
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
        let thresholds = read.config().thresholds;
        let values = [
            thresholds.slow_request.as_secs_f64(),
            thresholds.slow_query.as_secs_f64(),
            thresholds.memory_mb,
            thresholds.cpu_percent / 100.0,
            thresholds.error_rate,
        ];
        let set = THRESHOLDS.into_iter().zip(values);
        let set: Vec<Set> = set
            .filter_map(|((threshold, key), value)| match read.origin(key) {
                Origin::Environment(variable) => Some(Set {
                    threshold,
                    variable,
                    value,
                }),
                _ => None,
            })
            .collect();
        // A service may say that it wants to hear of each; judged is what is more than nothing.
        match set.iter().find(|one| one.value <= 0.0) {
            Some(Set { variable, .. }) => Err(ConfigError(format!(
                "environment {variable} must be above 0, but is 0"
            ))),
            None => Ok(Self { set }),
        }
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
        for Set {
            threshold, value, ..
        } in &self.set
        {
            match *threshold {
                "slow_request_threshold" => {
                    standards.slow.request = Duration::from_secs_f64(*value);
                }
                "slow_query_threshold" => standards.slow.query = Duration::from_secs_f64(*value),
                "high_memory_threshold" => standards.limits.memory_mb = *value,
                CPU => standards.limits.cpu_ratio = *value,
                _ => standards.limits.error_rate = *value,
            }
        }
    }

    /// The variable that sets a threshold.
    pub fn variable(&self, threshold: &str) -> Option<&'static str> {
        let set = self.set.iter().find(|one| one.threshold == threshold);
        set.map(|one| one.variable)
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
