//! Straight lines through the levels of days, with steps between them.

use super::super::robust;

/// Steps looked for.
const MAX_STEPS: usize = 3;
/// A level that lasted fewer days may be a long weekend.
pub(super) const MIN_DAYS: usize = 4;
/// A stretch of fewer days has no slope of its own.
const OWN_SLOPE_DAYS: usize = 5;
/// A stretch has its own slope where that is so many of its deviations off the slope of all.
const OWN_SLOPE: f64 = 4.0;
/// Days before and after a step that are compared to find it.
const BESIDE: usize = 7;
/// Places tried for each step.
const CANDIDATES: usize = 4;
/// A step has to be worth this times the logarithm of the number of days in log-likelihood. Schwarz (1978) asks for one: a half
/// for each of place and size; neighbouring days resemble each other, so more is asked for.
const PENALTY: f64 = 4.0;
/// A step is at least this share of the level.
const LEAST_STEP: f64 = 0.02;
/// The interval of a slope: its probability, and how many standard deviations it reaches to each side.
const CONFIDENCE: (f64, f64) = (0.9, 1.645);

/// Days without a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    /// The first of them.
    pub(super) first: usize,
    /// The last that is known.
    last: usize,
    /// The line on day 0, if it held there.
    at_zero: f64,
    /// Per day.
    pub(super) slope: f64,
    /// Standard deviation of the slope, were days independent.
    pub(super) slope_error: f64,
    /// Known days.
    pub(super) days: usize,
}

impl Stretch {
    pub(super) fn at(&self, day: usize) -> f64 {
        self.at_zero + self.slope * day as f64
    }

    fn has(&self, day: usize) -> bool {
        (self.first..=self.last).contains(&day)
    }
}

/// A line for each stretch.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    /// In order; there is one at least.
    stretches: Vec<Stretch>,
    /// Sum of the absolute distances of all days.
    cost: f64,
}

impl Lines {
    /// Finds steps and lines through (day, level); `None` of fewer than two days.
    pub(super) fn fit(known: &[(f64, f64)]) -> Option<Self> {
        let days = known.len() as f64;
        let level = median_of(known.iter().map(|(_, level)| level.abs()))?;
        let mut steps = Vec::new();
        let mut best = Self::with_steps(known, &steps)?;
        while steps.len() < MAX_STEPS && best.cost > 0.0 {
            let tried = candidates(known, &steps).into_iter().filter_map(|place| {
                let mut with = steps.clone();
                with.push(place);
                with.sort_unstable();
                let lines = Self::with_steps(known, &with)?;
                lines
                    .are_levels(known, LEAST_STEP * level)
                    .then_some((lines, with))
            });
            let Some((lines, with)) = tried.min_by(|a, b| a.0.cost.total_cmp(&b.0.cost)) else {
                break;
            };
            if days * (best.cost / lines.cost).ln() <= PENALTY * days.ln() {
                break;
            }
            (best, steps) = (lines, with);
        }
        Some(best)
    }

    fn with_steps(known: &[(f64, f64)], steps: &[usize]) -> Option<Self> {
        let parts = split(known, steps);
        let of_all = slope(&parts)?;
        let mut lines = Self {
            stretches: Vec::with_capacity(parts.len()),
            cost: 0.0,
        };
        for part in &parts {
            let own = slope(&[part]).filter(|(own, error)| {
                part.len() >= OWN_SLOPE_DAYS && (own - of_all.0).abs() > OWN_SLOPE * error
            });
            let (slope, slope_error) = own.unwrap_or(of_all);
            let rests = || part.iter().map(|(day, level)| level - slope * day);
            let at_zero = median_of(rests())?;
            lines.cost += rests().map(|rest| (rest - at_zero).abs()).sum::<f64>();
            let begins = lines.stretches.is_empty();
            lines.stretches.push(Stretch {
                first: if begins { 0 } else { part[0].0 as usize },
                last: part[part.len() - 1].0 as usize,
                at_zero,
                slope,
                slope_error,
                days: part.len(),
            });
        }
        Some(lines)
    }

    /// Whether each stretch differs from its neighbours by `least`, and has enough days that are nearer to it than to them.
    fn are_levels(&self, known: &[(f64, f64)], least: f64) -> bool {
        self.stretches.windows(2).all(|pair| {
            let (before, after) = (&pair[0], &pair[1]);
            let nearer = |own: &Stretch, other: &Stretch| {
                let off = |line: &Stretch, (day, level): (f64, f64)| {
                    (level - line.at(day as usize)).abs()
                };
                let days = known.iter().filter(|(day, _)| own.has(*day as usize));
                days.filter(|day| off(own, **day) < off(other, **day))
                    .count()
            };
            (after.at(after.first) - before.at(after.first)).abs() >= least
                && nearer(before, after) >= MIN_DAYS
                && nearer(after, before) >= MIN_DAYS
        })
    }

    /// The last stretch.
    pub(super) fn last(&self) -> &Stretch {
        &self.stretches[self.stretches.len() - 1]
    }

    /// The stretch before the last, if there is one.
    pub(super) fn before_last(&self) -> Option<&Stretch> {
        self.stretches.iter().rev().nth(1)
    }

    /// Gives the last stretch another slope.
    pub(super) fn turn_last(&mut self, known: &[(f64, f64)], slope: f64) {
        let days = self.last().days;
        let part = &known[known.len() - days..];
        let at_zero = median_of(part.iter().map(|(day, level)| level - slope * day));
        if let (Some(last), Some(at_zero)) = (self.stretches.last_mut(), at_zero) {
            (last.slope, last.at_zero) = (slope, at_zero);
        }
    }

    /// Whether a stretch begins on a day.
    pub(super) fn begins(&self, day: usize) -> bool {
        self.stretches.iter().any(|stretch| stretch.first == day)
    }

    /// The line's value on a day.
    pub(super) fn at(&self, day: usize) -> f64 {
        let mut stretches = self.stretches.iter().rev();
        let stretch = stretches.find(|stretch| stretch.first <= day);
        stretch.unwrap_or(self.last()).at(day)
    }
}

/// The slope common to stretches, and its standard deviation.
fn slope(parts: &[&[(f64, f64)]]) -> Option<(f64, f64)> {
    let (slope, low, high) = robust::common_slope(parts, CONFIDENCE.0)?;
    Some((slope, (high - low) / (2.0 * CONFIDENCE.1)))
}

fn median_of(values: impl Iterator<Item = f64>) -> Option<f64> {
    robust::median(&mut values.collect::<Vec<_>>())
}

fn split<'a>(known: &'a [(f64, f64)], steps: &[usize]) -> Vec<&'a [(f64, f64)]> {
    let starts = std::iter::once(0).chain(steps.iter().copied());
    let ends = steps.iter().copied().chain([known.len()]);
    let parts = starts.zip(ends);
    parts.map(|(start, end)| &known[start..end]).collect()
}

/// The places whose days after differ most from the days before, compared with other places: growth makes all differ alike.
fn candidates(known: &[(f64, f64)], steps: &[usize]) -> Vec<usize> {
    let middle = |days: &[(f64, f64)]| median_of(days.iter().map(|(_, level)| *level));
    let mut start = 0;
    let mut jumps = Vec::new();
    for part in split(known, steps) {
        for place in MIN_DAYS..=part.len().saturating_sub(MIN_DAYS) {
            let before = &part[place.saturating_sub(BESIDE)..place];
            let after = &part[place..part.len().min(place + BESIDE)];
            if let Some((from, to)) = middle(before).zip(middle(after)) {
                let weight = 1.0 / (1.0 / before.len() as f64 + 1.0 / after.len() as f64);
                jumps.push((start + place, to - from, weight.sqrt()));
            }
        }
        start += part.len();
    }
    let usual = median_of(jumps.iter().map(|jump| jump.1)).unwrap_or(0.0);
    let size = |&(_, jump, weight): &(usize, f64, f64)| (jump - usual).abs() * weight;
    jumps.sort_by(|a, b| size(b).total_cmp(&size(a)));
    jumps.iter().take(CANDIDATES).map(|jump| jump.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(count: usize, of: impl Fn(usize) -> f64) -> Vec<(f64, f64)> {
        // Noise within ±1 that repeats itself late.
        let noise = |day: usize| ((day * 7_919 + 13) % 101) as f64 / 50.0 - 1.0;
        (0..count)
            .map(|day| (day as f64, of(day) + noise(day)))
            .collect()
    }

    #[test]
    fn growth_is_no_step() {
        let lines = Lines::fit(&levels(60, |day| 100.0 + 3.0 * day as f64)).unwrap();
        assert_eq!(lines.stretches.len(), 1);
        assert!((lines.last().slope - 3.0).abs() < 0.05, "{lines:?}");
    }

    #[test]
    fn steps_are_found_beside_growth() {
        let of = |day: usize| {
            let step = match day {
                0..20 => 0.0,
                20..45 => 40.0,
                _ => -20.0,
            };
            100.0 + day as f64 + step
        };
        let lines = Lines::fit(&levels(60, of)).unwrap();
        let firsts: Vec<_> = lines.stretches.iter().map(|one| one.first).collect();
        assert_eq!(firsts, [0, 20, 45]);
        assert!((lines.last().slope - 1.0).abs() < 0.1, "{lines:?}");
        assert!((lines.at(30) - 170.0).abs() < 1.0, "{lines:?}");
    }

    #[test]
    fn a_long_weekend_is_no_step() {
        let of = |day: usize| if (25..28).contains(&day) { 40.0 } else { 100.0 };
        assert_eq!(Lines::fit(&levels(50, of)).unwrap().stretches.len(), 1);
        let at_the_end = |day: usize| if day >= 47 { 40.0 } else { 100.0 };
        let lines = Lines::fit(&levels(50, at_the_end)).unwrap();
        assert_eq!(lines.stretches.len(), 1);
    }

    #[test]
    fn a_stretch_that_grows_otherwise_has_its_own_slope() {
        let of = |day: usize| match day {
            0..30 => 100.0,
            _ => 150.0 + 5.0 * (day - 30) as f64,
        };
        let lines = Lines::fit(&levels(50, of)).unwrap();
        assert!((lines.last().slope - 5.0).abs() < 0.2, "{lines:?}");
        assert!(lines.stretches[0].slope.abs() < 0.1, "{lines:?}");
    }
}
