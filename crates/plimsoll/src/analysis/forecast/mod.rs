//! Where a figure will be in days and weeks, with the interval that it will be in, and when it reaches its limit.
//!
//! The model is a level with a season, as level × season where a figure is far from 0 and as level + season where not:
//!
//! - **season**: the median by hour of the day, by hour and kind of day, or by hour of the week; and by day of the week: of these
//!   whatever tells left-out values best, which needs more weeks the finer it is;
//! - **level**: a line by Theil–Sen, with steps where the level moved for good, and as much of the last days' errors as
//!   experience with the figure says; a slope that might as well be none is not believed;
//! - **spread**: quantiles of the errors that the model would have made with each value, by how busy the season is; and for
//!   each day ahead the uncertainty of the level in addition, which grows with the distance.
//!
//! Medians all along: holidays and disturbances do not move it. When the next ones come it does not know. Days are those of UTC.

mod days;
mod foreseen;
#[cfg(test)]
pub(crate) mod histories;
mod level;
mod lines;
mod model;
mod outlook;
mod profile;
mod spread;
#[cfg(test)]
mod tests;

pub use foreseen::{DaysLeft, Foreseen};
pub use outlook::{Capacity, Reach, Recommendation};

use super::load_line;
use serde::{Serialize, Serializer};

use model::Model;

/// Days with values that a forecast needs: two weeks.
pub const NEED_DAYS: usize = 14;
/// Days that a forecast looks back on: half a year. What is older is not looked at.
pub const LONGEST_DAYS: usize = 26 * 7;
/// Points that a forecast has at most: a year of hours.
pub const MAX_HORIZON: usize = 24 * 366;

/// Nanoseconds of an hour.
const HOUR: i64 = 3_600_000_000_000;

/// How far values are apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// An hour.
    Hour,
    /// A day.
    Day,
}

impl Step {
    /// Nanoseconds.
    pub const fn nanos(self) -> i64 {
        match self {
            Self::Hour => HOUR,
            Self::Day => 24 * HOUR,
        }
    }

    /// Values looked at.
    const fn longest(self) -> usize {
        match self {
            Self::Hour => 24 * LONGEST_DAYS,
            Self::Day => LONGEST_DAYS,
        }
    }
}

/// Evenly spaced values of a figure.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// Start of the first value's hour or day, nanoseconds since 1970.
    pub start: i64,
    /// How far values are apart.
    pub step: Step,
    /// One after the other; `None` where nothing is known.
    pub values: Vec<Option<f64>>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Share of the values to come that the intervals hold. Default: 0.9.
    pub probability: f64,
    /// What the figure is never below, such as 0 for a count. Default: 0.
    pub floor: Option<f64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            probability: 0.9,
            floor: Some(0.0),
        }
    }
}

/// Why there is no forecast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a forecast needs {need} days with values, but has {have}")]
pub struct NotEnoughData {
    /// Days with values.
    pub have: usize,
    /// Days needed.
    pub need: usize,
}

/// What is expected of one hour or day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = ForecastPoint))]
pub struct Point {
    /// Its start: nanoseconds since 1970, shown as RFC 3339, UTC.
    #[serde(serialize_with = "rfc3339")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub time: i64,
    /// Expected: as likely below as above.
    pub value: f64,
    /// Lower bound of the interval.
    pub low: f64,
    /// Upper bound of the interval.
    pub high: f64,
}

/// What was found to recur.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = ForecastSeason))]
pub struct Season {
    /// Hours, from day to day.
    pub daily: bool,
    /// Days, or hours of some days, from week to week.
    pub weekly: bool,
}

/// A step of the level that the forecast starts from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = ForecastShift))]
pub struct Shift {
    /// The first day after it, UTC: nanoseconds since 1970, shown as RFC 3339.
    #[serde(serialize_with = "rfc3339")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub time: i64,
    /// How many times the level before that after it is; null without a level above 0 before it.
    pub ratio: Option<f64>,
}

/// What is expected of a figure.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Forecast {
    /// Share of the values to come that the intervals hold.
    pub probability: f64,
    /// What was found to recur.
    pub season: Season,
    /// The last step of the level, if there was one.
    pub shift: Option<Shift>,
    /// One after the other, from the end of the history on.
    pub points: Vec<Point>,
    #[serde(skip)]
    floor: Option<f64>,
    #[serde(skip)]
    model: Model,
}

/// Forecasts `horizon` values after the history's end, at most [`MAX_HORIZON`].
///
/// # Errors
/// When fewer than [`NEED_DAYS`] days have values, of hourly histories six hours at least.
pub fn forecast(
    history: &History,
    horizon: usize,
    options: &Options,
) -> Result<Forecast, NotEnoughData> {
    let history = history.last(history.step.longest());
    let model = Model::fit(&history, options)?;
    let above_floor = |value: f64| options.floor.map_or(value, |floor| value.max(floor));
    let points = (1..=horizon.min(MAX_HORIZON)).map(|ahead| {
        let expected = model.expected(ahead);
        Point {
            time: history.time(history.values.len() - 1 + ahead),
            value: above_floor(expected.value),
            low: above_floor(expected.low),
            high: above_floor(expected.high),
        }
    });
    let shift = model.last_step().map(|(day, before, after)| Shift {
        time: (history.start.div_euclid(24 * HOUR) + day as i64).saturating_mul(24 * HOUR),
        ratio: Some(after / before).filter(|ratio| ratio.is_finite() && before > 0.0),
    });
    Ok(Forecast {
        probability: options.probability,
        season: model.season(),
        shift,
        points: points.collect(),
        floor: options.floor,
        model,
    })
}

impl History {
    /// The last `length` values.
    fn last(&self, length: usize) -> Self {
        let first = self.values.len().saturating_sub(length);
        Self {
            start: self.time(first),
            step: self.step,
            values: self.values[first..].to_vec(),
        }
    }

    /// Start of a value's hour or day.
    fn time(&self, at: usize) -> i64 {
        let since = (at as i64).saturating_mul(self.step.nanos());
        self.start.saturating_add(since)
    }
}

fn rfc3339<S: Serializer>(time: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&load_line::rfc3339(*time))
}
