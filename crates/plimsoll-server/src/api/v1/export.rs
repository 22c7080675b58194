//! `/api/v1/export`.

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;

use crate::export::{Export, ExportError, Format};
use crate::http::extract::Params;
use crate::http::problem::{Answer, Problem};
use crate::http::stream::stream;
use crate::openapi::answers::{Busy, Invalid, NotFound};
use crate::openapi::tag;
use crate::state::App;
use crate::tick;

use super::time;

/// What is to be exported.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportParams {
    /// One measurement only; without it all.
    measurement: Option<String>,
    /// First time; without it all from the first row.
    #[param(example = "-1h")]
    start: Option<String>,
    /// First time after; without it all to the last row.
    #[param(example = "now")]
    end: Option<String>,
    /// `lp` (line protocol), `csv`, or `parquet` where the server was built with it.
    #[param(default = "lp", pattern = "^(lp|csv|parquet)$")]
    format: Option<String>,
}

/// Rows as they are, as line protocol or CSV; written while they are read.
///
/// # Errors
/// 400 for a bad parameter, 404 for an unknown measurement.
#[utoipa::path(
    get,
    path = "",
    operation_id = "exportRows",
    tag = tag::DATA,
    params(ExportParams),
    responses(
        (status = 200, description = "The rows; what is missing stands at the end. An answer that breaks off is incomplete",
            content((String = "text/plain"), (String = "text/csv"), (Vec<u8> = "application/vnd.apache.parquet"))),
        Invalid,
        NotFound,
        Busy,
    ),
)]
pub async fn export(State(app): State<App>, Params(params): Params<ExportParams>) -> Answer {
    let now = tick::now();
    let time = |field: &str, text: Option<&String>, otherwise| match text {
        Some(text) => time::of_field(field, &Value::from(text.as_str()), now),
        None => Ok(otherwise),
    };
    let (format, content_type) = match params.format.as_deref().unwrap_or("lp") {
        "lp" => (Format::Lines, "text/plain; charset=utf-8"),
        "csv" => (Format::Csv, "text/csv; charset=utf-8"),
        "parquet" => (Format::Parquet, "application/vnd.apache.parquet"),
        other => {
            return Err(Problem::bad_field(
                "format",
                other,
                "format must be lp, csv or parquet",
            ));
        }
    };
    let export = Export {
        start: time("start", params.start.as_ref(), 0)?,
        end: time("end", params.end.as_ref(), crate::store::table::Nanos::MAX)?,
        measurement: params.measurement,
        format,
    };
    export.check(&app.store).map_err(|error| match error {
        ExportError::UnknownMeasurement(ref name) => {
            Problem::not_found(error.to_string()).field("measurement", name.as_str())
        }
        _ => Problem::bad_request(error.to_string()),
    })?;
    let (mut writer, body) = stream();
    let exporting = app.clone();
    app.exports
        .start(
            move || match export.write(&exporting.store, &mut writer, &mut |_| {}) {
                // A file that does not say in its text that it lacks rows must not look whole.
                Ok(exported)
                    if export.format == Format::Parquet && !exported.missing.is_empty() =>
                {
                    tracing::warn!(missing = ?exported.missing, "an export as parquet lacks rows");
                }
                Ok(_) => writer.finish(),
                // The writer goes without having finished: the client sees the answer break off.
                Err(error) => tracing::warn!("an export ended early: {error:#}"),
            },
        )
        .await?;
    Ok((
        [(header::CONTENT_TYPE, HeaderValue::from_static(content_type))],
        body,
    )
        .into_response())
}
