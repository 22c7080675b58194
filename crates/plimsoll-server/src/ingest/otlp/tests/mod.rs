//! Requests as SDKs send them, and the rows that they become.

mod library;
mod lying;
mod named;
mod refused;
mod totals;

use std::sync::Arc;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use plimsoll::histogram::Layout;
use prost::Message as _;
use serde_json::{Value as Json, json};

use super::decode::{Format, decode};
use super::places::Places;
use super::rows::Rows;
use super::streams::Streams;
use super::{Otlp, Refusals, points};
use crate::services::Services;
use crate::store::table::{Batch, Kind, Nanos, Values};
use crate::store::{Store, StoreConfig};

pub(super) const NOW: Nanos = 1_766_000_000_000_000_000;
const SECOND: Nanos = 1_000_000_000;

/// A store to map against.
pub(super) struct Bench {
    store: Arc<Store>,
    streams: Streams,
    places: Places,
    _dir: tempfile::TempDir,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::with_series(1_000)
    }

    fn with_series(max_series: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = StoreConfig {
            max_series,
            ..StoreConfig::new(dir.path())
        };
        Self {
            store: Store::open(config, NOW).unwrap(),
            streams: Streams::default(),
            places: Places::default(),
            _dir: dir,
        }
    }

    /// Rows and refusals of a request, remembered as if the rows were on disk.
    fn map(&self, request: &Json) -> (Vec<String>, Refusals) {
        let request = decode(request.to_string().as_bytes(), Format::Json).unwrap();
        self.map_request(&request)
    }

    /// Decoded and read from bytes, which must come to the same.
    pub(super) fn map_request(
        &self,
        request: &ExportMetricsServiceRequest,
    ) -> (Vec<String>, Refusals) {
        let bytes = request.encode_to_vec();
        let mut lying = Rows::new(&self.store, &self.streams, NOW);
        super::lying::walk(&bytes, &self.places, &mut lying).unwrap();
        let mut rows = Rows::new(&self.store, &self.streams, NOW);
        points::walk(request, &mut rows);
        assert_eq!(
            format!("{:?}", lying.refusals),
            format!("{:?}", rows.refusals)
        );
        assert_eq!(lying.started, rows.started);
        assert_eq!(lying.exports, rows.exports);
        let lying = self.lines(&lying.into_batch());
        let refusals = rows.refusals.clone();
        self.streams
            .remember(std::mem::take(&mut rows.started), 1_000);
        self.streams
            .exported(std::mem::take(&mut rows.exports), 1_000);
        let decoded = self.lines(&rows.into_batch());
        assert_eq!(lying, decoded);
        (decoded, refusals)
    }

    /// Rows as text: series, fields with kind, seconds before now.
    fn lines(&self, batch: &Batch) -> Vec<String> {
        let mut lines = Vec::new();
        for table in &batch.tables {
            for (row, (&series, time)) in table.series.iter().zip(&table.times).enumerate() {
                let series = self.store.series().resolve(series);
                let tags: String = series
                    .tags
                    .iter()
                    .map(|(tag, value)| format!(",{tag}={value}"))
                    .collect();
                let mut fields: Vec<_> = table
                    .columns
                    .iter()
                    .filter(|column| column.present.as_ref().is_none_or(|present| present[row]))
                    .map(|column| {
                        format!(
                            "{}={}{}",
                            column.name,
                            text(&column.values, row),
                            kind(column.kind)
                        )
                    })
                    .collect();
                fields.sort();
                let ago = (NOW - time) as f64 / SECOND as f64;
                lines.push(format!(
                    "{}{tags} {} -{ago}",
                    table.measurement,
                    fields.join(" ")
                ));
            }
        }
        lines.sort();
        lines
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Gauge => "",
        Kind::Delta => "Δ",
        Kind::Cumulative => "Σ",
    }
}

fn text(values: &Values, row: usize) -> String {
    match values {
        Values::F64(values) => values[row].to_string(),
        Values::U64(values) => format!("{}u", values[row]),
        Values::Histogram(values) => {
            let histogram = &values[row];
            let buckets = match &histogram.layout {
                Layout::Explicit(explicit) => format!("{:?}{:?}", explicit.bounds, explicit.counts),
                Layout::Exponential(buckets) => {
                    let (offset, counts) = buckets.positive.to_counts();
                    format!("{offset}:{counts:?}")
                }
            };
            format!("#{} {} {buckets}", histogram.count, histogram.sum)
        }
        other => format!("{other:?}"),
    }
}

fn request(service: &str, scope: &str, metrics: Json) -> Json {
    json!({"resourceMetrics": [{
        "resource": {"attributes": attributes(&json!({"service.name": service, "service.instance.id": "i1"}))},
        "scopeMetrics": [{"scope": {"name": scope}, "metrics": metrics}],
    }]})
}

fn attributes(pairs: &Json) -> Json {
    let value = |value: &Json| match value {
        Json::String(text) => json!({"stringValue": text}),
        number => json!({"intValue": number.to_string()}),
    };
    pairs
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, of)| json!({"key": key, "value": value(of)}))
        .collect()
}

fn ago(seconds: Nanos) -> String {
    (NOW - seconds * SECOND).to_string()
}

fn sum(name: &str, temporality: i32, monotonic: bool, points: Json) -> Json {
    json!({"name": name, "sum": {"aggregationTemporality": temporality, "isMonotonic": monotonic, "dataPoints": points}})
}

fn histogram(name: &str, unit: &str, temporality: i32, pairs: &Json) -> Json {
    json!({"name": name, "unit": unit, "histogram": {"aggregationTemporality": temporality, "dataPoints": [{
        "startTimeUnixNano": ago(60), "timeUnixNano": ago(1), "count": "3", "sum": 30.0,
        "bucketCounts": ["1", "2", "0"], "explicitBounds": [5.0, 250.0], "attributes": attributes(pairs),
    }]}})
}

const DELTA: i32 = 1;
const CUMULATIVE: i32 = 2;
