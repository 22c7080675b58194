//! The score over the period, as far as it is remembered.

use crate::performance::Period;
use crate::report::contents::{Moment, ReportScore, ReportScores};
use crate::state::AppState;
use crate::store::table::Nanos;

/// Most points.
const MOST: usize = 120;

/// The scores of a service within a period.
pub(super) fn scores(app: &AppState, service: &str, period: Period) -> ReportScores {
    let known = app.judging.with(service, |judged| {
        let scores = judged.scores.iter().copied();
        let within = scores.filter(|(time, _)| (period.start..period.end).contains(time));
        within.collect::<Vec<_>>()
    });
    of(&known.unwrap_or_default())
}

fn of(known: &[(Nanos, f64)]) -> ReportScores {
    let lowest_first = |one: &&(Nanos, f64), other: &&(Nanos, f64)| one.1.total_cmp(&other.1);
    let lowest = known.iter().min_by(lowest_first);
    let sum: f64 = known.iter().map(|(_, score)| score).sum();
    // The lowest of those that share a point: what was bad for a minute is to be seen.
    let points = known.chunks(known.len().div_ceil(MOST).max(1));
    let points = points.filter_map(|chunk| chunk.iter().min_by(lowest_first));
    ReportScores {
        lowest: lowest.map(|(_, score)| *score),
        lowest_at: lowest.map(|(time, _)| Moment(*time)),
        highest: known.iter().map(|(_, score)| *score).reduce(f64::max),
        mean: (!known.is_empty()).then(|| sum / known.len() as f64),
        points: points
            .map(|&(time, score)| ReportScore {
                time: Moment(time),
                score,
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_minute_of_a_day_is_still_a_point() {
        let mut known: Vec<(Nanos, f64)> = (0..1_440).map(|minute| (minute, 90.0)).collect();
        known[700].1 = 40.0;
        known[900].1 = 95.0;
        let found = of(&known);
        assert_eq!((found.lowest, found.highest), (Some(40.0), Some(95.0)));
        assert_eq!(found.lowest_at, Some(Moment(700)));
        assert_eq!(found.points.len(), 120);
        assert_eq!(
            found.points.iter().filter(|one| one.score == 40.0).count(),
            1
        );
        // 1,438 of 90, one of 40, one of 95.
        assert!((found.mean.unwrap() - (1_438.0 * 90.0 + 135.0) / 1_440.0).abs() < 1e-9);
        assert_eq!(of(&[]).mean, None);
    }
}
