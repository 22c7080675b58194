//! How far values lie from what was expected of them.

use super::super::robust::{self, MAD_TO_SIGMA};

/// Values that tell how far others of about the same season lie off.
const VALUES: usize = 60;
/// Kinds of seasons told apart, from quiet to busy.
const BINS: usize = 12;
/// No season is quieter than this share of the usual.
const LEAST_SHARE: f64 = 0.1;

/// Errors as shares of the level or, of sums, as they are.
#[derive(Clone, Debug)]
pub(super) struct Spread {
    /// Season and deviation there, in order.
    deviations: Vec<(f64, f64)>,
    /// Quantiles of errors in deviations.
    low: f64,
    high: f64,
}

impl Spread {
    /// From errors and the season where each was made; `probability` lies between the bounds.
    pub(super) fn of(mut errors: Vec<(f64, f64)>, probability: f64) -> Self {
        errors.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let deviation = |errors: &[(f64, f64)]| {
            let mut sizes: Vec<f64> = errors.iter().map(|(_, error)| error.abs()).collect();
            robust::median(&mut sizes).unwrap_or(0.0) * MAD_TO_SIGMA
        };
        let usual = deviation(&errors);
        let bins = (errors.len() / VALUES).clamp(1, BINS);
        let of_bin = |bin: &[(f64, f64)]| {
            let mut seasons: Vec<f64> = bin.iter().map(|(season, _)| *season).collect();
            let size = deviation(bin).max(LEAST_SHARE * usual);
            Some((robust::median(&mut seasons)?, size))
        };
        let deviations = if usual > 0.0 {
            errors
                .chunks(errors.len().div_ceil(bins))
                .filter_map(of_bin)
                .collect()
        } else {
            Vec::new()
        };
        let mut spread = Self {
            deviations,
            low: 0.0,
            high: 0.0,
        };
        let mut scaled: Vec<f64> = errors
            .iter()
            .map(|(season, error)| error / spread.deviation(*season))
            .collect();
        let tail = (1.0 - probability) / 2.0;
        let mut bound = |q| robust::predictive_quantile(&mut scaled, q).unwrap_or(0.0);
        (spread.low, spread.high) = (bound(tail).min(0.0), bound(1.0 - tail).max(0.0));
        spread
    }

    /// How far values of this season lie below and above, both as positive numbers.
    pub(super) fn bounds(&self, season: f64) -> (f64, f64) {
        let deviation = self.deviation(season);
        (-self.low * deviation, self.high * deviation)
    }

    /// Between the kinds of seasons by straight line.
    fn deviation(&self, season: f64) -> f64 {
        let next = self.deviations.partition_point(|(at, _)| *at < season);
        match (next.checked_sub(1), self.deviations.get(next)) {
            (None, None) => 1.0,
            (None, Some((_, first))) => *first,
            (Some(last), None) => self.deviations[last].1,
            (Some(before), Some(&(to, high))) => {
                let (from, low) = self.deviations[before];
                low + (high - low) * (season - from) / (to - from)
            }
        }
    }
}
