//! Alerts and findings as the interface shows them.

use serde::Serialize;

use crate::alert::{Kind, Phase, Severity};
use crate::analysis::findings::Finding;
use crate::analysis::load_line::rfc3339;
use crate::analysis::situation::Deploy;
use crate::judge::{Alert, Judge, Watch};
use crate::standards::Place;

/// Alerts.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertList {
    /// When that was.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub timestamp: String,
    /// The newest first.
    pub alerts: Vec<ShownAlert>,
    /// How many there are.
    pub total: usize,
}

/// An alert: something past its line for long enough that somebody should know.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShownAlert {
    /// Its number.
    pub id: String,
    /// Whose.
    pub service: String,
    /// Of what, within the service: `class:write`.
    pub key: String,
    /// What kind of trouble: `slow_request`, `slow_query`, `high_memory`, `error_rate`, `resource_violation`, …
    pub r#type: String,
    /// How severe.
    pub severity: Severity,
    /// In a sentence or two.
    pub message: String,
    /// Its line.
    pub threshold: f64,
    /// What was found; null where only the number of those past the line is known.
    pub current_value: Option<f64>,
    /// The unit of both: `s`, `ratio`, `bytes`, `count`, `per_minute`, …
    pub unit: String,
    /// `pending`, `firing` or `resolved`.
    pub state: &'static str,
    /// Whether it is over.
    pub resolved: bool,
    /// When it fired, or began to be pending.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub timestamp: String,
    /// When the breach began.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub since: String,
    /// When it fired; null while it is pending.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub fired_at: Option<String>,
    /// When it was over.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub resolved_at: Option<String>,
    /// `itself`, or who said so.
    pub resolved_by: Option<String>,
    /// When somebody said that it is known.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub acknowledged_at: Option<String>,
    /// Who.
    pub acknowledged_by: Option<String>,
    /// Until when it is not told; null when it is.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub silenced_until: Option<String>,
    /// The finding that says why.
    pub finding: Option<String>,
}

/// An alert of a service that judges itself.
pub fn shown(alert: &Alert, service: &str) -> ShownAlert {
    let resolved = alert.resolved.is_some();
    ShownAlert {
        id: alert.id.to_string(),
        service: service.to_owned(),
        key: alert.key.clone(),
        r#type: alert.kind.as_str().to_owned(),
        severity: alert.severity,
        message: alert.message.clone(),
        threshold: if alert.limit.is_finite() {
            alert.limit
        } else {
            0.0
        },
        current_value: alert.value,
        unit: alert.unit.as_str().to_owned(),
        state: if resolved { "resolved" } else { "firing" },
        resolved,
        timestamp: rfc3339(alert.fired),
        since: rfc3339(alert.since),
        fired_at: Some(rfc3339(alert.fired)),
        resolved_at: alert.resolved.map(rfc3339),
        resolved_by: alert.resolved_by.clone(),
        acknowledged_at: None,
        acknowledged_by: None,
        silenced_until: None,
        finding: (!resolved).then(|| alert.key.clone()),
    }
}

impl ShownAlert {
    /// What of a service is past its line, but not for long enough to fire.
    pub fn pending(service: &str, judge: &Judge) -> Vec<Self> {
        let watches = judge.watches();
        let pending = watches.filter_map(|watch| match watch.state.phase {
            Phase::Pending { worst, .. } => Some(Self::of_watch(service, watch, worst)),
            _ => None,
        });
        pending.collect()
    }

    fn of_watch(service: &str, watch: &Watch, severity: Severity) -> Self {
        let since = rfc3339(watch.state.since_ns);
        Self {
            id: format!("pending:{service}:{}", watch.key),
            service: service.to_owned(),
            key: watch.key.to_string(),
            r#type: watch.kind.as_str().to_owned(),
            severity,
            message: format!("{} is past its line.", watch.key),
            threshold: if watch.limit.is_finite() {
                watch.limit
            } else {
                0.0
            },
            current_value: watch.value.filter(|value| value.is_finite()),
            unit: watch.unit.as_str().to_owned(),
            state: "pending",
            resolved: false,
            timestamp: since.clone(),
            since,
            fired_at: None,
            resolved_at: None,
            resolved_by: None,
            acknowledged_at: None,
            acknowledged_by: None,
            silenced_until: None,
            finding: None,
        }
    }
}

/// Something judged wrong, or close to it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShownFinding {
    /// Names it within its service.
    pub id: String,
    /// Whose.
    pub service: String,
    /// What kind of trouble.
    pub kind: Kind,
    /// What it is about.
    pub subject: String,
    /// The float of the load line that it is about.
    pub float: Option<String>,
    /// `past` or `close`.
    pub place: Place,
    /// Null for what is only close.
    pub severity: Option<Severity>,
    /// What, how much, since what.
    pub headline: String,
    /// Why, as far as it is known.
    pub cause: String,
    /// Numbers, each with what it is measured against.
    pub evidence: Vec<String>,
    /// When it began.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub since: Option<String>,
    /// What to do; ends with a colon where `fix` follows.
    pub action: String,
    /// To be copied.
    pub fix: Option<String>,
    /// What to look at when the action does not help, a line each.
    pub runbook: &'static str,
    /// The finding that it follows from.
    pub follows_from: Option<String>,
    /// Its alert's number.
    pub alert: Option<String>,
    /// The deploy since which it is so.
    pub deploy: Option<ShownDeploy>,
}

/// A version that began to run.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShownDeploy {
    /// Which version.
    pub version: String,
    /// Which commit.
    pub revision: Option<String>,
    /// When it began.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub time: String,
}

impl ShownFinding {
    /// A finding of a service.
    pub fn of(service: &str, finding: &Finding) -> Self {
        let finding = finding.clone();
        Self {
            id: finding.id,
            service: service.to_owned(),
            kind: finding.kind,
            subject: finding.subject,
            float: finding.float,
            place: finding.place,
            severity: finding.severity,
            headline: finding.headline,
            cause: finding.cause,
            evidence: finding.evidence,
            since: finding.since_ns.map(rfc3339),
            action: finding.action,
            fix: finding.fix,
            runbook: finding.runbook,
            follows_from: finding.follows_from,
            alert: finding.alert,
            deploy: finding.deploy.map(ShownDeploy::of),
        }
    }
}

impl ShownDeploy {
    fn of(deploy: Deploy) -> Self {
        Self {
            version: deploy.version,
            revision: deploy.revision,
            time: rfc3339(deploy.at),
        }
    }
}
