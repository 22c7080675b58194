//! `/api/performance/aggregates`: a service by hour, day or week.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{OneService, unanswered_since};
use crate::http::extract::Params;
use crate::http::problem::{Answer, json_answer};
use crate::openapi::answers::{NotFound, ReadRefused};
use crate::openapi::tag;
use crate::reading::Reading;
use crate::report::gather::table::table;
use crate::report::period::{LONGEST, since};
use crate::report::rows::{TableBy, TableRow};
use crate::services::rfc3339;
use crate::state::App;
use crate::store::config::nanos;
use crate::tick;

/// What can be asked.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AskedAggregates {
    /// Which service.
    #[param(example = "shop")]
    service: String,
    /// What a row is of, `day` without it.
    #[param(inline, example = "day")]
    by: Option<TableBy>,
    /// Since then: RFC 3339, epoch milliseconds, or relative such as `-7d`, which holds without it; at most 90 days ago, for
    /// hours as long as hourly summaries are kept (30 days).
    #[param(example = "-7d", default = "-7d")]
    since: Option<String>,
}

/// A service by hour, day or week.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Aggregates {
    #[schema(format = DateTime)]
    timestamp: String,
    service: String,
    by: TableBy,
    /// The oldest first; the first is whole even if `since` lies within it, the last may not be over.
    rows: Vec<TableRow>,
    /// What damage is known to keep from the answer, in words with its extent.
    missing: Vec<String>,
}

/// Requests, their peak, latency, errors, memory and processors of a service by hour, day or week.
///
/// # Errors
/// 404 for an unknown service, 400 for a bad parameter.
#[utoipa::path(
    get,
    path = "",
    operation_id = "listAggregates",
    tag = tag::PERFORMANCE,
    params(AskedAggregates),
    responses((status = 200, description = "The rows", body = Aggregates), NotFound, ReadRefused),
)]
pub async fn aggregates(
    State(app): State<App>,
    Params(asked): Params<AskedAggregates>,
) -> Answer<Response> {
    let now = tick::now();
    let by = asked.by.unwrap_or(TableBy::Day);
    let longest = match by {
        TableBy::Hour => LONGEST.min(nanos(app.store.config().hourly_retention)),
        TableBy::Day | TableBy::Week => LONGEST,
    };
    let text = asked.since.unwrap_or_else(|| "-7d".to_owned());
    let period = since(&text, longest, now)?;
    let one = OneService {
        service: asked.service,
    };
    let asking = app.clone();
    let read = move || {
        one.question(now).check_service(&asking)?;
        let mut reading = Reading::of(&asking.store);
        let found = table(&mut reading, &one.service, period, by, now);
        let found = found.map_err(|error| unanswered_since(&error, &text))?;
        Ok(Aggregates {
            timestamp: rfc3339(now),
            service: one.service,
            by,
            rows: found.rows,
            missing: reading.missing(),
        })
    };
    json_answer(&app.slow.run(read).await?)
}
