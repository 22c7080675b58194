//! The level of days without what recurs: lines, how far days keep off them, and how sure one can be of it ahead.

use super::super::robust;
use super::lines::{Lines, MIN_DAYS};

/// A median's variance is so much larger than a mean's, of normal values.
const OF_MEDIAN: f64 = std::f64::consts::FRAC_PI_2;
/// Days further off, in deviations, are pulled in before they move the level.
const HUBER: f64 = 2.0;
/// Differences between days a week apart have by chance alone so many times the variance of those of neighbours.
const BY_CHANCE: f64 = 1.2;
/// Days further off, in deviations, are holidays, disturbances, or the beginning of another level.
pub(super) const UNUSUAL: f64 = 4.0;

/// The level over days.
#[derive(Clone, Debug)]
pub(super) struct Level {
    lines: Lines,
    stray: Stray,
    /// How far the level is off the line after each day.
    strayed: Vec<f64>,
    /// Standard deviation of the last slope.
    slope_error: f64,
    /// The last day that is known.
    last: usize,
    /// How far the last days are off together, if they are unusual and too few for a step: nobody knows yet whether they will
    /// stay there.
    pub(super) pending: f64,
}

impl Level {
    /// Fits the levels of days; `None` of fewer than two.
    pub(super) fn fit(levels: &[Option<f64>]) -> Option<Self> {
        let days = levels.iter().enumerate();
        let known: Vec<(f64, f64)> = days
            .filter_map(|(day, level)| Some((day as f64, (*level)?)))
            .collect();
        let mut lines = Lines::fit(&known)?;
        let stray = Stray::of(levels, &lines);
        let (slope, slope_error) = believed_slope(&lines, &stray, known.len());
        lines.turn_last(&known, slope);
        let mut level = Self {
            strayed: strayed(levels, &lines, &stray),
            lines,
            stray,
            slope_error,
            last: known.last()?.0 as usize,
            pending: 0.0,
        };
        level.pending = level.pending(&known);
        Some(level)
    }

    fn pending(&self, known: &[(f64, f64)]) -> f64 {
        let latest = known.iter().rev().take(MIN_DAYS);
        let off: Vec<f64> = latest
            .map(|&(day, level)| level - self.expected(day as usize))
            .collect();
        let run = off
            .iter()
            .take_while(|off| off.abs() > UNUSUAL * self.stray.noise)
            .take_while(|one| one.signum() == off[0].signum())
            .count();
        if run == off.len() {
            return 0.0;
        }
        robust::median(&mut off[..run].to_vec()).unwrap_or(0.0)
    }

    /// Whether a day of this level was a holiday or disturbance.
    pub(super) fn is_unusual(&self, day: usize, level: f64) -> bool {
        (level - self.expected(day)).abs() > UNUSUAL * self.stray.noise
    }

    /// What a day's level was expected to be after the day before.
    pub(super) fn expected(&self, day: usize) -> f64 {
        let before = day.checked_sub(1).and_then(|day| self.strayed.get(day));
        let strayed = before.filter(|_| !self.lines.begins(day));
        self.lines.at(day) + strayed.copied().unwrap_or(0.0)
    }

    /// The level on a day after the last.
    pub(super) fn ahead(&self, day: usize) -> f64 {
        self.lines.at(day) + self.strayed.last().copied().unwrap_or(0.0)
    }

    /// Standard deviation of the error of [`Self::ahead`], without the day's own noise: the slope's error over the distance from
    /// the middle of the days that tell the level, the error of that level, and what it may stray by.
    pub(super) fn error_ahead(&self, day: usize) -> f64 {
        let days = day.saturating_sub(self.last) as f64;
        let told_by = self.lines.last().days as f64;
        let of_slope = self.slope_error * (days + told_by / 2.0);
        let of_level = self.stray.noise.powi(2) * (OF_MEDIAN / told_by).max(self.stray.gain());
        let of_walk = self.stray.walk.powi(2) * days;
        (of_slope.powi(2) + of_level + of_walk).sqrt()
    }

    /// The day of the last step and the levels before and after.
    pub(super) fn last_step(&self) -> Option<(usize, f64, f64)> {
        let (before, after) = (self.lines.before_last()?, self.lines.last());
        Some((after.first, before.at(after.first), after.at(after.first)))
    }
}

/// The slope to go on with, and its standard deviation.
fn believed_slope(lines: &Lines, stray: &Stray, days: usize) -> (f64, f64) {
    let last = lines.last();
    let mut slope = last.slope;
    // A level that strays has a slope by chance: 6/5 of its variance in a day by the number of days (Durlauf and Phillips 1988).
    let by_chance = stray.walk * (1.2 / days as f64).sqrt();
    let error = (last.slope_error * stray.inflation()).hypot(by_chance);
    // What might as well be none is not believed (as by the positive-part estimator of James and Stein).
    let belief = 1.0 - (error / slope).powi(2);
    slope = if belief > 0.0 { slope * belief } else { 0.0 };
    // After a step growth may go on as before or in proportion to the new level: from between them, as sure as they differ.
    let same = lines
        .before_last()
        .filter(|before| before.slope == last.slope);
    let ratio = same.map_or(1.0, |before| last.at(last.first) / before.at(last.first));
    let ratio = if ratio.is_finite() {
        ratio.clamp(0.0, 2.0)
    } else {
        1.0
    };
    let either = slope * (ratio - 1.0) / 2.0;
    (slope + either, error.hypot(either))
}

/// Exponential smoothing of the errors, far ones pulled in (Gelper, Fried and Croux, "Robust forecasting with exponential and
/// Holt–Winters smoothing", Journal of Forecasting 29, 2010).
fn strayed(levels: &[Option<f64>], lines: &Lines, stray: &Stray) -> Vec<f64> {
    let (gain, limit) = (stray.gain(), HUBER * stray.noise);
    let mut strayed = 0.0;
    let by_day = levels.iter().enumerate().map(|(day, level)| {
        if lines.begins(day) {
            strayed = 0.0;
        }
        if let Some(level) = level {
            let error = level - lines.at(day) - strayed;
            strayed += gain * error.clamp(-limit, limit);
        }
        strayed
    });
    by_day.collect()
}

/// How days keep to their line: each for itself, or straying together.
#[derive(Clone, Copy, Debug)]
struct Stray {
    /// Deviation of a day from its line.
    noise: f64,
    /// Standard deviation of what the level strays by in a day.
    walk: f64,
    /// Correlation of a day with the next.
    correlation: f64,
}

impl Stray {
    /// No more correlation than this is told from a trend.
    const MAX_CORRELATION: f64 = 0.8;

    /// From the spread of differences between days one and seven apart: of independent days both are the same (the
    /// variogram, robustly; Cressie and Hawkins, "Robust estimation of the variogram", Mathematical Geology 12, 1980).
    fn of(levels: &[Option<f64>], lines: &Lines) -> Self {
        let days = levels.iter().enumerate();
        let rests: Vec<Option<f64>> = days
            .map(|(day, level)| level.map(|level| level - lines.at(day)))
            .collect();
        let variance = |values: Vec<f64>| robust::mad(&values).unwrap_or(0.0).powi(2);
        let apart = |days: usize| {
            let pairs = rests.iter().zip(rests.iter().skip(days));
            variance(pairs.filter_map(|(a, b)| Some((*b)? - (*a)?)).collect())
        };
        let all = variance(rests.iter().copied().flatten().collect());
        let (near, far) = (apart(1), apart(7));
        let correlation = if all > 0.0 {
            1.0 - near / (2.0 * all)
        } else {
            0.0
        };
        Self {
            noise: all.sqrt(),
            walk: ((far - BY_CHANCE * near) / 6.0).max(0.0).sqrt(),
            correlation: correlation.clamp(0.0, Self::MAX_CORRELATION),
        }
    }

    /// What correlation of days makes of the error of a slope (n (1 − r) / (1 + r) days are worth n independent ones).
    fn inflation(self) -> f64 {
        ((1.0 + self.correlation) / (1.0 - self.correlation)).sqrt()
    }

    /// The best weight of a new day for a level that strays beside noise (Muth, "Optimal Properties of Exponentially Weighted
    /// Forecasts", JASA 55, 1960).
    fn gain(self) -> f64 {
        if self.noise <= 0.0 {
            return 0.0;
        }
        let ratio = (self.walk / self.noise).powi(2);
        ((ratio.powi(2) + 4.0 * ratio).sqrt() - ratio) / 2.0
    }
}
