//! `/v1/metrics`, `/v1/traces`, `/v1/logs`: OTLP over HTTP, protobuf and JSON.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message as _;

use super::decode::{DecodeError, Format, Request, decode};
use super::refusals::Refusals;
use super::{Otlp, Taken};
use crate::http::body::{self, Encoding};
use crate::http::problem::{Answer, Problem};
use crate::ingest::problem;
use crate::ingest::refused::{Sender, Way};
use crate::openapi::answers::{BodyRefused, DiskFull};
use crate::openapi::tag;
use crate::state::App;
use crate::store::AppendError;
use crate::store::table::Nanos;
use crate::tick;

/// Takes in metrics (OTLP over HTTP). What is refused is told in `partial_success`, which makes no sender try again.
///
/// # Errors
/// 400 for what is no request, 413, 415, 503 and 507 as problems.
#[utoipa::path(
    post,
    path = "",
    operation_id = "exportMetrics",
    tag = tag::INGEST,
    request_body(
        description = "An `ExportMetricsServiceRequest` of OTLP 1.x, gzip-compressed if `Content-Encoding` says so",
        content((Vec<u8> = "application/x-protobuf"), (Object = "application/json")),
    ),
    responses(
        (status = 200, description = "An `ExportMetricsServiceResponse` in the format of the request",
            content((Vec<u8> = "application/x-protobuf"), (Object = "application/json"))),
        BodyRefused,
        DiskFull,
    ),
)]
pub async fn metrics(State(app): State<App>, headers: HeaderMap, body: Body) -> Answer<Response> {
    let keep = lying(Otlp::ingest, Otlp::ingest_bytes);
    take_in::<ExportMetricsServiceRequest>(app, headers, body, keep).await
}

/// Takes in spans: requests, queries, outgoing calls and messages are counted, spans are not kept.
///
/// # Errors
/// As [`metrics`].
#[utoipa::path(
    post,
    path = "",
    operation_id = "exportTraces",
    tag = tag::INGEST,
    request_body(
        description = "An `ExportTraceServiceRequest` of OTLP 1.x, gzip-compressed if `Content-Encoding` says so",
        content((Vec<u8> = "application/x-protobuf"), (Object = "application/json")),
    ),
    responses(
        (status = 200, description = "An `ExportTraceServiceResponse` in the format of the request",
            content((Vec<u8> = "application/x-protobuf"), (Object = "application/json"))),
        BodyRefused,
        DiskFull,
    ),
)]
pub async fn traces(State(app): State<App>, headers: HeaderMap, body: Body) -> Answer<Response> {
    let keep = lying(Otlp::ingest_spans, Otlp::ingest_span_bytes);
    take_in::<ExportTraceServiceRequest>(app, headers, body, keep).await
}

/// Takes in log records, so that exporters that send them by default work: they are counted, not kept.
///
/// # Errors
/// As [`metrics`].
#[utoipa::path(
    post,
    path = "",
    operation_id = "exportLogs",
    tag = tag::INGEST,
    request_body(
        description = "An `ExportLogsServiceRequest` of OTLP 1.x, gzip-compressed if `Content-Encoding` says so",
        content((Vec<u8> = "application/x-protobuf"), (Object = "application/json")),
    ),
    responses(
        (status = 200, description = "An `ExportLogsServiceResponse` in the format of the request",
            content((Vec<u8> = "application/x-protobuf"), (Object = "application/json"))),
        BodyRefused,
        DiskFull,
    ),
)]
pub async fn logs(State(app): State<App>, headers: HeaderMap, body: Body) -> Answer<Response> {
    take_in::<ExportLogsServiceRequest>(app, headers, body, decoded(Otlp::count_logs)).await
}

/// Keeps a request that is decoded first.
fn decoded<R: Request>(
    keep: fn(&Otlp, &R, Nanos) -> Result<Taken, AppendError>,
) -> impl Fn(&Otlp, &[u8], Format, Nanos) -> Result<Taken, Problem> + Copy {
    move |otlp, plain, format, now| {
        let request: R = decode(plain, format).map_err(problem_of::<R>)?;
        keep(otlp, &request, now).map_err(problem)
    }
}

/// Takes in a request of protobuf.
type FromBytes = fn(&Otlp, &[u8], Nanos) -> Result<Result<Taken, AppendError>, DecodeError>;

/// JSON is decoded, protobuf read where it lies.
fn lying<R: Request>(
    json: fn(&Otlp, &R, Nanos) -> Result<Taken, AppendError>,
    protobuf: FromBytes,
) -> impl Fn(&Otlp, &[u8], Format, Nanos) -> Result<Taken, Problem> + Copy {
    let json = decoded(json);
    move |otlp, plain, format, now| match format {
        Format::Json => json(otlp, plain, format, now),
        Format::Protobuf => {
            let taken = protobuf(otlp, plain, now).map_err(problem_of::<R>)?;
            taken.map_err(problem)
        }
    }
}

/// Receives, decodes and keeps a request of any of the three.
async fn take_in<R: Answered>(
    app: App,
    headers: HeaderMap,
    body: Body,
    keep: impl FnOnce(&Otlp, &[u8], Format, Nanos) -> Result<Taken, Problem> + Send + 'static,
) -> Answer<Response> {
    let format = format_of(&headers)?;
    let encoding = Encoding::of(&headers)?;
    let limits = app.config.body;
    let (sent, room) = app.ingest.receive(&headers, body, limits).await?;
    // A permit bounds the memory that decoded requests take together.
    let permit = app.otlp.permit().await;
    let otlp: Arc<Otlp> = app.otlp.clone();
    let taken = tokio::task::spawn_blocking(move || {
        let plain = body::decode(&sent, encoding, limits)?;
        keep(&otlp, &plain, format, tick::now())
    });
    let taken = taken
        .await
        .map_err(|error| not_taken_in().because(&error))?;
    drop((permit, room));
    let Taken { rows, refusals } = taken?;
    app.ingest.written(rows);
    app.ingest.points(&refusals);
    for (metric, reason, points) in refusals.by_reason() {
        let sender = Sender::of(&headers).for_service(Some(refusals.service.clone()));
        app.refused
            .note(R::WAY, reason, points, sender, Some(metric), tick::now());
    }
    Ok(answer::<R>(format, &refusals))
}

/// What a request is answered with.
trait Answered: Request + Send + 'static {
    /// By which way it came, for whoever looks at what was refused.
    const WAY: Way;
    /// The name in JSON of the count of what was refused.
    const REFUSED: &'static str;

    /// The answer as protobuf; `refused` is how many were, and why.
    fn encoded(refused: Option<(i64, String)>) -> Vec<u8>;
}

impl Answered for ExportMetricsServiceRequest {
    const WAY: Way = Way::OtlpMetrics;
    const REFUSED: &'static str = "rejectedDataPoints";

    fn encoded(refused: Option<(i64, String)>) -> Vec<u8> {
        let partial_success =
            refused.map(
                |(rejected_data_points, error_message)| ExportMetricsPartialSuccess {
                    rejected_data_points,
                    error_message,
                },
            );
        ExportMetricsServiceResponse { partial_success }.encode_to_vec()
    }
}

impl Answered for ExportTraceServiceRequest {
    const WAY: Way = Way::OtlpTraces;
    const REFUSED: &'static str = "rejectedSpans";

    fn encoded(refused: Option<(i64, String)>) -> Vec<u8> {
        let partial_success =
            refused.map(
                |(rejected_spans, error_message)| ExportTracePartialSuccess {
                    rejected_spans,
                    error_message,
                },
            );
        ExportTraceServiceResponse { partial_success }.encode_to_vec()
    }
}

impl Answered for ExportLogsServiceRequest {
    const WAY: Way = Way::OtlpLogs;
    const REFUSED: &'static str = "rejectedLogRecords";

    fn encoded(refused: Option<(i64, String)>) -> Vec<u8> {
        let partial_success =
            refused.map(
                |(rejected_log_records, error_message)| ExportLogsPartialSuccess {
                    rejected_log_records,
                    error_message,
                },
            );
        ExportLogsServiceResponse { partial_success }.encode_to_vec()
    }
}

fn format_of(headers: &HeaderMap) -> Result<Format, Problem> {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .map(HeaderValue::as_bytes)
        .unwrap_or_default();
    let content_type = String::from_utf8_lossy(content_type);
    match content_type.split(';').next().unwrap_or_default().trim() {
        kind if kind.eq_ignore_ascii_case("application/x-protobuf") => Ok(Format::Protobuf),
        kind if kind.eq_ignore_ascii_case("application/json") => Ok(Format::Json),
        kind if kind.to_ascii_lowercase().starts_with("application/grpc") => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "this port speaks OTLP over HTTP, not gRPC: set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
        )
        .field("Content-Type", kind)),
        kind => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "OpenTelemetry data is taken as application/x-protobuf or application/json",
        )
        .field("Content-Type", kind)),
    }
}

fn problem_of<R: Request>(error: DecodeError) -> Problem {
    match error {
        DecodeError::TooLarge => {
            let detail = "the request holds too many parts and attributes; send it in several";
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
        }
        DecodeError::Malformed(reason) => {
            Problem::bad_request(format!("this is no {} request: {reason}", R::NAME))
        }
    }
}

fn not_taken_in() -> Problem {
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        "cannot take in the request",
    )
}

/// In the format of the request, as the protocol wants it.
fn answer<R: Answered>(format: Format, refusals: &Refusals) -> Response {
    let refused = (refusals.points > 0).then(|| {
        let count = i64::try_from(refusals.points).unwrap_or(i64::MAX);
        (count, refusals.message())
    });
    let (content_type, body) = match (format, refused) {
        (Format::Protobuf, refused) => ("application/x-protobuf", R::encoded(refused)),
        (Format::Json, None) => ("application/json", b"{}".to_vec()),
        (Format::Json, Some((count, message))) => {
            let body = serde_json::json!({ "partialSuccess": {
                R::REFUSED: count.to_string(),
                "errorMessage": message,
            }});
            ("application/json", body.to_string().into_bytes())
        }
    };
    (
        [(header::CONTENT_TYPE, HeaderValue::from_static(content_type))],
        body,
    )
        .into_response()
}
