//! What one field of one group comes to in one bucket.

use std::ops::Range;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use plimsoll::histogram::{Estimate, Exponential, Histogram, Layout};

use super::number::Number;
use super::summary::Summary;
use crate::store::query::{Aggregate, Value};
use crate::store::table::{Column, Nanos, Values};

/// Which parts of a [`Cell`] the query reads; the others are not computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    /// Count, sum, minimum, maximum.
    pub(crate) summary: bool,
    pub(crate) last: bool,
    pub(crate) peak: bool,
    /// Single values, for exact percentiles.
    pub(crate) values: bool,
    pub(crate) histogram: bool,
}

impl Needs {
    /// For one more column of the answer.
    pub(crate) fn include(&mut self, aggregate: Aggregate) {
        match aggregate {
            Aggregate::Count | Aggregate::Sum | Aggregate::Mean => self.summary = true,
            Aggregate::Min | Aggregate::Max | Aggregate::Rate => self.summary = true,
            Aggregate::Last => self.last = true,
            Aggregate::Peak => self.peak = true,
            Aggregate::Percentile(_) => self.values = true,
            Aggregate::Distribution => self.histogram = true,
            Aggregate::None => {}
        }
    }
}

/// What the values of one field, group and bucket come to so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    pub(crate) summary: Option<Summary>,
    pub(crate) last: Option<(Nanos, Value)>,
    /// Rates per second by minute, or by rollup bucket; see [`Cell::add_rate`].
    rates: Option<Box<HashMap<Nanos, f64, RandomState>>>,
    pub(crate) values: Vec<f64>,
    pub(crate) histogram: Option<Box<Histogram>>,
}

/// An empty histogram at a scale of our choice.
pub(crate) fn sketch(scale: i8) -> Histogram {
    let buckets = Exponential {
        scale,
        ..Exponential::default()
    };
    Histogram {
        layout: Layout::Exponential(buckets),
        ..Histogram::new()
    }
}

impl Cell {
    /// Takes in the rows `range`; `scale` is that of the histogram made of single values. Rates are told by
    /// [`Cell::add_rate`].
    pub(crate) fn add_rows(
        &mut self,
        needs: Needs,
        scale: i8,
        column: &Column,
        range: Range<usize>,
    ) {
        if needs.summary
            && let Some(summary) = Summary::of_rows(column, range.clone())
        {
            self.add_summary(&summary);
        }
        if !needs.values && !needs.histogram {
            return;
        }
        if let Values::Histogram(histograms) = &column.values {
            for at in range.filter(|&at| is_present(column, at)) {
                self.add_histogram(&histograms[at]);
            }
            return;
        }
        let sketched = (needs.histogram || self.histogram.is_some())
            && !matches!(column.values, Values::String(_));
        if sketched {
            let histogram = self
                .histogram
                .get_or_insert_with(|| Box::new(sketch(scale)));
            each_float(column, range, |value| histogram.record(value));
        } else {
            each_float(column, range, |value| self.values.push(value));
        }
    }

    pub(crate) fn add_summary(&mut self, summary: &Summary) {
        match &mut self.summary {
            Some(mine) => mine.merge(summary),
            None => self.summary = Some(*summary),
        }
    }

    /// Takes in what another field of the same group and bucket came to.
    pub(crate) fn join(&mut self, other: Cell) {
        if let Some(summary) = &other.summary {
            self.add_summary(summary);
        }
        if let Some((time, value)) = other.last {
            self.add_last(time, || value);
        }
        for (minute, per_second) in other.rates.into_iter().flat_map(|rates| *rates) {
            self.add_rate(minute, per_second);
        }
        self.values.extend(other.values);
        if let Some(histogram) = &other.histogram {
            self.add_histogram(histogram);
        }
    }

    /// The value of the latest time counts; of equal times the one told later.
    pub(crate) fn add_last(&mut self, time: Nanos, value: impl FnOnce() -> Value) {
        if self.last.as_ref().is_none_or(|(latest, _)| *latest <= time) {
            self.last = Some((time, value()));
        }
    }

    /// Adds to the rate of one minute: what series do in the same minute adds up.
    pub(crate) fn add_rate(&mut self, minute: Nanos, per_second: f64) {
        *self
            .rates
            .get_or_insert_default()
            .entry(minute)
            .or_default() += per_second;
    }

    pub(crate) fn peak(&self) -> Option<f64> {
        self.rates.as_ref()?.values().copied().reduce(f64::max)
    }

    pub(crate) fn add_histogram(&mut self, other: &Histogram) {
        match &mut self.histogram {
            Some(histogram) => histogram.merge(other),
            None => self.histogram = Some(Box::new(other.clone())),
        }
    }

    /// Adds a histogram whose sum, minimum and maximum are told apart from it.
    pub(crate) fn add_bare_histogram(&mut self, other: &Histogram, summary: &Summary) {
        let known = self
            .histogram
            .as_ref()
            .map(|known| (known.sum, known.min, known.max));
        let (sum, min, max) = known.unwrap_or((0.0, f64::INFINITY, f64::NEG_INFINITY));
        self.add_histogram(other);
        if let Some(histogram) = &mut self.histogram {
            histogram.sum = sum + summary.sum.as_f64();
            histogram.min = min.min(summary.min.as_f64());
            histogram.max = max.max(summary.max.as_f64());
        }
    }

    /// Gives up the single values for a histogram of `scale`.
    pub(crate) fn compact(&mut self, scale: i8) {
        if self.values.is_empty() {
            return;
        }
        let histogram = self
            .histogram
            .get_or_insert_with(|| Box::new(sketch(scale)));
        self.values
            .drain(..)
            .for_each(|value| histogram.record(value));
        self.values.shrink_to_fit();
    }

    /// The smallest value that a share of at least `q` of the values does not exceed, and by how much of the true one it
    /// may be off: nothing when single values are at hand.
    pub(crate) fn percentile(&mut self, q: f64) -> Option<(f64, f64)> {
        if self.histogram.is_some() {
            self.compact(Histogram::SCALE);
            let estimate = self.histogram.as_ref()?.percentile_with_error(q)?;
            return Some((estimate.value, relative_error(estimate)));
        }
        let rank = ((q * self.values.len() as f64).ceil() as usize).max(1) - 1;
        if rank >= self.values.len() {
            return None;
        }
        let (_, value, _) = self.values.select_nth_unstable_by(rank, f64::total_cmp);
        Some((*value, 0.0))
    }

    /// The answer's value for a bucket that is asked about `seconds` long.
    pub(crate) fn value(
        &mut self,
        aggregate: Aggregate,
        seconds: f64,
        is_histogram: bool,
    ) -> Value {
        let summary = self.summary.as_ref();
        let value = match aggregate {
            Aggregate::Count => summary.map(|summary| Value::U64(summary.count)),
            Aggregate::Sum => summary.map(|summary| summary.sum.value()),
            Aggregate::Mean => summary
                .map(|summary| Number::F64(summary.sum.as_f64() / summary.count as f64).value()),
            Aggregate::Min => summary.map(|summary| summary.min.value()),
            Aggregate::Max => summary.map(|summary| summary.max.value()),
            Aggregate::Rate => summary.map(|summary| {
                let amount = if is_histogram {
                    summary.count as f64
                } else {
                    summary.sum.as_f64()
                };
                Number::F64(amount / seconds).value()
            }),
            Aggregate::Last => self.last.take().map(|(_, value)| value),
            Aggregate::Peak => self.peak().map(Value::F64),
            Aggregate::Percentile(q) => self.percentile(q).map(|(value, _)| Value::F64(value)),
            Aggregate::Distribution => {
                self.compact(Histogram::SCALE);
                self.histogram
                    .clone()
                    .map(|histogram| Value::Histogram((*histogram).into()))
            }
            Aggregate::None => None,
        };
        value.unwrap_or(Value::Null)
    }
}

/// How far the estimate may be from the true value, as a share of the latter; where that may be zero, of the estimate.
fn relative_error(estimate: Estimate) -> f64 {
    let (below, above) = (
        estimate.value - estimate.low,
        estimate.high - estimate.value,
    );
    match (
        below.max(above),
        estimate.low.abs().min(estimate.high.abs()),
    ) {
        (0.0, _) => 0.0,
        (_, least) if least > 0.0 && estimate.low.signum() == estimate.high.signum() => {
            (below / estimate.low.abs()).max(above / estimate.high.abs())
        }
        (off, _) => off / estimate.value.abs().max(f64::MIN_POSITIVE),
    }
}

fn is_present(column: &Column, at: usize) -> bool {
    column.present.as_ref().is_none_or(|present| present[at])
}

fn each_float(column: &Column, range: Range<usize>, mut each: impl FnMut(f64)) {
    let rows = range.filter(|&at| is_present(column, at));
    match &column.values {
        Values::F64(values) => rows.for_each(|at| each(values[at])),
        Values::I64(values) => rows.for_each(|at| each(values[at] as f64)),
        Values::U64(values) => rows.for_each(|at| each(values[at] as f64)),
        Values::Bool(values) => rows.for_each(|at| each(f64::from(u8::from(values[at])))),
        Values::String(_) | Values::Histogram(_) => {}
    }
}

/// The value of one row, nothing where the field is absent.
pub(crate) fn value_at(column: &Column, at: usize) -> Value {
    if !is_present(column, at) {
        return Value::Null;
    }
    match &column.values {
        Values::F64(values) => Value::F64(values[at]),
        Values::I64(values) => Value::I64(values[at]),
        Values::U64(values) => Value::U64(values[at]),
        Values::Bool(values) => Value::Bool(values[at]),
        Values::String(values) => Value::String(values[at].clone()),
        Values::Histogram(values) => Value::Histogram(values[at].clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_of_single_values_is_the_nearest_rank() {
        // 1..=20 in any order: p95 is the 19th, p50 the 10th, p0 the first.
        let mut cell = Cell {
            values: (1..=20).rev().map(f64::from).collect(),
            ..Cell::default()
        };
        assert_eq!(cell.percentile(0.95), Some((19.0, 0.0)));
        assert_eq!(cell.percentile(0.5), Some((10.0, 0.0)));
        assert_eq!(cell.percentile(0.0), Some((1.0, 0.0)));
        assert_eq!(cell.percentile(1.0), Some((20.0, 0.0)));
    }

    #[test]
    fn single_values_and_a_histogram_make_one_percentile_within_the_told_error() {
        let mut cell = Cell {
            values: (1..=50).map(f64::from).collect(),
            ..Cell::default()
        };
        let mut others = sketch(3);
        (51..=100).for_each(|value| others.record(f64::from(value)));
        cell.add_histogram(&others);
        let (p90, error) = cell.percentile(0.9).unwrap();
        // Scale 3: half a bucket is (2^(1/8) - 1) / (2^(1/8) + 1) = 4.33 %.
        assert!(
            (p90 - 90.0).abs() <= 90.0 * error && error <= 0.0434,
            "{p90} ± {error}"
        );
    }

    #[test]
    fn a_peak_adds_up_what_happens_in_the_same_minute() {
        let mut cell = Cell::default();
        cell.add_rate(0, 2.0);
        cell.add_rate(60, 3.0);
        cell.add_rate(0, 2.5);
        assert_eq!(cell.peak(), Some(4.5));
    }
}
