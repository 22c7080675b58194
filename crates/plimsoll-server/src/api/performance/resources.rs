//! `/api/performance/resources`: processors, memory, disk and network, now, lately and where they are heading.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use plimsoll::resources::Trend;
use serde::Serialize;

use super::{Asked, Question, answered};
use crate::http::extract::Params;
use crate::http::problem::Answer;
use crate::performance::resources::{Resource, resources};
use crate::reading::Reading;
use crate::services::rfc3339;
use crate::state::App;
use crate::store::read::error::QueryError;

/// Most instances of one answer.
const MAX_INSTANCES: usize = 1_000;

#[derive(Debug, Serialize)]
struct Told {
    timestamp: String,
    period_minutes: u32,
    service: Option<String>,
    /// Of each resource that instance's value where it is highest.
    #[serde(flatten)]
    highest: Summary,
    instances: Vec<Instance>,
    /// How many instances there are.
    total: usize,
}

#[derive(Debug, Serialize)]
struct Instance {
    service: String,
    instance: Option<String>,
    #[serde(flatten)]
    summary: Summary,
}

#[derive(Debug, Default, Serialize)]
struct Summary {
    current: BTreeMap<&'static str, f64>,
    averages: BTreeMap<&'static str, f64>,
    trend: BTreeMap<&'static str, Trend>,
}

/// Answers for one service, or for all observed ones.
///
/// # Errors
/// 404 for an unknown service, 400 for parameters out of range.
pub async fn resources_of(
    State(app): State<App>,
    Params(asked): Params<Asked>,
) -> Answer<Response> {
    let limit = asked.limit(MAX_INSTANCES)?;
    let question = asked.question()?;
    answered(app, question, move |reading, question| {
        answer(reading, question, limit)
    })
    .await
}

fn answer(reading: &mut Reading<'_>, question: Question, limit: usize) -> Result<Told, QueryError> {
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
        .map(|((service, instance), resources)| Instance {
            service,
            instance: Some(instance).filter(|instance| !instance.is_empty()),
            summary: Summary::of(&resources),
        });
    Ok(Told {
        timestamp: rfc3339(question.now),
        period_minutes: question.minutes,
        service: question.service,
        highest: Summary::of(&highest),
        instances: instances.collect(),
        total,
    })
}

impl Summary {
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
