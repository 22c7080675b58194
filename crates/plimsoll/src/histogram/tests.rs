use proptest::prelude::*;

use super::*;

fn histogram_of(values: &[f64]) -> Histogram {
    let mut histogram = Histogram::new();
    for &value in values {
        histogram.record(value);
    }
    histogram
}

fn merged(a: &Histogram, b: &Histogram) -> Histogram {
    let mut both = a.clone();
    both.merge(b);
    both
}

/// Equal but for rounding of the sum.
fn assert_same(a: &Histogram, b: &Histogram) {
    assert_eq!(a.layout, b.layout);
    assert_eq!((a.count, a.min, a.max), (b.count, b.min, b.max));
    assert!(
        (a.sum - b.sum).abs() <= 1e-9 * a.sum.abs().max(1.0),
        "sums {} and {}",
        a.sum,
        b.sum
    );
}

/// Any kind of histogram: two scales, two sets of bounds.
fn any_histogram() -> impl Strategy<Value = Histogram> {
    let values = prop::collection::vec(
        prop_oneof![Just(0.0), 1e-6..70.0f64, -5.0..5.0f64, 1e-12..1e12f64],
        0..60,
    );
    (values, 0..4u8).prop_map(|(values, kind)| {
        let mut histogram = match kind {
            0 => Histogram::new(),
            1 => Histogram::with_layout(Layout::Exponential(Exponential {
                scale: 7,
                ..Exponential::default()
            })),
            2 => Histogram::with_bounds(&[0.005, 0.1, 1.0, 10.0]),
            _ => Histogram::with_bounds(&[-1.0, 0.1, 0.5, 1.0, 30.0]),
        };
        values.iter().for_each(|&value| histogram.record(value));
        histogram
    })
}

/// Exact nearest-rank percentile.
fn exact_percentile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = ((q * sorted.len() as f64).ceil() as usize).clamp(1, sorted.len());
    sorted[rank - 1]
}

fn bucket_total(histogram: &Histogram) -> u64 {
    match &histogram.layout {
        Layout::Exponential(e) => {
            e.zero + e.positive.counts().sum::<u64>() + e.negative.counts().sum::<u64>()
        }
        Layout::Explicit(e) => e.counts.iter().sum(),
    }
}

proptest! {
    #[test]
    fn merge_is_commutative(a in any_histogram(), b in any_histogram()) {
        assert_same(&merged(&a, &b), &merged(&b, &a));
    }

    #[test]
    fn merge_of_one_kind_is_associative(parts in prop::collection::vec(prop::collection::vec(1e-12..1e12f64, 0..40), 3)) {
        let [a, b, c] = [0, 1, 2].map(|part: usize| histogram_of(&parts[part]));
        assert_same(&merged(&merged(&a, &b), &c), &merged(&a, &merged(&b, &c)));
    }

    #[test]
    fn merge_conserves_the_count(a in any_histogram(), b in any_histogram()) {
        let both = merged(&a, &b);
        prop_assert_eq!(both.count, a.count + b.count);
        prop_assert_eq!(bucket_total(&both), both.count);
    }

    #[test]
    fn a_percentile_is_within_1_1_percent_of_the_exact_one(
        values in prop::collection::vec(1e-6..68.0f64, 1..300),
        q in 0.0..=1.0f64,
    ) {
        let exact = exact_percentile(&values, q);
        let estimate = histogram_of(&values).percentile_with_error(q).unwrap();
        prop_assert!((estimate.value - exact).abs() <= 0.011 * exact, "{:?} for {}", estimate, exact);
        prop_assert!(estimate.low <= exact * (1.0 + 1e-12) && exact <= estimate.high * (1.0 + 1e-12));
    }

    #[test]
    fn a_difference_gives_back_what_was_added(
        before in prop::collection::vec(1e-6..68.0f64, 0..80),
        after in prop::collection::vec(1e-6..68.0f64, 0..80),
    ) {
        let earlier = histogram_of(&before);
        let added = histogram_of(&after);
        let difference = merged(&earlier, &added).difference(&earlier).unwrap();
        prop_assert_eq!(&difference.layout, &added.layout);
        prop_assert_eq!(difference.count, added.count);
    }
}

#[test]
fn different_scales_meet_at_the_coarser() {
    let mut coarse = Histogram::with_layout(Layout::Exponential(Exponential {
        scale: 3,
        ..Exponential::default()
    }));
    coarse.record(2.0);
    let both = merged(&histogram_of(&[2.0, 3.0]), &coarse);
    let Layout::Exponential(buckets) = &both.layout else {
        panic!("not exponential")
    };
    assert_eq!(buckets.scale, 3);
    // Scale 3: 2.0 is the end of bucket 7, 3.0 = 2^1.585 lies in bucket 12 (8 * 1.585 = 12.68).
    assert_eq!(
        buckets.positive.iter().collect::<Vec<_>>(),
        [(7, 2), (12, 1)]
    );
}

#[test]
fn different_bounds_keep_the_common_ones() {
    let mut fine = Histogram::with_bounds(&[1.0, 2.0, 3.0, 4.0]);
    let mut other = Histogram::with_bounds(&[2.0, 4.0, 8.0]);
    [0.5, 1.5, 2.5, 9.0]
        .iter()
        .for_each(|&value| fine.record(value));
    [1.0, 5.0].iter().for_each(|&value| other.record(value));
    let Layout::Explicit(buckets) = merged(&fine, &other).layout else {
        panic!("not explicit")
    };
    assert_eq!(buckets.bounds.as_ref(), [2.0, 4.0]);
    assert_eq!(buckets.counts, [3, 1, 2]);
}

#[test]
fn a_reset_stream_has_no_difference() {
    let before = histogram_of(&[0.1, 0.2, 0.3]);
    assert_eq!(histogram_of(&[0.1]).difference(&before), None);
    // As many values as before, but others: one bucket sank.
    assert_eq!(
        histogram_of(&[0.1, 0.2, 5.0, 6.0]).difference(&before),
        None
    );
}

#[test]
fn a_difference_survives_a_downscale_in_between() {
    let before = histogram_of(&[0.1, 0.2]);
    let mut now = before.clone();
    now.record(1e-9);
    now.record(1e9);
    assert_eq!(now.difference(&before).unwrap().count, 2);
}

#[test]
fn what_the_sender_did_not_tell_stays_unknown() {
    let mut foreign = histogram_of(&[1.0, 2.0]);
    foreign.max = f64::NAN;
    assert!(merged(&histogram_of(&[5.0]), &foreign).max.is_nan());
    assert_eq!(merged(&Histogram::new(), &histogram_of(&[5.0])).max, 5.0);
}

#[test]
fn ends_of_a_distribution_are_exact() {
    let histogram = histogram_of(&[0.013, 0.2, 7.77]);
    assert_eq!(histogram.percentile(0.0), Some(0.013));
    assert_eq!(histogram.percentile(1.0), Some(7.77));
    assert_eq!(histogram.percentile(1.5), None);
    assert_eq!(Histogram::new().percentile(0.5), None);
}

#[test]
fn an_explicit_percentile_is_interpolated_and_bounded() {
    let mut histogram = Histogram::with_bounds(&[0.0, 10.0, 20.0]);
    (1..=10).for_each(|n| histogram.record(10.0 + f64::from(n)));
    (0..90).for_each(|_| histogram.record(100.0));
    let p5 = histogram.percentile_with_error(0.05).unwrap();
    assert_eq!((p5.low, p5.high), (11.0, 20.0));
    assert_eq!(p5.value, 15.5);
    histogram.max = f64::NAN;
    let p50 = histogram.percentile_with_error(0.5).unwrap();
    assert_eq!((p50.value, p50.high), (20.0, f64::INFINITY));
}

#[test]
fn apdex_follows_the_specification() {
    // Apdex Technical Specification 1.1, example: 60 satisfied, 30 tolerating, 10 frustrated of 100 = 0.75.
    let mut histogram = Histogram::new();
    histogram.record_n(0.5, 60);
    histogram.record_n(2.0, 30);
    histogram.record_n(9.0, 10);
    assert_eq!(histogram.apdex(1.0), Some(0.75));
    assert_eq!(Histogram::new().apdex(1.0), None);
}

#[test]
fn what_is_above_a_limit_is_exact_at_bucket_ends_and_a_half_bucket_off_elsewhere() {
    let histogram = histogram_of(&[0.0, 0.25, 0.5, 0.500_001, 1.0, 1e6]);
    assert_eq!(histogram.count_above(0.5), 3);
    assert_eq!(histogram.count_above(0.0), 5);
    assert_eq!(histogram.count_above(2e6), 0);
    for limit in [0.001, 0.3, 0.75, 1.5, 30.0] {
        let beside = histogram_of(&[limit * 0.988, limit * 1.012]);
        assert_eq!(beside.count_above(limit), 1, "{limit}");
    }
}

#[test]
fn what_is_above_a_limit_is_told_of_foreign_and_coarse_histograms_too() {
    let mut foreign = Histogram::with_bounds(&[0.1, 0.5, 1.0]);
    for value in [0.05, 0.3, 0.7, 20.0] {
        foreign.record(value);
    }
    assert_eq!((foreign.count_above(0.5), foreign.count_above(1.0)), (2, 1));
    let coarse = histogram_of(&[1e-9, 0.3, 3.0, 1e9]);
    assert_eq!(coarse.count_above(1.0), 2);
}

#[test]
fn a_share_is_exact_at_bucket_ends() {
    let histogram = histogram_of(&[0.25, 0.5, 1.0, 2.0]);
    assert_eq!(histogram.fraction_at_or_below(0.5), Some(0.5));
    assert_eq!(histogram.fraction_at_or_below(2.0), Some(1.0));
    assert_eq!(histogram.fraction_at_or_below(0.1), Some(0.0));
}

#[test]
fn values_that_are_not_finite_are_not_counted() {
    assert!(histogram_of(&[f64::NAN, f64::INFINITY]).is_empty());
    assert_eq!(histogram_of(&[0.0, -0.0, f64::MIN_POSITIVE / 4.0]).count, 3);
}
