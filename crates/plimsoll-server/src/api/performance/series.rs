//! `/api/performance/series`: requests over time by service or by route, for charts.

use axum::extract::State;
use axum::response::Response;
use plimsoll::performance::RequestTotals;
use serde::{Deserialize, Serialize};

use super::totals::ByName;
use super::{Asked, Question, answered};
use crate::api::v1::time;
use crate::http::extract::Params;
use crate::http::problem::{Answer, Problem};
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
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskedSeries {
    service: Option<String>,
    minutes: Option<u32>,
    /// Start of another period than the last minutes.
    start: Option<String>,
    /// Its end.
    end: Option<String>,
    /// Width of a step, such as `30s`.
    step: Option<String>,
    by: Option<ByName>,
    limit: Option<usize>,
}

#[derive(Debug, Serialize)]
struct Told {
    timestamp: String,
    service: Option<String>,
    step_seconds: f64,
    /// Start of each step, epoch milliseconds.
    times: Vec<i64>,
    /// The busiest first.
    lines: Vec<LineTold>,
    /// How many there are.
    total: usize,
}

/// One value for each step; null where there is none: of `requests_per_minute` that the service was not heard.
#[derive(Debug, Serialize)]
struct LineTold {
    service: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    total_requests: u64,
    requests_per_minute: Vec<Option<f64>>,
    errors_per_minute: Vec<Option<f64>>,
    p50_seconds: Vec<Option<f64>>,
    p95_seconds: Vec<Option<f64>>,
    p99_seconds: Vec<Option<f64>>,
}

/// Answers for one service, or for all of them.
///
/// # Errors
/// 404 for an unknown service, 400 for parameters out of range.
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
) -> Result<Told, QueryError> {
    let found = read(reading, &question.scope, buckets, by)?;
    let total = found.len();
    let mut lines: Vec<_> = found
        .into_iter()
        .map(|(key, line)| told(key, &line, buckets, by))
        .collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.total_requests));
    lines.truncate(limit);
    Ok(Told {
        timestamp: rfc3339(question.now),
        service: question.service.clone(),
        step_seconds: buckets.step as f64 / SECOND as f64,
        times: (0..buckets.count)
            .map(|bucket| buckets.time(bucket) / MILLISECOND)
            .collect(),
        lines,
        total,
    })
}

fn told(key: LineKey, line: &Line, buckets: Buckets, by: By) -> LineTold {
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
    LineTold {
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
