//! What numbers of a file may be.

use std::time::Duration;

use super::{Checked, File};

impl File<'_> {
    pub(super) fn positive(&self, key: &str, value: Option<f64>) -> Checked<Option<f64>> {
        match value {
            Some(value) if !(value.is_finite() && value > 0.0) => {
                self.wrong(key, format!("must be a number above 0, but is {value}"))
            }
            value => Ok(value),
        }
    }

    /// A share of a whole; 0 and 1 are none, but for 1 where `whole` allows it.
    pub(super) fn share(&self, key: &str, value: Option<f64>, whole: bool) -> Checked<Option<f64>> {
        match value {
            Some(value) if !(value > 0.0 && (value < 1.0 || (whole && value == 1.0))) => {
                let most = if whole {
                    "and at most 1"
                } else {
                    "and below 1"
                };
                self.wrong(
                    key,
                    format!("must be a share above 0 {most}, but is {value}"),
                )
            }
            value => Ok(value),
        }
    }

    pub(super) fn seconds(&self, key: &str, value: Option<f64>) -> Checked<Option<Duration>> {
        let Some(secs) = self.positive(key, value)? else {
            return Ok(None);
        };
        match Duration::try_from_secs_f64(secs) {
            Ok(time) => Ok(Some(time)),
            Err(_) => self.wrong(key, format!("is too long: {secs}")),
        }
    }
}
