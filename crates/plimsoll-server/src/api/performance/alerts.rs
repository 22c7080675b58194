//! `/api/performance/alerts`: what fires and what did; resolved and acknowledged by hand.

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use plimsoll::alert::Severity;
use plimsoll::judge::Judged;
use plimsoll::performance::judged::{AlertList, ShownAlert};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::shown::shown_alert;
use super::{blocking, kept_badly};
use crate::api::v1::posted::posted;
use crate::http::body::BodyLimits;
use crate::http::extract::{Params, PathParams};
use crate::http::problem::{Answer, Problem, json_answer};
use crate::judge::book;
use crate::meta::alerts;
use crate::openapi::answers::{BodyRefused, Invalid, NotFound};
use crate::openapi::tag;
use crate::services::rfc3339;
use crate::state::{App, AppState};
use crate::store::table::Nanos;
use crate::tick;

/// Alerts of an answer when nothing is said.
const LIMIT: usize = 100;
/// Most alerts of an answer.
const MOST: usize = 1_000;
/// Most characters of the name of who acts.
const MOST_NAME: usize = 100;

/// What can be asked.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AskedAlerts {
    /// `false`: those that fire, acknowledged and silenced ones included. `true`: those that are over. Without it both.
    resolved: Option<bool>,
    /// Of one service only.
    service: Option<String>,
    /// At least so severe.
    #[param(inline)]
    severity: Option<SeverityName>,
    /// Those that fire, or fired or were over since then: RFC 3339, epoch milliseconds, or relative such as `-7d`.
    since: Option<String>,
    /// Most alerts of the answer.
    #[param(minimum = 1, maximum = 1_000, default = 100)]
    limit: Option<usize>,
}

/// A severity by name.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SeverityName {
    /// Above 1× the line.
    Low,
    /// Above 1.5×.
    Medium,
    /// Above 2×.
    High,
    /// Above 3×.
    Critical,
}

/// Who acts.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({"by": "ines"}))]
pub struct By {
    /// A name; without it `user`.
    by: Option<String>,
}

/// Alerts, the newest first. Without `resolved` those that are pending stand before them: they may become alerts.
///
/// # Errors
/// 400 for a bad parameter.
#[utoipa::path(
    get,
    path = "",
    operation_id = "listAlerts",
    tag = tag::JUDGEMENT,
    params(AskedAlerts),
    responses((status = 200, description = "The alerts", body = AlertList), Invalid),
)]
pub async fn list(State(app): State<App>, Params(asked): Params<AskedAlerts>) -> Answer<Response> {
    let now = tick::now();
    let limit = asked.limit.unwrap_or(LIMIT);
    if !(1..=MOST).contains(&limit) {
        let detail = format!("limit must be 1 to {MOST}");
        return Err(Problem::bad_field("limit", limit, detail));
    }
    let since = super::time_of("since", asked.since.as_deref(), now)?;
    let which = alerts::Asked {
        resolved: asked.resolved,
        service: asked.service,
        severity: asked.severity.map(Severity::from),
        since,
        limit,
    };
    let list = blocking(move || {
        let meta = app.judging.meta();
        let (alerts, total) = meta.alerts(&which).map_err(kept_badly)?;
        let silences = meta.silences(now).map_err(kept_badly)?;
        let mut shown = match which.resolved {
            None => pending(&app, which.service.as_deref(), limit),
            Some(_) => Vec::new(),
        };
        let total = total + shown.len();
        shown.extend(
            alerts
                .into_iter()
                .map(|alert| shown_alert(alert, &silences, now)),
        );
        shown.truncate(limit);
        Ok(AlertList {
            timestamp: rfc3339(now),
            alerts: shown,
            total,
        })
    });
    json_answer(&list.await?)
}

/// What may become an alert: past its line, but not for long enough.
fn pending(app: &AppState, service: Option<&str>, limit: usize) -> Vec<ShownAlert> {
    let services = match service {
        Some(service) => vec![service.to_owned()],
        None => app.judging.names(),
    };
    let shown = services.iter().flat_map(|service| {
        let pending = |judged: &Judged| ShownAlert::pending(service, &judged.judge);
        let watches = app.judging.with(service, pending);
        watches.unwrap_or_default()
    });
    shown.take(limit).collect()
}

/// Those that fire, for an answer that has more than these; none where they cannot be read, which is logged.
pub(super) fn firing(
    app: &AppState,
    service: Option<&str>,
    limit: usize,
    now: Nanos,
) -> Vec<ShownAlert> {
    let which = alerts::Asked {
        resolved: Some(false),
        service: service.map(str::to_owned),
        limit,
        ..alerts::Asked::default()
    };
    let meta = app.judging.meta();
    let found = meta
        .alerts(&which)
        .and_then(|(alerts, _)| Ok((alerts, meta.silences(now)?)));
    match found {
        Ok((alerts, silences)) => alerts
            .into_iter()
            .map(|alert| shown_alert(alert, &silences, now))
            .collect(),
        Err(error) => {
            tracing::warn!(%error, "alerts cannot be read: {error}");
            Vec::new()
        }
    }
}

/// Ends an alert. If its breach goes on, a new one fires after a full wait.
///
/// # Errors
/// 404 when there is none of this number.
#[utoipa::path(
    post,
    path = "",
    operation_id = "resolveAlert",
    tag = tag::JUDGEMENT,
    params(("id" = String, Path, description = "The alert's number", example = "12")),
    request_body(content = Option<By>, content_type = "application/json"),
    responses((status = 200, description = "The alert, resolved", body = ShownAlert), BodyRefused, NotFound),
)]
pub async fn resolve(
    State(app): State<App>,
    PathParams(id): PathParams<String>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Response> {
    act(app, id, headers, body, |app, id, by, now| {
        book::resolve(app, id, by, now)
    })
    .await
}

/// Notes that somebody knows of an alert: it fires on, and is not told again.
///
/// # Errors
/// 404 when there is none of this number.
#[utoipa::path(
    post,
    path = "",
    operation_id = "acknowledgeAlert",
    tag = tag::JUDGEMENT,
    params(("id" = String, Path, description = "The alert's number", example = "12")),
    request_body(content = Option<By>, content_type = "application/json"),
    responses((status = 200, description = "The alert, acknowledged", body = ShownAlert), BodyRefused, NotFound),
)]
pub async fn acknowledge(
    State(app): State<App>,
    PathParams(id): PathParams<String>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Response> {
    act(app, id, headers, body, |app, id, by, now| {
        app.judging.meta().acknowledge(id, by, now)
    })
    .await
}

type Acted = Result<Option<alerts::Alert>, crate::meta::MetaError>;

async fn act(
    app: App,
    id: String,
    headers: HeaderMap,
    body: Body,
    act: fn(&AppState, i64, &str, Nanos) -> Acted,
) -> Answer<Response> {
    let unknown = || Problem::not_found(format!("there is no alert {id}")).field("id", id.as_str());
    let number: i64 = id.parse().map_err(|_| unknown())?;
    let acting = app.clone();
    let acted = posted(&app, &headers, body, BodyLimits::SHORT, by, move |by| {
        let now = tick::now();
        let alert = act(&acting, number, &by, now).map_err(kept_badly)?;
        let silences = acting.judging.meta().silences(now).map_err(kept_badly)?;
        Ok(alert.map(|alert| shown_alert(alert, &silences, now)))
    });
    json_answer(&acted.await?.ok_or_else(unknown)?)
}

fn by(text: &[u8]) -> Answer<String> {
    let who: By = match text.trim_ascii() {
        [] => By::default(),
        text => serde_json::from_slice(text)
            .map_err(|error| Problem::bad_request(format!("the body cannot be read: {error}")))?,
    };
    let name = who.by.unwrap_or_else(|| "user".to_owned());
    if name.is_empty() || name.chars().count() > MOST_NAME {
        let detail = format!("by must have 1 to {MOST_NAME} characters");
        return Err(Problem::bad_field("by", name, detail));
    }
    Ok(name)
}

impl From<SeverityName> for Severity {
    fn from(name: SeverityName) -> Self {
        match name {
            SeverityName::Low => Self::Low,
            SeverityName::Medium => Self::Medium,
            SeverityName::High => Self::High,
            SeverityName::Critical => Self::Critical,
        }
    }
}
