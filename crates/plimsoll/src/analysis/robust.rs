//! Statistics that single values cannot move, however far off they are.
//!
//! All are total: of too few values they say `None`. Values have to be finite; what is not a number sorts last.

use std::borrow::Cow;
use std::cmp::Ordering;

/// Makes the median absolute deviation of normally distributed values their standard deviation (Rousseeuw and Croux,
/// "Alternatives to the Median Absolute Deviation", JASA 88, 1993).
pub const MAD_TO_SIGMA: f64 = 1.4826;
/// More points are thinned before all pairs of them are looked at.
pub const MAX_POINTS: usize = 400;

/// The middle value, of an even number the mean of the two middle ones. Changes the order of `values`.
pub fn median(values: &mut [f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// The value below which the share `q` of the values lies, between two of them by straight line (type 7 of Hyndman and
/// Fan, "Sample Quantiles in Statistical Packages", The American Statistician 50, 1996). Changes the order of `values`.
pub fn quantile(values: &mut [f64], q: f64) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    at_rank(values, last as f64 * q.clamp(0.0, 1.0))
}

/// A quantile that a further value of the same kind exceeds with probability 1 − `q`, as far as that many values can
/// tell: the rank is `q (n + 1)` (type 6 of Hyndman and Fan), beyond the ends the outermost value. Changes the order
/// of `values`.
pub fn predictive_quantile(values: &mut [f64], q: f64) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    let rank = (values.len() + 1) as f64 * q - 1.0;
    at_rank(values, rank.clamp(0.0, last as f64))
}

/// `rank` counts from 0 and is at most the last index.
fn at_rank(values: &mut [f64], rank: f64) -> Option<f64> {
    let below = rank as usize;
    let share = rank - below as f64;
    let (_, low, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let low = *low;
    if share > 0.0 {
        let high = above.iter().copied().min_by(f64::total_cmp)?;
        return Some(low + (high - low) * share);
    }
    Some(low)
}

/// The value that halves the weight of all: the sum of weighted distances from it is least. Pairs are value and weight;
/// of weights that are all 0 there is none. Changes the order of `pairs`.
pub fn weighted_median(pairs: &mut [(f64, f64)]) -> Option<f64> {
    let half = pairs.iter().map(|(_, weight)| weight).sum::<f64>() / 2.0;
    if half.is_nan() || half <= 0.0 {
        return None;
    }
    pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut below = 0.0;
    let found = pairs.iter().find(|(_, weight)| {
        below += weight;
        below >= half
    });
    found.or(pairs.last()).map(|(value, _)| *value)
}

/// Median absolute deviation from the median, times [`MAD_TO_SIGMA`].
pub fn mad(values: &[f64]) -> Option<f64> {
    let mut values = values.to_vec();
    let middle = median(&mut values)?;
    for value in &mut values {
        *value = (*value - middle).abs();
    }
    median(&mut values).map(|deviation| deviation * MAD_TO_SIGMA)
}

/// A straight line through points, as [`theil_sen`] finds it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// y per x.
    pub slope: f64,
    /// y where x is 0: the median of what the slope leaves of each y.
    pub intercept: f64,
    /// The slope is not below it, with the confidence asked for.
    pub slope_low: f64,
    /// The slope is not above it, with the confidence asked for.
    pub slope_high: f64,
}

/// The median of the slopes between all pairs of points (x, y), in order of x (Theil 1950; Sen, "Estimates of the Regression
/// Coefficient Based on Kendall's Tau", JASA 63, 1968, whose also the interval of the slope is). Almost 30 % of the points
/// may be anything. More than [`MAX_POINTS`] are thinned by [`thin`]. `None` without two different x.
///
/// `confidence`: the probability that the interval covers the slope, such as 0.9, when the errors are independent.
pub fn theil_sen(points: &[(f64, f64)], confidence: f64) -> Option<Line> {
    let points = thin(points);
    let (slope, slope_low, slope_high) = common_slope(&[&points], confidence)?;
    let mut rests: Vec<f64> = points.iter().map(|(x, y)| y - slope * x).collect();
    Some(Line {
        slope,
        intercept: median(&mut rests)?,
        slope_low,
        slope_high,
    })
}

/// The slope that several stretches have in common, whatever their levels, with its interval: [`theil_sen`] of the pairs
/// within each. Not thinned.
pub fn common_slope(stretches: &[&[(f64, f64)]], confidence: f64) -> Option<(f64, f64, f64)> {
    let pairs = stretches
        .iter()
        .map(|points| points.len() * points.len().saturating_sub(1) / 2);
    let mut slopes = Vec::with_capacity(pairs.sum());
    let mut variance = 0.0;
    for points in stretches {
        for (at, a) in points.iter().enumerate() {
            let after = points[at + 1..].iter().filter(|b| b.0 != a.0);
            slopes.extend(after.map(|b| (b.1 - a.1) / (b.0 - a.0)));
        }
        variance += kendall_variance(points);
    }
    let last = slopes.len().checked_sub(1)?;
    let slope = median(&mut slopes)?;
    let reach = normal_quantile(f64::midpoint(1.0, confidence)) * variance.sqrt();
    let low = ((slopes.len() as f64 - reach) / 2.0).round() - 1.0;
    let high = ((slopes.len() as f64 + reach) / 2.0).round();
    let low = at_rank(&mut slopes, low.clamp(0.0, last as f64))?;
    let high = at_rank(&mut slopes, high.clamp(0.0, last as f64))?;
    Some((slope, low, high))
}

/// At most [`MAX_POINTS`] points: runs of neighbours, all of the same number, become the medians of their x and y.
pub fn thin(points: &[(f64, f64)]) -> Cow<'_, [(f64, f64)]> {
    if points.len() <= MAX_POINTS {
        return Cow::Borrowed(points);
    }
    let runs = points.chunks(points.len().div_ceil(MAX_POINTS));
    let of = |run: &[(f64, f64)], part: fn(&(f64, f64)) -> f64| {
        median(&mut run.iter().map(part).collect::<Vec<_>>())
    };
    let medians = runs.filter_map(|run| Some((of(run, |p| p.0)?, of(run, |p| p.1)?)));
    Cow::Owned(medians.collect())
}

/// Whether y goes with x, as [`mann_kendall`] finds it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MannKendall {
    /// Pairs that rise less pairs that fall.
    pub s: f64,
    /// `s` in standard deviations of what it is without any trend, with correction for continuity.
    pub z: f64,
    /// How probable so much is without any trend, both directions together.
    pub p: f64,
}

/// Tests for a monotonic trend (Mann 1945; Kendall, "Rank Correlation Methods", 1975, whose variance with ties it takes), by
/// normal approximation. More than [`MAX_POINTS`] are thinned by [`thin`]. `None` of fewer than three points.
pub fn mann_kendall(points: &[(f64, f64)]) -> Option<MannKendall> {
    let points = thin(points);
    if points.len() < 3 {
        return None;
    }
    let mut s = 0.0;
    for (at, a) in points.iter().enumerate() {
        for b in &points[at + 1..] {
            s += sign(b.0 - a.0) * sign(b.1 - a.1);
        }
    }
    let deviation = kendall_variance(&points).sqrt();
    let z = if deviation > 0.0 {
        s.signum() * (s.abs() - 1.0).max(0.0) / deviation
    } else {
        0.0
    };
    let p = two_sided(z);
    Some(MannKendall { s, z, p })
}

fn sign(difference: f64) -> f64 {
    match difference.total_cmp(&0.0) {
        _ if difference == 0.0 => 0.0,
        Ordering::Less => -1.0,
        _ => 1.0,
    }
}

/// Variance of Kendall's S without a trend, with ties in x and y.
fn kendall_variance(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    if points.len() < 3 {
        // Of two points S is 1 or −1.
        return f64::from(points.len() == 2);
    }
    let ties = |part: fn(&(f64, f64)) -> f64| {
        let mut values: Vec<f64> = points.iter().map(part).collect();
        values.sort_unstable_by(f64::total_cmp);
        let mut sums = [0.0; 3];
        for same in values.chunk_by(|a, b| a == b) {
            let t = same.len() as f64;
            sums[0] += t * (t - 1.0) * (2.0 * t + 5.0);
            sums[1] += t * (t - 1.0) * (t - 2.0);
            sums[2] += t * (t - 1.0);
        }
        sums
    };
    let (x, y) = (ties(|p| p.0), ties(|p| p.1));
    (n * (n - 1.0) * (2.0 * n + 5.0) - x[0] - y[0]) / 18.0
        + x[1] * y[1] / (9.0 * n * (n - 1.0) * (n - 2.0))
        + x[2] * y[2] / (2.0 * n * (n - 1.0))
}

/// The normal distribution's quantile, to 0.0005 (Abramowitz and Stegun 26.2.23).
pub fn normal_quantile(p: f64) -> f64 {
    let tail = p.min(1.0 - p).max(1e-12);
    let t = (-2.0 * tail.ln()).sqrt();
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    let z = t - above / below;
    if p < 0.5 { -z } else { z }
}

/// Probability of at least |`z`| in either direction, to 2 × 10⁻⁷ (Abramowitz and Stegun 7.1.26).
fn two_sided(z: f64) -> f64 {
    let x = z.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let factors = [
        0.254_829_592,
        -0.284_496_736,
        1.421_413_741,
        -1.453_152_027,
        1.061_405_429,
    ];
    let sum = factors.iter().rev().fold(0.0, |sum, a| t * (a + sum));
    (sum * (-x * x).exp()).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn close(found: f64, expected: f64, by: f64) {
        assert!((found - expected).abs() <= by, "{found}, not {expected}");
    }

    #[test]
    fn nothing_has_no_statistics() {
        assert_eq!(median(&mut []), None);
        assert_eq!(quantile(&mut [], 0.9), None);
        assert_eq!(predictive_quantile(&mut [], 0.9), None);
        assert_eq!(weighted_median(&mut []), None);
        assert_eq!(weighted_median(&mut [(1.0, 0.0)]), None);
        assert_eq!(mad(&[]), None);
        assert_eq!(theil_sen(&[], 0.9), None);
        assert_eq!(theil_sen(&[(1.0, 2.0), (1.0, 3.0)], 0.9), None);
        assert_eq!(mann_kendall(&[(0.0, 1.0), (1.0, 2.0)]), None);
    }

    /// `quantile(c(2, 4, 4, 5, 7, 9), c(0, .1, .5, .95, 1), type = 7)` of R, and `type = 6`.
    #[test]
    fn quantiles_are_those_of_r() {
        let of = |q| quantile(&mut [9.0, 4.0, 2.0, 7.0, 4.0, 5.0], q).unwrap();
        assert_eq!([of(0.0), of(0.5), of(1.0)], [2.0, 4.5, 9.0]);
        close(of(0.1), 3.0, 1e-12);
        close(of(0.95), 8.5, 1e-12);
        let further = |q| predictive_quantile(&mut [9.0, 4.0, 2.0, 7.0, 4.0, 5.0], q).unwrap();
        close(further(0.2), 2.8, 1e-12);
        close(further(0.75), 7.5, 1e-12);
        assert_eq!([further(0.01), further(0.99)], [2.0, 9.0]);
    }

    #[test]
    fn the_weighted_median_halves_the_weight() {
        assert_eq!(
            weighted_median(&mut [(3.0, 1.0), (1.0, 1.0), (2.0, 1.0)]),
            Some(2.0)
        );
        assert_eq!(
            weighted_median(&mut [(3.0, 9.0), (1.0, 1.0), (2.0, 1.0)]),
            Some(3.0)
        );
    }

    #[test]
    fn the_deviation_does_not_see_one_in_five() {
        close(mad(&[1.0, 2.0, 3.0, 4.0, 1e9]).unwrap(), 1.4826, 1e-12);
    }

    /// The example of Sen's paper: slope 4, with 93 % between 3.71 and 4.38.
    #[test]
    fn sens_example_comes_out() {
        let x = [1.0, 2.0, 3.0, 4.0, 10.0, 12.0, 18.0];
        let y = [9.0, 15.0, 19.0, 20.0, 45.0, 55.0, 78.0];
        let points: Vec<_> = x.into_iter().zip(y).collect();
        let line = theil_sen(&points, 0.93).unwrap();
        assert_eq!((line.slope, line.intercept), (4.0, 6.0));
        close(line.slope_low, 3.71, 0.005);
        close(line.slope_high, 4.38, 0.005);
    }

    /// By hand: S = 15 of 15 pairs, variance 6 · 5 · 17 / 18, z = 14 / 5.3229; then with two ties of two values.
    #[test]
    fn significance_is_that_of_kendalls_tables() {
        let rising: Vec<_> = (0..6).map(|x| (f64::from(x), f64::from(x))).collect();
        let found = mann_kendall(&rising).unwrap();
        assert_eq!(found.s, 15.0);
        close(found.z, 2.6301, 1e-3);
        close(found.p, 0.008_54, 1e-4);
        let tied: Vec<_> = [1.0, 1.0, 2.0, 2.0, 3.0, 4.0]
            .into_iter()
            .zip(0..)
            .map(|(y, x)| (f64::from(x), y))
            .collect();
        let found = mann_kendall(&tied).unwrap();
        assert_eq!(found.s, 13.0);
        // 28.333 less 2 · 2 · 1 · 9 / 18.
        close(found.z, 12.0 / 26.333_f64.sqrt(), 1e-3);
        let flat = mann_kendall(&[(0.0, 1.0), (1.0, 1.0), (2.0, 1.0)]).unwrap();
        close(flat.p, 1.0, 1e-6);
    }

    #[test]
    fn normal_tables_are_met() {
        close(normal_quantile(0.95), 1.644_854, 5e-4);
        close(normal_quantile(0.025), -1.959_964, 5e-4);
        close(normal_quantile(0.5), 0.0, 5e-4);
        close(two_sided(1.959_964), 0.05, 1e-6);
        close(two_sided(0.0), 1.0, 1e-6);
    }

    #[test]
    fn thousands_of_points_keep_their_line() {
        let points: Vec<_> = (0..10_000)
            .map(|at| {
                let x = f64::from(at);
                let spike = if at % 7 == 0 { 1e6 } else { 0.0 };
                (x, 3.0 + 0.5 * x + spike)
            })
            .collect();
        assert!(thin(&points).len() <= MAX_POINTS);
        let line = theil_sen(&points, 0.9).unwrap();
        close(line.slope, 0.5, 1e-3);
        assert!(mann_kendall(&points).unwrap().p < 1e-6);
    }

    proptest! {
        #[test]
        fn a_line_is_found_whatever_a_quarter_of_the_points_says(
            (slope, level) in (-1e3..1e3f64, -1e6..1e6f64),
            off in prop::collection::vec(-1e9..1e9f64, 5),
        ) {
            let mut points: Vec<_> = (0..20).map(|x| (f64::from(x), level + slope * f64::from(x))).collect();
            for (at, wrong) in off.iter().enumerate() {
                points[at * 4].1 = *wrong;
            }
            let line = theil_sen(&points, 0.9).unwrap();
            prop_assert!((line.slope - slope).abs() < 1e-6 * (1.0 + slope.abs() + level.abs()));
            prop_assert!(line.slope_low <= line.slope && line.slope <= line.slope_high);
        }

        #[test]
        fn a_quantile_lies_within_the_values(mut values in prop::collection::vec(-1e9..1e9f64, 1..50), q in 0.0..1.0f64) {
            let least = values.iter().copied().fold(f64::INFINITY, f64::min);
            let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            for found in [quantile(&mut values.clone(), q), predictive_quantile(&mut values, q)] {
                let found = found.unwrap();
                prop_assert!(least <= found && found <= most);
            }
        }
    }
}
