//! Mergeable sketches of a distribution.
//!
//! Ours is the OpenTelemetry exponential histogram: bucket `i` at scale `s` covers `(b^i, b^(i+1)]` with
//! `b = 2^(2^-s)` (OpenTelemetry metrics data model, "ExponentialHistogram"). At [`Histogram::SCALE`] any
//! percentile is within ±1.1 % of the true value. A histogram with foreign bounds (Prometheus, OTLP explicit
//! bounds) keeps them.

mod buckets;
mod difference;
mod explicit;
mod exponential;
mod logarithm;
mod quantile;

use std::sync::Arc;

pub use buckets::Buckets;
pub(crate) use exponential::{bucket_bounds, index_at_scale_5, last_below};
pub use logarithm::Logarithms;
pub use quantile::Estimate;

/// Counts of values by bucket, with exact count, sum, minimum and maximum.
///
/// Values are in the unit of whoever records them; durations are seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// How values are sorted into buckets.
    pub layout: Layout,
    /// Number of values recorded.
    pub count: u64,
    /// Sum of the values.
    pub sum: f64,
    /// Smallest value; `+inf` while empty, `NaN` when the sender did not tell.
    pub min: f64,
    /// Largest value; `-inf` while empty, `NaN` when the sender did not tell.
    pub max: f64,
}

/// How a [`Histogram`] sorts values into buckets.
#[derive(Clone, Debug, PartialEq)]
pub enum Layout {
    /// Buckets whose width grows with the value: constant relative error.
    Exponential(Exponential),
    /// Buckets with the upper bounds of a foreign histogram.
    Explicit(Explicit),
}

/// Buckets of an exponential histogram.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Exponential {
    /// `2^scale` buckets per power of two.
    pub scale: i8,
    /// Values that are zero (or too small to tell from it).
    pub zero: u64,
    /// Buckets of the positive values.
    pub positive: Buckets,
    /// Buckets of the absolute values of the negative values.
    pub negative: Buckets,
}

/// Buckets with given upper bounds.
#[derive(Clone, Debug, PartialEq)]
pub struct Explicit {
    /// Upper bounds, ascending, inclusive; a last bucket without bound follows.
    pub bounds: Arc<[f64]>,
    /// One more than bounds.
    pub counts: Vec<u64>,
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl Histogram {
    /// The scale at which this library records: 32 buckets per power of two.
    pub const SCALE: i8 = 5;

    /// Most buckets of an exponential histogram: 40 powers of two at [`Histogram::SCALE`], so 1 µs to 12 days.
    /// Values further apart halve the resolution until they fit.
    pub const MAX_BUCKETS: usize = 1280;

    /// An empty exponential histogram at [`Histogram::SCALE`].
    pub fn new() -> Self {
        Self::with_layout(Layout::Exponential(Exponential {
            scale: Self::SCALE,
            ..Exponential::default()
        }))
    }

    /// An empty histogram with the given inclusive upper bounds; they are sorted, and duplicates and
    /// bounds that are not finite are left out (the bucket without bound is always there).
    pub fn with_bounds(bounds: &[f64]) -> Self {
        Self::with_layout(Layout::Explicit(Explicit::new(bounds)))
    }

    fn with_layout(layout: Layout) -> Self {
        Self {
            layout,
            count: 0,
            sum: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
        }
    }

    /// Counts one value. A value that is not finite is not counted.
    pub fn record(&mut self, value: f64) {
        self.record_n(value, 1);
    }

    /// Counts `value` `n` times. A value that is not finite is not counted.
    pub fn record_n(&mut self, value: f64, n: u64) {
        if n == 0 || !value.is_finite() {
            return;
        }
        match &mut self.layout {
            Layout::Exponential(buckets) => buckets.add(value, n),
            Layout::Explicit(buckets) => buckets.add(value, n),
        }
        self.include(n, value * n as f64, value, value);
    }

    /// Adds what `other` counted.
    ///
    /// Two exponential histograms meet at the coarser scale, two with equal bounds merge exactly, and two with
    /// different bounds keep the bounds that both have. An exponential one joins explicit bounds bucket by bucket:
    /// one that straddles a bound goes where its middle lies, so a value moves past a bound by at most half a
    /// bucket (1.1 % at [`Histogram::SCALE`]). The result does not depend on the order of merges; only the sum is
    /// subject to floating-point rounding.
    pub fn merge(&mut self, other: &Histogram) {
        if other.is_empty() && self.layout_covers(other) {
            return;
        }
        let merged = match (&mut self.layout, &other.layout) {
            (Layout::Exponential(mine), Layout::Exponential(theirs)) => {
                mine.merge(theirs);
                None
            }
            (Layout::Explicit(mine), Layout::Explicit(theirs)) => {
                mine.merge(theirs);
                None
            }
            (Layout::Explicit(mine), Layout::Exponential(theirs)) => {
                mine.merge_exponential(theirs);
                None
            }
            (Layout::Exponential(mine), Layout::Explicit(theirs)) => {
                let mut merged = theirs.clone();
                merged.merge_exponential(mine);
                Some(merged)
            }
        };
        if let Some(explicit) = merged {
            self.layout = Layout::Explicit(explicit);
        }
        if !other.is_empty() {
            self.include(other.count, other.sum, other.min, other.max);
        }
    }

    /// Mean of the values; `None` while empty.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// About how much memory the histogram takes.
    pub fn size_bytes(&self) -> usize {
        let buckets = match &self.layout {
            Layout::Exponential(buckets) => {
                buckets.positive.size_bytes() + buckets.negative.size_bytes()
            }
            Layout::Explicit(buckets) => buckets.counts.capacity() * size_of::<u64>(),
        };
        size_of::<Self>() + buckets
    }

    /// Whether merging the empty `other` would leave this layout as it is.
    fn layout_covers(&self, other: &Histogram) -> bool {
        match (&self.layout, &other.layout) {
            (Layout::Exponential(mine), Layout::Exponential(theirs)) => mine.scale <= theirs.scale,
            (Layout::Explicit(mine), Layout::Explicit(theirs)) => mine.bounds == theirs.bounds,
            (Layout::Explicit(_), Layout::Exponential(_)) => true,
            (Layout::Exponential(_), Layout::Explicit(_)) => false,
        }
    }

    fn include(&mut self, count: u64, sum: f64, min: f64, max: f64) {
        self.count += count;
        self.sum += sum;
        // `f64::min` ignores NaN, but a minimum that one side did not tell is not known.
        self.min = if self.min.is_nan() || min.is_nan() {
            f64::NAN
        } else {
            self.min.min(min)
        };
        self.max = if self.max.is_nan() || max.is_nan() {
            f64::NAN
        } else {
            self.max.max(max)
        };
    }
}

#[cfg(test)]
mod tests;
