//! Ways by which rows come in.

pub mod line_protocol;
pub mod otlp;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::api::v1::events;
use crate::http::body::{self, BodyLimits};
use crate::http::problem::{Answer, Problem};
use crate::http::room::{Room, Taken};
use crate::state::AppState;
use crate::store::error::AppendError;
use crate::store::table::Batch;

/// What is under way and what came of it.
#[derive(Debug)]
pub struct Ingest {
    /// For the bodies in memory.
    room: Room,
    /// One permit for each large body that is being read.
    readers: Arc<Semaphore>,
    /// Rows on disk.
    pub rows_written: AtomicU64,
    /// Lines and points that could not be understood or taken.
    pub rows_refused: AtomicU64,
    /// Of these, how many for their time alone.
    pub rows_out_of_time: AtomicU64,
    /// Of these, how many for the series limit.
    pub rows_over_series_limit: AtomicU64,
    /// Rows of the server itself that were left out for the series limit.
    pub own_rows_over_series_limit: AtomicU64,
}

/// Bodies that may be in memory at once, as a multiple of the largest one.
const BODIES_AT_ONCE: usize = 4;
/// Large bodies that are decompressed and read at once: a small one may unfold to the largest size.
const READERS: usize = 4;

impl Ingest {
    /// Bodies of all writers together stay within a few of the largest.
    pub fn new(limits: BodyLimits) -> Self {
        Self {
            room: Room::new(BODIES_AT_ONCE, limits.sent),
            readers: Arc::new(Semaphore::new(READERS)),
            rows_written: AtomicU64::new(0),
            rows_refused: AtomicU64::new(0),
            rows_out_of_time: AtomicU64::new(0),
            rows_over_series_limit: AtomicU64::new(0),
            own_rows_over_series_limit: AtomicU64::new(0),
        }
    }

    /// Receives a body as it was sent, within the room that there is for all; keep the room as long as the body.
    ///
    /// # Errors
    /// As [`body::receive`].
    pub async fn receive(
        &self,
        headers: &HeaderMap,
        body: Body,
        limits: BodyLimits,
    ) -> Answer<(Bytes, Taken)> {
        let mut room = self.room.enter();
        let sent = body::receive(headers, body, limits, &mut room).await?;
        Ok((sent, room))
    }

    /// Waits for the turn to decompress and read a large body.
    ///
    /// # Errors
    /// 503 when the server stops.
    pub async fn turn(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let turn = self.readers.clone().acquire_owned().await;
        turn.map_err(|_| Problem::stopping())
    }

    /// Counts rows that are on disk.
    pub fn written(&self, rows: usize) {
        add(&self.rows_written, rows);
    }

    /// Counts rows of the server itself that were left out for the series limit.
    pub fn own_left_out(&self, rows: usize) {
        add(&self.own_rows_over_series_limit, rows);
    }

    /// Counts lines that were not taken.
    pub fn refused(&self, rejected: &line_protocol::Rejected) {
        if rejected.count > 0 {
            add(&self.rows_refused, rejected.count);
            add(&self.rows_out_of_time, rejected.out_of_time);
            add(&self.rows_over_series_limit, rejected.over_series_limit);
        }
    }

    /// Counts events that were not taken.
    pub fn events(&self, refused: usize, out_of_time: usize, over_series_limit: usize) {
        add(&self.rows_refused, refused);
        add(&self.rows_out_of_time, out_of_time);
        add(&self.rows_over_series_limit, over_series_limit);
    }

    /// Counts points that were not taken.
    pub fn points(&self, refusals: &otlp::Refusals) {
        self.rows_refused
            .fetch_add(refusals.points, Ordering::Relaxed);
        self.rows_out_of_time
            .fetch_add(refusals.out_of_time, Ordering::Relaxed);
        self.rows_over_series_limit
            .fetch_add(refusals.over_series_limit, Ordering::Relaxed);
    }
}

/// Puts a batch on disk; the one way for every protocol.
///
/// # Errors
/// 507 when the disk is full, 503 when it fails, 413 for a batch over the store's limit.
pub async fn append(app: &AppState, batch: Batch) -> Result<(), Problem> {
    let (rows, events) = (rows(&batch), has_events(&batch));
    let notice = app.stream.notice(&batch);
    app.store.append(batch).await.map_err(problem)?;
    app.stream.tell(notice);
    written(app, rows, events);
    Ok(())
}

/// [`append`] on a thread that may wait for the disk.
///
/// # Errors
/// As [`append`].
pub fn append_blocking(app: &AppState, batch: Batch) -> Result<(), Problem> {
    let (rows, events) = (rows(&batch), has_events(&batch));
    let notice = app.stream.notice(&batch);
    app.store.append_blocking(batch).map_err(problem)?;
    app.stream.tell(notice);
    written(app, rows, events);
    Ok(())
}

fn written(app: &AppState, rows: usize, events: bool) {
    app.ingest.written(rows);
    if events {
        app.stats.forget();
    }
}

fn has_events(batch: &Batch) -> bool {
    let mut names = batch.tables.iter().map(|table| &*table.measurement);
    names.any(|name| name == events::MEASUREMENT)
}

pub(crate) fn rows(batch: &Batch) -> usize {
    batch.tables.iter().map(|table| table.times.len()).sum()
}

/// What the sender reads when nothing was kept.
pub(crate) fn problem(error: AppendError) -> Problem {
    match &error {
        AppendError::DiskFull => {
            let detail = "the disk is full; reads go on, writes will when there is room";
            Problem::new(StatusCode::INSUFFICIENT_STORAGE, "disk_full", detail)
                .retry_after(30)
                .because(&error)
        }
        AppendError::TooLarge { limit, .. } => {
            let detail =
                "the rows of the request are larger than one write may be; send them in parts";
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail).with("limit", *limit)
        }
        AppendError::Field(refused) => Problem::bad_request(refused.to_string()),
        _ => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "store_unavailable",
            "store unavailable",
        )
        .retry_after(5)
        .because(&error),
    }
}

fn add(counter: &AtomicU64, more: usize) {
    counter.fetch_add(more as u64, Ordering::Relaxed);
}
