//! Metrics of any OpenTelemetry SDK, and of our own library, as rows of the store.
//!
//! A body is decoded ([`decode`]), its points ([`points`]) become values of fields ([`convert`], by the table in
//! [`names`]) and these the rows of one batch ([`rows`]). Nothing is computed from a total: totals are stored as sent,
//! under a field whose name ends in `_cumulative`, and an export that comes again writes the same rows again.

mod attributes;
mod convert;
mod decode;
mod histograms;
pub mod http;
mod json;
mod names;
mod points;
mod refusals;
mod rows;
mod streams;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use tokio::sync::{Semaphore, SemaphorePermit};

pub use refusals::Refusals;

use crate::ingest;
use crate::services::Services;
use crate::store::table::Nanos;
use crate::store::{AppendError, Store};
use crate::stream::Hub;
use rows::Rows;
use streams::Streams;

/// Requests decoded at once; each may take [`decode::MAX_DECODED_BYTES`].
const DECODED_AT_ONCE: usize = 4;

/// What came of a request.
#[derive(Debug)]
pub struct Taken {
    /// Rows on disk.
    pub rows: usize,
    /// Points that were not kept.
    pub refusals: Refusals,
}

/// Takes in metrics in OpenTelemetry's format, from the network and from this process alike.
#[derive(Debug)]
pub struct Otlp {
    store: Arc<Store>,
    services: Arc<Services>,
    hub: Arc<Hub>,
    streams: Streams,
    decoding: Semaphore,
}

impl Otlp {
    /// Takes in into `store`, tells `services` who sent and `hub` what came.
    pub fn new(store: Arc<Store>, services: Arc<Services>, hub: Arc<Hub>) -> Self {
        Self {
            store,
            services,
            hub,
            streams: Streams::default(),
            decoding: Semaphore::new(DECODED_AT_ONCE),
        }
    }

    /// Keeps a request. When this returns `Ok`, what was not refused is on disk. Blocks until then.
    ///
    /// # Errors
    /// When the store cannot write; nothing of the request is kept and the sender should try again.
    pub fn ingest(
        &self,
        request: &ExportMetricsServiceRequest,
        now: Nanos,
    ) -> Result<Taken, AppendError> {
        let rows = Rows::new(&self.store, &self.streams, now);
        self.keep(request, rows, now)
    }

    /// The same for what the server measured of itself, for which there is room beyond the series limit.
    ///
    /// # Errors
    /// As [`Otlp::ingest`].
    pub fn ingest_own(
        &self,
        request: &ExportMetricsServiceRequest,
        now: Nanos,
    ) -> Result<Taken, AppendError> {
        let rows = Rows::new(&self.store, &self.streams, now).own();
        self.keep(request, rows, now)
    }

    fn keep(
        &self,
        request: &ExportMetricsServiceRequest,
        mut rows: Rows<'_>,
        now: Nanos,
    ) -> Result<Taken, AppendError> {
        points::walk(request, &mut rows);
        let refusals = std::mem::take(&mut rows.refusals);
        let started = std::mem::take(&mut rows.started);
        let exports = std::mem::take(&mut rows.exports);
        let seen = std::mem::take(&mut rows.seen);
        let batch = rows.into_batch();
        let rows = ingest::rows(&batch);
        if !batch.tables.is_empty() {
            let notice = self.hub.notice(&batch);
            self.store.append_blocking(batch)?;
            self.hub.tell(notice);
            let limit = self.store.series().len().max(1_000) * 8;
            self.streams.remember(started, limit);
            self.streams.exported(exports, limit);
            for seen in &seen {
                self.services.note(seen, now);
            }
        }
        if refusals.points > 0 {
            let points = refusals.points;
            tracing::debug!(points, "refused {points} points: {}", refusals.message());
        }
        Ok(Taken { rows, refusals })
    }

    /// Held while a request is in memory.
    async fn permit(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        self.decoding.acquire().await.ok()
    }
}
