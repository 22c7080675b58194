//! `/api/v1/stats` and `/api/v1/events/stats`, kept for a while: they are asked often and change slowly.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;
use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::{Value as Json, json};

use crate::http::extract::Params;
use crate::http::problem::{Answer, Problem, json_bytes};
use crate::state::{App, AppState};
use crate::tick;

use super::events_read::{self, EventParams};

/// How long the statistics of a closed range are kept.
const CLOSED: Duration = Duration::from_secs(600);
/// How long those of the running range are kept.
const RUNNING: Duration = Duration::from_secs(15);
/// Most answers kept.
const MOST: usize = 256;

/// Answers that are still good.
#[derive(Debug, Default)]
pub struct StatsCache(Mutex<HashMap<String, (Instant, Bytes)>>);

impl StatsCache {
    /// New events were stored: every answer is out of date.
    pub fn forget(&self) {
        self.0.lock().clear();
    }

    fn find(&self, key: &str, now: Instant) -> Option<Bytes> {
        let answers = self.0.lock();
        answers
            .get(key)
            .filter(|(until, _)| *until > now)
            .map(|(_, answer)| answer.clone())
    }

    fn keep(&self, key: String, until: Instant, answer: Bytes, now: Instant) {
        let mut answers = self.0.lock();
        if answers.len() >= MOST {
            answers.retain(|_, (until, _)| *until > now);
        }
        if answers.len() < MOST {
            answers.insert(key, (until, answer));
        }
    }
}

/// Numbers of events in a range.
///
/// # Errors
/// 400 for a bad parameter.
pub async fn events(State(app): State<App>, Params(params): Params<EventParams>) -> Answer {
    params.without_page()?;
    let age = age(&params);
    cached(app, format!("events {params:?}"), age, move |app| {
        events_read::stats(&app.store, &params)
    })
    .await
}

/// Numbers of everything: events in a range, the store, what comes in.
///
/// # Errors
/// 400 for a bad parameter.
pub async fn all(State(app): State<App>, Params(params): Params<EventParams>) -> Answer {
    params.without_page()?;
    // The range may be closed, the store is not.
    cached(app, format!("all {params:?}"), RUNNING, move |app| {
        let events = events_read::stats(&app.store, &params)?;
        Ok(json!({"events": events, "store": store(app), "ingest": ingest(app), "doors": doors(app), "task_restarts": restarts(app), "uptime_secs": app.started.elapsed().as_secs()}))
    })
    .await
}

fn age(params: &EventParams) -> Duration {
    if AppState::is_closed(params, tick::now()) {
        CLOSED
    } else {
        RUNNING
    }
}

async fn cached(
    app: App,
    key: String,
    age: Duration,
    answer: impl FnOnce(&App) -> Result<Json, Problem> + Send + 'static,
) -> Answer {
    let now = Instant::now();
    let body = match app.stats.find(&key, now) {
        Some(body) => body,
        None => {
            let asking = app.clone();
            let made = app.slow.run(move || answer(&asking)).await?;
            let body = Bytes::from(made.to_string());
            app.stats.keep(key, now + age, body.clone(), now);
            body
        }
    };
    let mut response = json_bytes(body.to_vec()).into_response();
    let max_age = format!("max-age={}", age.as_secs());
    if let Ok(value) = HeaderValue::try_from(max_age) {
        response.headers_mut().insert(header::CACHE_CONTROL, value);
    }
    Ok(response)
}

fn store(app: &App) -> Json {
    let status = app.store.status();
    json!({
        "unsealed_rows": status.unsealed_rows,
        "sealed_rows": status.sealed_rows,
        "disk_bytes": status.disk_bytes,
        "journal_bytes": status.journal_bytes,
        "active_series": status.active_series,
        "max_series": status.max_series,
        "disk_full": status.disk_full,
        "appended_rows": status.appended_rows,
        "refused_disk_full": status.refused_disk_full,
        "refused_unavailable": status.refused_unavailable,
        "dropped_files": status.dropped_files,
        "damage": status.damage.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn ingest(app: &App) -> Json {
    let read = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    json!({
        "rows_written": read(&app.ingest.rows_written),
        "rows_refused": read(&app.ingest.rows_refused),
        "rows_out_of_time": read(&app.ingest.rows_out_of_time),
        "rows_over_series_limit": read(&app.ingest.rows_over_series_limit),
        "own_rows_over_series_limit": read(&app.ingest.own_rows_over_series_limit),
    })
}

/// Requests that were refused, by reason.
fn doors(app: &App) -> Json {
    let counts = app.doors.counts.read().into_iter();
    counts
        .map(|(name, count)| (name.to_owned(), Json::from(count)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Restarts of those tasks that had any.
fn restarts(app: &App) -> Json {
    let restarts = app.tasks.restarts().into_iter();
    let restarts = restarts.filter(|(_, restarts)| *restarts > 0);
    restarts
        .map(|(name, restarts)| (name.to_owned(), Json::from(restarts)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
