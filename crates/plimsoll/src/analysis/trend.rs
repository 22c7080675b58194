//! Where a figure is heading, whether that is good, and how it compares with before.

use std::ops::Range;

use serde::Serialize;

use super::robust::{self, MAD_TO_SIGMA};

/// Fewer samples show no trend.
pub const MIN_SAMPLES: usize = 6;
/// A change over the whole stretch of at most this share of the level is none.
pub const CHANGE_RATIO: f64 = 0.1;
/// A rise or fall that chance brings about at least so often is none.
pub const SIGNIFICANCE: f64 = 0.05;
/// Samples further from the line, in standard deviations of the others, are left out of the test.
const OUTLIER: f64 = 6.0;
/// At most every so-manyth sample is left out.
const OUTLIERS_ONE_IN: usize = 4;
/// The week whose same window is compared, nanoseconds.
const WEEK: i64 = 7 * 24 * 3_600 * 1_000_000_000;

/// Where a series of values is heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Trend {
    /// Fewer than [`MIN_SAMPLES`] values.
    InsufficientData,
    /// Rises by more than [`CHANGE_RATIO`] over the stretch, and not by chance.
    Increasing,
    /// Falls by more than [`CHANGE_RATIO`] over the stretch, and not by chance.
    Decreasing,
    /// Anything else.
    Stable,
}

/// Which way is the good one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Latency, errors.
    Lower,
    /// Hits of a cache.
    Higher,
    /// Neither: throughput.
    Neither,
}

/// What a trend means for the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Meaning {
    /// It heads for the good.
    Improving,
    /// It heads for the bad.
    Degrading,
}

impl Trend {
    /// What it means; `None` when it heads nowhere or neither way is better.
    pub fn meaning(self, better: Better) -> Option<Meaning> {
        match (self, better) {
            (Self::Increasing, Better::Lower) | (Self::Decreasing, Better::Higher) => {
                Some(Meaning::Degrading)
            }
            (Self::Increasing, Better::Higher) | (Self::Decreasing, Better::Lower) => {
                Some(Meaning::Improving)
            }
            _ => None,
        }
    }
}

/// How a figure went over a stretch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Course {
    /// Where it is heading.
    pub trend: Trend,
    /// Whether that is good or bad; null when it heads nowhere or neither way is better.
    pub meaning: Option<Meaning>,
    /// What its slope adds up to from the first to the last sample, in the figure's unit; null of too few samples.
    pub change: Option<f64>,
    /// The same as a share of the median; null of too few samples or around 0.
    pub change_ratio: Option<f64>,
}

/// A figure of a window beside the same of earlier ones; null where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Comparison {
    /// In the window.
    pub current: Option<f64>,
    /// In the window before.
    pub previous: Option<f64>,
    /// In the same window a week earlier.
    pub last_week: Option<f64>,
    /// From the window before to this one, as a share of the former: 0.1 is 10 % more; null before 0.
    pub change_ratio: Option<f64>,
    /// From last week to this one, likewise.
    pub last_week_change_ratio: Option<f64>,
}

/// The windows that a [`Comparison`] is made of, nanoseconds since 1970, ends excluded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Windows {
    /// The last `length` before now.
    pub current: Range<i64>,
    /// As long, before it.
    pub previous: Range<i64>,
    /// The current one a week earlier; `None` of windows longer than a week, which would overlap.
    pub last_week: Option<Range<i64>>,
}

impl Windows {
    /// The windows of `length_ns` nanoseconds that end at `now`.
    pub fn before(now: i64, length_ns: i64) -> Self {
        let start = now.saturating_sub(length_ns);
        let earlier = |by: i64| start.saturating_sub(by)..now.saturating_sub(by);
        Self {
            current: start..now,
            previous: earlier(length_ns),
            last_week: (length_ns <= WEEK).then(|| earlier(WEEK)),
        }
    }
}

impl Comparison {
    /// Compares values of [`Windows`].
    pub fn new(current: Option<f64>, previous: Option<f64>, last_week: Option<f64>) -> Self {
        Self {
            current,
            previous,
            last_week,
            change_ratio: change_ratio(previous, current),
            last_week_change_ratio: change_ratio(last_week, current),
        }
    }
}

fn change_ratio(from: Option<f64>, to: Option<f64>) -> Option<f64> {
    let (from, to) = (from?, to?);
    Some((to - from) / from.abs()).filter(|ratio| ratio.is_finite())
}

/// Judges samples (nanoseconds, value), oldest first, evenly spaced or not.
///
/// The change is that of [`robust::theil_sen`]'s slope. It is a trend when it is more than [`CHANGE_RATIO`] of the median
/// value and [`robust::mann_kendall`] finds less than [`SIGNIFICANCE`]. Outliers, which the slope does not see, are left out
/// of the test as well: up to a quarter of the samples, each at least six deviations away from the line.
pub fn course(samples: &[(i64, f64)], better: Better) -> Course {
    let (trend, change, level) = judge(samples);
    let known = trend != Trend::InsufficientData;
    Course {
        trend,
        meaning: trend.meaning(better),
        change: known.then_some(change),
        change_ratio: Some(change / level.abs()).filter(|ratio| known && ratio.is_finite()),
    }
}

/// [`Course::trend`] of samples (nanoseconds, value), oldest first.
pub fn trend(samples: &[(i64, f64)]) -> Trend {
    judge(samples).0
}

/// [`Course::trend`] of evenly spaced values, oldest first.
pub fn trend_of(values: &[f64]) -> Trend {
    let samples: Vec<_> = (0..).zip(values.iter().copied()).collect();
    trend(&samples)
}

/// The trend, the change over the stretch and the level.
fn judge(samples: &[(i64, f64)]) -> (Trend, f64, f64) {
    let insufficient = (Trend::InsufficientData, 0.0, 0.0);
    let finite = samples.iter().filter(|(_, value)| value.is_finite());
    let start = samples.first().map_or(0, |(time, _)| *time);
    let points: Vec<_> = finite
        .map(|&(time, value)| (time.saturating_sub(start) as f64, value))
        .collect();
    let points = robust::thin(&points);
    if points.len() < MIN_SAMPLES {
        return insufficient;
    }
    let mut values: Vec<f64> = points.iter().map(|(_, value)| *value).collect();
    let found = robust::theil_sen(&points, 1.0 - SIGNIFICANCE);
    let (Some(line), Some(level)) = (found, robust::median(&mut values)) else {
        return insufficient;
    };
    let change = line.slope * (points[points.len() - 1].0 - points[0].0);
    if change.abs() <= CHANGE_RATIO * level.abs() {
        return (Trend::Stable, change, level);
    }
    let tested = without_outliers(&points, &line);
    let by_chance = robust::mann_kendall(&tested).is_none_or(|test| test.p >= SIGNIFICANCE);
    let trend = match change {
        _ if by_chance => Trend::Stable,
        change if change > 0.0 => Trend::Increasing,
        _ => Trend::Decreasing,
    };
    (trend, change, level)
}

fn without_outliers(points: &[(f64, f64)], line: &robust::Line) -> Vec<(f64, f64)> {
    let off = |&(x, y): &(f64, f64)| (y - line.intercept - line.slope * x).abs();
    let mut distances: Vec<f64> = points.iter().map(off).collect();
    let usual = robust::median(&mut distances).unwrap_or(0.0) * MAD_TO_SIGMA;
    distances.sort_unstable_by(f64::total_cmp);
    let most = distances[distances.len() - 1 - distances.len() / OUTLIERS_ONE_IN];
    let least = most.max(OUTLIER * usual);
    let near = points.iter().filter(|point| off(point) <= least);
    near.copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn every_ten_seconds(values: &[f64]) -> Vec<(i64, f64)> {
        (0..)
            .zip(values)
            .map(|(at, &value)| (at * 10 * SECOND, value))
            .collect()
    }

    #[test]
    fn five_values_show_no_trend() {
        assert_eq!(
            trend_of(&[1.0, 2.0, 3.0, 4.0, 5.0]),
            Trend::InsufficientData
        );
        assert_eq!(trend_of(&[]), Trend::InsufficientData);
        let unknown = [1.0, 2.0, f64::NAN, 4.0, 5.0, f64::INFINITY];
        assert_eq!(trend_of(&unknown), Trend::InsufficientData);
        assert_eq!(trend(&[(5, 1.0); 9]), Trend::InsufficientData);
    }

    #[test]
    fn more_than_ten_percent_makes_a_trend() {
        let rising = |by: f64| [0.0, 1.0, 2.0, 3.0, 4.0, 5.0].map(|step| 10.0 + by * step);
        assert_eq!(trend_of(&rising(0.25)), Trend::Increasing);
        assert_eq!(trend_of(&rising(0.15)), Trend::Stable);
        assert_eq!(trend_of(&rising(-0.25)), Trend::Decreasing);
        assert_eq!(trend_of(&[0.0; 6]), Trend::Stable);
    }

    #[test]
    fn a_rise_is_seen_through_outliers() {
        let of = |values: &[f64]| trend(&every_ten_seconds(values));
        assert_eq!(
            of(&[1.0, 1.1, 9.0, 1.3, 1.4, 1.5, 0.0, 1.7]),
            Trend::Increasing
        );
        assert_eq!(of(&[9.0, 8.0, 7.0, 99.0, 5.0, 4.0]), Trend::Decreasing);
        assert_eq!(of(&[5.0, 5.1, 4.9, 5.0, 50.0, 5.0]), Trend::Stable);
    }

    /// Mann and Kendall's p of these is 0.26, though the second half is half as much again as the first.
    #[test]
    fn what_chance_may_bring_about_is_no_trend() {
        assert_eq!(trend_of(&[2.0, 5.0, 3.0, 5.5, 2.5, 6.0]), Trend::Stable);
    }

    /// Uniform noise without any trend, from a multiplicative generator.
    #[test]
    fn noise_seldom_has_a_trend() {
        let mut seed = 12_345_u64;
        let mut uniform = || {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (seed >> 11) as f64 / (1_u64 << 53) as f64
        };
        for length in [6, 10, 30] {
            let mut claimed = 0;
            for _ in 0..1_000 {
                let values: Vec<f64> = (0..length).map(|_| 1.0 + uniform()).collect();
                claimed += usize::from(trend_of(&values) != Trend::Stable);
            }
            assert!(
                claimed <= 80,
                "{claimed} of 1,000 with {length} samples, by {SIGNIFICANCE} it is to be 50"
            );
        }
    }

    #[test]
    fn rising_latency_degrades_and_rising_hits_improve() {
        assert_eq!(
            Trend::Increasing.meaning(Better::Lower),
            Some(Meaning::Degrading)
        );
        assert_eq!(
            Trend::Increasing.meaning(Better::Higher),
            Some(Meaning::Improving)
        );
        assert_eq!(
            Trend::Decreasing.meaning(Better::Lower),
            Some(Meaning::Improving)
        );
        assert_eq!(Trend::Increasing.meaning(Better::Neither), None);
        assert_eq!(Trend::Stable.meaning(Better::Lower), None);
        let rising = every_ten_seconds(&[1.0, 1.1, 1.2, 1.3, 1.4, 1.5]);
        let course = course(&rising, Better::Lower);
        assert_eq!(course.meaning, Some(Meaning::Degrading));
        let ratio = course.change_ratio.expect("known");
        assert!((ratio - 0.4).abs() < 1e-9, "0.5 of 1.25 is {ratio}");
        let json = serde_json::to_value(course).expect("is plain");
        assert_eq!(
            (&json["trend"], &json["meaning"]),
            (&"increasing".into(), &"degrading".into())
        );
    }

    #[test]
    fn windows_are_compared_where_they_are_known() {
        let windows = Windows::before(1_000 * WEEK, 3_600 * SECOND);
        assert_eq!(windows.previous.end, windows.current.start);
        assert_eq!(windows.last_week.expect("is short").end, 999 * WEEK);
        assert_eq!(Windows::before(0, 2 * WEEK).last_week, None);
        let found = Comparison::new(Some(3.0), Some(2.0), None);
        assert_eq!(found.change_ratio, Some(0.5));
        assert_eq!(found.last_week_change_ratio, None);
        let from_nothing = Comparison::new(Some(3.0), Some(0.0), Some(4.0));
        assert_eq!(from_nothing.change_ratio, None);
        assert_eq!(from_nothing.last_week_change_ratio, Some(-0.25));
    }
}
