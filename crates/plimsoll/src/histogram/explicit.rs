//! Buckets with the upper bounds of a foreign histogram.

use std::sync::Arc;

use super::exponential::lower_bound;
use super::{Explicit, Exponential};

impl Explicit {
    pub(super) fn new(bounds: &[f64]) -> Self {
        let mut bounds: Vec<f64> = bounds
            .iter()
            .copied()
            .filter(|bound| bound.is_finite())
            .collect();
        bounds.sort_by(f64::total_cmp);
        bounds.dedup();
        Self {
            counts: vec![0; bounds.len() + 1],
            bounds: bounds.into(),
        }
    }

    pub(super) fn add(&mut self, value: f64, n: u64) {
        let at = self.bounds.partition_point(|&bound| bound < value);
        if let Some(count) = self.counts.get_mut(at) {
            *count += n;
        }
    }

    pub(super) fn merge(&mut self, other: &Explicit) {
        if self.bounds == other.bounds {
            for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
                *mine += theirs;
            }
            return;
        }
        let common: Arc<[f64]> = self
            .bounds
            .iter()
            .copied()
            .filter(|bound| other.bounds.contains(bound))
            .collect();
        let mut merged = Explicit {
            counts: vec![0; common.len() + 1],
            bounds: common,
        };
        merged.merge_finer(self);
        merged.merge_finer(other);
        *self = merged;
    }

    /// Adds `finer`, which has all bounds of this one.
    fn merge_finer(&mut self, finer: &Explicit) {
        for (at, &count) in finer.counts.iter().enumerate() {
            match finer.bounds.get(at) {
                Some(&upper) => self.add(upper, count),
                None => self.add(f64::INFINITY, count),
            }
        }
    }

    /// Adds exponential buckets; one that straddles a bound goes where its middle lies.
    pub(super) fn merge_exponential(&mut self, other: &Exponential) {
        let middle =
            |index| (lower_bound(index, other.scale) + lower_bound(index + 1, other.scale)) / 2.0;
        for (index, count) in other.negative.iter() {
            self.add(-middle(index), count);
        }
        if other.zero > 0 {
            self.add(0.0, other.zero);
        }
        for (index, count) in other.positive.iter() {
            self.add(middle(index), count);
        }
    }

    /// Lower and upper end of bucket `at`, infinite at the ends.
    pub(super) fn ends(&self, at: usize) -> (f64, f64) {
        let lower = at
            .checked_sub(1)
            .and_then(|below| self.bounds.get(below))
            .copied()
            .unwrap_or(f64::NEG_INFINITY);
        (lower, self.bounds.get(at).copied().unwrap_or(f64::INFINITY))
    }
}
