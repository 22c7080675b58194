//! What decoding a body of protobuf takes in memory, known before it is decoded.
//!
//! Two bytes can be an empty point that takes hundreds in memory. So the messages are counted, at the cost of one pass
//! without allocation.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogramDataPoint, HistogramDataPoint, Metric, NumberDataPoint,
    ResourceMetrics, ScopeMetrics, SummaryDataPoint,
};
use opentelemetry_proto::tonic::trace::v1::{
    ResourceSpans, ScopeSpans, Span,
    span::{Event, Link},
};

use super::decode::MAX_DECODED_BYTES;
use super::wire::{take, varint};

/// Messages inside messages; `prost` stops at the same depth.
const MAX_DEPTH: usize = 100;

/// Bytes in memory that decoding takes; counting stops beyond [`MAX_DECODED_BYTES`].
pub(super) fn of(body: &[u8], root: Message) -> usize {
    let mut weight = 0;
    weigh(body, root, 0, &mut weight);
    weight
}

/// The messages of the protocol that contain others.
#[derive(Clone, Copy)]
pub(super) enum Message {
    /// A request with metrics.
    Metrics,
    /// A request with spans.
    Traces,
    /// A request with log records.
    Logs,
    ResourceSpans,
    ScopeSpans,
    Span,
    Event,
    Link,
    ResourceLogs,
    ScopeLogs,
    LogRecord,
    ResourceMetrics,
    Resource,
    ScopeMetrics,
    Scope,
    Metric,
    Gauge,
    Sum,
    Histogram,
    ExponentialHistogram,
    Summary,
    Number,
    HistogramPoint,
    ExponentialPoint,
    SummaryPoint,
    Exemplar,
    KeyValue,
    AnyValue,
    List,
    KeyValueList,
    Leaf,
}

impl Message {
    /// What a length-delimited field holds (numbers of opentelemetry-proto 1.x).
    fn child(self, field: u64) -> Option<Message> {
        use Message as M;
        Some(match (self, field) {
            (M::Metrics, 1) => M::ResourceMetrics,
            (M::Traces, 1) => M::ResourceSpans,
            (M::Logs, 1) => M::ResourceLogs,
            (M::ResourceSpans, 2) => M::ScopeSpans,
            (M::ScopeSpans, 2) => M::Span,
            (M::ResourceLogs, 2) => M::ScopeLogs,
            (M::ScopeLogs, 2) => M::LogRecord,
            (M::ResourceSpans | M::ResourceLogs, 1) => M::Resource,
            (M::ScopeSpans | M::ScopeLogs, 1) => M::Scope,
            (M::Span, 9) | (M::Event, 3) | (M::Link, 4) | (M::LogRecord, 6) => M::KeyValue,
            (M::Span, 11) => M::Event,
            (M::Span, 13) => M::Link,
            (M::LogRecord, 5) => M::AnyValue,
            (M::ResourceMetrics, 1) => M::Resource,
            (M::ResourceMetrics, 2) => M::ScopeMetrics,
            (M::Resource, 1) | (M::Scope, 3) | (M::Metric, 12) => M::KeyValue,
            (M::Resource, 3) => M::Leaf,
            (M::ScopeMetrics, 1) => M::Scope,
            (M::ScopeMetrics, 2) => M::Metric,
            (M::Metric, 5) => M::Gauge,
            (M::Metric, 7) => M::Sum,
            (M::Metric, 9) => M::Histogram,
            (M::Metric, 10) => M::ExponentialHistogram,
            (M::Metric, 11) => M::Summary,
            (M::Gauge | M::Sum, 1) => M::Number,
            (M::Histogram, 1) => M::HistogramPoint,
            (M::ExponentialHistogram, 1) => M::ExponentialPoint,
            (M::Summary, 1) => M::SummaryPoint,
            (M::Number, 7)
            | (M::HistogramPoint, 9)
            | (M::ExponentialPoint, 1)
            | (M::SummaryPoint, 7) => M::KeyValue,
            (M::Number, 5) | (M::HistogramPoint, 8) | (M::ExponentialPoint, 11) => M::Exemplar,
            (M::SummaryPoint, 6) | (M::ExponentialPoint, 8 | 9) => M::Leaf,
            (M::Exemplar, 7) | (M::KeyValueList, 1) => M::KeyValue,
            (M::KeyValue, 2) | (M::List, 1) => M::AnyValue,
            (M::AnyValue, 5) => M::List,
            (M::AnyValue, 6) => M::KeyValueList,
            _ => return None,
        })
    }

    /// Bytes in memory of an empty one.
    fn size(self) -> usize {
        match self {
            Message::Number => size_of::<NumberDataPoint>(),
            Message::HistogramPoint => size_of::<HistogramDataPoint>(),
            Message::ExponentialPoint => size_of::<ExponentialHistogramDataPoint>(),
            Message::SummaryPoint => size_of::<SummaryDataPoint>(),
            Message::Exemplar => size_of::<Exemplar>(),
            Message::Metric => size_of::<Metric>(),
            Message::ScopeMetrics => size_of::<ScopeMetrics>(),
            Message::ResourceMetrics => size_of::<ResourceMetrics>(),
            Message::Span => size_of::<Span>(),
            Message::Event => size_of::<Event>(),
            Message::Link => size_of::<Link>(),
            Message::ScopeSpans => size_of::<ScopeSpans>(),
            Message::ResourceSpans => size_of::<ResourceSpans>(),
            Message::LogRecord => size_of::<LogRecord>(),
            Message::ScopeLogs => size_of::<ScopeLogs>(),
            Message::ResourceLogs => size_of::<ResourceLogs>(),
            _ => size_of::<KeyValue>(),
        }
    }
}

/// Adds what decoding takes; stops where the bytes are no protobuf, for decoding does, too.
fn weigh(mut bytes: &[u8], message: Message, depth: usize, weight: &mut usize) {
    while let Some(key) = varint(&mut bytes) {
        *weight += size_of::<u64>();
        if *weight > MAX_DECODED_BYTES || depth > MAX_DEPTH {
            return;
        }
        let skipped = match key & 7 {
            0 => varint(&mut bytes).is_some(),
            1 => take(&mut bytes, 8).is_some(),
            5 => take(&mut bytes, 4).is_some(),
            2 => {
                let length = varint(&mut bytes).and_then(|length| usize::try_from(length).ok());
                let Some(inner) = length.and_then(|length| take(&mut bytes, length)) else {
                    return;
                };
                match message.child(key >> 3) {
                    // Packed numbers unfold eightfold at most.
                    Some(Message::Leaf) => *weight += Message::Leaf.size() + 8 * inner.len(),
                    Some(child) => {
                        *weight += child.size();
                        weigh(inner, child, depth + 1, weight);
                    }
                    None => *weight += inner.len(),
                }
                true
            }
            _ => true,
        };
        if !skipped {
            return;
        }
    }
}
