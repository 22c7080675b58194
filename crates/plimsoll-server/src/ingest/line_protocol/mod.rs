//! InfluxDB line protocol: `/write` (1.x) and `/api/v2/write` (2.x).
//!
//! `db`, `rp`, `org`, `bucket` and credentials are accepted and mean nothing here: there is one store.

mod line;
mod number;
pub mod parser;
mod precision;
mod reason;
mod rejected;
mod scan;
mod tables;
#[cfg(test)]
mod tests;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::http::body::{self, Encoding};
use crate::http::extract::Params;
use crate::http::problem::{Answer, Problem};
use crate::ingest;
use crate::openapi::answers::{BodyRefused, DiskFull};
use crate::openapi::tag;
use crate::state::{App, AppState};
use crate::store::table::Nanos;
use crate::tick;

use parser::{Context, Parsed};
use precision::Version;
pub use reason::Reason;
pub use rejected::Rejected;

/// Smaller bodies are read where they arrive; larger ones on a thread that may be busy for milliseconds.
const INLINE_BYTES: usize = 64 << 10;

/// Parameters of both paths that mean something.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WriteParams {
    /// Unit of the times: `ns` (default), `us`, `ms`, `s`, and in version 1 `n`, `u`, `m`, `h`, too.
    precision: Option<String>,
}

/// Rows as line protocol, as clients of InfluxDB 1.x send them. The good lines of a request are kept.
///
/// `db`, `rp` and credentials are accepted and mean nothing here.
#[utoipa::path(
    post,
    path = "",
    operation_id = "writeLinesV1",
    tag = tag::INGEST,
    params(WriteParams),
    request_body(content = Option<String>, content_type = "text/plain", description = "Lines, gzip-compressed if `Content-Encoding` says so",
        example = "temperature,room=kitchen value=21.5"),
    responses((status = 204, description = "All rows are on disk"), BodyRefused, DiskFull),
)]
pub async fn write_v1(
    State(app): State<App>,
    Params(params): Params<WriteParams>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let unit = precision::unit(params.precision.as_deref(), Version::One)?;
    write(app, unit, &headers, body).await
}

/// Rows as line protocol, as clients of InfluxDB 2.x send them. The good lines of a request are kept.
///
/// `org`, `bucket` and the token are accepted and mean nothing here.
#[utoipa::path(
    post,
    path = "",
    operation_id = "writeLines",
    tag = tag::INGEST,
    params(WriteParams),
    request_body(content = Option<String>, content_type = "text/plain", description = "Lines, gzip-compressed if `Content-Encoding` says so",
        example = "temperature,room=kitchen value=21.5"),
    responses((status = 204, description = "All rows are on disk"), BodyRefused, DiskFull),
)]
pub async fn write_v2(
    State(app): State<App>,
    Params(params): Params<WriteParams>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let unit = precision::unit(params.precision.as_deref(), Version::Two)?;
    write(app, unit, &headers, body).await
}

/// What clients of InfluxDB ask before they write.
#[utoipa::path(
    get,
    path = "",
    operation_id = "ping",
    tag = tag::INGEST,
    responses((status = 204, description = "It is there",
        headers(("X-Influxdb-Version" = String, description = "A version of InfluxDB whose clients can write here")))),
)]
pub async fn ping() -> Response {
    let version = HeaderValue::from_static(concat!("1.8.10-plimsoll-", env!("CARGO_PKG_VERSION")));
    (
        StatusCode::NO_CONTENT,
        [(HeaderName::from_static("x-influxdb-version"), version)],
    )
        .into_response()
}

async fn write(app: App, unit: Nanos, headers: &HeaderMap, body: Body) -> Answer {
    let encoding = Encoding::of(headers)?;
    let (sent, _room) = app.ingest.receive(headers, body, app.config.body).await?;
    let (rows, rejected) = if sent.len() <= INLINE_BYTES && encoding == Encoding::Identity {
        let Parsed {
            batches,
            rows,
            rejected,
        } = read(&app, &sent, unit);
        for batch in batches {
            ingest::append(&app, batch).await?;
        }
        (rows, rejected)
    } else {
        let turn = app.ingest.turn().await?;
        let app = app.clone();
        let working = tokio::task::spawn_blocking(move || {
            let text = body::decode(&sent, encoding, app.config.body)?;
            let Parsed {
                batches,
                rows,
                rejected,
            } = read(&app, &text, unit);
            // The rows are in columns now; their text need not wait for the disk.
            drop(text);
            drop(sent);
            drop(turn);
            for batch in batches {
                ingest::append_blocking(&app, batch)?;
            }
            Ok((rows, rejected))
        });
        working
            .await
            .map_err(|panic| Problem::internal("the request failed").because(&panic))??
    };
    app.ingest.refused(&rejected);
    if rejected.count == 0 {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Err(rejected.problem(rows))
}

fn read(app: &AppState, text: &[u8], unit: Nanos) -> Parsed {
    let now = tick::now();
    let bounds = |measurement: &str| app.store.time_bounds(measurement, now);
    let context = Context {
        series: app.store.series(),
        schema: app.store.schema(),
        now,
        unit,
        bounds: &bounds,
    };
    parser::parse(text, &context)
}
