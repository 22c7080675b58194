//! `/api/performance/forecast`: what processors, memory, disk and requests will need in 30 days, and when a limit is reached.

use axum::extract::State;
use axum::response::Response;
use plimsoll::analysis::forecast::{
    Capacity, Forecast, NotEnoughData, Options, Reach, Recommendation, forecast,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{OneService, unanswered};
use crate::http::extract::Params;
use crate::http::problem::{Answer, json_answer};
use crate::openapi::answers::{NotFound, ReadRefused};
use crate::openapi::tag;
use crate::performance::history::{Figure, figures};
use crate::reading::Reading;
use crate::services::rfc3339;
use crate::state::{App, AppState};
use crate::store::read::error::QueryError;
use crate::store::table::Nanos;
use crate::tick;

/// Days that are looked ahead.
const AHEAD_DAYS: usize = 30;
/// Days within which a limit is told of.
const REACH_DAYS: usize = 180;

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
    let standards = app.judging.in_force.standards();
    let figures = figures(&mut reading, service, &standards, now)?;
    let outlook = |key: &str| {
        let found = figures.iter().find(|figure| figure.key == key);
        found.map(outlook).unwrap_or_default()
    };
    Ok(ForecastOf {
        timestamp: rfc3339(now),
        service: service.to_owned(),
        days_ahead: AHEAD_DAYS,
        cpu_usage: outlook("cpu"),
        memory_usage: outlook("memory"),
        request_volume: outlook("requests"),
        disk_usage: outlook("disk"),
        missing: reading.missing(),
    })
}

fn outlook(figure: &Figure) -> Outlook {
    let (history, limit) = (&figure.history, figure.limit);
    let known = history.values.iter().filter(|value| value.is_some());
    let history_days = known.count() / 24;
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
    match forecast(history, REACH_DAYS * 24, &options) {
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
