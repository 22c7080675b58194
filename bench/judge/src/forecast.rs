//! Forecasts of made histories, against what came then and against seasonal naive ones.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use plimsoll::analysis::forecast::{History, Options, Step, forecast};

use crate::figure::Figures;
use crate::histories::{self, Kind, Made};
use crate::naive;

/// Lengths of histories.
const WEEKS: [usize; 5] = [3, 4, 6, 8, 12];
/// Days forecast.
const DAYS: [usize; 2] = [7, 14];

/// Sums over histories, each of the same weight.
#[derive(Clone, Copy, Default)]
struct Score {
    histories: f64,
    /// Share of what came that lay within the interval.
    covered: f64,
    /// Width by that of the seasonal naive interval.
    width: f64,
    /// Share that lay within the seasonal naive interval.
    naive_covered: f64,
    /// Mean absolute error by that of the seasonal naive forecast.
    error: f64,
}

impl Score {
    fn add(&mut self, other: Self) {
        self.histories += other.histories;
        self.covered += other.covered;
        self.width += other.width;
        self.naive_covered += other.naive_covered;
        self.error += other.error;
    }

    fn line(&self) -> String {
        let mean = |sum: f64| sum / self.histories;
        format!(
            "coverage {:.3}, width {:.3}, error {:.3}, coverage of seasonal naive {:.3}, {} forecasts",
            mean(self.covered),
            mean(self.width),
            mean(self.error),
            mean(self.naive_covered),
            self.histories
        )
    }
}

/// Measures with `seeds` histories of each kind, step and length.
pub fn run(figures: &Figures, seeds: u64) {
    let mut all = Score::default();
    let mut by: BTreeMap<String, Score> = BTreeMap::new();
    let mut took = Vec::new();
    for kind in Kind::ALL {
        for weeks in WEEKS {
            for seed in 0..seeds {
                let hourly = histories::hourly(kind, weeks, DAYS[1], seed);
                let daily = histories::daily(&hourly);
                for (made, step) in [(&hourly, Step::Hour), (&daily, Step::Day)] {
                    let Some((scores, time)) = judge(made, step) else {
                        eprintln!(
                            "nothing to compare with: {kind:?}, {step:?}, {weeks} weeks, seed {seed}"
                        );
                        continue;
                    };
                    if step == Step::Hour && weeks == 8 {
                        took.push(time);
                    }
                    for (days, score) in DAYS.into_iter().zip(scores) {
                        let of = [
                            format!("{kind:?}"),
                            format!("{step:?}"),
                            format!("{weeks:2} weeks"),
                            format!("{days:2} days ahead"),
                        ];
                        of.into_iter()
                            .for_each(|of| by.entry(of).or_default().add(score));
                        all.add(score);
                    }
                }
            }
        }
    }
    for (of, score) in &by {
        eprintln!("{of:>15}: {}", score.line());
    }
    eprintln!("            all: {}", all.line());
    figures.ours("forecast_coverage", all.covered / all.histories, "share");
    figures.ours("forecast_width", all.width / all.histories, "ratio");
    took.sort_unstable();
    let middle = took.get(took.len() / 2).copied().unwrap_or_default();
    figures.ours("forecast_ms", middle.as_secs_f64() * 1e3, "ms");
}

/// The scores of both horizons, and how long one forecast took; `None` where no week knows some hour, so that there is no
/// seasonal naive forecast.
fn judge(made: &Made, step: Step) -> Option<([Score; 2], Duration)> {
    let season = match step {
        Step::Hour => 7 * 24,
        Step::Day => 7,
    };
    let history = History {
        start: made.start,
        step,
        values: made.known.clone(),
    };
    let begun = Instant::now();
    let found = forecast(&history, made.later.len(), &Options::default());
    let found = found.expect("three weeks are enough");
    let took = begun.elapsed();
    let ours: Vec<(f64, f64)> = found.points.iter().map(|at| (at.low, at.high)).collect();
    let naive = naive::intervals(&history, season, made.later.len())?;
    let scores = DAYS.map(|days| {
        let length = days * season / 7;
        Score {
            histories: 1.0,
            covered: covered(&ours[..length], &made.later),
            width: width(&ours[..length]) / width(&naive[..length]),
            naive_covered: covered(&naive[..length], &made.later),
            error: error(
                found.points[..length].iter().map(|at| at.value),
                &made.later,
            ) / error(
                naive[..length].iter().map(|at| f64::midpoint(at.0, at.1)),
                &made.later,
            ),
        }
    });
    Some((scores, took))
}

fn covered(intervals: &[(f64, f64)], came: &[Option<f64>]) -> f64 {
    let known = intervals.iter().zip(came);
    let within: Vec<bool> = known
        .filter_map(|((low, high), came)| came.map(|came| (*low..=*high).contains(&came)))
        .collect();
    within.iter().filter(|within| **within).count() as f64 / within.len() as f64
}

fn width(intervals: &[(f64, f64)]) -> f64 {
    let sum: f64 = intervals.iter().map(|(low, high)| high - low).sum();
    sum / intervals.len() as f64
}

fn error(values: impl Iterator<Item = f64>, came: &[Option<f64>]) -> f64 {
    let errors = values
        .zip(came)
        .filter_map(|(value, came)| Some((value - (*came)?).abs()));
    let errors: Vec<f64> = errors.collect();
    errors.iter().sum::<f64>() / errors.len() as f64
}
