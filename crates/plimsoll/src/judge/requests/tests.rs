//! What counts mean: hand-made sums.

use super::*;
use crate::analysis::{Basis, Stretch};
use crate::histogram::Histogram;
use crate::standards::Bands;

/// Requests that took so long, each so often, in every slot of ten minutes.
fn each_slot(secs: &[(f64, u64)], errors: u64, usual: Option<&Usual>) -> Sums {
    over(60, |_| secs.to_vec(), errors, usual)
}

fn over(
    slots: i64,
    secs: impl Fn(i64) -> Vec<(f64, u64)>,
    errors: u64,
    usual: Option<&Usual>,
) -> Sums {
    let mut kept = Slots::default();
    for slot in 0..slots {
        let mut duration = Histogram::new();
        secs(slot)
            .iter()
            .for_each(|&(secs, times)| duration.record_n(secs, times));
        kept.put(
            slot,
            Counts::of(&duration, errors, &Bands::below(0.5), usual),
        );
    }
    sums(&kept, slots - 1)
}

fn usual(secs: &[(f64, u64)], error_rate: f64) -> Usual {
    let mut duration = Histogram::new();
    secs.iter()
        .for_each(|&(secs, times)| duration.record_n(secs, times));
    let errors = (error_rate * duration.count as f64) as u64;
    let hour = Stretch {
        duration,
        errors,
        minutes: 60.0,
    };
    Usual::of(&[hour.clone(), hour.clone(), hour], Basis::SameHours).unwrap()
}

#[test]
fn a_class_is_past_its_line_when_more_than_a_twentieth_is_and_that_is_no_chance() {
    let past = each_slot(&[(0.1, 18), (0.6, 2)], 0, None);
    assert!(matches!(
        past_line(&past),
        Reading::Breach(_, Severity::Low)
    ));
    let kept = each_slot(&[(0.1, 97), (0.6, 3)], 0, None);
    assert!(matches!(past_line(&kept), Reading::Well(ratio) if ratio < 0.9));
    assert_eq!(past_line(&each_slot(&[], 0, None)), Reading::NotEnoughData);
}

#[test]
fn severity_is_that_of_the_multiple_which_a_twentieth_exceeds() {
    let tiers = [
        (0.6, Severity::Low),
        (0.8, Severity::Medium),
        (1.1, Severity::High),
        (1.6, Severity::Critical),
    ];
    for (secs, severity) in tiers {
        let sums = each_slot(&[(0.1, 10), (secs, 10)], 0, None);
        assert!(
            matches!(past_line(&sums), Reading::Breach(_, found) if found == severity),
            "{secs}"
        );
    }
}

#[test]
fn the_last_minute_decides_where_it_has_enough_requests() {
    // Slow until a minute ago.
    let over_it = over(
        60,
        |slot| vec![(if slot < 54 { 2.0 } else { 0.1 }, 10)],
        0,
        None,
    );
    assert!(matches!(past_line(&over_it), Reading::Well(_)));
    let begun = over(
        60,
        |slot| vec![(if slot < 54 { 0.1 } else { 2.0 }, 10)],
        0,
        None,
    );
    assert!(matches!(
        past_line(&begun),
        Reading::Breach(_, Severity::Critical)
    ));
}

#[test]
fn of_a_route_with_a_request_a_minute_single_slow_ones_mean_nothing() {
    let once_a_minute = |secs: fn(i64) -> f64| {
        over(
            60,
            move |slot| {
                if slot % 6 == 0 {
                    vec![(secs(slot / 6), 1)]
                } else {
                    Vec::new()
                }
            },
            0,
            None,
        )
    };
    let single = once_a_minute(|minute| if minute == 9 || minute == 4 { 3.0 } else { 0.1 });
    assert!(matches!(past_line(&single), Reading::Well(_)));
    let all = once_a_minute(|minute| if minute > 4 { 3.0 } else { 0.1 });
    assert!(matches!(past_line(&all), Reading::Breach(_, _)));
}

#[test]
fn three_times_slower_than_usual_is_seen_below_the_line_too() {
    let usually = usual(&[(0.05, 80), (0.08, 15), (0.12, 5)], 0.0);
    let now = each_slot(&[(0.15, 8), (0.24, 1), (0.36, 1)], 0, Some(&usually));
    assert!(matches!(past_line(&now), Reading::Well(_)));
    assert!(matches!(
        slower_than_usual(&now, Some(&usually)),
        Reading::Breach(..)
    ));
    let as_usual = each_slot(&[(0.06, 8), (0.1, 1), (0.14, 1)], 0, Some(&usually));
    assert!(matches!(
        slower_than_usual(&as_usual, Some(&usually)),
        Reading::Well(_)
    ));
    assert_eq!(slower_than_usual(&now, None), Reading::NotEnoughData);
}

#[test]
fn a_few_much_slower_ones_are_seen_by_the_tail() {
    let usually = usual(&[(0.05, 100)], 0.0);
    let tail = each_slot(&[(0.05, 17), (0.3, 3)], 0, Some(&usually));
    assert!(matches!(
        slower_than_usual(&tail, Some(&usually)),
        Reading::Breach(..)
    ));
}

#[test]
fn what_is_within_the_target_is_nothing_to_tell_of() {
    let usually = usual(&[(0.002, 100)], 0.0);
    let slower = each_slot(&[(0.02, 20)], 0, Some(&usually));
    assert!(matches!(
        slower_than_usual(&slower, Some(&usually)),
        Reading::Well(_)
    ));
}

#[test]
fn errors_start_as_high_and_a_rise_below_the_limit_as_medium() {
    let burst = each_slot(&[(0.1, 10)], 2, None);
    assert!(matches!(
        errors(&burst, 0.1, None),
        Reading::Breach(_, Severity::High)
    ));
    let all = each_slot(&[(0.1, 10)], 10, None);
    assert!(matches!(
        errors(&all, 0.1, None),
        Reading::Breach(_, Severity::Critical)
    ));
    let usually = usual(&[(0.1, 1_000)], 0.001);
    let risen = each_slot(&[(0.1, 30)], 1, None);
    assert!(matches!(
        errors(&risen, 0.1, Some(&usually)),
        Reading::Breach(_, Severity::Medium)
    ));
    assert!(matches!(errors(&risen, 0.1, None), Reading::Well(_)));
}
