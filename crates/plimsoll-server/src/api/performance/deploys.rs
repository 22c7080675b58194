//! `/api/performance/deploys`: versions that began to run.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::report::not_gathered;
use super::{OneService, blocking, kept_badly, time_of};
use crate::api::v1::posted::{object, posted};
use crate::http::body::BodyLimits;
use crate::http::extract::Params;
use crate::http::problem::{Answer, Problem, json_answer};
use crate::judge::deploys;
use crate::meta::deploys::Deployed;
use crate::openapi::answers::{BodyRefused, Invalid, NotFound, ReadRefused};
use crate::openapi::tag;
use crate::performance::MINUTE;
use crate::reading::Reading;
use crate::report::contents::ReportDeploy;
use crate::report::{gather, period};
use crate::services::rfc3339;
use crate::state::App;
use crate::store::table::Nanos;
use crate::tick;

/// Most deploys of an answer.
const MOST: usize = 1_000;
/// Most characters of a name.
const MOST_NAME: usize = 200;
/// A deploy may be said to be so far ahead, as clocks differ: an hour.
const MOST_AHEAD: Nanos = 60 * MINUTE;

/// What can be asked.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AskedDeploys {
    /// Of one service only.
    service: Option<String>,
    /// Since then: RFC 3339, epoch milliseconds, or relative such as `-7d`. Without it for 7 days.
    since: Option<String>,
}

/// A deploy to be noted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"service": "shop", "version": "v2.14.0", "revision": "a1f3c9e"}))]
pub struct NewDeploy {
    /// Of which service.
    service: String,
    /// Which version.
    version: String,
    /// Which commit.
    revision: Option<String>,
    /// When it began to run; without it now.
    time: Option<String>,
}

/// A version that began to run.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShownDeployed {
    service: String,
    version: String,
    revision: Option<String>,
    #[schema(format = DateTime)]
    time: String,
    /// `api` when somebody said so, `seen` when its data came.
    source: String,
}

/// Versions that began to run.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeployList {
    /// The newest last.
    deploys: Vec<ShownDeployed>,
}

/// Versions that began to run, of one service or of all.
///
/// # Errors
/// 400 for a bad parameter.
#[utoipa::path(
    get,
    path = "",
    operation_id = "listDeploys",
    tag = tag::JUDGEMENT,
    params(AskedDeploys),
    responses((status = 200, description = "The deploys", body = DeployList), Invalid),
)]
pub async fn list(State(app): State<App>, Params(asked): Params<AskedDeploys>) -> Answer<Response> {
    let now = tick::now();
    let since = time_of("since", asked.since.as_deref().or(Some("-7d")), now)?.unwrap_or(now);
    let list = blocking(move || {
        let found = app
            .judging
            .meta()
            .deploys(asked.service.as_deref(), since, MOST);
        Ok(DeployList {
            deploys: found.map_err(kept_badly)?.into_iter().map(shown).collect(),
        })
    });
    json_answer(&list.await?)
}

/// Whose deploys are compared.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AskedCompared {
    /// Of which service.
    #[param(example = "shop")]
    service: String,
    /// Since then: RFC 3339, epoch milliseconds, or relative such as `-7d`. Without it for 7 days; at most 90.
    since: Option<String>,
}

/// Versions that began to run, each beside what was before it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ComparedDeploys {
    service: String,
    /// The last ten, the newest last.
    deploys: Vec<ReportDeploy>,
    /// How many there were.
    total: usize,
    /// What damage is known to keep from the answer, in words with its extent.
    missing: Vec<String>,
}

/// Deploys of a service with p95 and errors of each route in the hour before and after, or as far as no other deploy is.
///
/// # Errors
/// 404 for an unknown service, 400 for a bad parameter.
#[utoipa::path(
    get,
    path = "",
    operation_id = "compareDeploys",
    tag = tag::JUDGEMENT,
    params(AskedCompared),
    responses((status = 200, description = "The deploys", body = ComparedDeploys), NotFound, ReadRefused),
)]
pub async fn compared(
    State(app): State<App>,
    Params(asked): Params<AskedCompared>,
) -> Answer<Response> {
    let now = tick::now();
    let text = asked.since.unwrap_or_else(|| "-7d".to_owned());
    let period = period::since(&text, period::LONGEST, now)?;
    let one = OneService {
        service: asked.service,
    };
    let asking = app.clone();
    let compared = move || {
        one.question(now).check_service(&asking)?;
        let mut reading = Reading::of(&asking.store);
        let (deploys, total) = gather::deploys(&asking, &mut reading, &one.service, period)
            .map_err(|error| not_gathered(error, &text))?;
        Ok(ComparedDeploys {
            service: one.service,
            deploys,
            total,
            missing: reading.missing(),
        })
    };
    json_answer(&app.slow.run(compared).await?)
}

/// Notes a deploy. What is known of it already gets what it lacked.
///
/// # Errors
/// 400 naming the field that cannot be used.
#[utoipa::path(
    post,
    path = "",
    operation_id = "noteDeploy",
    tag = tag::JUDGEMENT,
    request_body(content = NewDeploy, content_type = "application/json"),
    responses((status = 201, description = "The deploy", body = ShownDeployed), BodyRefused),
)]
pub async fn note(State(app): State<App>, headers: HeaderMap, body: Body) -> Answer<Response> {
    let noting = app.clone();
    let noted = posted(
        &app,
        &headers,
        body,
        BodyLimits::SHORT,
        object::<NewDeploy>,
        move |new| {
            let now = tick::now();
            let at = time_of("time", new.time.as_deref(), now)?.unwrap_or(now);
            if at > now + MOST_AHEAD {
                let detail = "time must not be more than an hour ahead";
                return Err(Problem::bad_field(
                    "time",
                    new.time.unwrap_or_default(),
                    detail,
                ));
            }
            for (name, text) in [("service", &new.service), ("version", &new.version)] {
                if text.is_empty() || text.chars().count() > MOST_NAME {
                    let detail = format!("{name} must have 1 to {MOST_NAME} characters");
                    return Err(Problem::bad_field(name, text.as_str(), detail));
                }
            }
            let deployed = Deployed {
                service: new.service,
                version: new.version,
                revision: new
                    .revision
                    .map(|revision| revision.chars().take(MOST_NAME).collect()),
                at,
                source: "api".to_owned(),
            };
            deploys::tell(&noting, &deployed);
            Ok(shown(deployed))
        },
    );
    Ok((StatusCode::CREATED, json_answer(&noted.await?)?).into_response())
}

fn shown(deploy: Deployed) -> ShownDeployed {
    ShownDeployed {
        service: deploy.service,
        version: deploy.version,
        revision: deploy.revision,
        time: rfc3339(deploy.at),
        source: deploy.source,
    }
}
