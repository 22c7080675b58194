//! Thresholds that somebody set, as standards take them.

use super::{Configuration, Key, Origin};
use crate::standards::CPU_THRESHOLD;

impl Configuration {
    /// Those that the builder or the environment set: each by its name among standards, as [`Standards::apply`] takes it, with
    /// its key here and its value there.
    ///
    /// [`Standards::apply`]: crate::standards::Standards::apply
    pub fn set_thresholds(&self) -> impl Iterator<Item = (&'static str, Key, f64)> {
        let thresholds = &self.config().thresholds;
        let all = [
            (
                "slow_request_threshold",
                "slow_request_threshold",
                thresholds.slow_request.as_secs_f64(),
            ),
            (
                "slow_query_threshold",
                "slow_query_threshold",
                thresholds.slow_query.as_secs_f64(),
            ),
            (
                "high_memory_threshold",
                "max_memory_mb",
                thresholds.memory_mb,
            ),
            (
                CPU_THRESHOLD,
                "max_cpu_percent",
                thresholds.cpu_percent / 100.0,
            ),
            (
                "error_rate_threshold",
                "error_rate_threshold",
                thresholds.error_rate,
            ),
        ];
        let is_set = |key| !matches!(self.origin(key), Origin::Default | Origin::Profile(_));
        all.into_iter().filter(move |(_, key, _)| is_set(key))
    }
}
