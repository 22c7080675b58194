//! `/api/performance/silences`: times in which alerts of something are not told.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use plimsoll::alert::Severity;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::alerts::SeverityName;
use super::{blocking, kept_badly, time_of};
use crate::api::v1::posted::{object, posted};
use crate::http::body::BodyLimits;
use crate::http::extract::PathParams;
use crate::http::problem::{Answer, Problem, json_answer};
use crate::meta::silences::{MOST, Silence};
use crate::openapi::answers::{BodyRefused, Invalid, NotFound};
use crate::openapi::tag;
use crate::performance::MINUTE;
use crate::services::rfc3339;
use crate::state::App;
use crate::store::table::Nanos;
use crate::tick;

/// Longest silence: 90 days.
const LONGEST_MINUTES: u32 = 90 * 24 * 60;
/// Most characters of a reason.
const MOST_REASON: usize = 1_000;

/// A silence to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"service": "shop", "key": "class:write", "minutes": 60, "reason": "the fix is on its way"}))]
pub struct NewSilence {
    /// Of one service; without it of all.
    service: Option<String>,
    /// Of one thing within it: `class:write`; without it of all.
    key: Option<String>,
    /// Of one severity; without it of all.
    severity: Option<SeverityName>,
    /// For so long from its start.
    #[schema(minimum = 1, maximum = 129_600)]
    minutes: Option<u32>,
    /// Instead of `minutes`: until then.
    until: Option<String>,
    /// From then on; without it from now on.
    starts: Option<String>,
    /// Whether it comes again each week: a maintenance window.
    #[serde(default)]
    weekly: bool,
    /// Why.
    #[serde(default)]
    reason: String,
    /// Who.
    by: Option<String>,
}

/// A silence.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShownSilence {
    id: String,
    service: Option<String>,
    key: Option<String>,
    severity: Option<Severity>,
    #[schema(format = DateTime)]
    starts: String,
    #[schema(format = DateTime)]
    until: String,
    weekly: bool,
    reason: String,
    by: Option<String>,
    #[schema(format = DateTime)]
    created: String,
}

/// Silences that are not over.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SilenceList {
    /// The newest first.
    silences: Vec<ShownSilence>,
}

/// Silences that are not over.
///
/// # Errors
/// 500 for a file that cannot be read.
#[utoipa::path(
    get,
    path = "",
    operation_id = "listSilences",
    tag = tag::JUDGEMENT,
    responses((status = 200, description = "The silences", body = SilenceList)),
)]
pub async fn list(State(app): State<App>) -> Answer<Response> {
    let list = blocking(move || {
        let silences = app
            .judging
            .meta()
            .silences(tick::now())
            .map_err(kept_badly)?;
        Ok(SilenceList {
            silences: silences.into_iter().map(shown).collect(),
        })
    });
    json_answer(&list.await?)
}

/// Makes a silence: alerts that it covers fire and are shown, but not told.
///
/// # Errors
/// 400 naming the field that cannot be used, 409 when there are too many.
#[utoipa::path(
    post,
    path = "",
    operation_id = "createSilence",
    tag = tag::JUDGEMENT,
    request_body(content = NewSilence, content_type = "application/json"),
    responses((status = 201, description = "The silence", body = ShownSilence), (status = 409, description = "There are too many", content_type = "application/problem+json", body = Object), BodyRefused),
)]
pub async fn create(State(app): State<App>, headers: HeaderMap, body: Body) -> Answer<Response> {
    let making = app.clone();
    let made = posted(
        &app,
        &headers,
        body,
        BodyLimits::SHORT,
        object::<NewSilence>,
        move |new| {
            let mut silence = checked(new, tick::now())?;
            let id = making
                .judging
                .meta()
                .silence(&silence)
                .map_err(kept_badly)?;
            silence.id = id.ok_or_else(|| {
                let detail = format!("there are {MOST} silences already; remove some");
                Problem::new(StatusCode::CONFLICT, "too_many", detail)
            })?;
            Ok(shown(silence))
        },
    );
    Ok((StatusCode::CREATED, json_answer(&made.await?)?).into_response())
}

/// Removes a silence.
///
/// # Errors
/// 404 when there is none of this number.
#[utoipa::path(
    delete,
    path = "",
    operation_id = "removeSilence",
    tag = tag::JUDGEMENT,
    params(("id" = String, Path, description = "Its number", example = "3")),
    responses((status = 204, description = "It is gone"), Invalid, NotFound),
)]
pub async fn remove(
    State(app): State<App>,
    PathParams(id): PathParams<String>,
) -> Answer<Response> {
    let unknown =
        || Problem::not_found(format!("there is no silence {id}")).field("id", id.as_str());
    let number: i64 = id.parse().map_err(|_| unknown())?;
    let removed = blocking(move || {
        app.judging
            .meta()
            .remove_silence(number)
            .map_err(kept_badly)
    });
    if removed.await? {
        Ok(StatusCode::NO_CONTENT.into_response())
    } else {
        Err(unknown())
    }
}

fn checked(new: NewSilence, now: Nanos) -> Answer<Silence> {
    let starts = time_of("starts", new.starts.as_deref(), now)?.unwrap_or(now);
    let until = time_of("until", new.until.as_deref(), now)?;
    let ends = match (new.minutes, until) {
        (Some(minutes), None) if (1..=LONGEST_MINUTES).contains(&minutes) => {
            starts + Nanos::from(minutes) * MINUTE
        }
        (Some(minutes), None) => {
            let detail = format!("minutes must be 1 to {LONGEST_MINUTES}");
            return Err(Problem::bad_field("minutes", minutes, detail));
        }
        (None, Some(until))
            if until > starts && until - starts <= Nanos::from(LONGEST_MINUTES) * MINUTE =>
        {
            until
        }
        (None, Some(_)) => {
            let given = new.until.unwrap_or_default();
            let detail = "until must be after the start, and at most 90 days after it";
            return Err(Problem::bad_field("until", given, detail));
        }
        _ => return Err(Problem::bad_request("say either minutes or until")),
    };
    const WEEK_MINUTES: Nanos = 7 * 24 * 60;
    if new.weekly && ends - starts >= WEEK_MINUTES * MINUTE {
        let minutes = (ends - starts) / MINUTE;
        let detail = "minutes: what comes again each week must be shorter than one";
        return Err(Problem::bad_field("minutes", minutes, detail));
    }
    if !new.weekly && ends <= now {
        let until = new.until.unwrap_or_else(|| rfc3339(ends));
        return Err(Problem::bad_field("until", until, "until is over already"));
    }
    if new.reason.chars().count() > MOST_REASON {
        let detail = format!("reason must have at most {MOST_REASON} characters");
        return Err(Problem::bad_field("reason", new.reason, detail));
    }
    Ok(Silence {
        id: 0,
        service: new.service.filter(|service| !service.is_empty()),
        key: new.key.filter(|key| !key.is_empty()),
        severity: new.severity.map(Severity::from),
        starts,
        ends,
        weekly: new.weekly,
        reason: new.reason,
        created: now,
        created_by: new.by,
    })
}

fn shown(silence: Silence) -> ShownSilence {
    ShownSilence {
        id: silence.id.to_string(),
        service: silence.service,
        key: silence.key,
        severity: silence.severity,
        starts: rfc3339(silence.starts),
        until: rfc3339(silence.ends),
        weekly: silence.weekly,
        reason: silence.reason,
        by: silence.created_by,
        created: rfc3339(silence.created),
    }
}
