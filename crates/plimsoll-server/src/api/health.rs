//! Whether the server is well.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::state::App;
use crate::tick;

/// All checks; 503 when one fails.
pub async fn health(State(app): State<App>) -> Response {
    let mut checks = Map::new();
    let down = app.tasks.down();
    let tasks: Vec<String> = down
        .iter()
        .map(|task| format!("{}: {}", task.name, task.reason))
        .collect();
    checks.insert("tasks".into(), check(&tasks));
    let healthy = tasks.is_empty();
    let status = if healthy {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let word = if healthy { "healthy" } else { "unhealthy" };
    let now = jiff::Timestamp::from_nanosecond(i128::from(tick::now()));
    let timestamp = now.map(|now| now.to_string()).unwrap_or_default();
    let body = json!({"status": word, "checks": checks, "timestamp": timestamp});
    (status, axum::Json(body)).into_response()
}

/// The process answers.
pub async fn live() -> &'static str {
    "ok\n"
}

fn check(problems: &[String]) -> Value {
    if problems.is_empty() {
        json!({"status": "healthy"})
    } else {
        json!({"status": "unhealthy", "message": problems.join("; ")})
    }
}
