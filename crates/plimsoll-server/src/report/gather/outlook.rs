//! Where a service is heading: trends and forecast, as their own answers tell them.

use plimsoll::alert::Unit;

use crate::api::performance::{forecast as forecasts, trends as courses};
use crate::performance::Period;
use crate::report::contents::{ReportOutlook, ReportTrend};
use crate::report::period::DAY;
use crate::state::AppState;
use crate::store::read::error::QueryError;
use crate::store::table::Nanos;

/// Longest and shortest window of trends.
const LONGEST: Nanos = 30 * DAY;
const SHORTEST: Nanos = 300 * 1_000_000_000;

/// Rows of one kind, and what damage keeps from them.
pub(super) struct Trends {
    /// Length of the window.
    pub(super) seconds: f64,
    pub(super) rows: Vec<ReportTrend>,
    pub(super) missing: Vec<String>,
}

/// The same of the forecast.
pub(super) struct Forecast {
    pub(super) rows: Vec<ReportOutlook>,
    pub(super) missing: Vec<String>,
}

/// Trends over the period, of a longer one over its last 30 days.
pub(super) fn trends(
    app: &AppState,
    service: &str,
    period: Period,
    now: Nanos,
) -> Result<Trends, QueryError> {
    let length = (now - period.start).clamp(SHORTEST, LONGEST);
    let found = courses::of(app, service, length, now)?;
    let figures = [
        ("response_time", Unit::Seconds, found.response_time),
        ("throughput", Unit::PerMinute, found.throughput),
        ("error_rate", Unit::Ratio, found.error_rate),
    ];
    let rows = figures.map(|(figure, unit, found)| ReportTrend {
        figure,
        unit,
        course: found.course,
        compared: found.compared,
    });
    Ok(Trends {
        seconds: length as f64 / 1e9,
        rows: rows.into(),
        missing: found.missing,
    })
}

/// When lines are reached.
pub(super) fn forecast(app: &AppState, service: &str, now: Nanos) -> Result<Forecast, QueryError> {
    let found = forecasts::of(app, service, now)?;
    let days_ahead = found.days_ahead;
    let figures = [
        ("cpu_usage", Unit::Ratio, found.cpu_usage),
        ("memory_usage", Unit::Bytes, found.memory_usage),
        ("request_volume", Unit::PerSecond, found.request_volume),
        ("disk_usage", Unit::Ratio, found.disk_usage),
    ];
    let rows = figures.map(|(figure, unit, found)| ReportOutlook {
        figure,
        unit,
        current: found.current,
        projected: found.projected,
        projected_low: found.projected_low,
        projected_high: found.projected_high,
        days_ahead,
        limit: found.limit,
        reaches: found.reaches,
        not_enough_data: found.not_enough_data,
    });
    Ok(Forecast {
        rows: rows.into(),
        missing: found.missing,
    })
}
