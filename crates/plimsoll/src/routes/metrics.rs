//! `/metrics`.

use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use crate::exposition::Format;
use crate::monitor::Monitor;

/// Running counts in Prometheus's text format, or OpenMetrics if `Accept` asks for it.
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "",
    operation_id = "getMetrics",
    tag = "health",
    responses(
        (status = 200, description = "The metrics",
            content((String = "text/plain"), (String = "application/openmetrics-text"))),
        (status = 404, description = "Monitoring is switched off", body = ref("#/components/schemas/Problem"),
            content_type = "application/problem+json"),
    ),
))]
pub(super) async fn metrics(
    State(monitor): State<Monitor>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if !monitor.is_enabled() {
        let origin = monitor.inner.configuration.origin("enabled");
        return Err(Problem::not_found(format!(
            "monitoring is switched off (set by {origin}), so there are no metrics"
        )));
    }
    let format = Format::accepted(headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()));
    let headers = [
        (
            CONTENT_TYPE,
            HeaderValue::from_static(format.content_type()),
        ),
        (VARY, HeaderValue::from_static("accept")),
    ];
    Ok((headers, monitor.render_metrics(format)).into_response())
}
