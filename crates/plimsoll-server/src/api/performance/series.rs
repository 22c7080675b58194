//! `/api/performance/series`: requests over time by service or by route, for charts.

use axum::extract::State;
use axum::response::Response;
use plimsoll::performance::RequestTotals;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::totals::ByName;
use super::{Asked, Question, answered};
use crate::api::v1::time;
use crate::http::extract::Params;
use crate::http::problem::{Answer, Problem};
use crate::openapi::answers::{NotFound, ReadRefused};
use crate::openapi::tag;
use crate::performance::series::{Buckets, By, Line, LineKey, series as read};
use crate::performance::{MINUTE, Period, Scope};
use crate::reading::Reading;
use crate::services::rfc3339;
use crate::state::App;
use crate::store::read::error::QueryError;
use crate::store::table::Nanos;

/// Finest step: that of the library's windows.
const FINEST_STEP: Nanos = 10 * SECOND;
/// Coarsest step; from a day on steps would follow the calendar.
const COARSEST_STEP: Nanos = 12 * 3_600 * SECOND;
/// Steps of a period unless asked for otherwise: about as many as a chart is wide in pixels, divided by eight.
const STEPS: Nanos = 120;
/// Most steps of a period.
const MAX_STEPS: Nanos = 1_000;
/// Lines unless asked for otherwise.
const LINES: usize = 100;
/// Most lines.
const MAX_LINES: usize = 1_000;
const SECOND: Nanos = 1_000_000_000;
const MILLISECOND: Nanos = 1_000_000;
/// Steps that are round numbers of seconds, minutes or hours.
const ROUND_STEPS: [Nanos; 11] = [
    10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 43_200,
];

/// What can be asked.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AskedSeries {
    /// One service only; without it all of them, the server itself included.
    #[param(example = "shop")]
    service: Option<String>,
    /// How far to look back.
    #[param(minimum = 1, maximum = 129_600, default = 5)]
    minutes: Option<u32>,
    /// Start of another period than the last minutes.
    #[param(example = "-2h")]
    start: Option<String>,
    /// Its end.
    #[param(example = "-1h")]
    end: Option<String>,
    /// Width of a step, a multiple of 10s up to 12h; without it there are about 120 steps.
    #[param(example = "30s")]
    step: Option<String>,
    /// What a line is of.
    #[param(inline)]
    by: Option<ByName>,
    /// Most lines of the answer, 100 without it.
    #[param(minimum = 1, maximum = 1_000)]
    limit: Option<usize>,
}

/// Requests over time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeriesList {
    /// When the answer was made.
    #[schema(format = DateTime)]
    timestamp: String,
    /// The service asked for; null: all of them.
    service: Option<String>,
    /// Width of a step.
    step_seconds: f64,
    /// Start of each step, epoch milliseconds.
    times: Vec<i64>,
    /// The busiest first.
    lines: Vec<SeriesLine>,
    /// How many there are.
    total: usize,
    /// What damage is known to keep from the answer, in words with its extent.
    missing: Vec<String>,
}

/// One value for each step; null where there is none: of `requests_per_minute` that the service was not heard.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeriesLine {
    /// Who answered.
    service: String,
    /// Route template, `<unmatched>` or `<other>`; null in a line of a service.
    route: Option<String>,
    /// Method; null in a line of a service.
    method: Option<String>,
    /// Requests of all steps.
    total_requests: u64,
    /// Finished requests.
    requests_per_minute: Vec<Option<f64>>,
    /// Of these, 5xx, panics and bodies that broke off.
    errors_per_minute: Vec<Option<f64>>,
    /// Half of the requests took at most so long.
    p50_seconds: Vec<Option<f64>>,
    /// 95 % of the requests took at most so long.
    p95_seconds: Vec<Option<f64>>,
    /// 99 % of the requests took at most so long.
    p99_seconds: Vec<Option<f64>>,
}

/// Requests over time by service or by route, every one counted once, the busiest line first.
///
/// # Errors
/// 404 for an unknown service, 400 for parameters out of range.
#[utoipa::path(
    get,
    path = "",
    operation_id = "listSeries",
    tag = tag::PERFORMANCE,
    params(AskedSeries),
    responses(
        (status = 200, description = "The lines", body = SeriesList),
        NotFound,
        ReadRefused,
    ),
)]
pub async fn series(
    State(app): State<App>,
    Params(asked): Params<AskedSeries>,
) -> Answer<Response> {
    let same = Asked {
        service: asked.service.clone(),
        minutes: asked.minutes,
        limit: asked.limit,
    };
    let limit = same.limit(MAX_LINES)?.min(asked.limit.unwrap_or(LINES));
    let mut question = same.question()?;
    if question.service.is_none() {
        question.scope = Scope::All;
    }
    question.period = asked.period(question.period, question.now)?;
    question.minutes = u32::try_from((question.period.end - question.period.start) / MINUTE)
        .unwrap_or(u32::MAX)
        .max(1);
    let step = asked.step(question.period)?;
    let buckets = Buckets::over(question.period, step, question.now);
    let by = By::from(asked.by.unwrap_or(ByName::Service));
    answered(app, question, move |reading, question| {
        answer(reading, &question, buckets, by, limit)
    })
    .await
}

impl AskedSeries {
    fn period(&self, last_minutes: Period, now: Nanos) -> Answer<Period> {
        let at = |name: &str, text: &Option<String>, default: Nanos| match text {
            None => Ok(default),
            Some(text) => time::parse(text, now).ok_or_else(|| {
                Problem::bad_field(name, text.as_str(), format!("{name} must be a time"))
            }),
        };
        if self.minutes.is_some() && (self.start.is_some() || self.end.is_some()) {
            let detail = "give either minutes or start and end";
            return Err(Problem::bad_field("minutes", self.minutes, detail));
        }
        let period = Period {
            start: at("start", &self.start, last_minutes.start)?,
            end: at("end", &self.end, last_minutes.end)?.min(now.saturating_add(1)),
        };
        if period.start >= period.end {
            let detail = "start must be before end, and end not ahead of now";
            return Err(Problem::bad_field(
                "start",
                self.start.clone().unwrap_or_default(),
                detail,
            ));
        }
        Ok(period)
    }

    fn step(&self, period: Period) -> Answer<Nanos> {
        let length = period.end - period.start;
        let Some(text) = &self.step else {
            let wanted = length / STEPS;
            let round = ROUND_STEPS.iter().map(|seconds| seconds * SECOND);
            return Ok(round
                .into_iter()
                .find(|step| *step >= wanted)
                .unwrap_or(COARSEST_STEP));
        };
        let problem = |detail: String| Problem::bad_field("step", text.as_str(), detail);
        let step = time::duration(text)
            .ok_or_else(|| problem("step must be a duration such as 30s or 5m".to_owned()))?;
        if !(FINEST_STEP..=COARSEST_STEP).contains(&step) || step % FINEST_STEP != 0 {
            return Err(problem(
                "step must be a multiple of 10s, at most 12h".to_owned(),
            ));
        }
        if length / step >= MAX_STEPS {
            let least = length / MAX_STEPS / SECOND + 1;
            return Err(problem(format!(
                "step must be at least {least}s for so long a period"
            )));
        }
        Ok(step)
    }
}

fn answer(
    reading: &mut Reading<'_>,
    question: &Question,
    buckets: Buckets,
    by: By,
    limit: usize,
) -> Result<SeriesList, QueryError> {
    let found = read(reading, &question.scope, buckets, by)?;
    let total = found.len();
    let mut lines: Vec<_> = found
        .into_iter()
        .map(|(key, line)| told(key, &line, buckets, by))
        .collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.total_requests));
    lines.truncate(limit);
    Ok(SeriesList {
        timestamp: rfc3339(question.now),
        service: question.service.clone(),
        step_seconds: buckets.step as f64 / SECOND as f64,
        times: (0..buckets.count)
            .map(|bucket| buckets.time(bucket) / MILLISECOND)
            .collect(),
        lines,
        total,
        missing: reading.missing(),
    })
}

fn told(key: LineKey, line: &Line, buckets: Buckets, by: By) -> SeriesLine {
    let of_route = by == By::Route;
    let per_minute = |number: fn(&RequestTotals) -> u64| {
        let values = line.iter().enumerate().map(move |(bucket, totals)| {
            totals
                .as_ref()
                .map(|totals| number(totals) as f64 / buckets.minutes(bucket))
        });
        values.collect()
    };
    let percentile = |q: f64| {
        let values = line.iter().map(|totals| {
            totals
                .as_ref()
                .and_then(|totals| totals.duration.percentile(q))
        });
        values.collect()
    };
    SeriesLine {
        service: key.service,
        route: of_route.then_some(key.route),
        method: of_route.then_some(key.method),
        total_requests: line
            .iter()
            .flatten()
            .map(|totals| totals.duration.count)
            .sum(),
        requests_per_minute: per_minute(|totals| totals.duration.count),
        errors_per_minute: per_minute(|totals| totals.errors),
        p50_seconds: percentile(0.5),
        p95_seconds: percentile(0.95),
        p99_seconds: percentile(0.99),
    }
}
