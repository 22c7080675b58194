//! Thresholds that are set one by one, over what a profile or a file says.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Standards;

/// Thresholds by name, as they are put: `high_memory_threshold`, `classes.write.investigate_seconds`.
pub type Put = BTreeMap<String, f64>;

/// The four thresholds of the interface's first users.
pub const THRESHOLDS: [&str; 4] = [
    "slow_request_threshold",
    "slow_query_threshold",
    "high_memory_threshold",
    "error_rate_threshold",
];
/// The threshold of the processors, a share of those that a process may use; the interface has none for it.
pub const CPU_THRESHOLD: &str = "cpu_threshold";
/// The bands of a class.
pub const BANDS: [&str; 3] = [
    "target_seconds",
    "acceptable_seconds",
    "investigate_seconds",
];

/// A threshold that cannot be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{reason}")]
pub struct BadThreshold {
    /// Its name.
    pub field: String,
    /// The value that was given.
    pub value: f64,
    /// In a sentence.
    pub reason: String,
}

/// What was put, with these changes; `None` takes one away again.
pub fn changed(put: &Put, changes: impl IntoIterator<Item = (String, Option<f64>)>) -> Put {
    let mut put = put.clone();
    for (name, value) in changes {
        match value {
            Some(value) => put.insert(name, value),
            None => put.remove(&name),
        };
    }
    put
}

impl Standards {
    /// Whether a threshold, or the bands of a class (`classes.NAME`), are the same here and there.
    pub fn agrees_on(&self, other: &Self, name: &str) -> bool {
        let bands = |of: &Self, class: &str| of.class(class).map(|class| class.bands);
        match name {
            "slow_request_threshold" => self.slow.request == other.slow.request,
            "slow_query_threshold" => self.slow.query == other.slow.query,
            "high_memory_threshold" => self.limits.memory_mb == other.limits.memory_mb,
            "error_rate_threshold" => self.limits.error_rate == other.limits.error_rate,
            name => {
                let class = name.strip_prefix("classes.").unwrap_or(name);
                bands(self, class) == bands(other, class)
            }
        }
    }

    /// Lays thresholds over what is expected.
    ///
    /// # Errors
    /// The first value that cannot be; what was laid over before it stays.
    pub fn apply(&mut self, put: &Put) -> Result<(), BadThreshold> {
        for (name, &value) in put {
            let bad = |reason: String| BadThreshold {
                field: name.clone(),
                value,
                reason,
            };
            if !(value.is_finite() && value > 0.0) {
                return Err(bad(format!("{name} must be a number above 0")));
            }
            let seconds = || {
                Duration::try_from_secs_f64(value).map_err(|_| bad(format!("{name} is too long")))
            };
            match name.as_str() {
                "slow_request_threshold" => self.slow.request = seconds()?,
                "slow_query_threshold" => self.slow.query = seconds()?,
                "high_memory_threshold" => self.limits.memory_mb = value,
                CPU_THRESHOLD => self.limits.cpu_ratio = value,
                "error_rate_threshold" if value > 1.0 => {
                    return Err(bad("error_rate_threshold is a share: at most 1".to_owned()));
                }
                "error_rate_threshold" => self.limits.error_rate = value,
                name => {
                    let band = name
                        .strip_prefix("classes.")
                        .and_then(|rest| rest.rsplit_once('.'));
                    let class = band.and_then(|(class, band)| {
                        let class = self
                            .classes
                            .iter_mut()
                            .find(|known| &*known.name == class)?;
                        Some((class, band))
                    });
                    match class {
                        Some((class, "target_seconds")) => class.bands.target = value,
                        Some((class, "acceptable_seconds")) => class.bands.acceptable = value,
                        Some((class, "investigate_seconds")) => class.bands.investigate = value,
                        _ => return Err(bad(format!("there is no threshold {name}"))),
                    }
                }
            }
        }
        for class in &self.classes {
            let bands = class.bands;
            let ordered = [bands.target, bands.acceptable, bands.investigate];
            if let Some(at) = (0..2).find(|&at| ordered[at] > ordered[at + 1]) {
                let name = |at: usize| format!("classes.{}.{}", class.name, BANDS[at]);
                let blamed = if put.contains_key(&name(at)) {
                    at
                } else {
                    at + 1
                };
                return Err(BadThreshold {
                    field: name(blamed),
                    value: ordered[blamed],
                    reason: format!(
                        "{} ({} s) is above {} ({} s)",
                        BANDS[at],
                        ordered[at],
                        BANDS[at + 1],
                        ordered[at + 1]
                    ),
                });
            }
        }
        Ok(())
    }
}
