//! Hours of a history by day, and what recurs from day to day.

use super::super::robust;
use super::profile::{self, Groups, Mix, Profile};
use super::{History, Step};

/// Hours of a day.
const HOURS: usize = 24;
/// Days of a week.
pub(super) const WEEK: usize = 7;
/// Phases of a week: its hours.
pub(super) const PHASES: usize = HOURS * WEEK;
/// Fewer known hours do not tell a day's level.
const LEAST_HOURS: usize = 6;
/// A product has no days this close to 0, as a share of the median day.
const LEAST_LEVEL: f64 = 0.005;

/// What may recur within days, from coarse to fine.
const WITHIN_DAYS: [Groups; 3] = [
    |phase| phase % HOURS,
    |phase| kind_of_day(phase / HOURS) * HOURS + phase % HOURS,
    |phase| phase,
];
/// What may recur from day to day of a week.
const WITHIN_WEEKS: [Groups; 2] = [kind_of_day, |day| day];

/// The first of the days (0 is Monday) that usually go the same way.
fn kind_of_day(day: usize) -> usize {
    if day < 5 { 0 } else { day }
}

/// Where values lie in days and weeks, all in UTC.
#[derive(Clone, Copy, Debug)]
pub(super) struct Calendar {
    step: Step,
    /// Hours or days from 1970 to the first value.
    first: i64,
}

impl Calendar {
    pub(super) fn of(history: &History) -> Self {
        Self {
            step: history.step,
            first: history.start.div_euclid(history.step.nanos()),
        }
    }

    /// The day of a value, from that of the first.
    pub(super) fn day(self, at: usize) -> usize {
        let since = |at: usize| self.first.saturating_add(at as i64);
        match self.step {
            Step::Day => at,
            Step::Hour => (since(at).div_euclid(24) - since(0).div_euclid(24)) as usize,
        }
    }

    /// Day of the week (0 is Monday) and hour, as one number below [`PHASES`].
    pub(super) fn phase(self, at: usize) -> usize {
        let since = self.first.saturating_add(at as i64);
        let (day, hour) = match self.step {
            Step::Day => (since, 0),
            Step::Hour => (since.div_euclid(24), since.rem_euclid(24)),
        };
        // 1970-01-01 was a Thursday.
        let weekday = (day.rem_euclid(7) + 3) % 7;
        (weekday * 24 + hour) as usize
    }
}

/// A known value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) day: usize,
    pub(super) phase: usize,
    pub(super) value: f64,
}

/// What recurs, and the days' levels without it.
#[derive(Clone, Debug)]
pub(super) struct Days {
    pub(super) mix: Mix,
    /// Of each day, with what the day of the week makes of it; `None` where too little is known.
    pub(super) levels: Vec<Option<f64>>,
    within: Profile,
    /// Which of the known values each of `within.others` is of.
    told: Vec<usize>,
}

impl Days {
    /// Finds levels and what recurs within days, by turns. `skip` are days that tell nothing about others.
    pub(super) fn of(known: &[Known], step: Step, skip: &[bool]) -> Self {
        let least = known.iter().map(|one| one.value).fold(0.0, f64::min);
        if least >= 0.0 {
            let days = Self::mixed(known, step, skip, Mix::Product);
            let mut levels: Vec<f64> = days.levels.iter().copied().flatten().collect();
            let lowest = levels.iter().copied().fold(f64::INFINITY, f64::min);
            let usual = robust::median(&mut levels).unwrap_or(0.0);
            if lowest > LEAST_LEVEL * usual && usual > 0.0 {
                return days;
            }
        }
        Self::mixed(known, step, skip, Mix::Sum)
    }

    fn mixed(known: &[Known], step: Step, skip: &[bool], mix: Mix) -> Self {
        let nothing = Profile {
            chosen: None,
            values: vec![mix.nothing(); PHASES],
            others: Vec::new(),
        };
        let mut days = Self {
            mix,
            levels: Vec::new(),
            within: nothing,
            told: Vec::new(),
        };
        days.find_levels(known, step);
        if step == Step::Hour {
            for _ in 0..2 {
                days.find_profile(known, skip);
                days.find_levels(known, step);
            }
        }
        days
    }

    fn find_levels(&mut self, known: &[Known], step: Step) {
        let least = match step {
            Step::Hour => LEAST_HOURS,
            Step::Day => 1,
        };
        self.levels.clear();
        for day in known.chunk_by(|a, b| a.day == b.day) {
            self.levels.resize(day[0].day, None);
            let mut rests: Vec<_> = day
                .iter()
                .map(|one| {
                    let season = self.within.values[one.phase];
                    (self.mix.without(one.value, season), self.mix.share(season))
                })
                .filter(|(rest, _)| rest.is_finite())
                .collect();
            let level = (day.len() >= least).then(|| robust::weighted_median(&mut rests));
            self.levels.push(level.flatten());
        }
    }

    fn find_profile(&mut self, known: &[Known], skip: &[bool]) {
        let mut samples = Vec::with_capacity(known.len());
        self.told.clear();
        for (at, one) in known.iter().enumerate() {
            let skipped = skip.get(one.day).copied().unwrap_or(false);
            let Some(level) = self.levels[one.day].filter(|_| !skipped) else {
                continue;
            };
            let rest = self.mix.without(one.value, level);
            if rest.is_finite() {
                samples.push((one.phase, rest));
                self.told.push(at);
            }
        }
        self.within = profile::fit(&samples, PHASES, &WITHIN_DAYS, self.mix);
    }

    /// Whether hours recur from day to day, and whether not alike on all of them.
    pub(super) fn recurs(&self) -> (bool, bool) {
        let chosen = self.within.chosen;
        (chosen.is_some(), chosen > Some(0))
    }

    /// What recurs within days, by phase.
    pub(super) fn within(&self) -> &[f64] {
        &self.within.values
    }

    /// What the other days say of each of the `known` values.
    pub(super) fn within_others(&self, known: &[Known]) -> Vec<f64> {
        let mut others: Vec<f64> = known
            .iter()
            .map(|one| self.within.values[one.phase])
            .collect();
        for (at, other) in self.told.iter().zip(&self.within.others) {
            others[*at] = *other;
        }
        others
    }
}

/// What recurs from week to week.
#[derive(Clone, Debug)]
pub(super) struct Week {
    /// Whether days recur from week to week.
    pub(super) recurs: bool,
    /// By day, 0 is Monday.
    pub(super) values: Vec<f64>,
    /// For each day of the history, what the others say of it.
    pub(super) others: Vec<f64>,
}

impl Week {
    /// From the days' levels beside what each was to be without it; `weekday` is that of the first day.
    pub(super) fn of(days: &Days, expected: &[Option<f64>], weekday: usize, skip: &[bool]) -> Self {
        let mut samples = Vec::with_capacity(days.levels.len());
        let mut told = Vec::with_capacity(days.levels.len());
        for (day, (level, expected)) in days.levels.iter().zip(expected).enumerate() {
            let (Some(level), Some(expected)) = (level, expected) else {
                continue;
            };
            let rest = days.mix.without(*level, *expected);
            if rest.is_finite() && !skip.get(day).copied().unwrap_or(false) {
                samples.push(((weekday + day) % WEEK, rest));
                told.push(day);
            }
        }
        let found = profile::fit(&samples, WEEK, &WITHIN_WEEKS, days.mix);
        let mut others: Vec<f64> = (0..days.levels.len())
            .map(|day| found.values[(weekday + day) % WEEK])
            .collect();
        for (day, other) in told.into_iter().zip(&found.others) {
            others[day] = *other;
        }
        Self {
            recurs: found.chosen.is_some(),
            values: found.values,
            others,
        }
    }
}

/// The median of the seven days around each: each day of the week is in it once.
pub(super) fn weekly_medians(levels: &[Option<f64>]) -> Vec<Option<f64>> {
    let medians = (0..levels.len()).map(|day| {
        let start = day
            .saturating_sub(WEEK / 2)
            .min(levels.len().saturating_sub(WEEK));
        let around = &levels[start..levels.len().min(start + WEEK)];
        let mut known: Vec<f64> = around.iter().copied().flatten().collect();
        if known.len() <= WEEK / 2 {
            return None;
        }
        robust::median(&mut known)
    });
    medians.collect()
}
