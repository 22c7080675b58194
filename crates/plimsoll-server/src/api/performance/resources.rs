//! `/api/performance/resources`: processors, memory, disk and network, now, lately and where they are heading.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use plimsoll::analysis::forecast::DaysLeft;
use plimsoll::analysis::situation::AheadNow;
use plimsoll::resources::Trend;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Asked, Question, answered};
use crate::http::extract::Params;
use crate::http::problem::Answer;
use crate::openapi::answers::{NotFound, ReadRefused};
use crate::openapi::tag;
use crate::performance::resources::{Resource, resources};
use crate::reading::Reading;
use crate::services::rfc3339;
use crate::state::App;
use crate::store::read::error::QueryError;
use crate::store::table::Nanos;

/// Most instances of one answer.
const MAX_INSTANCES: usize = 1_000;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResourceList {
    /// End of the period.
    #[schema(format = DateTime)]
    timestamp: String,
    /// Length of the period.
    period_minutes: u32,
    /// The service asked for; null: all but the server itself.
    service: Option<String>,
    /// Of each resource that instance's value where it is highest.
    #[serde(flatten)]
    highest: ResourceSummary,
    /// Days until a resource reaches its line, by name, of those whose forecast sees that; empty for all services together.
    reaches_limit_days: BTreeMap<&'static str, DaysLeft>,
    /// By service and instance.
    instances: Vec<InstanceResources>,
    /// How many instances there are.
    total: usize,
    /// What damage is known to keep from the answer, in words with its extent.
    missing: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InstanceResources {
    /// Whose it is.
    service: String,
    /// Its name; null when not told.
    instance: Option<String>,
    #[serde(flatten)]
    summary: ResourceSummary,
}

#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct ResourceSummary {
    /// The newest value of each resource, by name.
    current: BTreeMap<&'static str, f64>,
    /// Means of the last values.
    averages: BTreeMap<&'static str, f64>,
    /// Where each is heading.
    trend: BTreeMap<&'static str, Trend>,
}

/// Processors, memory, disk and network of each instance: now, lately and where they are heading.
///
/// # Errors
/// 404 for an unknown service, 400 for parameters out of range.
#[utoipa::path(
    get,
    path = "",
    operation_id = "getResources",
    tag = tag::PERFORMANCE,
    params(
        Asked,
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 1_000, description = "Most instances of the answer"),
    ),
    responses(
        (status = 200, description = "The resources", body = ResourceList),
        NotFound,
        ReadRefused,
    ),
)]
pub async fn resources_of(
    State(app): State<App>,
    Params(asked): Params<Asked>,
) -> Answer<Response> {
    let limit = asked.limit(MAX_INSTANCES)?;
    let question = asked.question()?;
    let ahead = question
        .service
        .as_deref()
        .map(|service| ahead(&app, service, question.now));
    answered(app, question, move |reading, question| {
        answer(reading, question, limit, ahead.unwrap_or_default())
    })
    .await
}

/// Resources that are forecast, as levels of the judge and as they are named here.
const FORECAST: [(&str, &str); 3] = [
    ("cpu", "process_cpu_ratio"),
    ("memory", "process_memory_rss_bytes"),
    ("disk", "system_disk_ratio"),
];

/// When the resources of a service reach their lines.
fn ahead(app: &App, service: &str, now: Nanos) -> BTreeMap<&'static str, DaysLeft> {
    let left = app.judging.with(service, |judged| {
        let all = judged.judge.foreseen();
        let known = all.filter_map(|(key, foreseen)| {
            let (_, name) = FORECAST.into_iter().find(|(level, _)| *level == key)?;
            Some((name, AheadNow::of(key, foreseen, now)?.left))
        });
        known.collect()
    });
    left.unwrap_or_default()
}

fn answer(
    reading: &mut Reading<'_>,
    question: Question,
    limit: usize,
    reaches_limit_days: BTreeMap<&'static str, DaysLeft>,
) -> Result<ResourceList, QueryError> {
    let found = resources(reading, &question.scope, question.period)?;
    let mut highest: BTreeMap<&'static str, Resource> = BTreeMap::new();
    for (name, resource) in found.values().flatten() {
        let known = highest.entry(name).or_insert(*resource);
        if resource.current > known.current {
            *known = *resource;
        }
    }
    let total = found.len();
    let instances = found
        .into_iter()
        .take(limit)
        .map(|((service, instance), resources)| InstanceResources {
            service,
            instance: Some(instance).filter(|instance| !instance.is_empty()),
            summary: ResourceSummary::of(&resources),
        });
    Ok(ResourceList {
        timestamp: rfc3339(question.now),
        period_minutes: question.minutes,
        service: question.service,
        highest: ResourceSummary::of(&highest),
        reaches_limit_days,
        instances: instances.collect(),
        total,
        missing: reading.missing(),
    })
}

impl ResourceSummary {
    fn of(resources: &BTreeMap<&'static str, Resource>) -> Self {
        let mut summary = Self::default();
        for (&name, resource) in resources {
            summary.current.insert(name, resource.current);
            summary.averages.insert(name, resource.average);
            summary.trend.insert(name, resource.trend);
        }
        summary
    }
}
