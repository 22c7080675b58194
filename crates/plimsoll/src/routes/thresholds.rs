//! `/api/performance/thresholds` and `/api/performance/standards`: what is expected, changed while the service runs.

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use super::judged::{judgement, judging};
use super::performance::{Asked, Parameters};
use super::problem::Problem;
use super::{Answered, json};
use crate::analysis::load_line::{class_now, rfc3339};
use crate::monitor::Monitor;
use crate::performance::thresholds::{NewThresholds, Object, Thresholds};
use crate::standards::{Class, Place};

/// Most bytes of what is put.
const MOST: usize = 64 << 10;

pub(super) async fn get(State(monitor): State<Monitor>) -> Answered {
    Ok(json(StatusCode::OK, &in_force(&monitor)?))
}

/// Sets thresholds until the service ends: all of them or none.
pub(super) async fn put(State(monitor): State<Monitor>, body: Body) -> Answered {
    let judging = judging(&monitor)?;
    let body = to_bytes(body, MOST).await;
    let body =
        body.map_err(|error| Problem::bad_request(format!("the body cannot be read: {error}")))?;
    let new: Object<NewThresholds> = serde_json::from_slice(&body)
        .map_err(|error| Problem::bad_request(format!("the body cannot be read: {error}")))?;
    let set = judging.set(new.0.changes(), &monitor.inner.ring);
    set.map_err(|error| Problem::bad_threshold(&error))?;
    Ok(json(StatusCode::OK, &in_force(&monitor)?))
}

fn in_force(monitor: &Monitor) -> Result<Thresholds, Problem> {
    let judging = judging(monitor)?;
    let put = judging.put();
    let standards = judging.with(|own| own.standards().clone());
    let of_profile = crate::standards::Standards::of(standards.profile);
    Ok(Thresholds::of(&standards, |name| match () {
        () if put.keys().any(|put| Thresholds::is_of(put, name)) => "put",
        () if !standards.agrees_on(&of_profile, name) => "service",
        () => "default",
    }))
}

/// What is expected of the service, and how far it is kept now. Error budgets take days, which a process does not see.
#[derive(Debug, Serialize)]
struct StandardsOf {
    timestamp: String,
    service: String,
    profile: &'static str,
    classes: Vec<ClassOf>,
}

#[derive(Debug, Serialize)]
struct ClassOf {
    name: String,
    target_seconds: f64,
    acceptable_seconds: f64,
    investigate_seconds: f64,
    place: Place,
    p95_seconds: Option<f64>,
    headroom: Option<f64>,
    requests_per_minute: f64,
    objective: f64,
    burn_rate_1h: Option<f64>,
    routes: Vec<String>,
}

pub(super) async fn standards(State(monitor): State<Monitor>, asked: Asked) -> Answered {
    Parameters::read(asked, &monitor)?;
    let judging = judging(&monitor)?;
    let judgement = judgement(&monitor).await?;
    let situation = &judgement.situation;
    let floats = || judgement.groups.iter().flat_map(|group| &group.floats);
    let of_class = |class: &Class| {
        let id = format!("class:{}", class.name);
        let float = floats().find(|float| float.id == id)?;
        let now = class_now(situation, class);
        Some(ClassOf {
            name: class.name.to_string(),
            target_seconds: class.bands.target,
            acceptable_seconds: class.bands.acceptable,
            investigate_seconds: class.bands.investigate,
            place: float.place,
            p95_seconds: now.p95,
            headroom: float.headroom,
            requests_per_minute: now.requests as f64 / situation.minutes,
            objective: class.objective,
            burn_rate_1h: judging.with(|own| own.burn_rate(&class.name, 60)),
            routes: now.routes,
        })
    };
    let answer = StandardsOf {
        timestamp: rfc3339(situation.now),
        service: situation.service.clone(),
        profile: situation.standards.profile.as_str(),
        classes: situation
            .standards
            .classes
            .iter()
            .filter_map(of_class)
            .collect(),
    };
    Ok(json(StatusCode::OK, &answer))
}
