//! What a forecast means for capacity.

use serde::Serialize;

use super::{Forecast, Point};

/// Growth above which there is to be more capacity.
const SCALE_OUT: f64 = 0.1;
/// Growth above which it is to be watched.
const WATCH: f64 = 0.05;
/// Nanoseconds of a day.
const DAY: f64 = 86_400e9;

/// When a limit will be reached.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reach {
    /// Days from the end of the history to the first hour or day at the limit.
    pub days: f64,
    /// Days to the first upper bound at the limit.
    pub earliest_days: f64,
    /// Days to the first lower bound at the limit; null when that is beyond the forecast.
    pub latest_days: Option<f64>,
}

/// What to do about a figure's growth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Recommendation {
    /// It grows by more than 10 %: more capacity is needed.
    ScaleOut,
    /// It grows by more than 5 %.
    Watch,
    /// The capacity will do.
    Sufficient,
}

/// A figure now and in some days.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Capacity {
    /// Mean of a usual week as it is now.
    pub current: f64,
    /// The same after the days.
    pub projected: f64,
    /// Lower bound of it.
    pub projected_low: f64,
    /// Upper bound of it.
    pub projected_high: f64,
    /// From now to then, as a share of now: 0.1 is 10 % more; null when it is 0 now.
    pub growth_ratio: Option<f64>,
    /// What to do.
    pub recommendation: Recommendation,
}

impl Forecast {
    /// When the figure reaches `limit` from below; `None` when no value of the forecast does.
    pub fn reaches(&self, limit: f64) -> Option<Reach> {
        let end = self.points.first()?.time;
        let first = |part: fn(&Point) -> f64| {
            let point = self.points.iter().find(|point| part(point) >= limit)?;
            Some((point.time - end) as f64 / DAY)
        };
        let days = first(|point| point.value)?;
        Some(Reach {
            days,
            earliest_days: first(|point| point.high).unwrap_or(days),
            latest_days: first(|point| point.low),
        })
    }

    /// What the figure is now and in `days` days, whatever the length of the forecast.
    pub fn summary(&self, days: usize) -> Capacity {
        let above_floor = |value: f64| self.floor.map_or(value, |floor| value.max(floor));
        let then = self.model.week_mean(days);
        let current = above_floor(self.model.week_mean(0).value);
        let projected = above_floor(then.value);
        let growth_ratio = Some((projected - current) / current.abs());
        let growth_ratio = growth_ratio.filter(|ratio| ratio.is_finite());
        let recommendation = match growth_ratio {
            Some(ratio) if ratio > SCALE_OUT => Recommendation::ScaleOut,
            Some(ratio) if ratio > WATCH => Recommendation::Watch,
            // It came from nothing: no share says how much that is.
            None if projected > current => Recommendation::Watch,
            _ => Recommendation::Sufficient,
        };
        Capacity {
            current,
            projected,
            projected_low: above_floor(then.low),
            projected_high: above_floor(then.high),
            growth_ratio,
            recommendation,
        }
    }
}
