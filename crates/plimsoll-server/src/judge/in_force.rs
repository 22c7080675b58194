//! The standards in force: the profile's, the file's over them, the environment's over both, and over all what was put
//! through the interface.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::RwLock;
use plimsoll::config::Profile;
use plimsoll::standards::Standards;

use crate::config::JudgeConfig;
use crate::config::thresholds::OfEnvironment;

/// Thresholds by name, as they are put: `high_memory_threshold`, `classes.write.investigate_seconds`.
pub type Put = BTreeMap<String, f64>;

/// The four thresholds of the interface's first users.
pub const THRESHOLDS: [&str; 4] = [
    "slow_request_threshold",
    "slow_query_threshold",
    "high_memory_threshold",
    "error_rate_threshold",
];
/// The bands of a class.
pub const BANDS: [&str; 3] = [
    "target_seconds",
    "acceptable_seconds",
    "investigate_seconds",
];

/// Standards and where they come from.
#[derive(Debug)]
pub struct InForce {
    path: PathBuf,
    profile: Profile,
    environment: OfEnvironment,
    held: RwLock<Held>,
}

#[derive(Debug)]
struct Held {
    /// Without what was put.
    of_file: Standards,
    /// Where a file was read; none: there is none.
    file: Option<PathBuf>,
    /// What is wrong with the file; the standards before stay.
    error: Option<String>,
    seen: Option<(SystemTime, u64)>,
    put: Put,
    standards: Arc<Standards>,
}

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

/// What is known of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileState {
    /// Where it was read; none when there is none.
    pub path: Option<String>,
    /// What is wrong with it since it was last read without fault.
    pub error: Option<String>,
}

impl InForce {
    /// Reads the file, if there is one, and lays over it what the environment says, and `put`.
    ///
    /// # Errors
    /// A file that is there at the start and cannot be used, in a sentence with line and key.
    pub fn open(config: &JudgeConfig, put: Put) -> Result<Self, String> {
        let profile = config.profile;
        let of_file = Standards::of(profile);
        let held = Held {
            standards: Arc::new(of_file.clone()),
            of_file,
            file: None,
            error: None,
            seen: None,
            put,
        };
        let in_force = Self {
            path: config.standards_file.clone(),
            profile,
            environment: config.environment.clone(),
            held: RwLock::new(held),
        };
        in_force.read_again();
        if let Some(error) = in_force.file_state().error {
            return Err(error);
        }
        in_force.held.write().lay_over(&in_force.environment);
        Ok(in_force)
    }

    /// The standards.
    pub fn standards(&self) -> Arc<Standards> {
        self.held.read().standards.clone()
    }

    /// What was put.
    pub fn put(&self) -> Put {
        self.held.read().put.clone()
    }

    /// The variable of the environment that sets a threshold.
    pub fn variable(&self, threshold: &str) -> Option<&'static str> {
        self.environment.variable(threshold)
    }

    /// The standards of the file alone.
    pub fn of_file(&self) -> Standards {
        self.held.read().of_file.clone()
    }

    /// What is known of the file.
    pub fn file_state(&self) -> FileState {
        let held = self.held.read();
        FileState {
            path: held.file.as_ref().map(|path| path.display().to_string()),
            error: held.error.clone(),
        }
    }

    /// Looks whether the file changed, and takes up what it says; returns whether other standards are in force now. A file
    /// that cannot be used changes nothing but [`InForce::file_state`].
    pub fn read_again(&self) -> bool {
        let metadata = std::fs::metadata(&self.path).ok();
        let seen = metadata.map(|it| (it.modified().unwrap_or(SystemTime::UNIX_EPOCH), it.len()));
        let mut held = self.held.write();
        if held.seen == seen {
            return false;
        }
        held.seen = seen;
        let read = match seen {
            None => Ok(None),
            Some(_) => read(&self.path, self.profile).map(Some),
        };
        match read {
            Ok(standards) => {
                held.error = None;
                held.file = standards.is_some().then(|| self.path.clone());
                let standards = standards.unwrap_or_else(|| Standards::of(self.profile));
                let is_other = standards != held.of_file;
                held.of_file = standards;
                held.lay_over(&self.environment);
                is_other
            }
            Err(error) => {
                held.error = Some(error);
                false
            }
        }
    }

    /// What would be in force with these changes (`None`: back to the file).
    ///
    /// # Errors
    /// The first value that cannot be.
    pub fn with(
        &self,
        changes: &BTreeMap<String, Option<f64>>,
    ) -> Result<(Put, Standards), BadThreshold> {
        let held = self.held.read();
        let mut put = held.put.clone();
        for (name, value) in changes {
            match value {
                Some(value) => put.insert(name.clone(), *value),
                None => put.remove(name),
            };
        }
        let mut standards = held.of_file.clone();
        self.environment.lay_over(&mut standards);
        apply(&mut standards, &put)?;
        Ok((put, standards))
    }

    /// Puts what [`InForce::with`] found possible.
    pub fn set(&self, put: Put) {
        let mut held = self.held.write();
        held.put = put;
        held.lay_over(&self.environment);
    }
}

impl Held {
    /// What was put and does no longer fit the file is left out, and said.
    fn lay_over(&mut self, environment: &OfEnvironment) {
        let mut standards = self.of_file.clone();
        environment.lay_over(&mut standards);
        let without = standards.clone();
        if let Err(error) = apply(&mut standards, &self.put) {
            tracing::warn!(
                "thresholds that were put are left out, they do not fit the file: {error}"
            );
            standards = without;
        }
        self.standards = Arc::new(standards);
    }
}

fn read(path: &Path, profile: Profile) -> Result<Standards, String> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Standards::parse(&text, profile).map_err(|error| format!("{} {error}", path.display()))
}

fn apply(standards: &mut Standards, put: &Put) -> Result<(), BadThreshold> {
    for (name, &value) in put {
        let bad = |reason: String| BadThreshold {
            field: name.clone(),
            value,
            reason,
        };
        if !(value.is_finite() && value > 0.0) {
            return Err(bad(format!("{name} must be a number above 0")));
        }
        let seconds =
            || Duration::try_from_secs_f64(value).map_err(|_| bad(format!("{name} is too long")));
        match name.as_str() {
            "slow_request_threshold" => standards.slow.request = seconds()?,
            "slow_query_threshold" => standards.slow.query = seconds()?,
            "high_memory_threshold" => standards.limits.memory_mb = value,
            "error_rate_threshold" if value > 1.0 => {
                return Err(bad("error_rate_threshold is a share: at most 1".to_owned()));
            }
            "error_rate_threshold" => standards.limits.error_rate = value,
            name => {
                let band = name
                    .strip_prefix("classes.")
                    .and_then(|rest| rest.rsplit_once('.'));
                let class = band.and_then(|(class, band)| {
                    let class = standards
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
    for class in &standards.classes {
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

#[cfg(test)]
mod tests;
