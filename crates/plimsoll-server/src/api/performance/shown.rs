//! Alerts and findings as the interface shows them.

use plimsoll::alert::{Kind, Severity};
use plimsoll::analysis::findings::Finding;
use plimsoll::analysis::situation::Deploy;
use plimsoll::judge::Watch;
use plimsoll::standards::Place;
use serde::Serialize;
use utoipa::ToSchema;

use crate::meta::alerts::Alert;
use crate::meta::silences::Silence;
use crate::services::rfc3339;
use crate::store::table::Nanos;

/// An alert: something past its line for long enough that somebody should know.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShownAlert {
    /// Its number.
    id: String,
    /// Whose.
    service: String,
    /// Of what, within the service: `class:write`.
    key: String,
    /// What kind of trouble: `slow_request`, `slow_query`, `high_memory`, `error_rate`, `resource_violation`, …
    r#type: String,
    severity: Severity,
    /// In a sentence or two.
    message: String,
    /// Its line.
    threshold: f64,
    /// What was found; null where only the number of those past the line is known.
    current_value: Option<f64>,
    /// The unit of both: `s`, `ratio`, `bytes`, `count`, `per_minute`, …
    unit: String,
    /// `pending`, `firing` or `resolved`.
    state: &'static str,
    resolved: bool,
    /// When it fired, or began to be pending.
    #[schema(format = DateTime)]
    timestamp: String,
    /// When the breach began.
    #[schema(format = DateTime)]
    since: String,
    /// When it fired; null while it is pending.
    #[schema(format = DateTime)]
    fired_at: Option<String>,
    /// When it was over.
    #[schema(format = DateTime)]
    resolved_at: Option<String>,
    /// `itself`, or who said so.
    resolved_by: Option<String>,
    /// When somebody said that it is known.
    #[schema(format = DateTime)]
    acknowledged_at: Option<String>,
    /// Who.
    acknowledged_by: Option<String>,
    /// Until when it is not told; null when it is.
    #[schema(format = DateTime)]
    silenced_until: Option<String>,
    /// The finding that says why.
    finding: Option<String>,
}

impl ShownAlert {
    pub(crate) fn of(alert: Alert, silences: &[Silence], now: Nanos) -> Self {
        let resolved = alert.resolved.is_some();
        let covering = silences
            .iter()
            .filter_map(|silence| silence.covers(&alert.service, &alert.key, alert.severity, now));
        let silenced_until = covering.max().filter(|_| !resolved).map(rfc3339);
        Self {
            id: alert.id.to_string(),
            severity: alert.severity,
            message: alert.message,
            threshold: alert.line,
            current_value: alert.value,
            unit: alert.unit,
            state: if resolved { "resolved" } else { "firing" },
            resolved,
            timestamp: rfc3339(alert.fired),
            since: rfc3339(alert.since),
            fired_at: Some(rfc3339(alert.fired)),
            resolved_at: alert.resolved.map(rfc3339),
            resolved_by: alert.resolved_by,
            acknowledged_at: alert.acknowledged.map(rfc3339),
            acknowledged_by: alert.acknowledged_by,
            silenced_until,
            finding: (!resolved).then(|| alert.key.clone()),
            service: alert.service,
            key: alert.key,
            r#type: alert.kind,
        }
    }
}

impl ShownAlert {
    /// What is past its line, but not for long enough to fire.
    pub(crate) fn pending(service: &str, watch: &Watch, severity: Severity) -> Self {
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
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShownFinding {
    /// Names it within its service.
    id: String,
    /// Whose.
    service: String,
    kind: Kind,
    /// What it is about.
    subject: String,
    /// The float of the load line that it is about.
    float: Option<String>,
    /// `past` or `close`.
    place: Place,
    /// Null for what is only close.
    severity: Option<Severity>,
    /// What, how much, since what.
    headline: String,
    /// Why, as far as it is known.
    cause: String,
    /// Numbers, each with what it is measured against.
    evidence: Vec<String>,
    /// When it began.
    #[schema(format = DateTime)]
    since: Option<String>,
    /// What to do; ends with a colon where `fix` follows.
    action: String,
    /// To be copied.
    fix: Option<String>,
    /// What to look at when the action does not help, a line each.
    runbook: &'static str,
    /// The finding that it follows from.
    follows_from: Option<String>,
    /// Its alert's number.
    alert: Option<String>,
    /// The deploy since which it is so.
    deploy: Option<ShownDeploy>,
}

/// A version that began to run.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShownDeploy {
    /// Which version.
    version: String,
    /// Which commit.
    revision: Option<String>,
    /// When it began.
    #[schema(format = DateTime)]
    time: String,
}

impl ShownFinding {
    pub(crate) fn of(service: &str, finding: &Finding) -> Self {
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
