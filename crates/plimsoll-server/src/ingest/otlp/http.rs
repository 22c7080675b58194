//! `/v1/metrics`: OTLP over HTTP, protobuf and JSON.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsPartialSuccess, ExportMetricsServiceResponse,
};
use prost::Message as _;

use super::Taken;
use super::decode::{DecodeError, Format, decode};
use super::refusals::Refusals;
use crate::http::body::{self, Encoding};
use crate::http::problem::{Answer, Problem};
use crate::ingest::problem;
use crate::openapi::answers::{BodyRefused, DiskFull, NotTaken};
use crate::openapi::tag;
use crate::state::App;
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
    let format = format_of(&headers)?;
    let encoding = Encoding::of(&headers)?;
    let limits = app.config.body;
    let (sent, room) = app.ingest.receive(&headers, body, limits).await?;
    // A permit bounds the memory that decoded requests take together.
    let permit = app.otlp.permit().await;
    let otlp = app.otlp.clone();
    let taken = tokio::task::spawn_blocking(move || {
        let plain = body::decode(&sent, encoding, limits)?;
        let request = decode(&plain, format).map_err(problem_of)?;
        otlp.ingest(&request, tick::now()).map_err(problem)
    });
    let taken = taken
        .await
        .map_err(|error| not_taken_in().because(&error))?;
    drop((permit, room));
    let Taken { rows, refusals } = taken?;
    app.ingest.written(rows);
    app.ingest.points(&refusals);
    Ok(answer(format, &refusals))
}

/// Traces are not taken.
#[utoipa::path(
    post,
    path = "",
    operation_id = "exportTraces",
    tag = tag::INGEST,
    request_body(content((Vec<u8> = "application/x-protobuf"), (Object = "application/json"))),
    responses(NotTaken),
)]
pub async fn traces() -> Problem {
    not_taken()
}

/// Logs are not taken.
#[utoipa::path(
    post,
    path = "",
    operation_id = "exportLogs",
    tag = tag::INGEST,
    request_body(content((Vec<u8> = "application/x-protobuf"), (Object = "application/json"))),
    responses(NotTaken),
)]
pub async fn logs() -> Problem {
    not_taken()
}

fn not_taken() -> Problem {
    Problem::new(
        StatusCode::NOT_IMPLEMENTED,
        "not_implemented",
        "this server takes metrics only; switch this exporter off (OTEL_TRACES_EXPORTER=none, OTEL_LOGS_EXPORTER=none)",
    )
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
            "metrics are taken as application/x-protobuf or application/json",
        )
        .field("Content-Type", kind)),
    }
}

fn problem_of(error: DecodeError) -> Problem {
    match error {
        DecodeError::TooLarge => {
            let detail = "the request holds too many points and attributes; send it in parts";
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
        }
        DecodeError::Malformed(reason) => {
            Problem::bad_request(format!("this is no metrics request: {reason}"))
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
fn answer(format: Format, refusals: &Refusals) -> Response {
    let partial_success = (refusals.points > 0).then(|| ExportMetricsPartialSuccess {
        rejected_data_points: i64::try_from(refusals.points).unwrap_or(i64::MAX),
        error_message: refusals.message(),
    });
    let (content_type, body) = match (format, &partial_success) {
        (Format::Protobuf, _) => (
            "application/x-protobuf",
            ExportMetricsServiceResponse { partial_success }.encode_to_vec(),
        ),
        (Format::Json, None) => ("application/json", b"{}".to_vec()),
        (Format::Json, Some(partial)) => {
            let body = serde_json::json!({ "partialSuccess": {
                "rejectedDataPoints": partial.rejected_data_points.to_string(),
                "errorMessage": partial.error_message,
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
