//! `/api/v1/services`: who sends, from memory.

use axum::extract::{Query, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::http::problem::{Answer, json_answer};
use crate::services::Service;
use crate::state::App;

/// Instances listed of each service unless asked for otherwise.
const INSTANCES: usize = 100;

/// What can be asked.
#[derive(Debug, Deserialize)]
pub struct Asked {
    /// Most instances listed of a service.
    instances: Option<usize>,
}

#[derive(Serialize)]
struct Listed {
    services: Vec<Service>,
    total: usize,
}

/// All services with their instances, versions, environments and when they were seen.
///
/// # Errors
/// None is known.
pub async fn services(State(app): State<App>, Query(asked): Query<Asked>) -> Answer<Response> {
    let services = app.services.list(asked.instances.unwrap_or(INSTANCES));
    json_answer(&Listed {
        total: services.len(),
        services,
    })
}
