//! Whether the server is well: what the library's own checks do not know.

use axum::extract::State;
use axum::http::StatusCode;
use plimsoll::health::{Check, Outcome};

use crate::http::problem::{Answer, json_answer};
use crate::openapi::tag;
use crate::state::App;
use crate::store::StoreStatus;

/// Adds the checks of store and tasks to those of disk and memory.
pub fn register(app: &App) {
    let store = app.store.clone();
    let database = Check::new("database", move || {
        let store = store.clone();
        async move {
            match tokio::task::spawn_blocking(move || store.status()).await {
                Ok(status) => judge(&status),
                Err(panic) => Outcome::failed(panic),
            }
        }
    });
    let tasks = app.tasks.clone();
    let tasks = Check::new("tasks", move || {
        let down = tasks.down();
        let reasons: Vec<String> = down
            .iter()
            .map(|task| format!("{} is down: {}", task.name, task.reason))
            .collect();
        std::future::ready(match reasons.is_empty() {
            true => Outcome::Healthy,
            false => Outcome::Unhealthy(reasons.join("; ")),
        })
    });
    app.monitor.health().register(database.critical());
    app.monitor.health().register(tasks.critical());
}

/// A full disk, damage and the series limit are told, but reads go on and writes recover: no reason to be restarted.
fn judge(status: &StoreStatus) -> Outcome {
    if status.disk_full {
        return Outcome::Degraded(
            "the disk is full: writes are refused until there is room".to_owned(),
        );
    }
    match status.damage.as_slice() {
        [] if status.active_series >= status.max_series => Outcome::Degraded(format!(
            "the series limit is reached (`store.max_series` = {}): rows of further series are refused",
            status.max_series
        )),
        [] => Outcome::Healthy,
        [first, rest @ ..] => {
            let more = match rest.len() {
                0 => String::new(),
                more => format!("; and {more} more"),
            };
            Outcome::Degraded(format!("damage was found: {first}{more}"))
        }
    }
}

/// The same as `/health`, under the data API's prefix.
///
/// # Errors
/// None is known.
#[utoipa::path(
    get,
    path = "",
    operation_id = "getApiHealth",
    tag = tag::HEALTH,
    responses(
        (status = 200, description = "It works", body = plimsoll::health::Report),
        (status = 503, description = "It does not work", body = plimsoll::health::Report),
    ),
)]
pub async fn health(State(app): State<App>) -> Answer {
    let report = app.monitor.health().report().await;
    let mut answer = json_answer(&*report)?;
    *answer.status_mut() = StatusCode::from_u16(report.http_status()).unwrap_or(StatusCode::OK);
    Ok(answer)
}
