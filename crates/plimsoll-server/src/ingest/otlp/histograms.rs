//! Histograms of OTLP as ours. Malformed ones are refused rather than repaired.

use std::sync::Arc;

use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogramDataPoint, HistogramDataPoint,
    exponential_histogram_data_point::Buckets as SentBuckets,
};
use plimsoll::histogram::{Buckets, Explicit, Exponential, Histogram, Layout};

/// Most buckets of one side of a histogram; ours use 832.
const MAX_BUCKETS: usize = 4_096;

/// What a point of a histogram with explicit bounds counted.
#[derive(Debug, Default)]
pub(super) struct Counted {
    pub(super) count: u64,
    pub(super) sum: Option<f64>,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
    pub(super) counts: Vec<u64>,
}

impl From<&HistogramDataPoint> for Counted {
    fn from(point: &HistogramDataPoint) -> Self {
        Self {
            count: point.count,
            sum: point.sum,
            min: point.min,
            max: point.max,
            counts: point.bucket_counts.clone(),
        }
    }
}

/// The bounds of the point before, for the points of a metric have the same.
#[derive(Debug, Default)]
pub(super) struct Bounds(Option<Arc<[f64]>>);

impl Bounds {
    fn of(&mut self, sent: &[f64], factor: f64) -> Result<Arc<[f64]>, String> {
        if let Some(known) = &self.0
            && known.len() == sent.len()
            && known
                .iter()
                .zip(sent)
                .all(|(known, sent)| *known == sent * factor)
        {
            return Ok(known.clone());
        }
        let bounds: Arc<[f64]> = sent.iter().map(|bound| bound * factor).collect();
        if !bounds.iter().all(|bound| bound.is_finite()) || !bounds.is_sorted_by(|a, b| a < b) {
            return Err("has bounds that do not ascend".to_owned());
        }
        self.0 = Some(bounds.clone());
        Ok(bounds)
    }
}

impl Counted {
    /// The histogram; its values are multiplied by `factor`.
    pub(super) fn explicit(
        self,
        bounds: &[f64],
        factor: f64,
        known: &mut Bounds,
    ) -> Result<Histogram, String> {
        let mut counts = self.counts;
        if counts.is_empty() && bounds.is_empty() {
            counts = vec![self.count];
        }
        let buckets = counts.len();
        if buckets != bounds.len() + 1 {
            return Err(format!("has {buckets} buckets for {} bounds", bounds.len()));
        }
        if buckets > MAX_BUCKETS {
            return Err(format!("has {buckets} buckets, the most are {MAX_BUCKETS}"));
        }
        let bounds = known.of(bounds, factor)?;
        check_count(self.count, counts.iter().copied())?;
        let layout = Layout::Explicit(Explicit { bounds, counts });
        finish(layout, self.count, [self.sum, self.min, self.max], factor)
    }
}

/// Takes over a histogram with growing buckets. With a `factor` other than 1 its buckets no longer lie on powers of
/// the base, so they keep their exact bounds in an explicit layout.
pub(super) fn exponential(
    point: &ExponentialHistogramDataPoint,
    factor: f64,
) -> Result<Histogram, String> {
    let scale = i8::try_from(point.scale)
        .ok()
        .filter(|scale| (-10..=20).contains(scale))
        .ok_or_else(|| format!("has scale {}, which is not between -10 and 20", point.scale))?;
    let positive = side(point.positive.as_ref())?;
    let negative = side(point.negative.as_ref())?;
    let counts = positive.counts().chain(negative.counts());
    check_count(point.count, counts.chain([point.zero_count]))?;
    let layout = if factor == 1.0 {
        Layout::Exponential(Exponential {
            scale,
            zero: point.zero_count,
            positive,
            negative,
        })
    } else if !negative.is_empty() {
        return Err("counts negative values of a unit that is converted".to_owned());
    } else {
        Layout::Explicit(with_bounds(scale, point.zero_count, &positive, factor)?)
    };
    finish(
        layout,
        point.count,
        [point.sum, point.min, point.max],
        factor,
    )
}

/// The same layout with nothing counted: where a cumulative histogram starts.
pub(super) fn empty_like(histogram: &Histogram) -> Histogram {
    let layout = match &histogram.layout {
        Layout::Exponential(buckets) => Layout::Exponential(Exponential {
            scale: buckets.scale,
            ..Exponential::default()
        }),
        Layout::Explicit(buckets) => Layout::Explicit(Explicit {
            bounds: buckets.bounds.clone(),
            counts: vec![0; buckets.counts.len()],
        }),
    };
    Histogram {
        layout,
        count: 0,
        sum: 0.0,
        min: f64::INFINITY,
        max: f64::NEG_INFINITY,
    }
}

fn side(sent: Option<&SentBuckets>) -> Result<Buckets, String> {
    let Some(sent) = sent else {
        return Ok(Buckets::default());
    };
    let empty_before = sent
        .bucket_counts
        .iter()
        .take_while(|&&count| count == 0)
        .count();
    let Some(last) = sent.bucket_counts.iter().rposition(|&count| count > 0) else {
        return Ok(Buckets::default());
    };
    let counts = &sent.bucket_counts[empty_before..=last];
    if counts.len() > MAX_BUCKETS {
        return Err(format!(
            "has {} buckets, the most are {MAX_BUCKETS}",
            counts.len()
        ));
    }
    let beyond = || format!("has buckets from {}, which is out of range", sent.offset);
    let offset = i32::try_from(empty_before)
        .ok()
        .and_then(|skipped| sent.offset.checked_add(skipped))
        .filter(|offset| offset.checked_add(MAX_BUCKETS as i32 + 1).is_some())
        .ok_or_else(beyond)?;
    Ok(Buckets::from_counts(offset, counts))
}

fn with_bounds(scale: i8, zero: u64, positive: &Buckets, factor: f64) -> Result<Explicit, String> {
    let base_log2 = (-f64::from(scale)).exp2();
    let (offset, counts) = positive.to_counts();
    let bounds: Vec<f64> = (0..=counts.len() as i32)
        .map(|step| (f64::from(offset + step) * base_log2).exp2() * factor)
        .collect();
    if !bounds.iter().all(|bound| bound.is_finite()) || !bounds.is_sorted_by(|a, b| a < b) {
        return Err("has buckets beyond the range of a 64-bit float".to_owned());
    }
    let counts = std::iter::once(zero).chain(counts).chain([0]).collect();
    Ok(Explicit {
        bounds: bounds.into(),
        counts,
    })
}

fn check_count(count: u64, mut buckets: impl Iterator<Item = u64>) -> Result<(), String> {
    let sum = buckets.try_fold(0u64, |sum, count| sum.checked_add(count));
    match sum {
        Some(sum) if sum == count => Ok(()),
        Some(sum) => Err(format!("counts {count} values, but {sum} in its buckets")),
        None => Err("counts more values than 64 bits hold".to_owned()),
    }
}

fn finish(
    layout: Layout,
    count: u64,
    [sum, min, max]: [Option<f64>; 3],
    factor: f64,
) -> Result<Histogram, String> {
    if [sum, min, max]
        .into_iter()
        .flatten()
        .any(|value| !value.is_finite())
    {
        return Err("has a sum, minimum or maximum that is not finite".to_owned());
    }
    if count == 0 {
        return Ok(Histogram {
            layout,
            count,
            sum: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
        });
    }
    let scaled = |value: Option<f64>| value.map_or(f64::NAN, |value| value * factor);
    Ok(Histogram {
        layout,
        count,
        sum: scaled(sum),
        min: scaled(min),
        max: scaled(max),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(scale: i32, offset: i32, counts: &[u64]) -> ExponentialHistogramDataPoint {
        ExponentialHistogramDataPoint {
            count: counts.iter().sum(),
            sum: Some(3_000.0),
            scale,
            positive: Some(SentBuckets {
                offset,
                bucket_counts: counts.to_vec(),
            }),
            ..Default::default()
        }
    }

    fn explicit(point: &HistogramDataPoint, factor: f64) -> Result<Histogram, String> {
        let mut bounds = Bounds::default();
        Counted::from(point).explicit(&point.explicit_bounds, factor, &mut bounds)
    }

    #[test]
    fn milliseconds_with_bounds_become_seconds() {
        let point = HistogramDataPoint {
            count: 3,
            sum: Some(1_260.0),
            bucket_counts: vec![1, 1, 1],
            explicit_bounds: vec![5.0, 250.0],
            min: Some(4.0),
            max: Some(1_006.0),
            ..Default::default()
        };
        let histogram = explicit(&point, 1e-3).expect("well formed");
        assert_eq!(
            (histogram.count, histogram.sum, histogram.min, histogram.max),
            (3, 1.26, 0.004, 1.006)
        );
        assert!(
            matches!(&histogram.layout, Layout::Explicit(e) if e.bounds[..] == [0.005, 0.25] && e.counts == [1, 1, 1])
        );
    }

    #[test]
    fn growing_buckets_in_milliseconds_keep_their_exact_bounds() {
        // Scale 0: bucket 9 covers (512, 1024] ms, bucket 10 (1024, 2048] ms.
        let histogram = exponential(&sent(0, 9, &[2, 1]), 1e-3).expect("well formed");
        assert!(matches!(&histogram.layout,
            Layout::Explicit(e) if e.bounds[..] == [0.512, 1.024, 2.048] && e.counts == [0, 2, 1, 0]));
    }

    #[test]
    fn empty_buckets_at_the_ends_are_left_out() {
        let histogram = exponential(&sent(3, -2, &[0, 0, 4, 0, 1, 0]), 1.0).expect("well formed");
        assert!(matches!(&histogram.layout,
            Layout::Exponential(e) if e.positive == Buckets::from_counts(0, &[4, 0, 1])));
    }

    #[test]
    fn malformed_histograms_are_refused_with_a_reason() {
        let with = |change: fn(&mut HistogramDataPoint)| {
            let mut point = HistogramDataPoint {
                count: 2,
                sum: Some(1.0),
                bucket_counts: vec![1, 1],
                explicit_bounds: vec![1.0],
                ..Default::default()
            };
            change(&mut point);
            explicit(&point, 1.0).expect_err("malformed")
        };
        assert_eq!(
            with(|p| p.count = 3),
            "counts 3 values, but 2 in its buckets"
        );
        assert_eq!(
            with(|p| p.bucket_counts = vec![2]),
            "has 1 buckets for 1 bounds"
        );
        assert_eq!(
            with(|p| p.explicit_bounds = vec![f64::NAN]),
            "has bounds that do not ascend"
        );
        assert_eq!(
            with(|p| p.sum = Some(f64::NAN)),
            "has a sum, minimum or maximum that is not finite"
        );
        assert_eq!(
            with(|p| p.bucket_counts = vec![u64::MAX, 3]),
            "counts more values than 64 bits hold"
        );
        assert!(exponential(&sent(21, 0, &[1]), 1.0).is_err());
        assert!(exponential(&sent(5, i32::MAX, &[1]), 1.0).is_err());
        assert!(exponential(&sent(-10, 2_000_000, &[1]), 1e-3).is_err());
    }
}
