//! Mergeable sketches of a distribution.
//!
//! Ours is the OpenTelemetry exponential histogram: bucket `i` at scale `s` covers `(b^i, b^(i+1)]` with
//! `b = 2^(2^-s)` (OpenTelemetry metrics data model, "ExponentialHistogram"). At [`Histogram::SCALE`] any
//! percentile is within ±1.1 % of the true value. A histogram with foreign bounds (Prometheus, OTLP explicit
//! bounds) keeps them.

use std::sync::Arc;

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

/// A run of neighbouring buckets.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Buckets {
    /// Index of the first bucket.
    pub offset: i32,
    /// Counts of the buckets `offset..`.
    pub counts: Vec<u64>,
}

/// Buckets with given upper bounds.
#[derive(Clone, Debug, PartialEq)]
pub struct Explicit {
    /// Upper bounds, ascending, inclusive; a last bucket without bound follows.
    pub bounds: Arc<[f64]>,
    /// One more than bounds.
    pub counts: Vec<u64>,
}
