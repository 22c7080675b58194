//! `/status`: what is running here, and whether the monitoring itself is well.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::json;
use crate::clock::Moment;
use crate::monitor::Monitor;
use crate::window::Window;

pub(super) async fn status(State(monitor): State<Monitor>) -> Response {
    let (config, inner) = (monitor.config(), &monitor.inner);
    let now = Moment::now();
    let started =
        jiff::Timestamp::from_nanosecond(inner.started.unix_ns.into()).unwrap_or_default();
    let mut notices = inner.configuration.notices().to_vec();
    if config.enabled && !monitor.is_running() {
        notices.push("nothing is sampled or exported: spawn monitor.run()".to_owned());
    }
    let (memory_bytes, memory_limit_bytes) = monitor.memory();
    let mut answer = inner.registry.with_cumulative(now, recorded);
    answer["recording_memory_bytes"] = memory_bytes.into();
    answer["recording_memory_limit_bytes"] = memory_limit_bytes.into();
    let about = json!({
        "service": config.service,
        "version": config.version,
        "instance": config.instance,
        "environment": config.environment,
        "started": started.to_string(),
        "uptime_seconds": now.instant.saturating_duration_since(inner.started.instant).as_secs_f64(),
        "monitoring": {
            "enabled": config.enabled,
            "running": monitor.is_running(),
            "profile": config.profile.as_str(),
            "library_version": env!("CARGO_PKG_VERSION"),
            "windows_in_memory": monitor.windows().len(),
        },
        "notices": notices,
        "export": exported(&monitor),
        "resources": monitor.resource_summary(),
    });
    if let (Value::Object(answer), Value::Object(about)) = (&mut answer, about) {
        answer.extend(about);
    }
    json(StatusCode::OK, &answer)
}

fn recorded(total: &Window) -> Value {
    let dropped = &total.dropped;
    json!({
        "series": {
            "requests": total.requests.len(),
            "functions": total.functions.len(),
            "counters": total.counters.len(),
            "gauges": total.gauges.len(),
            "timers": total.timers.len(),
        },
        "dropped": {
            "routes": dropped.routes,
            "error_types": dropped.error_types,
            "runs": dropped.runs,
            "series": dropped.series,
            "metrics": dropped.metrics,
            "windows": dropped.windows,
        },
    })
}

fn exported(monitor: &Monitor) -> Value {
    #[cfg(feature = "export")]
    return json!(monitor.export_status());
    #[cfg(not(feature = "export"))]
    {
        let _ = monitor;
        Value::Null
    }
}
