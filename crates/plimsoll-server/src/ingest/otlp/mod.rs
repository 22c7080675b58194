//! What any OpenTelemetry SDK sends, and our own library, as rows of the store.
//!
//! A body is decoded ([`decode`]), its points ([`points`]) become values of fields ([`convert`], by the table in
//! [`names`]) and these the rows of one batch ([`rows`]). Nothing is computed from a total: totals are stored as sent,
//! under a field whose name ends in `_cumulative`, and an export that comes again writes the same rows again. Spans have a
//! folder of their own ([`spans`]).

mod attributes;
mod convert;
mod decode;
pub(crate) mod exposed;
mod histograms;
pub mod http;
mod json;
mod lying;
pub(crate) mod names;
mod places;
mod points;
mod refusals;
mod rows;
mod runtimes;
pub mod spans;
mod streams;
#[cfg(test)]
mod tests;
mod weight;
mod wire;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use tokio::sync::{Semaphore, SemaphorePermit};

pub use refusals::Refusals;

use crate::ingest;
use crate::services::Services;
use crate::store::table::Nanos;
use crate::store::{AppendError, Store};
use crate::stream::Hub;
use decode::DecodeError;
use places::Places;
use rows::Rows;
use spans::exemplars::Exemplars;
use spans::{Mapped, SpanMemory};
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
    places: Places,
    spans: SpanMemory,
    decoding: Semaphore,
    /// Log records that were sent; none is kept.
    pub log_records: AtomicU64,
}

impl Otlp {
    /// Takes in into `store`, tells `services` who sent and `hub` what came.
    pub fn new(store: Arc<Store>, services: Arc<Services>, hub: Arc<Hub>) -> Self {
        Self {
            store,
            services,
            hub,
            streams: Streams::default(),
            places: Places::default(),
            spans: SpanMemory::default(),
            log_records: AtomicU64::new(0),
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
        let mut rows = Rows::new(&self.store, &self.streams, now);
        points::walk(request, &mut rows);
        self.keep(rows, now)
    }

    /// The same for a request of protobuf, read where it lies.
    ///
    /// # Errors
    /// Bytes that are no such request, and as [`Otlp::ingest`].
    fn ingest_bytes(
        &self,
        request: &[u8],
        now: Nanos,
    ) -> Result<Result<Taken, AppendError>, DecodeError> {
        let mut rows = Rows::new(&self.store, &self.streams, now);
        lying::walk(request, &self.places, &mut rows)?;
        Ok(self.keep(rows, now))
    }

    /// Counts the spans of a request. When this returns `Ok`, what was not refused is on disk. Blocks until then.
    ///
    /// # Errors
    /// As [`Otlp::ingest`].
    pub fn ingest_spans(
        &self,
        request: &ExportTraceServiceRequest,
        now: Nanos,
    ) -> Result<Taken, AppendError> {
        self.keep_mapped(self.spans.map(request, now), now)
    }

    /// The same for a request of protobuf, read where it lies.
    ///
    /// # Errors
    /// Bytes that are no such request, and as [`Otlp::ingest`].
    fn ingest_span_bytes(
        &self,
        request: &[u8],
        now: Nanos,
    ) -> Result<Result<Taken, AppendError>, DecodeError> {
        let mapped = self.spans.map_bytes(request, now)?;
        Ok(self.keep_mapped(mapped, now))
    }

    fn keep_mapped(&self, mut mapped: Mapped, now: Nanos) -> Result<Taken, AppendError> {
        let mut refusals = std::mem::take(&mut mapped.refusals);
        let rows = std::mem::take(&mut mapped.rows);
        let mut rows = match self.keep_spans(rows, now, &mut refusals) {
            Ok(rows) => rows,
            Err(error) => {
                self.spans.forget(mapped);
                return Err(error);
            }
        };
        for seen in &mapped.seen {
            self.services.note(seen, now);
        }
        let service = mapped.seen.first().map(|seen| seen.service.clone());
        let settled = self.spans.remember(mapped, now);
        // What was sent is on disk already; this only tells who called.
        rows += self.keep_spans(settled, now, &mut Refusals::default())?;
        if refusals.points > 0 {
            refusals.service = service.unwrap_or_default();
            let spans = refusals.points;
            tracing::debug!(spans, "refused {spans} spans: {}", refusals.message());
        }
        Ok(Taken { rows, refusals })
    }

    fn keep_spans(
        &self,
        span_rows: Vec<spans::SpanRow>,
        now: Nanos,
        refusals: &mut Refusals,
    ) -> Result<usize, AppendError> {
        let mut rows = Rows::new(&self.store, &self.streams, now);
        for row in span_rows {
            let spans = row.spans();
            let (place, point) = row.into_point();
            if let Err(reason) = rows.add(&place, point) {
                refusals.add(spans, format!("span {reason}"));
            }
        }
        refusals.out_of_time += rows.refusals.out_of_time;
        refusals.over_series_limit += rows.refusals.over_series_limit;
        let batch = rows.into_batch();
        let count = ingest::rows(&batch);
        if count > 0 {
            let notice = self.hub.notice(&batch);
            self.store.append_blocking(batch)?;
            self.hub.tell(notice);
        }
        Ok(count)
    }

    /// Counts the log records of a request; they are not kept.
    ///
    /// # Errors
    /// None: as its siblings, for one way in.
    pub fn count_logs(
        &self,
        request: &ExportLogsServiceRequest,
        _now: Nanos,
    ) -> Result<Taken, AppendError> {
        let scopes = request
            .resource_logs
            .iter()
            .flat_map(|resource| &resource.scope_logs);
        let records: usize = scopes.map(|scope| scope.log_records.len()).sum();
        self.log_records
            .fetch_add(records as u64, Ordering::Relaxed);
        Ok(Taken {
            rows: 0,
            refusals: Refusals::default(),
        })
    }

    /// Requests worth looking at.
    pub fn exemplars(&self) -> &Exemplars {
        &self.spans.exemplars
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
        let mut rows = Rows::new(&self.store, &self.streams, now).own();
        points::walk(request, &mut rows);
        self.keep(rows, now)
    }

    fn keep(&self, mut rows: Rows<'_>, now: Nanos) -> Result<Taken, AppendError> {
        let mut refusals = std::mem::take(&mut rows.refusals);
        let started = std::mem::take(&mut rows.started);
        let exports = std::mem::take(&mut rows.exports);
        let seen = std::mem::take(&mut rows.seen);
        if refusals.points > 0 {
            let service = seen.first().map(|seen| seen.service.clone());
            refusals.service = service.unwrap_or_else(|| attributes::UNKNOWN_SERVICE.to_owned());
        }
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
