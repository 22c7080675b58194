//! `/status`: what is running here, and whether the monitoring itself is well.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;

use super::json;
use crate::clock::Moment;
use crate::monitor::Monitor;
use crate::window::Window;

/// What is running here, and whether the monitoring itself is well.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct ServiceStatus {
    /// The service's name.
    service: String,
    /// Its version.
    version: Option<String>,
    /// Which of its instances.
    instance: Option<String>,
    /// Where it runs.
    environment: Option<String>,
    /// When it started.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    started: String,
    /// How long it runs.
    uptime_seconds: f64,
    /// How it is monitored.
    monitoring: Monitoring,
    /// Series that are recorded.
    series: SeriesCounts,
    /// What was not recorded, or only under a collective label, because a bound was reached.
    dropped: DroppedCounts,
    /// Memory that recording takes.
    recording_memory_bytes: usize,
    /// Most of it.
    recording_memory_limit_bytes: usize,
    /// What is worth knowing of the configuration.
    notices: Vec<String>,
    /// What became of the exported points; null without an export.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    export: Value,
    /// Current value, mean of the last ten and trend of each resource.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    resources: Value,
}

/// How the service is monitored.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct Monitoring {
    /// Whether it is.
    enabled: bool,
    /// Whether windows are closed and sent.
    running: bool,
    /// Name of its defaults.
    profile: &'static str,
    /// The library's version.
    library_version: &'static str,
    /// Windows of the last hour.
    windows_in_memory: usize,
}

/// Series that are recorded.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct SeriesCounts {
    /// Of requests.
    requests: usize,
    /// Of functions.
    functions: usize,
    /// Of the service's own counters.
    counters: usize,
    /// Of its gauges.
    gauges: usize,
    /// Of its timers.
    timers: usize,
}

/// What was not recorded, or only under a collective label, because a bound was reached.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct DroppedCounts {
    /// Requests counted under the route `<other>`.
    routes: u64,
    /// Requests counted under the error type `<other>`.
    error_types: u64,
    /// Requests counted under the load test `<other>`.
    runs: u64,
    /// Requests whose series found no room.
    series: u64,
    /// Values of the service's own metrics and functions that found no room.
    metrics: u64,
    /// Windows that could not be exported in time.
    windows: u64,
}

/// What is running here, and whether the monitoring itself is well.
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "",
    operation_id = "getStatus",
    tag = "health",
    responses((status = 200, description = "The status", body = ServiceStatus)),
))]
pub(super) async fn status(State(monitor): State<Monitor>) -> Response {
    let (config, inner) = (monitor.config(), &monitor.inner);
    let now = Moment::now();
    let started =
        jiff::Timestamp::from_nanosecond(inner.started.unix_ns.into()).unwrap_or_default();
    let mut notices = inner.configuration.notices().to_vec();
    if config.enabled && !monitor.is_running() {
        notices.push("nothing is sampled or exported: spawn monitor.run()".to_owned());
    }
    let (recording_memory_bytes, recording_memory_limit_bytes) = monitor.memory();
    let (series, dropped) = inner.registry.with_cumulative(now, recorded);
    let uptime = now.instant.saturating_duration_since(inner.started.instant);
    let status = ServiceStatus {
        service: config.service.clone(),
        version: config.version.clone(),
        instance: config.instance.clone(),
        environment: config.environment.clone(),
        started: started.to_string(),
        uptime_seconds: uptime.as_secs_f64(),
        monitoring: Monitoring {
            enabled: config.enabled,
            running: monitor.is_running(),
            profile: config.profile.as_str(),
            library_version: env!("CARGO_PKG_VERSION"),
            windows_in_memory: monitor.windows().len(),
        },
        series,
        dropped,
        recording_memory_bytes,
        recording_memory_limit_bytes,
        notices,
        export: exported(&monitor),
        resources: monitor.resource_summary(),
    };
    json(StatusCode::OK, &status)
}

fn recorded(total: &Window) -> (SeriesCounts, DroppedCounts) {
    let dropped = &total.dropped;
    let series = SeriesCounts {
        requests: total.requests.len(),
        functions: total.functions.len(),
        counters: total.counters.len(),
        gauges: total.gauges.len(),
        timers: total.timers.len(),
    };
    let dropped = DroppedCounts {
        routes: dropped.routes,
        error_types: dropped.error_types,
        runs: dropped.runs,
        series: dropped.series,
        metrics: dropped.metrics,
        windows: dropped.windows,
    };
    (series, dropped)
}

fn exported(monitor: &Monitor) -> Value {
    #[cfg(feature = "export")]
    return serde_json::json!(monitor.export_status());
    #[cfg(not(feature = "export"))]
    {
        let _ = monitor;
        Value::Null
    }
}
