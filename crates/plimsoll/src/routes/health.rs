//! `/health`, `/livez`, `/readyz`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::json;
use crate::monitor::Monitor;

/// All checks. 503 only when the service cannot work.
pub(super) async fn health(State(monitor): State<Monitor>) -> Response {
    let report = monitor.health().report().await;
    json(
        StatusCode::from_u16(report.http_status()).unwrap_or(StatusCode::OK),
        &*report,
    )
}

/// The process answers: nothing outside of it is asked, since restarting it would not help that.
pub(super) async fn live() -> Response {
    json(StatusCode::OK, &json!({ "status": "healthy" }))
}

/// Whether requests should be sent here: every critical check is well enough.
pub(super) async fn ready(State(monitor): State<Monitor>) -> Response {
    let report = monitor.health().report().await;
    let failed: Vec<_> = report.failed_critical().map(|(name, _)| name).collect();
    if failed.is_empty() {
        json(StatusCode::OK, &json!({ "status": "ready" }))
    } else {
        json(
            StatusCode::SERVICE_UNAVAILABLE,
            &json!({ "status": "not_ready", "failed": failed }),
        )
    }
}
