//! Bytes of a body as a request, without letting a small body unfold into a large one.
//!
//! Two bytes of protobuf can be an empty point that takes hundreds in memory. So the messages are counted first, at the
//! cost of one pass without allocation.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogramDataPoint, HistogramDataPoint, Metric, NumberDataPoint,
    ResourceMetrics, ScopeMetrics, SummaryDataPoint,
};
use prost::Message as _;

use super::json;

/// Most bytes that the messages of one body may take in memory.
pub(super) const MAX_DECODED_BYTES: usize = 192 << 20;
/// Messages inside messages; `prost` stops at the same depth.
const MAX_DEPTH: usize = 100;

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Protobuf,
    Json,
}

/// Why a body is no request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum DecodeError {
    /// It would take more memory than allowed.
    TooLarge,
    /// What is wrong with it.
    Malformed(String),
}

/// Decodes a body.
pub(super) fn decode(
    body: &[u8],
    format: Format,
) -> Result<ExportMetricsServiceRequest, DecodeError> {
    match format {
        Format::Protobuf => {
            let mut weight = 0;
            weigh(body, Message::Request, 0, &mut weight);
            if weight > MAX_DECODED_BYTES {
                return Err(DecodeError::TooLarge);
            }
            ExportMetricsServiceRequest::decode(body)
                .map_err(|error| DecodeError::Malformed(error.to_string()))
        }
        Format::Json => {
            if weigh_json(body) > MAX_DECODED_BYTES {
                return Err(DecodeError::TooLarge);
            }
            // The types would also take a list of their members.
            if body.trim_ascii_start().first() != Some(&b'{') {
                return Err(DecodeError::Malformed(
                    "a JSON object is expected".to_owned(),
                ));
            }
            json::read(body).map_err(|error| DecodeError::Malformed(error.to_string()))
        }
    }
}

/// The messages of a metrics request that contain others.
#[derive(Clone, Copy)]
enum Message {
    Request,
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
            (M::Request, 1) => M::ResourceMetrics,
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

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

/// An upper bound from the structure alone; what stands inside strings is counted, too.
fn weigh_json(body: &[u8]) -> usize {
    let objects = memchr::memchr_iter(b'{', body).count();
    let members = memchr::memchr3_iter(b'[', b',', b':', body).count();
    objects * size_of::<HistogramDataPoint>() + members * 128
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrap(field: u8, inner: &[u8]) -> Vec<u8> {
        let mut bytes = vec![field << 3 | 2];
        let mut length = inner.len();
        while length >= 0x80 {
            bytes.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        bytes.push(length as u8);
        bytes.extend_from_slice(inner);
        bytes
    }

    #[test]
    fn a_body_of_millions_of_empty_points_is_refused_before_it_is_decoded() {
        let points = [0x0a, 0x00].repeat(2 << 20);
        // request.resource_metrics.scope_metrics.metric.histogram.data_points
        let body = wrap(1, &wrap(2, &wrap(2, &wrap(9, &points))));
        assert_eq!(decode(&body, Format::Protobuf), Err(DecodeError::TooLarge));
    }

    #[test]
    fn a_body_of_millions_of_empty_objects_is_refused_before_it_is_decoded() {
        let points = vec!["{}"; 2 << 20].join(",");
        let json = format!(
            r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"name":"m","gauge":{{"dataPoints":[{points}]}}}}]}}]}}]}}"#
        );
        assert_eq!(
            decode(json.as_bytes(), Format::Json),
            Err(DecodeError::TooLarge)
        );
    }

    #[test]
    fn deep_nesting_is_refused_without_overflowing_the_stack() {
        let mut value = wrap(1, b"x");
        for _ in 0..10_000 {
            value = wrap(5, &wrap(1, &value));
        }
        // request.resource_metrics.resource.attributes.value
        let body = wrap(1, &wrap(1, &wrap(1, &wrap(2, &value))));
        assert!(matches!(
            decode(&body, Format::Protobuf),
            Err(DecodeError::Malformed(_))
        ));
        let json = format!(
            "{}{}",
            r#"{"resourceMetrics":"#.repeat(10_000),
            "}".repeat(10_000)
        );
        assert!(matches!(
            decode(json.as_bytes(), Format::Json),
            Err(DecodeError::Malformed(_))
        ));
    }

    #[test]
    fn garbage_is_malformed() {
        assert!(matches!(
            decode(b"\xff\xff\xff", Format::Protobuf),
            Err(DecodeError::Malformed(_))
        ));
        assert!(matches!(
            decode(b"{\"resourceMetrics\":7}", Format::Json),
            Err(DecodeError::Malformed(_))
        ));
        assert!(matches!(
            decode(b"[]", Format::Json),
            Err(DecodeError::Malformed(_))
        ));
    }

    #[test]
    fn an_ordinary_request_weighs_little() {
        let attributes: Vec<u8> = (0..8)
            .flat_map(|_| {
                wrap(
                    7,
                    &[wrap(1, b"http.method"), wrap(2, &wrap(1, b"GET"))].concat(),
                )
            })
            .collect();
        let point = wrap(1, &[attributes, vec![0x19; 1], vec![0; 8]].concat());
        let body = wrap(1, &wrap(2, &wrap(2, &wrap(5, &point.repeat(1_000)))));
        let mut weight = 0;
        weigh(&body, Message::Request, 0, &mut weight);
        assert!(weight < 16 * body.len(), "{weight} for {}", body.len());
        assert!(decode(&body, Format::Protobuf).is_ok());
    }
}
