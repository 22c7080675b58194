//! A figure as level, season and spread.

use super::super::robust::normal_quantile;
use super::days::{Calendar, Days, Known, PHASES, WEEK, Week, weekly_medians};
use super::level::Level;
use super::profile::Mix;
use super::spread::Spread;
use super::{History, NotEnoughData, Options, Season};

/// Values beyond are no measurements.
const LARGEST: f64 = 1e100;
/// What is smaller than the largest value by this factor is 0.
const SMALLEST: f64 = 1e-30;

/// What is known of a figure.
#[derive(Clone, Debug)]
pub(super) struct Model {
    calendar: Calendar,
    /// Number of values, the unknown included.
    length: usize,
    mix: Mix,
    level: Level,
    /// Day of week and hour together, by phase.
    season: Vec<f64>,
    recurs: Season,
    spread: Spread,
    /// Normal quantile of the bounds.
    z: f64,
    /// What the figures were divided by.
    unit: f64,
}

/// What is expected of one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    pub(super) value: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Model {
    pub(super) fn fit(history: &History, options: &Options) -> Result<Self, NotEnoughData> {
        let calendar = Calendar::of(history);
        let (known, unit) = known(history, calendar);
        let days = Days::of(&known, history.step, &[]);
        let have = days.levels.iter().flatten().count();
        let missing = NotEnoughData {
            have,
            need: super::NEED_DAYS,
        };
        if have < super::NEED_DAYS {
            return Err(missing);
        }
        let weekday = calendar.phase(0) / 24;
        let week = Week::of(&days, &weekly_medians(&days.levels), weekday, &[]);
        let level = level_of(&days, &week, weekday).ok_or(missing)?;

        let skip = unusual(&days, &week, &level, weekday);
        let days = Days::of(&known, history.step, &skip);
        let expected: Vec<_> = (0..days.levels.len())
            .map(|day| Some(level.expected(day)))
            .collect();
        let week = Week::of(&days, &expected, weekday, &skip);
        let level = level_of(&days, &week, weekday).ok_or(missing)?;

        let mix = days.mix;
        let (daily, by_day) = days.recurs();
        let recurs = Season {
            daily,
            weekly: week.recurs || by_day,
        };
        let season: Vec<f64> = (0..PHASES)
            .map(|phase| mix.with(week.values[phase / 24], days.within()[phase]))
            .collect();
        let others = days.within_others(&known);
        let errors = known.iter().zip(others).filter_map(|(one, within)| {
            let base = level.expected(one.day);
            let told = mix.with(mix.with(base, week.others[one.day]), within);
            let error = (one.value - told) / scale(mix, base);
            error.is_finite().then_some((season[one.phase], error))
        });
        Ok(Self {
            calendar,
            length: history.values.len(),
            mix,
            spread: Spread::of(errors.collect(), options.probability),
            level,
            season,
            recurs,
            z: normal_quantile(f64::midpoint(1.0, options.probability)),
            unit,
        })
    }

    /// The value `ahead` steps after the last; the next one is 1.
    pub(super) fn expected(&self, ahead: usize) -> Expected {
        let at = self.length - 1 + ahead;
        let day = self.calendar.day(at);
        let season = self.season[self.calendar.phase(at)];
        let base = self.level.ahead(day);
        let (below, above) = self.spread.bounds(season);
        let scale = scale(self.mix, base);
        let share = self.mix.share(season);
        let of_level = self.z * self.level.error_ahead(day) * share;
        // Errors of the level and of the value are independent: their variances add up.
        let reach = |of_value: f64| (of_value * scale).hypot(of_level);
        // Where the last days may have begun another level, the interval has room for both.
        let pending = self.level.pending * share;
        let value = self.mix.with(base, season);
        Expected {
            value: value * self.unit,
            low: (value - reach(below) + pending.min(0.0)) * self.unit,
            high: (value + reach(above) + pending.max(0.0)) * self.unit,
        }
    }

    /// The mean over a usual week as it is `days` after the last day.
    pub(super) fn week_mean(&self, days: usize) -> Expected {
        let day = self.calendar.day(self.length - 1) + days;
        let season = self.season.iter().sum::<f64>() / PHASES as f64;
        let value = self.mix.with(self.level.ahead(day), season);
        let reach = self.z * self.level.error_ahead(day) * self.mix.share(season);
        Expected {
            value: value * self.unit,
            low: (value - reach) * self.unit,
            high: (value + reach) * self.unit,
        }
    }

    pub(super) fn season(&self) -> Season {
        self.recurs
    }

    /// The first day after the last step of the level, from that of the first value, with the levels before and after.
    pub(super) fn last_step(&self) -> Option<(usize, f64, f64)> {
        let (day, before, after) = self.level.last_step()?;
        Some((day, before * self.unit, after * self.unit))
    }
}

/// What errors are told in: the level, or nothing.
fn scale(mix: Mix, base: f64) -> f64 {
    match mix {
        Mix::Product => base.abs(),
        Mix::Sum => 1.0,
    }
}

/// What is known, divided by the largest of it.
fn known(history: &History, calendar: Calendar) -> (Vec<Known>, f64) {
    let measured = |value: &Option<f64>| value.filter(|value| value.abs() <= LARGEST);
    let sizes = history.values.iter().filter_map(measured).map(f64::abs);
    let largest = sizes.fold(0.0, f64::max);
    let unit = if largest > 0.0 { largest } else { 1.0 };
    let known = history.values.iter().enumerate().filter_map(|(at, value)| {
        let value = measured(value)? / unit;
        Some(Known {
            day: calendar.day(at),
            phase: calendar.phase(at),
            value: if value.abs() < SMALLEST { 0.0 } else { value },
        })
    });
    (known.collect(), unit)
}

fn level_of(days: &Days, week: &Week, weekday: usize) -> Option<Level> {
    let levels: Vec<_> = (0..days.levels.len())
        .map(|day| {
            let of_week = week.values[(weekday + day) % WEEK];
            let rest = days.mix.without(days.levels[day]?, of_week);
            rest.is_finite().then_some(rest)
        })
        .collect();
    Level::fit(&levels)
}

fn unusual(days: &Days, week: &Week, level: &Level, weekday: usize) -> Vec<bool> {
    let far = days.levels.iter().enumerate().map(|(day, found)| {
        let of_week = week.values[(weekday + day) % WEEK];
        found.is_some_and(|found| level.is_unusual(day, days.mix.without(found, of_week)))
    });
    far.collect()
}
