//! The answer of `/health`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::{Check, NAMES, Outcome};

/// How well something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = HealthStatus))]
pub enum Status {
    /// All is well.
    Healthy,
    /// Something is not as it should be, but the service works.
    Degraded,
    /// The service does not work.
    Unhealthy,
    /// Nobody said how to check it.
    NotConfigured,
}

/// The state of the service and of each check.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = HealthReport))]
pub struct Report {
    /// Of the whole service; never [`Status::NotConfigured`].
    pub status: Status,
    /// By name.
    pub checks: BTreeMap<String, CheckReport>,
    /// When the checks were run.
    #[serde(serialize_with = "rfc3339")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub timestamp: Timestamp,
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = HealthCheck))]
pub struct CheckReport {
    /// How well it is.
    pub status: Status,
    /// What is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub message: Option<String>,
    /// Whether the service cannot work without it.
    pub critical: bool,
    /// How long the check took, milliseconds.
    pub duration_ms: f64,
}

impl CheckReport {
    pub(super) fn new(outcome: Outcome, critical: bool, duration: Duration) -> Self {
        let (status, message) = match outcome {
            Outcome::Healthy => (Status::Healthy, None),
            Outcome::Degraded(message) => (Status::Degraded, Some(message)),
            Outcome::Unhealthy(message) => (Status::Unhealthy, Some(message)),
            Outcome::NotConfigured => (Status::NotConfigured, None),
        };
        let duration_ms = (duration.as_secs_f64() * 1e6).round() / 1e3;
        Self {
            status,
            message,
            critical,
            duration_ms,
        }
    }
}

impl Report {
    pub(super) fn new(found: Vec<(Arc<Check>, CheckReport)>, timestamp: Timestamp) -> Self {
        let mut checks: BTreeMap<String, CheckReport> = NAMES
            .iter()
            .map(|name| {
                (
                    (*name).to_owned(),
                    CheckReport::new(Outcome::NotConfigured, false, Duration::ZERO),
                )
            })
            .collect();
        checks.extend(
            found
                .into_iter()
                .map(|(check, report)| (check.name().to_owned(), report)),
        );
        let unwell =
            |report: &&CheckReport| matches!(report.status, Status::Degraded | Status::Unhealthy);
        let status = if checks
            .values()
            .any(|check| check.critical && check.status == Status::Unhealthy)
        {
            Status::Unhealthy
        } else if checks.values().any(|check| unwell(&check)) {
            Status::Degraded
        } else {
            Status::Healthy
        };
        Self {
            status,
            checks,
            timestamp,
        }
    }

    /// 503 when unhealthy, else 200: a degraded service still takes requests.
    pub fn http_status(&self) -> u16 {
        if self.status == Status::Unhealthy {
            503
        } else {
            200
        }
    }

    /// Whether every critical check is well enough to take requests, and those that are not.
    pub fn failed_critical(&self) -> impl Iterator<Item = (&str, &CheckReport)> {
        self.checks
            .iter()
            .filter(|(_, check)| check.critical && check.status == Status::Unhealthy)
            .map(|(name, check)| (name.as_str(), check))
    }
}

fn rfc3339<S: serde::Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}
