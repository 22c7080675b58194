//! What is judged of the service: `/api/performance/{load-line,analytics,summary,bottlenecks,alerts,resources,routes}`.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::performance::{Asked, Parameters};
use super::problem::Problem;
use super::{Answered, json};
use crate::analysis::judgement::Judgement;
use crate::analysis::load_line::rfc3339;
use crate::clock::Moment;
use crate::monitor::{Judging, Monitor};
use crate::performance::analytics::{Analytics, Bottlenecks, Summary};
use crate::performance::judged::{AlertList, ShownAlert, shown};
use crate::performance::load_line::LoadLine;
use crate::performance::{Requests, by_route};

/// Most alerts of an answer.
const MOST_ALERTS: usize = 100;

pub(super) async fn load_line(State(monitor): State<Monitor>, asked: Asked) -> Answered {
    Parameters::read(asked, &monitor)?;
    Ok(json(
        StatusCode::OK,
        &LoadLine::of(&*judgement(&monitor).await?),
    ))
}

pub(super) async fn analytics(State(monitor): State<Monitor>, asked: Asked) -> Answered {
    Parameters::read(asked, &monitor)?;
    let judgement = judgement(&monitor).await?;
    let firing = alerts_of(&monitor, Some(false), MOST_ALERTS)?.alerts;
    let now = judgement.situation.now;
    Ok(json(
        StatusCode::OK,
        &Analytics::of(&[judgement], firing, now),
    ))
}

pub(super) async fn summary(State(monitor): State<Monitor>, asked: Asked) -> Answered {
    Parameters::read(asked, &monitor)?;
    Ok(json(
        StatusCode::OK,
        &Summary::of(&[judgement(&monitor).await?]),
    ))
}

pub(super) async fn bottlenecks(State(monitor): State<Monitor>, asked: Asked) -> Answered {
    Parameters::read(asked, &monitor)?;
    let judgement = judgement(&monitor).await?;
    let now = judgement.situation.now;
    Ok(json(StatusCode::OK, &Bottlenecks::of(&[judgement], now)))
}

/// Current value, mean of the last ten and trend of each resource.
pub(super) async fn resources(State(monitor): State<Monitor>, asked: Asked) -> Answered {
    Parameters::read(asked, &monitor)?;
    let mut summary = monitor.resource_summary();
    summary["timestamp"] = rfc3339(Moment::now().unix_ns).into();
    summary["service"] = monitor.config().service.clone().into();
    Ok(json(StatusCode::OK, &summary))
}

/// Requests by route and method, the busiest first.
#[derive(Debug, Serialize)]
struct RouteList<'a> {
    timestamp: String,
    period_minutes: u32,
    service: &'a str,
    routes: Vec<Route>,
    total: usize,
}

#[derive(Debug, Serialize)]
struct Route {
    route: String,
    method: String,
    #[serde(flatten)]
    requests: Requests,
}

pub(super) async fn routes(State(monitor): State<Monitor>, asked: Asked) -> Answered {
    let minutes = Parameters::read(asked, &monitor)?;
    let now = Moment::now();
    let lately = monitor.lately(now, minutes);
    let routes = by_route(&lately);
    let routes = routes.iter().map(|((method, route), (totals, _))| Route {
        route: (*route).to_owned(),
        method: (*method).to_owned(),
        requests: totals.requests(minutes.into()),
    });
    let mut routes: Vec<Route> = routes.collect();
    routes.sort_by_key(|route| std::cmp::Reverse(route.requests.total_requests));
    let list = RouteList {
        timestamp: rfc3339(now.unix_ns),
        period_minutes: minutes,
        service: &monitor.config().service,
        total: routes.len(),
        routes,
    };
    Ok(json(StatusCode::OK, &list))
}

#[derive(Debug, Deserialize)]
pub(super) struct AskedAlerts {
    resolved: Option<String>,
    limit: Option<String>,
}

pub(super) async fn alerts(
    State(monitor): State<Monitor>,
    Query(asked): Query<AskedAlerts>,
) -> Answered {
    let resolved = match asked.resolved.as_deref() {
        None => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(other) => {
            return Err(Problem::bad_field(
                "resolved",
                other,
                "resolved must be true or false",
            ));
        }
    };
    let limit = match asked.limit {
        None => MOST_ALERTS,
        Some(text) => match text.parse() {
            Ok(limit) if (1..=MOST_ALERTS).contains(&limit) => limit,
            _ => {
                let detail = format!("limit must be a whole number from 1 to {MOST_ALERTS}");
                return Err(Problem::bad_field("limit", text, detail));
            }
        },
    };
    Ok(json(StatusCode::OK, &alerts_of(&monitor, resolved, limit)?))
}

/// Ends an alert by hand.
pub(super) async fn resolve(State(monitor): State<Monitor>, Path(id): Path<String>) -> Answered {
    let now = Moment::now().unix_ns;
    let alert = judging(&monitor)?.resolve(&id, "user", now);
    let alert = alert.ok_or_else(|| Problem::not_found(format!("there is no alert {id}")))?;
    Ok(json(
        StatusCode::OK,
        &shown(&alert, &monitor.config().service),
    ))
}

pub(super) fn judging(monitor: &Monitor) -> Result<&Judging, Problem> {
    let judging = monitor.inner.judging.as_ref();
    judging.ok_or_else(|| Problem::not_found("this service does not judge itself"))
}

/// What is judged now, worked out where it keeps no request waiting.
pub(super) async fn judgement(monitor: &Monitor) -> Result<Arc<Judgement>, Problem> {
    judging(monitor)?;
    let monitor = monitor.clone();
    let judged = tokio::task::spawn_blocking(move || monitor.judgement());
    let judgement = judged.await.ok().flatten();
    let judgement = judgement.ok_or_else(|| Problem::not_found("nothing is judged"))?;
    Ok(Arc::new(judgement))
}

/// Without `resolved` those that are pending stand before the others.
fn alerts_of(
    monitor: &Monitor,
    resolved: Option<bool>,
    limit: usize,
) -> Result<AlertList, Problem> {
    let service = &monitor.config().service;
    let mut list = judging(monitor)?.with(|own| {
        let pending = ShownAlert::pending(service, own.judge());
        let pending = pending.into_iter().filter(|_| resolved.is_none());
        let kept = own.alerts().newest_first();
        let kept = kept.filter(|alert| resolved.is_none_or(|is| alert.resolved.is_some() == is));
        pending
            .chain(kept.map(|alert| shown(alert, service)))
            .collect::<Vec<_>>()
    });
    let total = list.len();
    list.truncate(limit);
    Ok(AlertList {
        timestamp: rfc3339(Moment::now().unix_ns),
        alerts: list,
        total,
    })
}
