//! `/api/v1/targets`: whose metrics are fetched, and how that goes.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::extract::Params;
use crate::http::problem::{Answer, Problem, json_answer};
use crate::openapi::answers::Invalid;
use crate::openapi::tag;
use crate::scrape::Refusals;
use crate::scrape::target::{State as Does, Target};
use crate::services::rfc3339;
use crate::state::App;

/// Targets of a page when the request says nothing.
const LIMIT: usize = 1_000;

/// What can be asked.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Only those of this job.
    job: Option<String>,
    /// Most targets.
    #[param(minimum = 1, maximum = 1_000)]
    limit: Option<usize>,
}

/// Targets of the configuration.
#[derive(Serialize, ToSchema)]
pub(crate) struct TargetList<'a> {
    targets: Vec<ScrapeTargetView<'a>>,
    /// How many there are.
    total: usize,
}

/// A target, and how it does.
#[derive(Serialize, ToSchema)]
#[schema(as = ScrapeTarget)]
pub(crate) struct ScrapeTargetView<'a> {
    job: &'a str,
    instance: &'a str,
    service: &'a str,
    url: &'a str,
    interval_seconds: u64,
    timeout_seconds: u64,
    /// Unknown before the first scrape.
    state: Does,
    /// When the last scrape began, RFC 3339.
    last_scrape: Option<String>,
    duration_seconds: Option<f64>,
    /// Samples of the last scrape, and how many of them were new.
    samples: u64,
    samples_added: u64,
    /// What of the last scrape was not kept, with the first reasons and an example of each.
    refused: Refusals,
    /// Why the last scrape that failed did, and when it began.
    last_error: Option<String>,
    last_error_at: Option<String>,
    /// Since the start of the server.
    scrapes: u64,
    failures: u64,
    samples_refused: u64,
}

/// The targets in the order of the configuration.
///
/// # Errors
/// 400 for a bad parameter.
#[utoipa::path(
    get,
    path = "",
    operation_id = "listTargets",
    tag = tag::OPERATION,
    params(Asked),
    responses((status = 200, description = "The targets", body = TargetList<'_>), Invalid),
)]
pub async fn targets(State(app): State<App>, Params(asked): Params<Asked>) -> Answer<Response> {
    let limit = asked.limit.unwrap_or(LIMIT);
    if limit == 0 || limit > LIMIT {
        let detail = format!("limit must be 1 to {LIMIT}");
        return Err(Problem::bad_field("limit", limit, detail));
    }
    let wanted = |target: &&std::sync::Arc<Target>| {
        let job = asked.job.as_ref();
        job.is_none_or(|job| *job == target.config.job)
    };
    let targets = || app.scrapes.targets().iter().filter(wanted);
    json_answer(&TargetList {
        targets: targets().take(limit).map(|target| view(target)).collect(),
        total: targets().count(),
    })
}

fn view(target: &Target) -> ScrapeTargetView<'_> {
    let (config, status) = (&target.config, target.status());
    let state = status.state();
    let last = status.last.as_ref();
    let (last_error, last_error_at) = status.last_error.unzip();
    ScrapeTargetView {
        job: &config.job,
        instance: &config.instance,
        service: &config.service,
        url: &config.url,
        interval_seconds: config.interval.as_secs(),
        timeout_seconds: config.timeout.as_secs(),
        state,
        last_scrape: last.map(|last| rfc3339(last.time)),
        duration_seconds: last.map(|last| last.took.as_secs_f64()),
        samples: last.map_or(0, |last| last.samples),
        samples_added: last.map_or(0, |last| last.added),
        refused: last.map(|last| last.refusals.clone()).unwrap_or_default(),
        last_error,
        last_error_at: last_error_at.map(rfc3339),
        scrapes: status.scrapes,
        failures: status.failures,
        samples_refused: status.refused,
    }
}
