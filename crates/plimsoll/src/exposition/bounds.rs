//! Our histograms in the buckets that a scrape expects.

use std::sync::LazyLock;

use crate::histogram::{Histogram, Layout, last_below};

/// Upper bounds of the buckets of one family.
#[derive(Debug)]
pub(super) struct Bounds {
    values: &'static [f64],
    /// `le="0.005"`, by bound and then for the bucket without one; in both formats.
    pub(super) labels: [Vec<String>; 2],
    /// Per bound, the last bucket at [`Histogram::SCALE`] that counts as below it.
    last: Vec<i32>,
}

/// Most bounds of a family.
pub(super) const MAX: usize = 16;

/// Cumulative counts up to each bound, then of all.
pub(super) type Cumulative = [u64; MAX + 1];

/// Of `http.server.request.duration` (OpenTelemetry's advice).
pub(super) static REQUESTS: LazyLock<Bounds> = LazyLock::new(|| {
    Bounds::new(&[
        0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
    ])
});

/// Of functions, timers and waits, which may be much shorter.
pub(super) static CALLS: LazyLock<Bounds> = LazyLock::new(|| {
    Bounds::new(&[
        0.00001, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0,
    ])
});

impl Bounds {
    fn new(values: &'static [f64]) -> Self {
        let label = |text: String| format!("le=\"{text}\"}} ");
        let all = |form: fn(f64) -> String| {
            values
                .iter()
                .map(|&bound| label(form(bound)))
                .chain([label("+Inf".to_owned())])
                .collect()
        };
        Self {
            values,
            // OpenMetrics wants whole numbers with a fraction.
            labels: [
                all(|bound| format!("{bound}")),
                all(|bound| format!("{bound:?}")),
            ],
            last: values
                .iter()
                .map(|&bound| last_below(bound, Histogram::SCALE))
                .collect(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// The first bound that `value` does not exceed; [`Self::len`] for none.
    pub(super) fn position(&self, value: f64) -> usize {
        self.values.partition_point(|bound| *bound < value)
    }

    /// Counts `histogram` up to each bound. A bucket that straddles a bound goes where its middle lies, so a value moves
    /// past a bound by at most half a bucket (1.1 %).
    pub(super) fn count(&self, histogram: &Histogram) -> Cumulative {
        let mut counts: Cumulative = [0; MAX + 1];
        match &histogram.layout {
            Layout::Exponential(exponential) => {
                let below_all = exponential.zero + exponential.negative.counts().sum::<u64>();
                counts[0] += below_all;
                let coarser: Vec<i32>;
                let last = if exponential.scale == Histogram::SCALE {
                    &self.last
                } else {
                    coarser = self
                        .values
                        .iter()
                        .map(|&bound| last_below(bound, exponential.scale))
                        .collect();
                    &coarser
                };
                let mut bucket = 0;
                for (index, count) in exponential.positive.iter() {
                    while bucket < last.len() && index > last[bucket] {
                        bucket += 1;
                    }
                    counts[bucket] += count;
                }
            }
            Layout::Explicit(explicit) => {
                let positions = explicit
                    .bounds
                    .iter()
                    .map(|&bound| self.position(bound))
                    .chain([self.len()]);
                for (position, count) in positions.zip(&explicit.counts) {
                    counts[position] += count;
                }
            }
        }
        for i in 1..=self.len() {
            counts[i] += counts[i - 1];
        }
        counts[self.len()] = histogram.count;
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(bounds: &Bounds, values: &[f64]) -> Vec<u64> {
        let mut histogram = Histogram::new();
        values.iter().for_each(|value| histogram.record(*value));
        bounds.count(&histogram)[..=bounds.len()].to_vec()
    }

    #[test]
    fn values_away_from_a_bound_fall_where_they_belong() {
        let values = [0.0, 0.001, 0.007, 0.02, 0.02, 0.3, 4.0, 30.0];
        let expected: Vec<u64> = REQUESTS
            .values
            .iter()
            .map(|bound| values.iter().filter(|value| *value <= bound).count() as u64)
            .chain([8])
            .collect();
        assert_eq!(counted(&REQUESTS, &values), expected);
    }

    #[test]
    fn a_value_two_percent_off_a_bound_is_on_its_side() {
        for (i, bound) in REQUESTS.values.iter().enumerate() {
            assert_eq!(counted(&REQUESTS, &[bound * 0.98])[i], 1, "below {bound}");
            assert_eq!(counted(&REQUESTS, &[bound * 1.02])[i], 0, "above {bound}");
        }
    }

    #[test]
    fn coarser_and_explicit_histograms_are_counted_too() {
        let mut wide = Histogram::new();
        for value in [1e-9, 0.3, 1e9] {
            wide.record(value);
        }
        let counts = REQUESTS.count(&wide);
        assert_eq!((counts[0], counts[5], counts[8], counts[14]), (1, 1, 2, 3));
        let mut explicit = Histogram::with_bounds(&[0.1, 0.5, 20.0]);
        for value in [0.05, 0.3, 15.0, 100.0] {
            explicit.record(value);
        }
        let counts = REQUESTS.count(&explicit);
        assert_eq!(
            (counts[4], counts[5], counts[7], counts[13], counts[14]),
            (0, 1, 2, 2, 4)
        );
    }
}
