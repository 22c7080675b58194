//! What a histogram says about the logarithms of its values, by which answer times are compared: they vary by factors.

use super::{Histogram, Layout};

/// Values so small, and zeros, count as this: half a microsecond.
const SMALLEST: f64 = 5e-7;

/// Sums over the natural logarithms of values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Logarithms {
    /// Number of values.
    pub count: u64,
    /// Sum of the logarithms.
    pub sum: f64,
    /// Sum of their squares.
    pub squares: f64,
}

impl Histogram {
    /// The logarithms of all values, each taken as the middle of its bucket.
    pub fn logarithms(&self) -> Logarithms {
        let mut found = Logarithms::default();
        match &self.layout {
            Layout::Exponential(buckets) => {
                found.add(SMALLEST.ln(), buckets.zero);
                let width = std::f64::consts::LN_2 * (-f64::from(buckets.scale)).exp2();
                for (index, count) in buckets.positive.iter() {
                    let middle = (f64::from(index) + 0.5) * width;
                    found.add(middle.max(SMALLEST.ln()), count);
                }
            }
            Layout::Explicit(buckets) => {
                for (at, &count) in buckets.counts.iter().enumerate().filter(|&(_, &n)| n > 0) {
                    let (low, high) = buckets.ends(at);
                    let low = low.max(self.min).max(SMALLEST);
                    let high = match high.min(self.max) {
                        high if high.is_finite() => high.max(low),
                        _ => low,
                    };
                    found.add((low.ln() + high.ln()) / 2.0, count);
                }
            }
        }
        found
    }
}

impl Logarithms {
    fn add(&mut self, logarithm: f64, count: u64) {
        self.count += count;
        self.sum += logarithm * count as f64;
        self.squares += logarithm * logarithm * count as f64;
    }

    /// Their mean: the logarithm of the geometric mean. `None` without values.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }

    /// Their standard deviation; `None` without values.
    pub fn deviation(&self) -> Option<f64> {
        let mean = self.mean()?;
        Some(
            (self.squares / self.count as f64 - mean * mean)
                .max(0.0)
                .sqrt(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_geometric_mean_is_found_within_a_bucket() {
        let mut histogram = Histogram::new();
        for value in [0.01, 0.1, 1.0] {
            histogram.record_n(value, 100);
        }
        let found = histogram.logarithms();
        assert_eq!(found.count, 300);
        // ln 0.1, and the deviation of -1, 0, 1 in units of ln 10.
        assert!((found.mean().unwrap() - 0.1f64.ln()).abs() < 0.011);
        let deviation = (2.0f64 / 3.0).sqrt() * 10.0f64.ln();
        assert!((found.deviation().unwrap() - deviation).abs() < 0.011);
    }

    #[test]
    fn foreign_bounds_and_zeros_count_too() {
        let mut explicit = Histogram::with_bounds(&[0.1, 1.0]);
        explicit.record_n(0.5, 4);
        let mean = explicit.logarithms().mean().unwrap();
        assert!((0.1f64.ln()..=1.0f64.ln()).contains(&mean), "{mean}");
        let mut zeros = Histogram::new();
        zeros.record_n(0.0, 3);
        assert_eq!(zeros.logarithms().mean(), Some(SMALLEST.ln()));
        assert_eq!(Histogram::new().logarithms().mean(), None);
    }
}
