//! `/api/performance/analytics`, `/api/performance/summary` and `/api/performance/bottlenecks`: what is judged, for dashboards.

use std::cmp::Reverse;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use plimsoll::analysis::findings::Finding;
use plimsoll::analysis::score::{Component, Score};
use serde::Serialize;
use utoipa::ToSchema;

use super::shown::{ShownAlert, ShownFinding};
use super::{Asked, judgements};
use crate::http::extract::Params;
use crate::http::problem::Answer;
use crate::judge::judgement::Judgement;
use crate::openapi::answers::{NotFound, ReadRefused};
use crate::openapi::tag;
use crate::performance::OWN_SERVICE;
use crate::services::rfc3339;
use crate::state::App;

/// Most alerts of the answer.
const MOST_ALERTS: usize = 100;
/// Most findings.
const MOST_FINDINGS: usize = 200;
/// Most recommendations.
const MOST_RECOMMENDATIONS: usize = 20;

/// What is judged of a service, or of all: then the worst score counts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Analytics {
    #[schema(format = DateTime)]
    timestamp: String,
    /// 0 to 100; null without data.
    health_score: Option<f64>,
    /// Those that fire.
    alerts: Vec<ShownAlert>,
    /// What to do, the most urgent first.
    recommendations: Vec<String>,
    cache_performance: CachePerformance,
    /// `healthy`, `degraded`, `unhealthy`, `silent`, `new`, `unknown`.
    status: &'static str,
    /// What the score is made of, of the service that has it.
    components: Vec<Component>,
    /// The worst first; at most 200.
    findings: Vec<ShownFinding>,
}

/// How well caches do; null without any.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct CachePerformance {
    hit_rate: Option<f64>,
    total_operations: u64,
}

/// The same in a few numbers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Summary {
    /// `healthy`, `degraded`, `unhealthy`, `silent`, `new`, `unknown`.
    status: &'static str,
    /// 0 to 100; null without data.
    health_score: Option<f64>,
    /// How many fire.
    active_alerts: usize,
    key_metrics: KeyMetrics,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyMetrics {
    /// Mean to the response head, seconds.
    avg_response_time: Option<f64>,
    /// Share of 5xx, panics and bodies that broke off.
    error_rate: Option<f64>,
    /// Share of lookups that caches answered.
    cache_hit_rate: Option<f64>,
    /// Of the largest instance, MB.
    memory_usage_mb: Option<f64>,
}

/// What holds services up.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Bottlenecks {
    #[schema(format = DateTime)]
    timestamp: String,
    bottlenecks: Vec<Bottleneck>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Bottleneck {
    service: String,
    /// `database`, `memory`, `cpu`, `requests`, `errors`, `resource`.
    r#type: &'static str,
    /// `low`, `medium`, `high`, `critical`.
    severity: &'static str,
    description: String,
    recommendation: String,
}

/// Score, alerts and what to do.
///
/// # Errors
/// 404 for an unknown service.
#[utoipa::path(
    get,
    path = "",
    operation_id = "getAnalytics",
    tag = tag::JUDGEMENT,
    params(Asked),
    responses((status = 200, description = "What is judged", body = Analytics), NotFound, ReadRefused),
)]
pub async fn analytics(State(app): State<App>, Params(asked): Params<Asked>) -> Answer<Response> {
    let service = asked.service.clone();
    asked.question()?;
    let reading = app.clone();
    judgements(app, asked, move |all, now| {
        let worst = worst(all);
        let found = found(all);
        let shown = found.iter().take(MOST_FINDINGS);
        let findings = shown.map(|(service, finding)| ShownFinding::of(service, finding));
        Analytics {
            timestamp: rfc3339(now),
            health_score: worst.and_then(|judgement| judgement.score.value),
            alerts: super::alerts::firing(&reading, service.as_deref(), MOST_ALERTS, now),
            recommendations: recommendations(all, &found),
            cache_performance: cache(all),
            status: status(worst),
            components: worst
                .map(|judgement| judgement.score.components.clone())
                .unwrap_or_default(),
            findings: findings.collect(),
        }
    })
    .await
}

/// The state in a few numbers.
///
/// # Errors
/// 404 for an unknown service.
#[utoipa::path(
    get,
    path = "",
    operation_id = "getSummary",
    tag = tag::JUDGEMENT,
    params(Asked),
    responses((status = 200, description = "The state", body = Summary), NotFound, ReadRefused),
)]
pub async fn summary(State(app): State<App>, Params(asked): Params<Asked>) -> Answer<Response> {
    asked.question()?;
    judgements(app, asked, |all, _| {
        let worst = worst(all);
        let routes = || all.iter().flat_map(|judgement| &judgement.situation.routes);
        let requests: u64 = routes().map(|route| route.requests).sum();
        let share = |sum: f64| (requests > 0).then(|| sum / requests as f64);
        let memory = all
            .iter()
            .filter_map(|judgement| judgement.situation.level("memory"));
        let memory = memory
            .map(|memory| memory.value / plimsoll::performance::MB)
            .reduce(f64::max);
        Summary {
            status: status(worst),
            health_score: worst.and_then(|judgement| judgement.score.value),
            active_alerts: all
                .iter()
                .map(|judgement| judgement.situation.alerts.len())
                .sum(),
            key_metrics: KeyMetrics {
                avg_response_time: share(
                    routes()
                        .map(|route| route.mean * route.requests as f64)
                        .sum(),
                ),
                error_rate: share(
                    routes()
                        .map(|route| route.error_rate * route.requests as f64)
                        .sum(),
                ),
                cache_hit_rate: cache(all).hit_rate,
                memory_usage_mb: memory,
            },
        }
    })
    .await
}

/// What holds services up: slow queries, memory, processors, pools.
///
/// # Errors
/// 404 for an unknown service.
#[utoipa::path(
    get,
    path = "",
    operation_id = "listBottlenecks",
    tag = tag::JUDGEMENT,
    params(Asked),
    responses((status = 200, description = "The bottlenecks", body = Bottlenecks), NotFound, ReadRefused),
)]
pub async fn bottlenecks(State(app): State<App>, Params(asked): Params<Asked>) -> Answer<Response> {
    asked.question()?;
    judgements(app, asked, |all, now| Bottlenecks {
        timestamp: rfc3339(now),
        bottlenecks: all
            .iter()
            .flat_map(|judgement| of_service(judgement))
            .collect(),
    })
    .await
}

fn of_service(judgement: &Judgement) -> Vec<Bottleneck> {
    let found = plimsoll::analysis::bottlenecks::bottlenecks(&judgement.situation);
    let service = &judgement.situation.service;
    let shown = found.into_iter().map(|found| Bottleneck {
        service: service.clone(),
        r#type: found.kind,
        severity: found.severity.as_str(),
        description: found.description,
        recommendation: found.recommendation,
    });
    shown.collect()
}

/// The service with the lowest score; without a score one that has none.
fn worst(all: &[Arc<Judgement>]) -> Option<&Judgement> {
    let score = |score: &Score| score.value.unwrap_or(f64::INFINITY);
    let worst = all
        .iter()
        .min_by(|one, other| score(&one.score).total_cmp(&score(&other.score)));
    worst.map(|judgement| &**judgement)
}

fn status(judgement: Option<&Judgement>) -> &'static str {
    judgement.map_or("unknown", |judgement| judgement.state.as_str())
}

/// What is wrong with all of them, each with its service: causes before what follows from them, the worst first.
fn found(all: &[Arc<Judgement>]) -> Vec<(&str, &Finding)> {
    let found = all.iter().flat_map(|judgement| {
        let service = judgement.situation.service.as_str();
        judgement
            .findings
            .iter()
            .map(move |finding| (service, finding))
    });
    let mut found: Vec<(&str, &Finding)> = found.collect();
    found.sort_by_key(|(_, finding)| {
        let follows = finding.follows_from.is_some();
        (follows, Reverse(finding.severity), finding.since_ns)
    });
    found
}

fn recommendations(all: &[Arc<Judgement>], found: &[(&str, &Finding)]) -> Vec<String> {
    let several = all
        .iter()
        .filter(|one| one.situation.service != OWN_SERVICE)
        .count()
        > 1;
    let told = found.iter().take(MOST_RECOMMENDATIONS);
    let told = told.map(|(service, finding)| {
        let of = if several {
            format!("{service}: ")
        } else {
            String::new()
        };
        let fix = finding
            .fix
            .as_ref()
            .map(|fix| format!(" {fix}"))
            .unwrap_or_default();
        format!("{of}{} {}{fix}", finding.headline, finding.action)
    });
    told.collect()
}

fn cache(all: &[Arc<Judgement>]) -> CachePerformance {
    let caches = all.iter().flat_map(|judgement| &judgement.situation.levels);
    let caches = caches.filter(|level| level.key.starts_with("cache:"));
    CachePerformance {
        hit_rate: caches.map(|cache| cache.value).reduce(f64::min),
        total_operations: 0,
    }
}
