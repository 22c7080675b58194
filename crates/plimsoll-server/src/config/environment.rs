//! Names in the environment.

/// Other names of keys, beside `PLIMSOLL_` + the key in capitals (`PLIMSOLL_STORE_RAW_DAYS`).
pub(super) const ALIASES: [(&str, &str); 7] = [
    ("PLIMSOLL_LISTEN", "server.listen"),
    ("PLIMSOLL_DATA", "store.dir"),
    ("PERFORMANCE_MONITORING_ENABLED", "monitor.enabled"),
    ("MEMORY_MONITORING_ENABLED", "monitor.memory"),
    ("METRICS_ENDPOINT", "monitor.metrics_path"),
    ("HEALTH_ENDPOINT", "monitor.health_path"),
    ("STATUS_ENDPOINT", "monitor.status_path"),
];

/// Names that home-made monitors use and that mean something to the library in a service, but nothing to the server: whoever
/// sets one for the server hears that it does nothing.
pub(super) const OF_SERVICES: [&str; 19] = [
    "REDIS_HOST",
    "REDIS_PORT",
    "REDIS_URL",
    "METRICS_COLLECTION_INTERVAL",
    "MAX_MEMORY_USAGE_MB",
    "MAX_CPU_USAGE_PERCENT",
    "DB_POOL_SIZE",
    "DB_MAX_OVERFLOW",
    "DB_POOL_TIMEOUT",
    "DB_POOL_RECYCLE",
    "CACHE_MAX_SIZE",
    "CACHE_TTL",
    "CACHE_CLEANUP_INTERVAL",
    "CACHE_DEFAULT_TIMEOUT",
    "SLOW_REQUEST_THRESHOLD",
    "SLOW_QUERY_THRESHOLD",
    "HIGH_MEMORY_THRESHOLD",
    "ERROR_RATE_THRESHOLD",
    "PLIMSOLL_PROFILE",
];

/// Names under our prefix that are no keys: read elsewhere.
pub(super) const OTHERS: [&str; 2] = ["PLIMSOLL_CONFIG", "PLIMSOLL_URL"];

/// The prefix of our own names.
pub(super) const PREFIX: &str = "PLIMSOLL_";

/// `store.raw_days` → `PLIMSOLL_STORE_RAW_DAYS`.
pub(super) fn name_of(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_ascii_uppercase())
}
