//! `/api/v1/export`.

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::Value;

use crate::export::{Export, ExportError, Format};
use crate::http::extract::Params;
use crate::http::problem::{Answer, Problem};
use crate::http::stream::stream;
use crate::state::App;
use crate::tick;

use super::time;

/// What is to be exported.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportParams {
    measurement: Option<String>,
    start: Option<String>,
    end: Option<String>,
    format: Option<String>,
}

/// Rows as they are, as line protocol or CSV; written while they are read.
///
/// # Errors
/// 400 for a bad parameter, 404 for an unknown measurement.
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
