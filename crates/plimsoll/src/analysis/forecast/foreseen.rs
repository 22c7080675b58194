//! When a thing with a line will reach it: what a judge takes of a forecast.

use serde::Serialize;

use super::{Forecast, History, NotEnoughData, Options, Reach, forecast};
use crate::alert::Unit;
use crate::analysis::robust;
use crate::standards::AlertRules;

/// Days of a week, by which a value is compared with what is expected at the same hour.
const WEEK: usize = 7;
/// Hours of the history's end that say whether the forecast still describes what is.
const LATELY_HOURS: i64 = 6;
/// Days over which growth is told.
const GROWTH_DAYS: usize = 30;
/// Nothing is told more finely: an hour, in days.
const LEAST_DAYS: f64 = 1.0 / 24.0;
/// Nanoseconds of a day.
const DAY: f64 = 86_400e9;

/// What a forecast says of a thing with a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Foreseen {
    /// End of the history, nanoseconds since the Unix epoch.
    pub at: i64,
    /// The unit of the values.
    pub unit: Unit,
    /// Its line.
    pub limit: f64,
    /// The last value of the history.
    pub current: f64,
    /// Growth per day of a usual week's mean.
    pub per_day: f64,
    /// When it reaches its line, from the history's end; `None` when it does not grow, or not so far within
    /// [`Foreseen::AHEAD_DAYS`].
    pub reaches: Option<Reach>,
    /// Whether it was past its line within the last week: then the value itself is judged, and nothing is foreseen.
    pub is_reached: bool,
}

/// Days until a line is reached.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DaysLeft {
    /// As likely sooner as later.
    pub median: f64,
    /// The interval's early end (90 % of all cases lie within it).
    pub early: f64,
    /// Its late end; null when that is beyond what is looked ahead.
    pub late: Option<f64>,
}

impl Foreseen {
    /// Days that are looked ahead.
    pub const AHEAD_DAYS: usize = 90;

    /// When the figure of `history` reaches `limit` from below. A history that does not go up to its end says nothing of
    /// now: `None`.
    ///
    /// # Errors
    /// As [`forecast`].
    pub fn of(history: &History, limit: f64, unit: Unit) -> Result<Option<Self>, NotEnoughData> {
        let a_day = (24 * super::HOUR / history.step.nanos()) as usize;
        let found = forecast(history, Self::AHEAD_DAYS * a_day, &Options::default())?;
        let lately = (LATELY_HOURS * super::HOUR / history.step.nanos()).max(1) as usize;
        let values = &history.values;
        let newest = &values[values.len().saturating_sub(lately)..];
        let Some(current) = newest.iter().rev().find_map(|value| *value) else {
            return Ok(None);
        };
        let capacity = found.summary(GROWTH_DAYS);
        let per_day = (capacity.projected - capacity.current) / GROWTH_DAYS as f64;
        let reaches = found.reaches(limit).filter(|_| per_day > 0.0);
        let later = shortfall(&found, newest, WEEK * a_day, per_day) / per_day;
        let of_week = &values[values.len().saturating_sub(WEEK * a_day)..];
        Ok(Some(Self {
            at: history.time(values.len()),
            unit,
            limit,
            current,
            per_day,
            reaches: reaches.map(|reach| reach.later(later)),
            is_reached: of_week.iter().flatten().any(|value| *value >= limit),
        }))
    }

    /// Days that are left at the moment `now`; `None` when the forecast is too old to say, or sees no end.
    pub fn left(&self, now: i64) -> Option<DaysLeft> {
        let reach = self.reaches.filter(|_| self.is_good(now))?;
        let passed = (now - self.at) as f64 / DAY;
        let left = |days: f64| (days - passed).max(LEAST_DAYS);
        Some(DaysLeft {
            median: left(reach.days),
            early: left(reach.earliest_days),
            late: reach.latest_days.map(left),
        })
    }

    /// Whether it is young enough to say something of `now`.
    pub fn is_good(&self, now: i64) -> bool {
        let age = now.saturating_sub(self.at);
        // A clock that was set back is no reason to believe it forever.
        age.unsigned_abs() <= AlertRules::FORECAST_GOOD_FOR.as_nanos() as u64
    }
}

impl Reach {
    fn later(self, days: f64) -> Self {
        Self {
            days: self.days + days,
            earliest_days: self.earliest_days + days,
            latest_days: self.latest_days.map(|late| late + days),
        }
    }
}

/// How far the last values lie below what the forecast goes on from, when they lie below its interval: somebody made room,
/// which the level, moved by days, does not know yet. 0 where they do not.
///
/// What is expected of an hour a week ahead, less a week's growth, is what is expected of the last such hour.
fn shortfall(found: &Forecast, newest: &[Option<f64>], week: usize, per_day: f64) -> f64 {
    let first = week.saturating_sub(newest.len());
    let expected = found.points.get(first..week).unwrap_or_default();
    let pairs = newest.iter().zip(expected);
    let known = pairs.filter_map(|(value, point)| Some(((*value)?, point)));
    let mut below: Vec<f64> = Vec::new();
    let mut allowed: Vec<f64> = Vec::new();
    for (value, point) in known {
        below.push(point.value - WEEK as f64 * per_day - value);
        // By the upper bound: the lower one makes room for days whose level is not understood yet.
        allowed.push(point.high - point.value);
    }
    let (Some(below), Some(allowed)) = (robust::median(&mut below), robust::median(&mut allowed))
    else {
        return 0.0;
    };
    if below > allowed { below } else { 0.0 }
}
