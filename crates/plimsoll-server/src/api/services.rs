//! `/api/v1/services`: who sends, from memory.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::http::extract::Params;
use crate::http::problem::{Answer, Problem, json_answer};
use crate::services::{MAX_INSTANCES, MAX_SERVICES, Service};
use crate::state::App;
use crate::tick;

/// Services of a page when the request says nothing.
const LIMIT: usize = 1_000;
/// Instances listed of each service unless asked for otherwise.
const INSTANCES: usize = 100;

/// What can be asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Most services of the page.
    limit: Option<usize>,
    /// Services before the page.
    offset: Option<usize>,
    /// Most instances listed of a service.
    instances: Option<usize>,
}

#[derive(Serialize)]
struct Listed {
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
    json_answer(&Listed {
        services: page.services,
        total: page.total,
        next: (more < page.total).then_some(next),
        truncated: page.truncated,
    })
}
