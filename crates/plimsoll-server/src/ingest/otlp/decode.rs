//! Bytes of a body as a request, without letting a small body unfold into a large one.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::HistogramDataPoint;
use opentelemetry_proto::tonic::trace::v1::Span;
use serde::Deserialize;

use super::json;
use super::weight::{self, Message};
use super::wire::NoMessage;

/// Most bytes that the messages of one body may take in memory.
pub(super) const MAX_DECODED_BYTES: usize = 192 << 20;
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

impl From<NoMessage> for DecodeError {
    fn from(NoMessage: NoMessage) -> Self {
        Self::Malformed("cut off or broken".to_owned())
    }
}

/// A request of the protocol.
pub(super) trait Request: prost::Message + Default + for<'de> Deserialize<'de> {
    /// As the counting of messages knows it.
    const MESSAGE: Message;
    /// For whoever reads an error.
    const NAME: &'static str;
}

impl Request for ExportMetricsServiceRequest {
    const MESSAGE: Message = Message::Metrics;
    const NAME: &'static str = "metrics";
}

impl Request for ExportTraceServiceRequest {
    const MESSAGE: Message = Message::Traces;
    const NAME: &'static str = "traces";
}

impl Request for ExportLogsServiceRequest {
    const MESSAGE: Message = Message::Logs;
    const NAME: &'static str = "logs";
}

/// Decodes a body.
pub(super) fn decode<R: Request>(body: &[u8], format: Format) -> Result<R, DecodeError> {
    match format {
        Format::Protobuf => {
            if weight::of(body, R::MESSAGE) > MAX_DECODED_BYTES {
                return Err(DecodeError::TooLarge);
            }
            R::decode(body).map_err(|error| DecodeError::Malformed(error.to_string()))
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

/// An upper bound from the structure alone; what stands inside strings is counted, too.
fn weigh_json(body: &[u8]) -> usize {
    let objects = memchr::memchr_iter(b'{', body).count();
    let members = memchr::memchr3_iter(b'[', b',', b':', body).count();
    objects * size_of::<HistogramDataPoint>().max(size_of::<Span>()) + members * 128
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics(body: &[u8]) -> Result<ExportMetricsServiceRequest, DecodeError> {
        decode(body, Format::Protobuf)
    }

    fn metrics_json(body: &[u8]) -> Result<ExportMetricsServiceRequest, DecodeError> {
        decode(body, Format::Json)
    }

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
        assert_eq!(metrics(&body), Err(DecodeError::TooLarge));
    }

    #[test]
    fn a_body_of_millions_of_empty_spans_or_records_is_refused_before_it_is_decoded() {
        let body = wrap(1, &wrap(2, &[0x12, 0x00].repeat(2 << 20)));
        let spans = decode::<ExportTraceServiceRequest>(&body, Format::Protobuf);
        assert_eq!(spans, Err(DecodeError::TooLarge));
        let records = decode::<ExportLogsServiceRequest>(&body, Format::Protobuf);
        assert_eq!(records, Err(DecodeError::TooLarge));
    }

    #[test]
    fn a_body_of_millions_of_empty_objects_is_refused_before_it_is_decoded() {
        let points = vec!["{}"; 2 << 20].join(",");
        let json = format!(
            r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"name":"m","gauge":{{"dataPoints":[{points}]}}}}]}}]}}]}}"#
        );
        assert_eq!(metrics_json(json.as_bytes()), Err(DecodeError::TooLarge));
    }

    #[test]
    fn deep_nesting_is_refused_without_overflowing_the_stack() {
        let mut value = wrap(1, b"x");
        for _ in 0..10_000 {
            value = wrap(5, &wrap(1, &value));
        }
        // request.resource_metrics.resource.attributes.value
        let body = wrap(1, &wrap(1, &wrap(1, &wrap(2, &value))));
        assert!(matches!(metrics(&body), Err(DecodeError::Malformed(_))));
        let json = format!(
            "{}{}",
            r#"{"resourceMetrics":"#.repeat(10_000),
            "}".repeat(10_000)
        );
        assert!(matches!(
            metrics_json(json.as_bytes()),
            Err(DecodeError::Malformed(_))
        ));
    }

    #[test]
    fn garbage_is_malformed() {
        assert!(matches!(
            metrics(b"\xff\xff\xff"),
            Err(DecodeError::Malformed(_))
        ));
        assert!(matches!(
            metrics_json(b"{\"resourceMetrics\":7}"),
            Err(DecodeError::Malformed(_))
        ));
        assert!(matches!(
            metrics_json(b"[]"),
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
        let weight = weight::of(&body, Message::Metrics);
        assert!(weight < 16 * body.len(), "{weight} for {}", body.len());
        assert!(metrics(&body).is_ok());
    }
}
