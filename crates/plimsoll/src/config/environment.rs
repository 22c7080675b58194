//! The environment variables that a monitor listens to.

mod apply;

use std::collections::{BTreeMap, BTreeSet};

use super::{Configuration, Key, Origin, Secret, nearest, parse};
use crate::error::Error;
use apply::{
    collection_interval, endpoint, max_memory, on_export, redis_host, redis_port,
    resource_attributes, unused,
};

/// A name under which one setting is found.
struct Variable {
    name: &'static str,
    /// The name to use instead; the same one for a name that is not an alias.
    canonical: &'static str,
    key: Key,
    apply: fn(&mut Configuration, name: &'static str, value: &str) -> Result<(), Error>,
}

const fn variable(
    name: &'static str,
    key: Key,
    apply: fn(&mut Configuration, &'static str, &str) -> Result<(), Error>,
) -> Variable {
    Variable {
        name,
        canonical: name,
        key,
        apply,
    }
}

/// Names under our prefix that other programs of ours read.
const ELSEWHERE: &[&str] = &[
    "PLIMSOLL_LISTEN",
    "PLIMSOLL_DATA",
    "PLIMSOLL_CONFIG",
    "PLIMSOLL_URL",
];

const PREFIX: &str = "PLIMSOLL_";

/// In the order in which they are applied: a canonical name after its aliases, so that it wins.
const VARIABLES: &[Variable] = &[
    variable("PLIMSOLL_PROFILE", "profile", |c, name, value| {
        c.config.profile = parse::profile(name, value)?;
        Ok(())
    }),
    variable(
        "OTEL_RESOURCE_ATTRIBUTES",
        "resource_attributes",
        resource_attributes,
    ),
    variable("OTEL_SERVICE_NAME", "service", |c, _, value| {
        c.config.service = value.to_owned();
        Ok(())
    }),
    variable(
        "PERFORMANCE_MONITORING_ENABLED",
        "enabled",
        |c, name, value| {
            c.config.enabled = parse::switch(name, value)?;
            Ok(())
        },
    ),
    variable("OTEL_SDK_DISABLED", "enabled", |c, name, value| {
        if parse::switch(name, value)? {
            c.config.enabled = false;
        }
        Ok(())
    }),
    variable(
        "MEMORY_MONITORING_ENABLED",
        "memory_monitoring",
        |c, name, value| {
            c.config.memory_monitoring = parse::switch(name, value)?;
            Ok(())
        },
    ),
    variable(
        "METRICS_COLLECTION_INTERVAL",
        "collection_interval",
        collection_interval,
    ),
    Variable {
        name: "HIGH_MEMORY_THRESHOLD",
        canonical: "MAX_MEMORY_USAGE_MB",
        key: "max_memory_mb",
        apply: max_memory,
    },
    variable("MAX_MEMORY_USAGE_MB", "max_memory_mb", max_memory),
    variable(
        "MAX_CPU_USAGE_PERCENT",
        "max_cpu_percent",
        |c, name, value| {
            c.config.thresholds.cpu_percent = parse::percent(name, value)?;
            Ok(())
        },
    ),
    variable(
        "SLOW_REQUEST_THRESHOLD",
        "slow_request_threshold",
        |c, name, value| {
            c.config.thresholds.slow_request = parse::seconds(name, value)?;
            Ok(())
        },
    ),
    variable(
        "SLOW_QUERY_THRESHOLD",
        "slow_query_threshold",
        |c, name, value| {
            c.config.thresholds.slow_query = parse::seconds(name, value)?;
            unused(c, name, value, "queries are not measured");
            Ok(())
        },
    ),
    variable(
        "ERROR_RATE_THRESHOLD",
        "error_rate_threshold",
        |c, name, value| {
            c.config.thresholds.error_rate = parse::ratio(name, value)?;
            Ok(())
        },
    ),
    variable(
        "PLIMSOLL_HEALTH_INTERVAL",
        "health_interval",
        |c, name, value| {
            c.config.health_interval = Some(parse::seconds(name, value)?);
            Ok(())
        },
    ),
    variable("METRICS_ENDPOINT", "metrics_path", |c, name, value| {
        c.config.paths.metrics = parse::path(name, value)?;
        Ok(())
    }),
    variable("HEALTH_ENDPOINT", "health_path", |c, name, value| {
        c.config.paths.health = parse::path(name, value)?;
        Ok(())
    }),
    variable("STATUS_ENDPOINT", "status_path", |c, name, value| {
        c.config.paths.status = parse::path(name, value)?;
        Ok(())
    }),
    variable(
        "PLIMSOLL_COMPATIBILITY_METRICS",
        "compatibility_metrics",
        |c, name, value| {
            c.config.compatibility_metrics = parse::compatibility(name, value)?;
            Ok(())
        },
    ),
    variable("PLIMSOLL_EXEMPLARS", "exemplars", |c, name, value| {
        c.config.exemplars = parse::switch(name, value)?;
        Ok(())
    }),
    variable("PLIMSOLL_CORRELATION", "correlation", |c, name, value| {
        c.config.correlation = parse::switch(name, value)?;
        Ok(())
    }),
    variable(
        "PLIMSOLL_SERVER_TIMING",
        "server_timing",
        |c, name, value| {
            c.config.server_timing = parse::switch(name, value)?;
            Ok(())
        },
    ),
    variable(
        "PLIMSOLL_PERFORMANCE_TOKEN",
        "performance_token",
        |c, _, value| {
            c.config.performance_token = Some(Secret::new(value));
            Ok(())
        },
    ),
    variable("PLIMSOLL_DATA_PATH", "data_path", |c, _, value| {
        c.config.data_path = value.into();
        Ok(())
    }),
    Variable {
        name: "REDIS_HOST",
        canonical: "REDIS_URL",
        key: "redis_url",
        apply: |c, _, value| {
            c.config.redis_url = format!("redis://{value}:{}/0", redis_port(&c.config.redis_url));
            Ok(())
        },
    },
    Variable {
        name: "REDIS_PORT",
        canonical: "REDIS_URL",
        key: "redis_url",
        apply: |c, name, value| {
            let port = parse::port(name, value)?;
            c.config.redis_url = format!("redis://{}:{port}/0", redis_host(&c.config.redis_url));
            Ok(())
        },
    },
    variable("REDIS_URL", "redis_url", |c, _, value| {
        c.config.redis_url = value.to_owned();
        Ok(())
    }),
    variable(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "export_url",
        |c, name, value| {
            endpoint(c, name, value, |value| {
                format!("{}/v1/metrics", value.trim_end_matches('/'))
            })
        },
    ),
    variable(
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
        "export_url",
        |c, name, value| endpoint(c, name, value, str::to_owned),
    ),
    variable(
        "OTEL_EXPORTER_OTLP_HEADERS",
        "export_headers",
        |c, name, value| {
            let headers = parse::pairs(name, value)?;
            on_export(c, |export| export.headers = headers);
            Ok(())
        },
    ),
    variable(
        "OTEL_EXPORTER_OTLP_TIMEOUT",
        "export_time_out",
        |c, name, value| {
            let time_out = parse::milliseconds(name, value)?;
            on_export(c, |export| export.time_out = time_out);
            Ok(())
        },
    ),
    variable(
        "OTEL_EXPORTER_OTLP_COMPRESSION",
        "export_gzip",
        |c, name, value| {
            match value {
                "gzip" => on_export(c, |export| export.gzip = true),
                "none" => on_export(c, |export| export.gzip = false),
                _ => c.notices.push(format!(
                    "{name}={value} is unknown: windows are sent uncompressed"
                )),
            }
            Ok(())
        },
    ),
    variable(
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        "export_protocol",
        |c, name, value| {
            if !value.starts_with("http/") {
                c.notices.push(format!(
                    "{name}={value} is not spoken: windows are sent as http/protobuf"
                ));
            }
            Ok(())
        },
    ),
    variable("OTEL_METRICS_EXPORTER", "export_url", |c, _, value| {
        if value == "none" {
            c.config.export = None;
        }
        Ok(())
    }),
];

pub(super) fn read<N: AsRef<str>, V: AsRef<str>>(
    configuration: &mut Configuration,
    environment: impl IntoIterator<Item = (N, V)>,
) -> Result<(), Error> {
    // An empty value counts as unset (OpenTelemetry's rule).
    let values: BTreeMap<String, String> = environment
        .into_iter()
        .map(|(name, value)| (name.as_ref().to_owned(), value.as_ref().trim().to_owned()))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    for variable in VARIABLES {
        let Some(value) = values.get(variable.name) else {
            continue;
        };
        (variable.apply)(configuration, variable.name, value)?;
        configuration
            .origins
            .insert(variable.key, Origin::Environment(variable.name));
        if variable.name != variable.canonical {
            let set = if values.contains_key(variable.canonical) {
                "is not used, because of"
            } else {
                "is an alias of"
            };
            configuration
                .notices
                .push(format!("{} {set} {}", variable.name, variable.canonical));
        }
    }
    warn_of_unknown(configuration, values.keys());
    Ok(())
}

fn warn_of_unknown<'a>(configuration: &mut Configuration, names: impl Iterator<Item = &'a String>) {
    let known: BTreeSet<&str> = VARIABLES
        .iter()
        .map(|variable| variable.name)
        .filter(|name| name.starts_with(PREFIX))
        .chain(ELSEWHERE.iter().copied())
        .collect();
    for name in names.filter(|name| name.starts_with(PREFIX) && !known.contains(name.as_str())) {
        let meant =
            nearest(name, known.iter().copied()).map(|meant| format!("; did you mean {meant}?"));
        configuration
            .notices
            .push(format!("{name} is unknown{}", meant.unwrap_or_default()));
    }
}

#[cfg(test)]
mod tests;
