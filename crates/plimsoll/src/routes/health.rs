//! `/health`, `/livez`, `/readyz`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::json;
use crate::monitor::Monitor;

/// That the process answers.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct Live {
    /// Always `healthy`.
    status: &'static str,
}

/// Whether requests should be sent here.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct Ready<'r> {
    /// `ready` or `not_ready`.
    status: &'static str,
    /// The critical checks that failed, if any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed: Vec<&'r str>,
}

/// All checks. 503 only when the service cannot work.
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "",
    operation_id = "getHealth",
    tag = "health",
    responses(
        (status = 200, description = "It works", body = crate::health::Report),
        (status = 503, description = "It does not work", body = crate::health::Report),
    ),
))]
pub(super) async fn health(State(monitor): State<Monitor>) -> Response {
    let report = monitor.health().report().await;
    json(
        StatusCode::from_u16(report.http_status()).unwrap_or(StatusCode::OK),
        &*report,
    )
}

/// The process answers: nothing outside of it is asked, since restarting it would not help that.
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "",
    operation_id = "getLive",
    tag = "health",
    responses((status = 200, description = "The process answers", body = Live)),
))]
pub(super) async fn live() -> Response {
    json(StatusCode::OK, &Live { status: "healthy" })
}

/// Whether requests should be sent here: every critical check is well enough.
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "",
    operation_id = "getReady",
    tag = "health",
    responses(
        (status = 200, description = "Send requests", body = Ready<'_>),
        (status = 503, description = "Send none", body = Ready<'_>),
    ),
))]
pub(super) async fn ready(State(monitor): State<Monitor>) -> Response {
    let report = monitor.health().report().await;
    let failed: Vec<_> = report.failed_critical().map(|(name, _)| name).collect();
    let (status, word) = if failed.is_empty() {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not_ready")
    };
    json(
        status,
        &Ready {
            status: word,
            failed,
        },
    )
}
