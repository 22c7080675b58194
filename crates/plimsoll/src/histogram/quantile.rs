//! What a histogram says about its values: percentiles, shares, apdex.

use super::exponential::{last_below, lower_bound};
use super::{Histogram, Layout};

/// A value read from buckets, with the range in which the true one lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// The true value is not below this.
    pub low: f64,
    /// The true value is not above this.
    pub high: f64,
}

/// A bucket with values: lower end, upper end, count.
type Occupied = (f64, f64, u64);

impl Histogram {
    /// The smallest value that a share of at least `q` (0 to 1) of the values does not exceed ("nearest rank");
    /// `None` while empty, or when `q` is not within 0 to 1.
    pub fn percentile(&self, q: f64) -> Option<f64> {
        Some(self.percentile_with_error(q)?.value)
    }

    /// Like [`percentile`](Self::percentile), with the bounds of the error.
    ///
    /// Of an exponential bucket the value is `2·low·high/(low+high)`, whose relative error is the same towards both
    /// ends: at most `(b-1)/(b+1)`, 1.083 % at [`Histogram::SCALE`]. Between explicit bounds values are taken as spread
    /// evenly.
    pub fn percentile_with_error(&self, q: f64) -> Option<Estimate> {
        if self.is_empty() || !(0.0..=1.0).contains(&q) {
            return None;
        }
        let rank = ((q * self.count as f64).ceil() as u64).clamp(1, self.count);
        if rank == 1 && self.min.is_finite() {
            return Some(Estimate {
                value: self.min,
                low: self.min,
                high: self.min,
            });
        }
        if rank == self.count && self.max.is_finite() {
            return Some(Estimate {
                value: self.max,
                low: self.max,
                high: self.max,
            });
        }
        let mut below = 0;
        for (low, high, count) in self.occupied() {
            if below + count >= rank {
                return Some(self.within(low, high, (rank - below) as f64 / count as f64));
            }
            below += count;
        }
        None // A sender whose count is larger than its buckets' sum: the rank is in no bucket.
    }

    /// Share of the values that are at most `limit`, 0 to 1; `None` while empty. Exact at bucket ends, interpolated
    /// within.
    pub fn fraction_at_or_below(&self, limit: f64) -> Option<f64> {
        if self.is_empty() || limit.is_nan() {
            return None;
        }
        if limit >= self.max {
            return Some(1.0);
        }
        if limit < self.min {
            return Some(0.0);
        }
        let mut total = 0.0;
        for (low, high, count) in self.occupied() {
            let (low, high) = self.clamped(low, high);
            let share = if high <= limit {
                1.0
            } else if low >= limit || !low.is_finite() || !high.is_finite() {
                0.0
            } else {
                (limit - low) / (high - low)
            };
            total += share * count as f64;
        }
        Some((total / self.count as f64).min(1.0))
    }

    /// Number of values above `limit`, as far as buckets tell: one that straddles the limit counts on the side where its
    /// middle lies, so a value within half a bucket of the limit (1.1 % at [`Histogram::SCALE`]) may be on the wrong side.
    /// Exact where the limit is a bucket's end, as every power of two is. What is above adds up over merged histograms.
    pub fn count_above(&self, limit: f64) -> u64 {
        match &self.layout {
            Layout::Exponential(buckets) if limit > 0.0 => {
                let last = last_below(limit, buckets.scale);
                let above = buckets.positive.iter().filter(|&(index, _)| index > last);
                above.map(|(_, count)| count).sum()
            }
            _ => {
                let occupied = self.occupied().into_iter();
                let above = occupied.filter(|&(low, high, _)| (low + high) / 2.0 > limit);
                above.map(|(_, _, count)| count).sum()
            }
        }
    }

    /// Apdex for the target `satisfied_secs`: values up to it count fully, up to four times it half (Apdex Technical
    /// Specification 1.1); `None` while empty.
    pub fn apdex(&self, satisfied_secs: f64) -> Option<f64> {
        let satisfied = self.fraction_at_or_below(satisfied_secs)?;
        let tolerated = self.fraction_at_or_below(4.0 * satisfied_secs)?;
        Some((satisfied + tolerated) / 2.0)
    }

    fn within(&self, low: f64, high: f64, share: f64) -> Estimate {
        let (low_known, high_known) = self.clamped(low, high);
        let value = match &self.layout {
            Layout::Exponential(_) if low == high => low,
            Layout::Exponential(_) => 2.0 * (low / (low + high)) * high,
            // Nothing is known beyond the last bound: the bound itself is the honest estimate.
            Layout::Explicit(_) if !high_known.is_finite() => low_known,
            Layout::Explicit(_) if !low_known.is_finite() => high_known,
            Layout::Explicit(_) => low_known + (high_known - low_known) * share,
        };
        Estimate {
            value: value.clamp(low_known, high_known),
            low: low_known,
            high: high_known,
        }
    }

    /// The ends of a bucket, not beyond minimum and maximum where these are known.
    fn clamped(&self, low: f64, high: f64) -> (f64, f64) {
        let clamped_low = if self.min.is_nan() {
            low
        } else {
            low.max(self.min)
        };
        let clamped_high = if self.max.is_nan() {
            high
        } else {
            high.min(self.max)
        };
        if clamped_low <= clamped_high {
            (clamped_low, clamped_high)
        } else {
            (low, high)
        }
    }

    /// The buckets that hold values, ascending by value.
    fn occupied(&self) -> Vec<Occupied> {
        match &self.layout {
            Layout::Exponential(buckets) => {
                let bound = |index| lower_bound(index, buckets.scale);
                let negative = buckets
                    .negative
                    .iter()
                    .rev()
                    .map(|(index, n)| (-bound(index + 1), -bound(index), n));
                let zero = (buckets.zero > 0).then_some((0.0, 0.0, buckets.zero));
                let positive = buckets
                    .positive
                    .iter()
                    .map(|(index, n)| (bound(index), bound(index + 1), n));
                negative.chain(zero).chain(positive).collect()
            }
            Layout::Explicit(buckets) => {
                let counts = buckets
                    .counts
                    .iter()
                    .enumerate()
                    .filter(|&(_, &count)| count > 0);
                counts
                    .map(|(at, &count)| (buckets.ends(at).0, buckets.ends(at).1, count))
                    .collect()
            }
        }
    }
}
