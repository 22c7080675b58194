//! The lines of one histogram, put together.

use std::sync::Arc;

use plimsoll::histogram::{Explicit, Histogram, Layout};

/// Most buckets of a histogram.
const MAX_BUCKETS: usize = 4_096;
/// Up to here floats hold every count.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// One histogram of a page; it remembers its bounds from one scrape to the next.
#[derive(Debug)]
pub(super) struct Buckets {
    /// What bounds and sum are multiplied by.
    factor: f64,
    /// Upper bounds as they came, multiplied; the last one is infinite in all that is good.
    bounds: Vec<f64>,
    /// Counts up to each bound.
    counts: Vec<f64>,
    /// In which scrape each was seen last.
    seen: Vec<u32>,
    /// How many were seen in the scrape `scrape`.
    seen_now: usize,
    scrape: u32,
    sum: (u32, f64),
    count: (u32, f64),
    /// The finite bounds, where the buckets came in ascending order.
    layout: Option<Arc<[f64]>>,
}

impl Buckets {
    pub(super) fn new(factor: f64) -> Self {
        Self {
            factor,
            bounds: Vec::new(),
            counts: Vec::new(),
            seen: Vec::new(),
            seen_now: 0,
            scrape: 0,
            sum: (0, 0.0),
            count: (0, 0.0),
            layout: None,
        }
    }

    /// Where the bucket up to `le` is; a new one is made.
    pub(super) fn bucket(&mut self, le: f64) -> Result<usize, &'static str> {
        let bound = le * self.factor;
        if bound.is_nan() {
            return Err("is a bucket whose `le` is no number");
        }
        if let Some(known) = self.bounds.iter().position(|known| *known == bound) {
            return Ok(known);
        }
        if self.bounds.len() >= MAX_BUCKETS {
            return Err("is one bucket more than the 4096 that a histogram may have");
        }
        self.bounds.push(bound);
        self.counts.push(0.0);
        self.seen.push(0);
        self.layout = None;
        Ok(self.bounds.len() - 1)
    }

    #[inline]
    pub(super) fn put(&mut self, bucket: usize, count: f64, scrape: u32) {
        if self.scrape != scrape {
            self.scrape = scrape;
            self.seen_now = 0;
        }
        let cells = self.counts.get_mut(bucket).zip(self.seen.get_mut(bucket));
        if let Some((known, seen)) = cells {
            (*known, *seen) = (count, scrape);
            self.seen_now += 1;
        }
    }

    pub(super) fn put_sum(&mut self, sum: f64, scrape: u32) {
        self.sum = (scrape, sum);
    }

    pub(super) fn put_count(&mut self, count: f64, scrape: u32) {
        self.count = (scrape, count);
    }

    /// Whether any line of it was seen.
    pub(super) fn is_seen(&self, scrape: u32) -> bool {
        [self.scrape, self.sum.0, self.count.0].contains(&scrape)
    }

    /// The histogram as one scrape told it; `layouts` shares the bounds of all that have the same.
    pub(super) fn histogram(
        &mut self,
        scrape: u32,
        layouts: &mut Vec<Arc<[f64]>>,
    ) -> Result<Histogram, &'static str> {
        let told = (self.count.0 == scrape).then_some(self.count.1);
        let complete = self.scrape == scrape && self.seen_now == self.bounds.len();
        let (bounds, counts) = if complete && self.is_ascending() {
            let finite = self.bounds.len() - 1;
            let bounds = self
                .layout
                .get_or_insert_with(|| shared(&self.bounds[..finite], layouts))
                .clone();
            (bounds, differences(self.counts.iter().copied())?)
        } else {
            let mut pairs: Vec<(f64, f64)> = (0..self.bounds.len())
                .filter(|&at| self.seen[at] == scrape)
                .map(|at| (self.bounds[at], self.counts[at]))
                .collect();
            pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
            if pairs
                .last()
                .is_none_or(|(bound, _)| *bound != f64::INFINITY)
            {
                let all =
                    told.ok_or("is a histogram without a bucket le=\"+Inf\" and without a count")?;
                pairs.push((f64::INFINITY, all));
            }
            let finite: Vec<f64> = pairs[..pairs.len() - 1].iter().map(|pair| pair.0).collect();
            if finite.first() == Some(&f64::NEG_INFINITY) {
                return Err("is a histogram with a bucket le=\"-Inf\"");
            }
            let counts = differences(pairs.iter().map(|pair| pair.1))?;
            (shared(&finite, layouts), counts)
        };
        let count = counts.iter().sum();
        let sum = (self.sum.0 == scrape).then_some(self.sum.1 * self.factor);
        let sum = sum.filter(|sum| sum.is_finite());
        let layout = Layout::Explicit(Explicit { bounds, counts });
        Ok(match count {
            0 => Histogram {
                layout,
                count,
                sum: 0.0,
                min: f64::INFINITY,
                max: f64::NEG_INFINITY,
            },
            _ => Histogram {
                layout,
                count,
                sum: sum.unwrap_or(f64::NAN),
                min: f64::NAN,
                max: f64::NAN,
            },
        })
    }

    /// Whether the bounds came as they are kept, infinity last.
    fn is_ascending(&self) -> bool {
        self.layout.is_some()
            || self.bounds.last() == Some(&f64::INFINITY)
                && self.bounds[0] > f64::NEG_INFINITY
                && self.bounds.is_sorted_by(|a, b| a < b)
    }
}

/// The same bounds as those of other histograms, in one place.
fn shared(bounds: &[f64], layouts: &mut Vec<Arc<[f64]>>) -> Arc<[f64]> {
    /// More different bounds are not looked through.
    const MOST: usize = 64;
    if let Some(known) = layouts.iter().find(|known| known[..] == *bounds) {
        return known.clone();
    }
    let new: Arc<[f64]> = bounds.into();
    if layouts.len() < MOST {
        layouts.push(new.clone());
    }
    new
}

/// How many lie between bounds that follow each other.
fn differences(up_to: impl Iterator<Item = f64>) -> Result<Vec<u64>, &'static str> {
    let mut before = 0.0;
    up_to
        .map(|count| {
            if !(0.0..=EXACT).contains(&count) || count.fract() != 0.0 {
                return Err("is a histogram whose counts are no whole numbers");
            }
            if count < before {
                return Err("is a histogram whose counts fall from one bound to the next");
            }
            let between = (count - before) as u64;
            before = count;
            Ok(between)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(
        lines: &[(f64, f64)],
        count: Option<f64>,
        sum: Option<f64>,
    ) -> Result<Histogram, &'static str> {
        let mut buckets = Buckets::new(1.0);
        for &(le, up_to) in lines {
            let bucket = buckets.bucket(le).unwrap();
            buckets.put(bucket, up_to, 1);
        }
        count.iter().for_each(|count| buckets.put_count(*count, 1));
        sum.iter().for_each(|sum| buckets.put_sum(*sum, 1));
        buckets.histogram(1, &mut Vec::new())
    }

    fn explicit(histogram: &Histogram) -> (&[f64], &[u64]) {
        match &histogram.layout {
            Layout::Explicit(explicit) => (&explicit.bounds, &explicit.counts),
            Layout::Exponential(_) => panic!("another layout"),
        }
    }

    const INF: f64 = f64::INFINITY;

    #[test]
    fn counts_up_to_bounds_become_counts_between_them() {
        let histogram = of(&[(0.1, 2.0), (0.5, 2.0), (INF, 7.0)], Some(7.0), Some(9.5)).unwrap();
        assert_eq!(explicit(&histogram), (&[0.1, 0.5][..], &[2, 0, 5][..]));
        assert_eq!((histogram.count, histogram.sum), (7, 9.5));
    }

    #[test]
    fn buckets_in_any_order_and_without_infinity_are_understood() {
        let histogram = of(&[(0.5, 2.0), (0.1, 1.0)], Some(7.0), None).unwrap();
        assert_eq!(explicit(&histogram), (&[0.1, 0.5][..], &[1, 1, 5][..]));
        assert!(histogram.sum.is_nan());
        let bare = of(&[], Some(3.0), Some(1.0)).unwrap();
        assert_eq!(explicit(&bare), (&[][..], &[3][..]));
    }

    #[test]
    fn a_bucket_that_is_gone_takes_its_bound_along() {
        let mut buckets = Buckets::new(1.0);
        let mut layouts = Vec::new();
        for le in [0.1, 0.5, INF] {
            let bucket = buckets.bucket(le).unwrap();
            buckets.put(bucket, 4.0, 1);
        }
        assert_eq!(
            explicit(&buckets.histogram(1, &mut layouts).unwrap()).0,
            [0.1, 0.5]
        );
        buckets.put(0, 4.0, 2);
        buckets.put(2, 5.0, 2);
        assert_eq!(
            explicit(&buckets.histogram(2, &mut layouts).unwrap()),
            (&[0.1][..], &[4, 1][..])
        );
        assert!(!buckets.is_seen(3));
    }

    #[test]
    fn what_cannot_be_a_histogram_is_refused() {
        for (lines, expected) in [
            (&[(0.1, 3.0), (INF, 2.0)][..], "fall"),
            (&[(0.1, 1.5), (INF, 2.0)][..], "whole"),
            (&[(0.1, f64::NAN), (INF, 2.0)][..], "whole"),
            (&[(0.1, 1.0)][..], "+Inf"),
            (&[(f64::NEG_INFINITY, 1.0), (INF, 2.0)][..], "-Inf"),
        ] {
            let reason = of(lines, None, None).unwrap_err();
            assert!(reason.contains(expected), "{reason}");
        }
    }

    #[test]
    fn milliseconds_become_seconds() {
        let mut buckets = Buckets::new(1e-3);
        for (le, count) in [(5.0, 1.0), (INF, 2.0)] {
            let bucket = buckets.bucket(le).unwrap();
            buckets.put(bucket, count, 1);
        }
        buckets.put_sum(250.0, 1);
        let histogram = buckets.histogram(1, &mut Vec::new()).unwrap();
        assert_eq!(
            (explicit(&histogram).0, histogram.sum),
            (&[0.005][..], 0.25)
        );
    }
}
