//! Names in the environment.

use std::ffi::OsString;

use super::layers::ConfigError;
use super::thresholds;

/// Other names of keys, beside `PLIMSOLL_` + the key in capitals (`PLIMSOLL_STORE_RAW_DAYS`).
pub(super) const ALIASES: [(&str, &str); 9] = [
    ("PLIMSOLL_LISTEN", "server.listen"),
    ("PLIMSOLL_DATA", "store.dir"),
    ("PERFORMANCE_MONITORING_ENABLED", "monitor.enabled"),
    ("MEMORY_MONITORING_ENABLED", "monitor.memory"),
    (COLLECTION_INTERVAL, "monitor.interval_secs"),
    ("METRICS_ENDPOINT", "monitor.metrics_path"),
    ("HEALTH_ENDPOINT", "monitor.health_path"),
    ("STATUS_ENDPOINT", "monitor.status_path"),
    ("PLIMSOLL_PROFILE", "judge.profile"),
];

/// Names that home-made monitors use and that mean something to the library in a service, but nothing to the server: whoever
/// sets one for the server hears that it does nothing.
pub(super) const OF_SERVICES: [&str; 11] = [
    "REDIS_HOST",
    "REDIS_PORT",
    "REDIS_URL",
    "DB_POOL_SIZE",
    "DB_MAX_OVERFLOW",
    "DB_POOL_TIMEOUT",
    "DB_POOL_RECYCLE",
    "CACHE_MAX_SIZE",
    "CACHE_TTL",
    "CACHE_CLEANUP_INTERVAL",
    "CACHE_DEFAULT_TIMEOUT",
];

/// Seconds; services take any number of them.
pub(super) const COLLECTION_INTERVAL: &str = "METRICS_COLLECTION_INTERVAL";

/// Seconds that windows of the server itself may have.
pub(super) const INTERVALS: [u64; 4] = [10, 20, 30, 60];

/// The interval that is used for one that was meant for services, too: the next longer one, or else the longest.
pub(super) fn interval_for(text: &str) -> Option<u64> {
    let wanted: f64 = text.parse().ok().filter(|secs| *secs > 0.0)?;
    let [.., longest] = INTERVALS;
    let longer = INTERVALS.into_iter().find(|secs| *secs as f64 >= wanted);
    Some(longer.unwrap_or(longest))
}

/// Names under our prefix that are no keys: read elsewhere.
pub(super) const OTHERS: [&str; 4] = [
    "PLIMSOLL_CONFIG",
    "PLIMSOLL_URL",
    "PLIMSOLL_TOKEN",
    "PLIMSOLL_TOKEN_FILE",
];

/// The prefix of our own names.
pub(super) const PREFIX: &str = "PLIMSOLL_";

/// `store.raw_days` → `PLIMSOLL_STORE_RAW_DAYS`.
pub(super) fn name_of(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_ascii_uppercase())
}

/// The variables that are text. Others are none of ours, unless their name is.
///
/// # Errors
/// A value of ours that is no text.
pub(super) fn text(
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Vec<(String, String)>, ConfigError> {
    let mut texts = Vec::new();
    for (name, value) in variables {
        let Ok(name) = name.into_string() else {
            continue;
        };
        match value.into_string() {
            Ok(value) => texts.push((name, value)),
            Err(value) if is_ours(&name) => {
                return Err(ConfigError(format!(
                    "environment {name} must be text in UTF-8, but is {value:?}"
                )));
            }
            Err(_) => {}
        }
    }
    Ok(texts)
}

fn is_ours(name: &str) -> bool {
    name.starts_with(PREFIX)
        || ALIASES.iter().any(|(alias, _)| *alias == name)
        || thresholds::NAMES.contains(&name)
}
