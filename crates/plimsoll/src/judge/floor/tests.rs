//! Classes at, above and below their floors, in generated time.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::analysis::forecast::histories::random::Random;
use crate::judge::Observed;
use crate::judge::tests::{Simulated, requests, route};
use crate::standards::Standards;

const MINUTE: i64 = 6;

/// What is expected: so many reads and writes a minute.
fn standards(floors: &[(&str, f64)]) -> Arc<Standards> {
    let mut standards = Standards::default();
    for class in &mut standards.classes {
        let floor = floors.iter().find(|(name, _)| *name == &*class.name);
        class.floor_per_minute = floor.map(|(_, floor)| *floor);
    }
    standards.shared()
}

/// So many reads and writes in ten seconds.
fn asked(reads: u64, writes: u64) -> Observed {
    let all = [("GET", reads), ("POST", writes)];
    let asked = all.into_iter().filter(|(_, number)| *number > 0);
    Observed {
        routes: asked
            .map(|(method, number)| route(method, "/orders", 0.05, number, 0))
            .collect(),
        ..Observed::default()
    }
}

#[test]
fn a_class_below_its_floor_is_told_and_over_when_it_is_asked_again() {
    let mut service = Simulated::of(standards(&[("write", 30.0)]));
    assert_eq!(service.pass(30 * MINUTE, |_| asked(20, 10)).told, []);
    service.pass(10 * MINUTE, |_| asked(20, 0));
    let (at, severity) = service.fired("floor:write").unwrap();
    assert!(at <= 180, "{at}");
    assert_eq!(severity, Severity::Critical);
    assert_eq!(service.all_fired(), ["floor:write"]);
    service.pass(10 * MINUTE, |_| asked(20, 10));
    assert!(service.resolved("floor:write").is_some_and(|at| at <= 180));
    // A third less than there must be: less severe, and seen later.
    service.pass(30 * MINUTE, |at| {
        asked(20, if at % 3 == 0 { 10 } else { 0 })
    });
    let (at, severity) = service.fired("floor:write").unwrap();
    assert!(at <= 900, "{at}");
    assert_eq!(severity, Severity::Low);
}

#[test]
fn a_class_at_its_floor_all_day_long_is_no_alarm() {
    for (floor, days, seed) in [(3.0, 2, 1), (60.0, 1, 2), (60.0, 1, 3), (6_000.0, 1, 4)] {
        let mut random = Random(seed);
        let counts: Vec<u64> = (0..days * 24 * 60 * MINUTE)
            .map(|_| random.poisson(floor / 6.0) as u64)
            .collect();
        let mut service = Simulated::of(standards(&[("read", floor)]));
        service.pass(counts.len() as i64, |at| asked(counts[at as usize], 0));
        assert_eq!(
            service.all_fired(),
            [] as [&str; 0],
            "floor {floor}, seed {seed}"
        );
        // A third less is no chance.
        service.pass(6 * 60 * MINUTE, |at| asked(counts[at as usize] * 2 / 3, 0));
        assert_eq!(
            service.all_fired(),
            ["floor:read"],
            "floor {floor}, seed {seed}"
        );
    }
}

#[test]
fn a_floor_of_a_few_an_hour_is_judged_over_hours() {
    // Six an hour, each tenth minute one.
    let sometimes = |at: i64| asked(10, u64::from(at % (10 * MINUTE) == 0));
    let mut service = Simulated::of(standards(&[("write", 0.1)]));
    assert_eq!(service.pass(12 * 60 * MINUTE, sometimes).told, []);
    service.pass(6 * 60 * MINUTE, |_| asked(10, 0));
    let (at, _) = service.fired("floor:write").unwrap();
    assert!(at < 6 * 3_600, "{at}");
}

#[test]
fn what_was_not_heard_is_not_missed() {
    let mut service = Simulated::of(standards(&[("read", 60.0), ("write", 30.0)]));
    service.pass(30 * MINUTE, |_| asked(20, 10));
    assert_eq!(service.vanish(60 * MINUTE).all_fired(), [] as [&str; 0]);
    // It comes again, cold, and is asked as before.
    service.pass(20 * MINUTE, |at| Observed {
        started: at == 0,
        ..asked(20, 10)
    });
    assert_eq!(service.told, []);
    // Heard, but not asked: of each class.
    service.pass(10 * MINUTE, |_| Observed::default());
    let mut fired = service.all_fired();
    fired.sort_unstable();
    assert_eq!(fired, ["floor:read", "floor:write"]);
}

#[test]
fn no_floor_and_a_class_that_this_service_does_not_have_are_nothing_to_judge() {
    let mut service = Simulated::of(standards(&[("write", 30.0)]));
    service.pass(60 * MINUTE, |_| requests(0.05, 20, 0));
    service.pass(60 * MINUTE, |_| Observed::default());
    assert_eq!(service.told, []);
    // It was asked once; then it is expected.
    service.pass(MINUTE, |_| asked(0, 10));
    service.pass(10 * MINUTE, |_| asked(20, 0));
    assert_eq!(service.all_fired(), ["floor:write"]);
    // Whoever takes the floor away ends its alert; another look at the same standards does not.
    service.judge.expect(standards(&[("write", 30.0)]));
    assert_eq!(service.pass(10 * MINUTE, |_| asked(20, 0)).told, []);
    service.judge.expect(standards(&[]));
    service.pass(10 * MINUTE, |_| asked(20, 0));
    assert!(service.resolved("floor:write").is_some());
}

proptest! {
    #[test]
    fn fewer_requests_are_never_less_severe(
        a in 0u64..500,
        b in 0u64..500,
        minutes in 1.0f64..60.0,
        floor in 0.1f64..50.0,
    ) {
        let of = |requests: u64| match reading(&[(requests, minutes)], floor).0 {
            Reading::Breach(ratio, severity) => (Some(severity), ratio),
            Reading::Well(ratio) => (None, ratio),
            Reading::NotEnoughData => (None, f64::NAN),
        };
        let (fewer, more) = (of(a.min(b)), of(a.max(b)));
        prop_assert!(fewer.0 >= more.0 && fewer.1 >= more.1, "{fewer:?} {more:?}");
    }
}
