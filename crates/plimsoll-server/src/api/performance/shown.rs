//! Alerts that are kept, as the interface shows them.

use plimsoll::performance::judged::ShownAlert;

use crate::meta::alerts::Alert;
use crate::meta::silences::Silence;
use crate::services::rfc3339;
use crate::store::table::Nanos;

/// A kept alert; `silences` say whether it is told at `now`.
pub(crate) fn shown_alert(alert: Alert, silences: &[Silence], now: Nanos) -> ShownAlert {
    let resolved = alert.resolved.is_some();
    let covering = silences
        .iter()
        .filter_map(|silence| silence.covers(&alert.service, &alert.key, alert.severity, now));
    let silenced_until = covering.max().filter(|_| !resolved).map(rfc3339);
    ShownAlert {
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
