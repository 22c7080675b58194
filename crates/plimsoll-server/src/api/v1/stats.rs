//! `/api/v1/stats` and `/api/v1/events/stats`, kept for a while: they are asked often and change slowly.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;
use bytes::Bytes;
use parking_lot::Mutex;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::extract::Params;
use crate::http::problem::{Answer, Problem, json_bytes};
use crate::openapi::answers::ReadRefused;
use crate::openapi::tag;
use crate::state::{App, AppState};
use crate::tick;

use super::events_read::{self, EventParams, EventStats};

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

/// Numbers of everything.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Stats {
    /// Events in the range.
    events: EventStats,
    /// What is kept.
    store: StoreStats,
    /// What came in.
    ingest: IngestStats,
    /// Who listens.
    stream: StreamStats,
    /// Restarts of those tasks that had any, by name.
    task_restarts: BTreeMap<String, u64>,
    /// How long the server runs.
    uptime_secs: u64,
}

/// What is kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StoreStats {
    /// Rows in memory and in the journal, not sealed yet.
    unsealed_rows: u64,
    /// Rows in the files of days, repeated ones counted as often as they were written.
    sealed_rows: u64,
    /// Bytes of all files.
    disk_bytes: u64,
    /// Of these, in the journal.
    journal_bytes: u64,
    /// Series that are being written.
    active_series: usize,
    /// Most of these.
    max_series: usize,
    /// Whether the last write failed for lack of room.
    disk_full: bool,
    /// Rows acknowledged since the start.
    appended_rows: u64,
    /// Writes refused because the disk was full.
    refused_disk_full: u64,
    /// Writes refused for another failure of the disk.
    refused_unavailable: u64,
    /// Files dropped to keep within the largest size.
    dropped_files: u64,
    /// What was found broken since the start, in words with its extent.
    damage: Vec<String>,
}

/// What came in since the start.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IngestStats {
    /// Rows on disk.
    rows_written: u64,
    /// Lines, points and events that could not be understood or taken.
    rows_refused: u64,
    /// Of these, how many for their time alone.
    rows_out_of_time: u64,
    /// Of these, how many for the series limit.
    rows_over_series_limit: u64,
    /// Rows of the server itself that were left out for the series limit.
    own_rows_over_series_limit: u64,
}

/// Who listens to `/api/stream`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StreamStats {
    /// Clients now.
    clients: usize,
    /// Events made since the start.
    events: u64,
    /// Clients dropped because they did not read.
    dropped_slow: u64,
    /// Clients turned away because there were too many.
    refused: u64,
}

/// Numbers of events in a range.
///
/// # Errors
/// 400 for a bad parameter.
#[utoipa::path(
    get,
    path = "",
    operation_id = "getEventStats",
    tag = tag::EVENTS,
    params(EventParams),
    responses((status = 200, description = "The numbers", body = EventStats), ReadRefused),
)]
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
#[utoipa::path(
    get,
    path = "",
    operation_id = "getStats",
    tag = tag::OPERATION,
    params(EventParams),
    responses((status = 200, description = "The numbers", body = Stats), ReadRefused),
)]
pub async fn all(State(app): State<App>, Params(params): Params<EventParams>) -> Answer {
    params.without_page()?;
    // The range may be closed, the store is not.
    cached(app, format!("all {params:?}"), RUNNING, move |app| {
        let events = events_read::stats(&app.store, &params)?;
        Ok(Stats {
            events,
            store: store(app),
            ingest: ingest(app),
            stream: stream(app),
            task_restarts: restarts(app),
            uptime_secs: app.started.elapsed().as_secs(),
        })
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

async fn cached<T: Serialize>(
    app: App,
    key: String,
    age: Duration,
    answer: impl FnOnce(&App) -> Result<T, Problem> + Send + 'static,
) -> Answer {
    let now = Instant::now();
    let body = match app.stats.find(&key, now) {
        Some(body) => body,
        None => {
            let asking = app.clone();
            let made = app.slow.run(move || {
                serde_json::to_vec(&answer(&asking)?)
                    .map_err(|error| Problem::internal("cannot write the answer").because(&error))
            });
            let body = Bytes::from(made.await?);
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

fn store(app: &App) -> StoreStats {
    let status = app.store.status();
    StoreStats {
        unsealed_rows: status.unsealed_rows,
        sealed_rows: status.sealed_rows,
        disk_bytes: status.disk_bytes,
        journal_bytes: status.journal_bytes,
        active_series: status.active_series,
        max_series: status.max_series,
        disk_full: status.disk_full,
        appended_rows: status.appended_rows,
        refused_disk_full: status.refused_disk_full,
        refused_unavailable: status.refused_unavailable,
        dropped_files: status.dropped_files,
        damage: status.damage.iter().map(ToString::to_string).collect(),
    }
}

fn ingest(app: &App) -> IngestStats {
    let read = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    IngestStats {
        rows_written: read(&app.ingest.rows_written),
        rows_refused: read(&app.ingest.rows_refused),
        rows_out_of_time: read(&app.ingest.rows_out_of_time),
        rows_over_series_limit: read(&app.ingest.rows_over_series_limit),
        own_rows_over_series_limit: read(&app.ingest.own_rows_over_series_limit),
    }
}

fn stream(app: &App) -> StreamStats {
    let hub = &app.stream;
    StreamStats {
        clients: hub.clients(),
        events: hub.events.load(Ordering::Relaxed),
        dropped_slow: hub.dropped_slow.load(Ordering::Relaxed),
        refused: hub.refused.load(Ordering::Relaxed),
    }
}

/// Restarts of those tasks that had any.
fn restarts(app: &App) -> BTreeMap<String, u64> {
    let restarts = app.tasks.restarts().into_iter();
    let restarts = restarts.filter(|(_, restarts)| *restarts > 0);
    restarts
        .map(|(name, restarts)| (name.to_owned(), restarts))
        .collect()
}
