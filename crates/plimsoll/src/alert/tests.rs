//! The life of an alert in generated time.

use proptest::prelude::*;

use super::*;
use crate::standards::AlertRules;

const SECOND: i64 = 1_000_000_000;
const START: i64 = 1_800_000_000 * SECOND;

/// Steps every ten seconds; tells when what became different, in seconds since the start.
fn life(readings: &[Reading]) -> Vec<(i64, Transition)> {
    let mut state = State::default();
    let rules = AlertRules::default();
    let steps = readings.iter().zip(0..);
    let told = steps.filter_map(|(reading, at)| {
        let now = START + at * 10 * SECOND;
        step(&mut state, *reading, now, &rules).map(|transition| (at * 10, transition))
    });
    told.collect()
}

const BAD: Reading = Reading::Breach(1.2, Severity::Low);
const WORSE: Reading = Reading::Breach(4.0, Severity::Critical);
const WELL: Reading = Reading::Well(0.4);
const NEAR: Reading = Reading::Well(0.95);
const NOTHING: Reading = Reading::NotEnoughData;

fn of(parts: &[(Reading, usize)]) -> Vec<Reading> {
    let parts = parts
        .iter()
        .flat_map(|(reading, times)| std::iter::repeat_n(*reading, *times));
    parts.collect()
}

#[test]
fn a_minute_of_breach_fires_and_a_minute_of_health_resolves() {
    let told = life(&of(&[(WELL, 2), (BAD, 12), (WELL, 12)]));
    let expected = [
        (20, Transition::Pended),
        (80, Transition::Fired(Severity::Low)),
        (190, Transition::Resolved),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_short_breach_is_withdrawn_and_never_told() {
    let told = life(&of(&[(BAD, 5), (WELL, 1), (BAD, 5), (WELL, 3)]));
    assert!(
        told.iter()
            .all(|(_, what)| matches!(what, Transition::Pended | Transition::Withdrawn))
    );
}

#[test]
fn an_empty_window_neither_fires_nor_resolves() {
    assert_eq!(
        life(&of(&[(BAD, 3), (NOTHING, 60)])),
        [(0, Transition::Pended)]
    );
    let told = life(&of(&[(BAD, 10), (NOTHING, 100)]));
    assert_eq!(told.last(), Some(&(60, Transition::Fired(Severity::Low))));
}

#[test]
fn between_line_and_recovery_it_stays() {
    let told = life(&of(&[(BAD, 10), (NEAR, 100), (WELL, 7)]));
    assert_eq!(told.last(), Some(&(1_150, Transition::Resolved)));
    assert_eq!(told.len(), 3);
}

#[test]
fn what_gets_worse_is_told_again_and_what_gets_better_is_not() {
    let told = life(&of(&[(BAD, 10), (WORSE, 3), (BAD, 3), (WORSE, 3)]));
    let expected = [
        (0, Transition::Pended),
        (60, Transition::Fired(Severity::Low)),
        (100, Transition::Worsened(Severity::Critical)),
    ];
    assert_eq!(told, expected);
}

#[test]
fn what_fires_again_and_again_takes_longer_to_resolve() {
    let told = life(&of(&[(BAD, 7), (WELL, 40)].repeat(4)));
    let gaps: Vec<i64> = told
        .windows(2)
        .filter(|pair| pair[1].1 == Transition::Resolved)
        .map(|pair| pair[1].0 - pair[0].0)
        .collect();
    assert_eq!(gaps, [60, 60, 120, 240]);
}

#[test]
fn a_clock_that_jumps_and_a_machine_that_slept_prove_nothing() {
    let rules = AlertRules::default();
    for jump in [3_600, -3_600, 8 * 3_600] {
        let mut state = State::default();
        let mut now = START;
        step(&mut state, BAD, now, &rules);
        now += jump * SECOND;
        // One look after an hour is not an hour of breach.
        assert_eq!(step(&mut state, BAD, now, &rules), None, "{jump}");
        for _ in 0..6 {
            now += 10 * SECOND;
            step(&mut state, BAD, now, &rules);
        }
        assert!(matches!(state.phase, Phase::Firing { .. }), "{jump}");
    }
}

#[test]
fn resolved_by_hand_it_fires_anew_after_a_full_wait() {
    let rules = AlertRules::default();
    let mut state = State::default();
    let mut now = START;
    let mut told = Vec::new();
    for at in 0..20 {
        if at == 10 {
            resolve(&mut state);
        }
        told.extend(step(&mut state, BAD, now, &rules).map(|what| (at, what)));
        now += 10 * SECOND;
    }
    let fired = Transition::Fired(Severity::Low);
    let expected = [
        (0, Transition::Pended),
        (6, fired),
        (10, Transition::Pended),
        (16, fired),
    ];
    assert_eq!(told, expected);
}

fn reading() -> impl Strategy<Value = Reading> {
    prop_oneof![
        Just(NOTHING),
        (0.0f64..=1.0).prop_map(Reading::Well),
        (1.001f64..5.0)
            .prop_map(|ratio| Reading::Breach(ratio, Severity::of_ratio(ratio).unwrap())),
    ]
}

proptest! {
    #[test]
    fn it_never_fires_twice_without_being_over_in_between(readings in proptest::collection::vec(reading(), 0..400)) {
        let mut fires = false;
        for (_, what) in life(&readings) {
            match what {
                Transition::Fired(_) => {
                    prop_assert!(!fires);
                    fires = true;
                }
                Transition::Resolved => {
                    prop_assert!(fires);
                    fires = false;
                }
                Transition::Worsened(_) => prop_assert!(fires),
                Transition::Pended | Transition::Withdrawn => prop_assert!(!fires),
            }
        }
        // Every firing ends once it is well for long enough.
        let mut ended = readings;
        ended.extend(of(&[(WELL, 200)]));
        let last = life(&ended).into_iter().rev().find(|(_, what)| {
            matches!(what, Transition::Fired(_) | Transition::Resolved)
        });
        prop_assert!(!matches!(last, Some((_, Transition::Fired(_)))));
    }
}
