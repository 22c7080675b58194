//! `standards.toml` as it is written: every key, each of them optional.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The whole file. An empty one is complete.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) profile: Option<String>,
    pub(super) objective: Option<f64>,
    pub(super) objective_days: Option<u32>,
    pub(super) classes: BTreeMap<String, RawClass>,
    pub(super) routes: Vec<RawRoute>,
    pub(super) limits: RawLimits,
    pub(super) slow: RawSlow,
    pub(super) alerts: RawAlerts,
    pub(super) resources: BTreeMap<String, RawResource>,
}

/// `[classes.NAME]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawClass {
    pub(super) target_ms: Option<f64>,
    pub(super) acceptable_ms: Option<f64>,
    pub(super) investigate_ms: Option<f64>,
    pub(super) throughput_per_second: Option<f64>,
    pub(super) floor_per_minute: Option<f64>,
    pub(super) objective: Option<f64>,
    pub(super) routes: Vec<String>,
}

/// `[[routes]]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawRoute {
    pub(super) route: String,
    pub(super) class: Option<String>,
    pub(super) target_ms: Option<f64>,
    pub(super) acceptable_ms: Option<f64>,
    pub(super) investigate_ms: Option<f64>,
}

/// `[limits]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawLimits {
    pub(super) memory_mb: Option<f64>,
    pub(super) memory_ratio: Option<f64>,
    pub(super) cpu_ratio: Option<f64>,
    pub(super) disk_ratio: Option<f64>,
    pub(super) disk_iops: Option<f64>,
    pub(super) network_mbit_per_second: Option<f64>,
    pub(super) open_files_ratio: Option<f64>,
    pub(super) error_rate: Option<f64>,
    pub(super) db_connections: Option<f64>,
    pub(super) cache_hit_rate: Option<f64>,
    pub(super) floor_per_minute: Option<f64>,
    pub(super) requests_per_second: Option<f64>,
}

/// `[slow]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawSlow {
    pub(super) request_seconds: Option<f64>,
    pub(super) query_seconds: Option<f64>,
    pub(super) bottleneck_query_seconds: Option<f64>,
}

/// `[alerts]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawAlerts {
    pub(super) fire_after_seconds: Option<f64>,
    pub(super) resolve_after_seconds: Option<f64>,
    pub(super) recover_ratio: Option<f64>,
    pub(super) flap_firings: Option<u32>,
    pub(super) longest_resolve_seconds: Option<f64>,
}

/// `[resources."postgres pool"]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawResource {
    pub(super) limit: f64,
}

/// All keys, for what an unknown one may have meant.
pub(super) const KEYS: &[&str] = &[
    "profile",
    "objective",
    "objective_days",
    "classes",
    "routes",
    "limits",
    "slow",
    "alerts",
    "resources",
    "target_ms",
    "acceptable_ms",
    "investigate_ms",
    "throughput_per_second",
    "floor_per_minute",
    "route",
    "class",
    "memory_mb",
    "memory_ratio",
    "cpu_ratio",
    "disk_ratio",
    "disk_iops",
    "network_mbit_per_second",
    "open_files_ratio",
    "error_rate",
    "db_connections",
    "cache_hit_rate",
    "requests_per_second",
    "request_seconds",
    "query_seconds",
    "bottleneck_query_seconds",
    "fire_after_seconds",
    "resolve_after_seconds",
    "recover_ratio",
    "flap_firings",
    "longest_resolve_seconds",
    "limit",
];
