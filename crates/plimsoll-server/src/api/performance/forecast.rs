//! `/api/performance/forecast`: what processors, memory, disk and requests will need in 30 days, and when a limit is reached.

use axum::extract::State;
use axum::response::Response;
use plimsoll::analysis::forecast::{
    Capacity, Forecast, History, NotEnoughData, Options, Reach, Recommendation, Step, forecast,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{OneService, unanswered};
use crate::http::extract::Params;
use crate::http::problem::{Answer, json_answer};
use crate::openapi::answers::{NotFound, ReadRefused};
use crate::openapi::tag;
use crate::performance::levels::over_time;
use crate::performance::series::{Buckets, By, series};
use crate::performance::{MINUTE, Scope};
use crate::reading::Reading;
use crate::services::rfc3339;
use crate::state::{App, AppState};
use crate::store::read::error::QueryError;
use crate::store::table::Nanos;
use crate::tick;

const HOUR: Nanos = 60 * MINUTE;
/// Days that are looked ahead.
const AHEAD_DAYS: usize = 30;
/// Days within which a limit is told of.
const REACH_DAYS: usize = 180;
/// Hours of history: as long as hourly summaries are kept by default.
const HISTORY_HOURS: usize = 30 * 24;

/// What a service will need.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ForecastOf {
    #[schema(format = DateTime)]
    timestamp: String,
    service: String,
    /// Days that are looked ahead.
    pub(crate) days_ahead: usize,
    /// Share of the cores that it may use.
    pub(crate) cpu_usage: Outlook,
    /// Bytes of the largest instance.
    pub(crate) memory_usage: Outlook,
    /// Requests per second.
    pub(crate) request_volume: Outlook,
    /// Share of the disk.
    pub(crate) disk_usage: Outlook,
    /// What damage is known to keep from the answer, in words with its extent.
    pub(crate) missing: Vec<String>,
}

/// What a figure will be.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Outlook {
    /// Mean of a usual week now; null when the history is too short.
    pub(crate) current: Option<f64>,
    /// The same after `days_ahead`.
    pub(crate) projected: Option<f64>,
    /// Lower bound of it (90 %).
    pub(crate) projected_low: Option<f64>,
    /// Upper bound of it (90 %).
    pub(crate) projected_high: Option<f64>,
    /// Growth until then as a share of now.
    growth_ratio: Option<f64>,
    /// In a sentence.
    recommendation: &'static str,
    /// Its line; null when it has none.
    pub(crate) limit: Option<f64>,
    /// When it reaches its line; null when it does not within half a year.
    pub(crate) reaches: Option<Reach>,
    /// Why there is no forecast.
    pub(crate) not_enough_data: Option<String>,
    /// Days with values.
    history_days: usize,
    /// Each day to come: what is expected at noon, with its interval.
    days: Vec<plimsoll::analysis::forecast::Point>,
}

/// What processors, memory, disk and requests of a service will need in 30 days, and when they reach their lines.
///
/// # Errors
/// 404 for an unknown service.
#[utoipa::path(
    get,
    path = "",
    operation_id = "getForecast",
    tag = tag::JUDGEMENT,
    params(OneService),
    responses((status = 200, description = "The forecast", body = ForecastOf), NotFound, ReadRefused),
)]
pub async fn forecast_of(
    State(app): State<App>,
    Params(asked): Params<OneService>,
) -> Answer<Response> {
    let now = tick::now();
    let question = asked.question(now);
    let reading = app.clone();
    let read = move || {
        question.check_service(&reading)?;
        of(&reading, &asked.service, now).map_err(|error| unanswered(&error, question.minutes))
    };
    json_answer(&app.slow.run(read).await?)
}

/// The forecast of a service. Blocking.
///
/// # Errors
/// When the store cannot be read.
pub(crate) fn of(app: &AppState, service: &str, now: Nanos) -> Result<ForecastOf, QueryError> {
    let mut reading = Reading::of(&app.store);
    let scope = Scope::Service(service.to_owned());
    let end = now.div_euclid(HOUR) * HOUR;
    let buckets = Buckets {
        start: end - HISTORY_HOURS as Nanos * HOUR,
        step: HOUR,
        count: HISTORY_HOURS,
        last: HOUR,
    };
    let mut hours = vec![None; HISTORY_HOURS];
    for line in series(&mut reading, &scope, buckets, By::Service)?.into_values() {
        for (hour, totals) in hours.iter_mut().zip(line) {
            *hour = totals.map(|totals| totals.duration.count as f64 / 3_600.0);
        }
    }
    let mut levels = |measurement: &str, name: &str| -> Result<Vec<Option<f64>>, QueryError> {
        let found = over_time(&mut reading, &scope, buckets, measurement, name)?;
        let mut hours = vec![None; HISTORY_HOURS];
        for (time, value) in found.into_values().flatten() {
            let hour = usize::try_from((time - buckets.start) / HOUR).ok();
            if let Some(hour) = hour.and_then(|hour| hours.get_mut(hour)) {
                *hour = Some(value);
            }
        }
        Ok(hours)
    };
    let cores = levels("process", "cpu_limit")?;
    let cpu = levels("process", "cpu")?.into_iter().zip(cores);
    let cpu = cpu.map(|(busy, cores)| busy.map(|busy| busy / cores.unwrap_or(1.0).max(0.01)));
    let cpu: Vec<Option<f64>> = cpu.collect();
    let memory = levels("process", "memory_rss")?;
    let allowed = levels("process", "memory_limit")?
        .into_iter()
        .flatten()
        .next_back();
    let disk = levels("system", "disk")?;
    let limits = app.judging.in_force.standards().limits.clone();
    let outlook =
        |values: Vec<Option<f64>>, limit: Option<f64>| outlook(values, buckets.start, limit);
    Ok(ForecastOf {
        timestamp: rfc3339(now),
        service: service.to_owned(),
        days_ahead: AHEAD_DAYS,
        cpu_usage: outlook(cpu, Some(limits.cpu_ratio)),
        memory_usage: outlook(memory, Some(limits.memory_bytes(allowed))),
        request_volume: outlook(hours, None),
        disk_usage: outlook(disk, Some(limits.disk_ratio)),
        missing: reading.missing(),
    })
}

fn outlook(mut values: Vec<Option<f64>>, start: Nanos, limit: Option<f64>) -> Outlook {
    let first = values
        .iter()
        .position(Option::is_some)
        .unwrap_or(values.len());
    values.drain(..first);
    let history_days = values.iter().filter(|value| value.is_some()).count() / 24;
    let history = History {
        start: start + first as Nanos * HOUR,
        step: Step::Hour,
        values,
    };
    let bare = Outlook {
        limit,
        history_days,
        recommendation: "The history is too short to say",
        ..Outlook::default()
    };
    let options = Options::default();
    if history.values.is_empty() {
        let none = NotEnoughData {
            have: 0,
            need: plimsoll::analysis::forecast::NEED_DAYS,
        };
        return bare.without(none);
    }
    match forecast(&history, REACH_DAYS * 24, &options) {
        Ok(found) => bare.with(&found, limit),
        Err(error) => bare.without(error),
    }
}

impl Outlook {
    fn without(self, error: NotEnoughData) -> Self {
        Self {
            not_enough_data: Some(error.to_string()),
            ..self
        }
    }

    fn with(self, found: &Forecast, limit: Option<f64>) -> Self {
        let Capacity {
            current,
            projected,
            projected_low,
            projected_high,
            growth_ratio,
            recommendation,
        } = found.summary(AHEAD_DAYS);
        // One point a day says as much as 24 to whoever draws it.
        let days = found.points.iter().skip(12).step_by(24).take(AHEAD_DAYS);
        Self {
            current: Some(current),
            projected: Some(projected),
            projected_low: Some(projected_low),
            projected_high: Some(projected_high),
            growth_ratio,
            recommendation: match recommendation {
                Recommendation::ScaleOut => "Consider horizontal scaling - add more instances",
                Recommendation::Watch => "Monitor closely - scaling may be needed soon",
                Recommendation::Sufficient => "Current capacity appears sufficient",
            },
            reaches: limit.and_then(|limit| found.reaches(limit)),
            days: days.copied().collect(),
            ..self
        }
    }
}
