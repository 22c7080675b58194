//! `/api/performance/*`: what services did in the last minutes, from the store.

pub mod aggregates;
pub mod alerts;
pub mod analytics;
pub mod calls;
pub mod channels;
pub mod deploys;
pub mod exemplars;
pub mod forecast;
pub mod load_line;
pub mod metrics;
pub mod queries;
pub mod report;
pub mod resources;
pub mod routes;
pub mod series;
mod shown;
pub mod silences;
pub mod standards;
pub mod thresholds;
pub mod totals;
pub mod trends;

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::v1::time;
use crate::http::problem::{Answer, Problem, json_answer};
use crate::judge::judgement::{self, Judgement};
use crate::meta::MetaError;
use crate::performance::observations::Observed;
use crate::performance::{Period, Scope};
use crate::reading::Reading;
use crate::state::{App, AppState};
use crate::store::read::error::QueryError;
use crate::store::table::Nanos;
use crate::tick;

/// Minutes looked back unless asked for otherwise.
const MINUTES: u32 = 5;
/// Most minutes: as long as the daily rollup reaches.
const MAX_MINUTES: u32 = 90 * 24 * 60;
/// Most services named to whoever asks for an unknown one.
const MOST_KNOWN: usize = 20;

/// What can be asked of all of them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// One service only; without it all but the server itself.
    pub(super) service: Option<String>,
    /// How far to look back.
    #[param(minimum = 1, maximum = 129_600, default = 5)]
    pub(super) minutes: Option<u32>,
    /// Most rows of a list.
    #[param(ignore)]
    pub(super) limit: Option<usize>,
}

/// About one service.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OneService {
    /// Which one.
    #[param(example = "shop")]
    pub(super) service: String,
}

impl OneService {
    /// The question about the last minutes.
    fn question(&self, now: Nanos) -> Question {
        Question {
            scope: Scope::Service(self.service.clone()),
            service: Some(self.service.clone()),
            minutes: MINUTES,
            period: Period::minutes_before(now, MINUTES),
            now,
        }
    }
}

/// A question that can be answered.
#[derive(Clone, Debug)]
struct Question {
    scope: Scope,
    service: Option<String>,
    minutes: u32,
    period: Period,
    now: Nanos,
}

/// How often, how long and how well: of queries and calls.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Durations {
    /// How many.
    total: u64,
    /// Of these, how many failed.
    errors: u64,
    per_minute: f64,
    mean_seconds: f64,
    /// Null where it is not known.
    min_seconds: Option<f64>,
    /// Null where it is not known.
    max_seconds: Option<f64>,
    p50_seconds: Option<f64>,
    p95_seconds: Option<f64>,
    p99_seconds: Option<f64>,
    /// All of them together.
    total_seconds: f64,
}

impl Durations {
    fn of(observed: &Observed, minutes: f64) -> Self {
        let duration = &observed.duration;
        Self {
            total: duration.count,
            errors: observed.errors,
            per_minute: duration.count as f64 / minutes,
            mean_seconds: duration.mean().unwrap_or(0.0),
            min_seconds: Some(duration.min).filter(|min| min.is_finite()),
            max_seconds: Some(duration.max).filter(|max| max.is_finite()),
            p50_seconds: duration.percentile(0.5),
            p95_seconds: duration.percentile(0.95),
            p99_seconds: duration.percentile(0.99),
            total_seconds: duration.sum,
        }
    }
}

impl Asked {
    /// Checks the parameters.
    fn question(&self) -> Answer<Question> {
        let minutes = self.minutes.unwrap_or(MINUTES);
        if !(1..=MAX_MINUTES).contains(&minutes) {
            let detail = format!("minutes must be between 1 and {MAX_MINUTES}");
            return Err(Problem::bad_field("minutes", minutes, detail));
        }
        let now = tick::now();
        Ok(Question {
            scope: self.service.clone().map_or(Scope::Observed, Scope::Service),
            service: self.service.clone(),
            minutes,
            period: Period::minutes_before(now, minutes),
            now,
        })
    }

    fn limit(&self, most: usize) -> Answer<usize> {
        match self.limit {
            Some(limit) if limit == 0 || limit > most => Err(Problem::bad_field(
                "limit",
                limit,
                format!("limit must be between 1 and {most}"),
            )),
            limit => Ok(limit.unwrap_or(most)),
        }
    }
}

impl Question {
    /// Whether the service that it is about ever sent. Blocking.
    fn check_service(&self, app: &AppState) -> Answer<()> {
        let Some(service) = &self.service else {
            return Ok(());
        };
        if app.services.knows(&app.store, service, self.now) {
            return Ok(());
        }
        let detail = format!("nothing was received from a service named {service}");
        let known: Vec<_> = app.services.names().into_iter().take(MOST_KNOWN).collect();
        Err(Problem::not_found(detail)
            .field("service", service.as_str())
            .with("known", known))
    }
}

/// Reads the store apart from short requests.
async fn answered<T: Serialize + Send + 'static>(
    app: App,
    question: Question,
    read: impl FnOnce(&mut Reading<'_>, Question) -> Result<T, QueryError> + Send + 'static,
) -> Answer<Response> {
    let asking = app.clone();
    let reading = move || {
        question.check_service(&asking)?;
        let minutes = question.minutes;
        let mut reading = Reading::of(&asking.store);
        read(&mut reading, question).map_err(|error| unanswered(&error, minutes))
    };
    json_answer(&app.slow.run(reading).await?)
}

fn unanswered(error: &QueryError, minutes: u32) -> Problem {
    match error {
        QueryError::TooManyBuckets { .. } => {
            let detail = "that is more than can be read at once: ask for fewer minutes";
            Problem::bad_field("minutes", minutes, detail)
        }
        _ => Problem::internal("the store could not be read").because(error),
    }
}

/// The same where the period is told by its begin.
fn unanswered_since(error: &QueryError, since: &str) -> Problem {
    match error {
        QueryError::TooManyBuckets { .. } => {
            let detail = "that is more than can be read at once: ask for a shorter time";
            Problem::bad_field("since", since, detail)
        }
        _ => Problem::internal("the store could not be read").because(error),
    }
}

/// Answers from the judgement of one service.
async fn judged<T: Serialize + Send + 'static>(
    app: App,
    service: String,
    show: impl FnOnce(&Judgement) -> T + Send + 'static,
) -> Answer<Response> {
    let asking = app.clone();
    let reading = move || Ok(show(&*judgement_of(&asking, service)?));
    json_answer(&app.slow.run(reading).await?)
}

/// The judgement of a service that is known. Blocking.
///
/// # Errors
/// 404 for a service of which nothing was received.
pub(in crate::api) fn judgement_of(app: &AppState, service: String) -> Answer<Arc<Judgement>> {
    let now = tick::now();
    let asked = OneService { service };
    asked.question(now).check_service(app)?;
    let judgement = judgement::of(app, &asked.service, now);
    judgement.map_err(|error| unanswered(&error, MINUTES))
}

/// Answers from the judgements of one service, or of all that are observed.
async fn judgements<T: Serialize + Send + 'static>(
    app: App,
    asked: Asked,
    show: impl FnOnce(&[Arc<Judgement>], Nanos) -> T + Send + 'static,
) -> Answer<Response> {
    let now = tick::now();
    let asking = app.clone();
    let reading = move || {
        let services = match asked.service {
            Some(service) => {
                let asked = OneService { service };
                asked.question(now).check_service(&asking)?;
                vec![asked.service]
            }
            None => asking.judging.names(),
        };
        let is_asked = |service: &String| services.len() == 1 || Scope::Observed.includes(service);
        let judged = services.iter().filter(|service| is_asked(service));
        let judged = judged.map(|service| judgement::of(&asking, service, now));
        let judged = judged.collect::<Result<Vec<_>, _>>();
        Ok(show(
            &judged.map_err(|error| unanswered(&error, MINUTES))?,
            now,
        ))
    };
    json_answer(&app.slow.run(reading).await?)
}

/// Does what may block for a moment.
pub(in crate::api) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Answer<T> + Send + 'static,
) -> Answer<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|panic| Problem::internal("the request failed").because(&panic))?
}

/// What users did could not be read or kept.
pub(in crate::api) fn kept_badly(error: MetaError) -> Problem {
    if error.is_full() {
        let detail = "the disk is full";
        return Problem::new(StatusCode::INSUFFICIENT_STORAGE, "disk_full", detail).because(&error);
    }
    Problem::internal("what is known of alerts, or said of them, cannot be read or kept")
        .because(&error)
}

/// A time in a parameter or field.
pub(in crate::api) fn time_of(
    field: &str,
    text: Option<&str>,
    now: Nanos,
) -> Answer<Option<Nanos>> {
    let Some(text) = text else {
        return Ok(None);
    };
    let detail = "a time is RFC 3339, epoch milliseconds, or relative to now such as -1h";
    let time = time::parse(text, now).ok_or_else(|| Problem::bad_field(field, text, detail));
    time.map(Some)
}
