//! The standards in force: the profile's, the file's over them, the environment's over both, and over all what was put
//! through the interface.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::RwLock;
use plimsoll::config::Profile;
use plimsoll::standards::{BadThreshold, Put, Standards, changed};

use crate::config::JudgeConfig;
use crate::config::thresholds::OfEnvironment;

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
        in_force.take_up()?;
        in_force.held.write().lay_over(&in_force.environment);
        Ok(in_force)
    }

    /// Whether what is configured can be used.
    ///
    /// # Errors
    /// As [`InForce::open`].
    pub fn check(config: &JudgeConfig) -> Result<(), String> {
        let opened = Self::open(config, Put::default());
        opened.map_or_else(
            |error| Err(format!("the standards cannot be used: {error}")),
            |_| Ok(()),
        )
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
    /// that cannot be used changes nothing but [`InForce::file_state`], and is told in the log, once.
    pub fn read_again(&self) -> bool {
        self.take_up().unwrap_or_else(|error| {
            tracing::warn!("the standards stay as they were: {error}");
            false
        })
    }

    /// Where they come from.
    pub fn named(&self) -> String {
        match self.file_state().path {
            Some(path) => path,
            None => format!("the profile {}", self.profile.as_str()),
        }
    }

    fn take_up(&self) -> Result<bool, String> {
        let metadata = std::fs::metadata(&self.path).ok();
        let seen = metadata.map(|it| (it.modified().unwrap_or(SystemTime::UNIX_EPOCH), it.len()));
        let mut held = self.held.write();
        if held.seen == seen {
            return Ok(false);
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
                Ok(is_other)
            }
            Err(error) => {
                held.error = Some(error.clone());
                Err(error)
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
        let put = changed(&held.put, changes.clone());
        let mut standards = held.of_file.clone();
        self.environment.lay_over(&mut standards);
        standards.apply(&put)?;
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
        if let Err(error) = standards.apply(&self.put) {
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

#[cfg(test)]
mod tests;
