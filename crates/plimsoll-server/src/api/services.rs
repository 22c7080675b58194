//! `/api/v1/services`: who sends, from memory.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::extract::Params;
use crate::http::problem::{Answer, Problem, json_answer};
use crate::http::repeat::asked_again;
use crate::openapi::answers::Invalid;
use crate::openapi::tag;
use crate::services::{MAX_INSTANCES, MAX_SERVICES, Service};
use crate::state::App;
use crate::tick;

/// Services of a page when the request says nothing.
const LIMIT: usize = 1_000;
/// Instances listed of each service unless asked for otherwise.
const INSTANCES: usize = 100;

/// What can be asked.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Most services of the page.
    #[param(minimum = 1, maximum = 10_000, default = 1_000)]
    limit: Option<usize>,
    /// Services before the page.
    #[param(default = 0)]
    offset: Option<usize>,
    /// Most instances listed of a service.
    #[param(maximum = 1_000, default = 100)]
    instances: Option<usize>,
}

/// A page of services.
#[derive(Serialize, ToSchema)]
pub(crate) struct ServiceList {
    /// By name.
    services: Vec<Service>,
    /// How many can be listed.
    total: usize,
    /// The path of the next page.
    next: Option<String>,
    /// Whether there were too many services to remember all.
    truncated: bool,
}

/// A page of all services by name, with their instances, versions, environments and when they were seen.
///
/// # Errors
/// 400 for a bad parameter.
#[utoipa::path(
    get,
    path = "",
    operation_id = "listServices",
    tag = tag::PERFORMANCE,
    params(Asked),
    responses((status = 200, description = "A page of services", body = ServiceList), Invalid),
)]
pub async fn services(State(app): State<App>, Params(asked): Params<Asked>) -> Answer<Response> {
    let limit = asked.limit.unwrap_or(LIMIT);
    if limit == 0 || limit > MAX_SERVICES {
        let detail = format!("limit must be 1 to {MAX_SERVICES}");
        return Err(Problem::bad_field("limit", limit, detail));
    }
    let instances = asked.instances.unwrap_or(INSTANCES);
    if instances > MAX_INSTANCES {
        let detail = format!("instances must be at most {MAX_INSTANCES}");
        return Err(Problem::bad_field("instances", instances, detail));
    }
    let offset = asked.offset.unwrap_or(0);
    app.services.note_new(&app.store, tick::now());
    let page = app.services.page(offset, limit, instances);
    let more = offset.saturating_add(limit);
    let next = format!("/api/v1/services?limit={limit}&offset={more}&instances={instances}");
    let answer = json_answer(&ServiceList {
        services: page.services,
        total: page.total,
        next: (more < page.total).then_some(next),
        truncated: page.truncated,
    });
    answer.map(asked_again)
}
