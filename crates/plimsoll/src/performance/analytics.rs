//! What is judged, for dashboards: analytics, the summary, bottlenecks.

use std::cmp::Reverse;
use std::sync::Arc;

use serde::Serialize;

use super::MB;
use super::judged::{ShownAlert, ShownFinding};
use crate::analysis::bottlenecks::bottlenecks;
use crate::analysis::findings::Finding;
use crate::analysis::judgement::Judgement;
use crate::analysis::load_line::rfc3339;
use crate::analysis::score::{Component, Score};
use crate::analysis::situation::RouteNow;

/// Most findings of the analytics.
const MOST_FINDINGS: usize = 200;
/// Most recommendations.
const MOST_RECOMMENDATIONS: usize = 20;

/// What is judged of a service, or of all: then the worst score counts.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Analytics {
    /// When that was, RFC 3339, UTC.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub timestamp: String,
    /// 0 to 100; null without data.
    pub health_score: Option<f64>,
    /// Those that fire.
    pub alerts: Vec<ShownAlert>,
    /// What to do, the most urgent first.
    pub recommendations: Vec<String>,
    /// How well caches do.
    pub cache_performance: CachePerformance,
    /// `healthy`, `degraded`, `unhealthy`, `silent`, `new`, `unknown`.
    pub status: &'static str,
    /// What the score is made of, of the service that has it.
    pub components: Vec<Component>,
    /// The worst first; at most 200.
    pub findings: Vec<ShownFinding>,
}

/// How well caches do; null without any.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CachePerformance {
    /// Share of the lookups that they answered.
    pub hit_rate: Option<f64>,
    /// How many lookups there were.
    pub total_operations: u64,
}

/// The same in a few numbers.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Summary {
    /// `healthy`, `degraded`, `unhealthy`, `silent`, `new`, `unknown`.
    pub status: &'static str,
    /// 0 to 100; null without data.
    pub health_score: Option<f64>,
    /// How many fire.
    pub active_alerts: usize,
    /// The numbers.
    pub key_metrics: KeyMetrics,
}

/// What a dashboard shows first.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyMetrics {
    /// Mean to the response head, seconds.
    pub avg_response_time: Option<f64>,
    /// Share of 5xx, panics and bodies that broke off.
    pub error_rate: Option<f64>,
    /// Share of lookups that caches answered.
    pub cache_hit_rate: Option<f64>,
    /// Of the largest instance, MB.
    pub memory_usage_mb: Option<f64>,
}

/// What holds services up.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Bottlenecks {
    /// When that was, RFC 3339, UTC.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub timestamp: String,
    /// The most severe first.
    pub bottlenecks: Vec<Bottleneck>,
}

/// Something that holds a service up.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Bottleneck {
    /// Whose.
    pub service: String,
    /// `database`, `memory`, `cpu`, `requests`, `errors`, `resource`.
    pub r#type: &'static str,
    /// `low`, `medium`, `high`, `critical`.
    pub severity: &'static str,
    /// What it is, with its number.
    pub description: String,
    /// What to do.
    pub recommendation: String,
}

impl Analytics {
    /// Of services judged at `now`, with their alerts.
    pub fn of(all: &[Arc<Judgement>], alerts: Vec<ShownAlert>, now: i64) -> Self {
        let worst = worst(all);
        let found = found(all);
        let shown = found.iter().take(MOST_FINDINGS);
        let findings = shown.map(|(service, finding)| ShownFinding::of(service, finding));
        Self {
            timestamp: rfc3339(now),
            health_score: worst.and_then(|judgement| judgement.score.value),
            alerts,
            recommendations: recommendations(all, &found),
            cache_performance: cache(all),
            status: status(worst),
            components: worst
                .map(|judgement| judgement.score.components.clone())
                .unwrap_or_default(),
            findings: findings.collect(),
        }
    }
}

impl Summary {
    /// Of services judged.
    pub fn of(all: &[Arc<Judgement>]) -> Self {
        let worst = worst(all);
        let routes = || all.iter().flat_map(|judgement| &judgement.situation.routes);
        let requests: u64 = routes().map(|route| route.requests).sum();
        let mean = |of: fn(&RouteNow) -> f64| {
            let sum: f64 = routes()
                .map(|route| of(route) * route.requests as f64)
                .sum();
            (requests > 0).then(|| sum / requests as f64)
        };
        let memory = all
            .iter()
            .filter_map(|judgement| judgement.situation.level("memory"));
        Self {
            status: status(worst),
            health_score: worst.and_then(|judgement| judgement.score.value),
            active_alerts: all
                .iter()
                .map(|judgement| judgement.situation.alerts.len())
                .sum(),
            key_metrics: KeyMetrics {
                avg_response_time: mean(|route| route.mean),
                error_rate: mean(|route| route.error_rate),
                cache_hit_rate: cache(all).hit_rate,
                memory_usage_mb: memory.map(|memory| memory.value / MB).reduce(f64::max),
            },
        }
    }
}

impl Bottlenecks {
    /// Of services judged at `now`.
    pub fn of(all: &[Arc<Judgement>], now: i64) -> Self {
        Self {
            timestamp: rfc3339(now),
            bottlenecks: all
                .iter()
                .flat_map(|judgement| of_service(judgement))
                .collect(),
        }
    }
}

fn of_service(judgement: &Judgement) -> Vec<Bottleneck> {
    let found = bottlenecks(&judgement.situation);
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
        let findings = judgement.findings.iter();
        findings.map(move |finding| (service, finding))
    });
    let mut found: Vec<(&str, &Finding)> = found.collect();
    found.sort_by_key(|(_, finding)| {
        let follows = finding.follows_from.is_some();
        (follows, Reverse(finding.severity), finding.since_ns)
    });
    found
}

fn recommendations(all: &[Arc<Judgement>], found: &[(&str, &Finding)]) -> Vec<String> {
    let several = all.len() > 1;
    let told = found.iter().take(MOST_RECOMMENDATIONS);
    let told = told.map(|(service, finding)| {
        let of = if several {
            format!("{service}: ")
        } else {
            String::new()
        };
        let fix = finding.fix.as_ref();
        let fix = fix.map(|fix| format!(" {fix}")).unwrap_or_default();
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
