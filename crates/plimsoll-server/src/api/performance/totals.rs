//! `/api/performance/totals`: requests of each service or of each route, whatever their status, in one answer.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use plimsoll::performance::{RequestTotals, Requests};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Asked, Question, answered};
use crate::http::extract::Params;
use crate::http::problem::Answer;
use crate::openapi::answers::{NotFound, ReadRefused};
use crate::openapi::tag;
use crate::performance::Scope;
use crate::performance::requests::requests;
use crate::performance::series::{By, LineKey};
use crate::reading::Reading;
use crate::services::rfc3339;
use crate::state::App;
use crate::store::read::error::QueryError;

/// Most rows of one answer.
const MAX_ROWS: usize = 10_000;

/// What can be asked.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AskedTotals {
    /// One service only; without it all of them, the server itself included.
    #[param(example = "shop")]
    service: Option<String>,
    /// How far to look back.
    #[param(minimum = 1, maximum = 129_600, default = 5)]
    minutes: Option<u32>,
    /// What a row is of.
    #[param(inline)]
    by: Option<ByName>,
    /// Most rows of the answer.
    #[param(minimum = 1, maximum = 10_000)]
    limit: Option<usize>,
}

/// What a row is of, as the interface names it.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ByName {
    /// Services.
    Service,
    /// Routes and methods.
    Route,
}

/// Requests of services or routes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TotalsList {
    /// End of the period.
    #[schema(format = DateTime)]
    timestamp: String,
    /// Length of the period.
    period_minutes: u32,
    /// The service asked for; null: all of them.
    service: Option<String>,
    /// The busiest first; only those with requests.
    rows: Vec<TotalsRow>,
    /// How many there are.
    total: usize,
    /// What damage is known to keep from the answer, in words with its extent.
    missing: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TotalsRow {
    /// Who answered.
    service: String,
    /// Route template, `<unmatched>` or `<other>`; null in a row of a service.
    route: Option<String>,
    /// Method; null in a row of a service.
    method: Option<String>,
    #[serde(flatten)]
    requests: Requests,
    /// Requests by full status code; those without one are left out.
    #[schema(value_type = BTreeMap<String, u64>)]
    statuses: BTreeMap<u16, u64>,
    /// Requests by kind of error.
    error_types: BTreeMap<String, u64>,
}

#[derive(Default)]
struct Sum {
    totals: RequestTotals,
    statuses: BTreeMap<u16, u64>,
    error_types: BTreeMap<String, u64>,
}

/// Requests of the last minutes by service or by route, whatever their status, the busiest first.
///
/// # Errors
/// 404 for an unknown service, 400 for parameters out of range.
#[utoipa::path(
    get,
    path = "",
    operation_id = "listTotals",
    tag = tag::PERFORMANCE,
    params(AskedTotals),
    responses(
        (status = 200, description = "The requests", body = TotalsList),
        NotFound,
        ReadRefused,
    ),
)]
pub async fn totals(
    State(app): State<App>,
    Params(asked): Params<AskedTotals>,
) -> Answer<Response> {
    let by = By::from(asked.by.unwrap_or(ByName::Service));
    let asked = Asked {
        service: asked.service,
        minutes: asked.minutes,
        limit: asked.limit,
    };
    let limit = asked.limit(MAX_ROWS)?;
    let mut question = asked.question()?;
    if question.service.is_none() {
        question.scope = Scope::All;
    }
    answered(app, question, move |reading, question| {
        answer(reading, question, by, limit)
    })
    .await
}

impl From<ByName> for By {
    fn from(name: ByName) -> Self {
        match name {
            ByName::Service => By::Service,
            ByName::Route => By::Route,
        }
    }
}

fn answer(
    reading: &mut Reading<'_>,
    question: Question,
    by: By,
    limit: usize,
) -> Result<TotalsList, QueryError> {
    let mut sums: BTreeMap<LineKey, Sum> = BTreeMap::new();
    for (key, counts) in requests(reading, &question.scope, question.period)? {
        let sum = sums
            .entry(by.key(key.service, key.route, key.method))
            .or_default();
        sum.totals.merge(&counts.totals);
        if let Some(status) = key.status {
            *sum.statuses.entry(status).or_default() += counts.totals.duration.count;
        }
        for (kind, count) in counts.error_types {
            *sum.error_types.entry(kind).or_default() += count;
        }
    }
    let total = sums.len();
    let minutes = question.period.minutes();
    let of_route = by == By::Route;
    let mut rows: Vec<_> = sums
        .into_iter()
        .map(|(key, sum)| TotalsRow {
            service: key.service,
            route: of_route.then_some(key.route),
            method: of_route.then_some(key.method),
            requests: sum.totals.requests(minutes),
            statuses: sum.statuses,
            error_types: sum.error_types,
        })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.requests.total_requests));
    rows.truncate(limit);
    Ok(TotalsList {
        timestamp: rfc3339(question.now),
        period_minutes: question.minutes,
        service: question.service,
        rows,
        total,
        missing: reading.missing(),
    })
}
