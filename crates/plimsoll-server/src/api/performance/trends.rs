//! `/api/performance/trends`: where response times, throughput and errors are heading.

use axum::extract::State;
use axum::response::Response;
use plimsoll::analysis::bottlenecks::bottlenecks;
use plimsoll::analysis::trend::{Better, Comparison, Course, Trend, Windows, course};
use plimsoll::performance::RequestTotals;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{OneService, unanswered};
use crate::api::v1::time;
use crate::http::extract::Params;
use crate::http::problem::{Answer, Problem, json_answer};
use crate::judge::judgement;
use crate::openapi::answers::{NotFound, ReadRefused};
use crate::openapi::tag;
use crate::performance::series::{Buckets, By, series};
use crate::performance::{MINUTE, Period, Scope};
use crate::reading::Reading;
use crate::services::rfc3339;
use crate::state::{App, AppState};
use crate::store::read::error::QueryError;
use crate::store::table::Nanos;
use crate::tick;

/// A window when nothing is said.
const WINDOW: &str = "1h";
/// Shortest and longest window.
const SHORTEST: Nanos = 5 * MINUTE;
const LONGEST: Nanos = 30 * 24 * 60 * MINUTE;
/// Samples of a window.
const SAMPLES: Nanos = 30;
/// Finest step: the sender's own.
const FINEST: Nanos = 10 * 1_000_000_000;

/// What can be asked.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AskedTrends {
    /// Which service.
    #[param(example = "shop")]
    service: String,
    /// How far to look back: 5 minutes to 30 days.
    #[param(example = "1h", default = "1h")]
    window: Option<String>,
}

/// Where a service is heading.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Trends {
    #[schema(format = DateTime)]
    timestamp: String,
    service: String,
    /// Length of the window.
    window_seconds: f64,
    response_time_trend: Trend,
    throughput_trend: Trend,
    error_rate_trend: Trend,
    bottlenecks: Vec<TrendBottleneck>,
    recommendations: Vec<String>,
    /// The p95, seconds.
    pub(crate) response_time: Figure,
    /// Requests per minute.
    pub(crate) throughput: Figure,
    /// Share of failed requests.
    pub(crate) error_rate: Figure,
    /// What damage is known to keep from the answer, in words with its extent.
    pub(crate) missing: Vec<String>,
}

/// A figure within the window, and beside the window before and that of last week.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Figure {
    pub(crate) course: Course,
    pub(crate) compared: Comparison,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrendBottleneck {
    r#type: &'static str,
    severity: &'static str,
    description: String,
    recommendation: String,
}

/// Where response times, throughput and errors of a service are heading, by a slope that chance does not explain, and how
/// they compare with the window before and with last week.
///
/// # Errors
/// 404 for an unknown service, 400 for a bad window.
#[utoipa::path(
    get,
    path = "",
    operation_id = "getTrends",
    tag = tag::JUDGEMENT,
    params(AskedTrends),
    responses((status = 200, description = "The trends", body = Trends), NotFound, ReadRefused),
)]
pub async fn trends(
    State(app): State<App>,
    Params(asked): Params<AskedTrends>,
) -> Answer<Response> {
    let now = tick::now();
    let text = asked.window.as_deref().unwrap_or(WINDOW);
    let length = time::duration(text).filter(|length| (SHORTEST..=LONGEST).contains(length));
    let length = length.ok_or_else(|| {
        Problem::bad_field(
            "window",
            text,
            "window must be a duration from 5m to 30d, such as 1h",
        )
    })?;
    let one = OneService {
        service: asked.service,
    };
    let question = one.question(now);
    let reading = app.clone();
    let read = move || {
        question.check_service(&reading)?;
        of(&reading, &one.service, length, now)
            .map_err(|error| unanswered(&error, question.minutes))
    };
    json_answer(&app.slow.run(read).await?)
}

/// The trends of the last `length` of a service. Blocking.
///
/// # Errors
/// When the store cannot be read.
pub(crate) fn of(
    app: &AppState,
    service: &str,
    length: Nanos,
    now: Nanos,
) -> Result<Trends, QueryError> {
    let mut reading = Reading::of(&app.store);
    let step = (length / SAMPLES).max(FINEST);
    let period = Period {
        start: now - length,
        end: now,
    };
    let scope = Scope::Service(service.to_owned());
    let buckets = Buckets::over(period, step, now);
    let mut samples: [Vec<(Nanos, f64)>; 3] = Default::default();
    for line in series(&mut reading, &scope, buckets, By::Service)?.into_values() {
        for (bucket, totals) in line.iter().enumerate() {
            let Some(totals) = totals else { continue };
            let values = figures(totals, buckets.minutes(bucket));
            for (samples, value) in samples.iter_mut().zip(values) {
                samples.extend(value.map(|value| (buckets.time(bucket), value)));
            }
        }
    }
    let windows = Windows::before(now, length);
    let minutes = length as f64 / MINUTE as f64;
    let mut over = |range: &std::ops::Range<Nanos>| whole(&mut reading, &scope, range, minutes);
    let current = over(&windows.current)?;
    let previous = over(&windows.previous)?;
    let last_week = windows
        .last_week
        .as_ref()
        .map(over)
        .transpose()?
        .unwrap_or_default();
    let compared = |at: usize| Comparison::new(current[at], previous[at], last_week[at]);
    let figure = |at: usize, better: Better| Figure {
        course: course(&samples[at], better),
        compared: compared(at),
    };
    let response_time = figure(0, Better::Lower);
    let throughput = figure(1, Better::Neither);
    let error_rate = figure(2, Better::Lower);
    let judged = judgement::of(app, service, now)?;
    let found = bottlenecks(&judged.situation)
        .into_iter()
        .map(|found| TrendBottleneck {
            r#type: found.kind,
            severity: found.severity.as_str(),
            description: found.description,
            recommendation: found.recommendation,
        });
    let recommendations = judged.findings.iter().map(|finding| {
        let fix = finding
            .fix
            .as_ref()
            .map(|fix| format!(" {fix}"))
            .unwrap_or_default();
        format!("{} {}{fix}", finding.headline, finding.action)
    });
    Ok(Trends {
        timestamp: rfc3339(now),
        service: service.to_owned(),
        window_seconds: length as f64 / 1e9,
        response_time_trend: response_time.course.trend,
        throughput_trend: throughput.course.trend,
        error_rate_trend: error_rate.course.trend,
        bottlenecks: found.collect(),
        recommendations: recommendations.collect(),
        response_time,
        throughput,
        error_rate,
        missing: reading.missing(),
    })
}

/// p95, requests per minute and share of errors; those that need requests are `None` without any.
fn figures(totals: &RequestTotals, minutes: f64) -> [Option<f64>; 3] {
    [
        totals.duration.percentile(0.95),
        Some(totals.duration.count as f64 / minutes),
        totals.error_rate(),
    ]
}

/// The figures of a window as a whole; `None` where nothing was heard.
fn whole(
    reading: &mut Reading<'_>,
    scope: &Scope,
    range: &std::ops::Range<Nanos>,
    minutes: f64,
) -> Result<[Option<f64>; 3], QueryError> {
    let period = Period {
        start: range.start,
        end: range.end,
    };
    let mut sum: Option<RequestTotals> = None;
    for counts in crate::performance::requests::requests(reading, scope, period)?.into_values() {
        sum.get_or_insert_default().merge(&counts.totals);
    }
    Ok(sum
        .map(|totals| figures(&totals, minutes))
        .unwrap_or_default())
}
