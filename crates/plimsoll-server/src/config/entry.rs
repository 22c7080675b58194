//! One entry of a list such as `[[scrape]]` while it is checked.

use std::fmt::Display;

use super::layers::{ConfigError, Source};

/// Longest name, and longest value of a tag or label, in bytes.
pub(super) const MAX_TEXT_BYTES: usize = 256;

/// Which entry of which list.
pub(super) struct Entry<'a> {
    pub(super) list: &'static str,
    pub(super) at: usize,
    pub(super) source: &'a Source,
}

impl Entry<'_> {
    /// A value that cannot be used. One that nobody is to see is described instead.
    pub(super) fn wrong(&self, key: &str, must: &str, value: &dyn Display) -> ConfigError {
        let Self { list, at, source } = self;
        ConfigError(format!(
            "`{list}[{at}].{key}` must {must}, but is {value} ({source})"
        ))
    }

    pub(super) fn at_least_one(&self, key: &str, value: u64) -> Result<u64, ConfigError> {
        match value {
            0 => Err(self.wrong(key, "be at least 1", &value)),
            value => Ok(value),
        }
    }

    pub(super) fn within(&self, key: &str, most: u64, value: u64) -> Result<u64, ConfigError> {
        match value > most {
            true => Err(self.wrong(key, &format!("be at most {most}"), &value)),
            false => Ok(value),
        }
    }

    pub(super) fn text(&self, key: &str, value: &str) -> Result<String, ConfigError> {
        let fits = (1..=MAX_TEXT_BYTES).contains(&value.len());
        if !fits || value.chars().any(char::is_control) {
            let must = format!("be a name of 1 to {MAX_TEXT_BYTES} bytes");
            return Err(self.wrong(key, &must, &format!("{value:?}")));
        }
        Ok(value.to_owned())
    }
}
