//! What takes more than one line to set.

use std::time::Duration;

use crate::config::{Configuration, ExportConfig, Origin, parse};
use crate::error::Error;
use crate::monitor::WINDOW;

pub(super) fn resource_attributes(
    c: &mut Configuration,
    name: &'static str,
    value: &str,
) -> Result<(), Error> {
    for (attribute, value) in parse::pairs(name, value)? {
        let key = match attribute.as_str() {
            "service.name" => {
                c.config.service = value;
                "service"
            }
            "service.version" => {
                c.config.version = Some(value);
                "version"
            }
            "vcs.ref.head.revision" => {
                c.config.revision = Some(value);
                "revision"
            }
            "service.instance.id" => {
                c.config.instance = Some(value);
                "instance"
            }
            "deployment.environment.name" | "deployment.environment" => {
                c.config.environment = Some(value);
                "environment"
            }
            _ => {
                c.config
                    .resource_attributes
                    .retain(|(known, _)| *known != attribute);
                c.config.resource_attributes.push((attribute, value));
                continue;
            }
        };
        c.origins.insert(key, Origin::Environment(name));
    }
    Ok(())
}

/// An interval that is no multiple of a window is rounded up, and said so.
pub(super) fn collection_interval(
    c: &mut Configuration,
    name: &'static str,
    value: &str,
) -> Result<(), Error> {
    let wanted = parse::seconds(name, value)?;
    let windows = wanted.as_secs_f64() / WINDOW.as_secs_f64();
    let interval = Duration::from_secs(
        (windows.ceil() as u64)
            .max(1)
            .saturating_mul(WINDOW.as_secs()),
    );
    if interval != wanted {
        c.notices.push(format!(
            "{name}={value} is rounded up to {} s",
            interval.as_secs()
        ));
    }
    c.config.collection_interval = Some(interval);
    Ok(())
}

/// Says that a value is kept for what is still to come.
pub(super) fn unused(c: &mut Configuration, name: &str, value: &str, why: &str) {
    c.notices
        .push(format!("{name}={value} is read and not used yet: {why}"));
}

pub(super) fn max_memory(
    c: &mut Configuration,
    name: &'static str,
    value: &str,
) -> Result<(), Error> {
    c.config.thresholds.memory_mb = parse::positive(name, value)?;
    Ok(())
}

pub(super) fn endpoint(
    c: &mut Configuration,
    name: &'static str,
    value: &str,
    url: impl Fn(&str) -> String,
) -> Result<(), Error> {
    if value.starts_with("https://") {
        // The same variable may be meant for another library of the service: do not keep it from starting.
        c.notices.push(format!(
            "{name}={value} is not used: TLS is not built in, name a collector by http://"
        ));
        c.config.export = None;
        return Ok(());
    }
    let url = url(&parse::http_url(name, value)?);
    match &mut c.config.export {
        Some(export) => export.url = url,
        none => *none = Some(ExportConfig::to_url(url)),
    }
    Ok(())
}

pub(super) fn on_export(c: &mut Configuration, set: impl FnOnce(&mut ExportConfig)) {
    if let Some(export) = &mut c.config.export {
        set(export);
    }
}

pub(super) fn redis_host(url: &str) -> &str {
    let authority = url
        .trim_start_matches("redis://")
        .split('/')
        .next()
        .unwrap_or_default();
    authority
        .rsplit_once(':')
        .map_or(authority, |(host, _)| host)
}

pub(super) fn redis_port(url: &str) -> &str {
    let authority = url
        .trim_start_matches("redis://")
        .split('/')
        .next()
        .unwrap_or_default();
    authority.rsplit_once(':').map_or("6379", |(_, port)| port)
}
