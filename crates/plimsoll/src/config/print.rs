//! `config print`: each effective value and where it came from.

use std::fmt;

use super::{Configuration, Key, Origin};

/// One line of `config print`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Name of the setting.
    pub key: Key,
    /// Its value with its unit; secrets are masked.
    pub value: String,
    /// Who set it.
    pub origin: Origin,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Profile(profile) => write!(f, "profile {}", profile.as_str()),
            Self::Builder => f.write_str("builder"),
            Self::Environment(name) => write!(f, "environment {name}"),
        }
    }
}

impl Configuration {
    /// All settings.
    pub fn entries(&self) -> Vec<Entry> {
        let c = self.config();
        let none = || "none".to_owned();
        let text = |value: &Option<String>| value.clone().unwrap_or_else(none);
        let export = c.export.as_ref();
        let attributes: Vec<_> = c
            .resource_attributes
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let headers = export.map(|export| {
            let masked: Vec<_> = export
                .headers
                .iter()
                .map(|(name, _)| format!("{name}=***"))
                .collect();
            masked.join(",")
        });
        let values: Vec<(Key, String)> = vec![
            ("service", c.service.clone()),
            ("version", text(&c.version)),
            ("revision", text(&c.revision)),
            ("instance", text(&c.instance)),
            ("environment", text(&c.environment)),
            ("resource_attributes", attributes.join(",")),
            ("enabled", c.enabled.to_string()),
            ("memory_monitoring", c.memory_monitoring.to_string()),
            ("profile", c.profile.as_str().to_owned()),
            ("slow_request_threshold", seconds(c.thresholds.slow_request)),
            ("slow_query_threshold", seconds(c.thresholds.slow_query)),
            ("max_memory_mb", format!("{} MB", c.thresholds.memory_mb)),
            ("max_cpu_percent", format!("{} %", c.thresholds.cpu_percent)),
            ("error_rate_threshold", c.thresholds.error_rate.to_string()),
            (
                "collection_interval",
                c.collection_interval.map_or_else(none, seconds),
            ),
            (
                "health_interval",
                c.health_interval.map_or_else(none, seconds),
            ),
            ("metrics_path", c.paths.metrics.clone()),
            ("health_path", c.paths.health.clone()),
            ("status_path", c.paths.status.clone()),
            (
                "compatibility_metrics",
                c.compatibility_metrics.as_str().to_owned(),
            ),
            ("exemplars", c.exemplars.to_string()),
            ("correlation", c.correlation.to_string()),
            ("server_timing", c.server_timing.to_string()),
            (
                "performance_token",
                c.performance_token
                    .as_ref()
                    .map_or_else(none, |token| format!("{token:?}")),
            ),
            ("data_path", c.data_path.display().to_string()),
            ("redis_url", without_password(&c.redis_url)),
            (
                "export_url",
                export.map_or_else(none, |export| without_password(&export.url)),
            ),
            ("export_headers", headers.unwrap_or_default()),
            (
                "export_time_out",
                export.map_or_else(none, |export| seconds(export.time_out)),
            ),
            (
                "export_gzip",
                export.is_some_and(|export| export.gzip).to_string(),
            ),
        ];
        values
            .into_iter()
            .map(|(key, value)| Entry {
                key,
                value,
                origin: self.origin(key),
            })
            .collect()
    }
}

fn seconds(duration: std::time::Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let authority = rest.split('/').next().unwrap_or(rest);
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://***@{host}{}", &rest[authority.len()..]),
        None => url.to_owned(),
    }
}
