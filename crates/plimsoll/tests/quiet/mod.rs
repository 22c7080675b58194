//! What a quiet shop measured of itself (`shop.jsonl`, whose first line says when and how) is no alarm to any detector; and the same
//! with a fault in it is one of the right kind.
//!
//! The shop fails by itself: each sixteenth of its recommendations, and one payment in a hundred. That is below the error rate that
//! the default standards allow, so these are what is judged by.

mod recording;

use std::sync::Arc;

use plimsoll::alert::{Kind, Transition, Unit};
use plimsoll::analysis::forecast::{Foreseen, History, Step};
use plimsoll::judge::{Judge, Observed, SLOT_NS};
use plimsoll::standards::Standards;

use recording::{Recording, slower};

/// A Monday, 2026-01-05.
const START: i64 = 1_767_571_200_000_000_000;
/// How often the recording is played without a fault before one begins.
const QUIET: usize = 2;
/// And how often with it: an hour together with the ones before.
const FAULTY: usize = 3;

/// What fired: key and kind, in the order in which they did.
type Fired = Vec<(String, Kind)>;

/// Plays the recording as often as needed. `fault` changes the slots after the quiet ones; what is usual is learned from the
/// recording itself once it was heard.
fn play(standards: Standards, fault: impl Fn(usize, &mut Observed)) -> (Fired, Fired) {
    let recording = Recording::read();
    let mut judge = Judge::new(standards.shared());
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let first = START / SLOT_NS;
    let length = recording.slots.len();
    for at in 0..length * (QUIET + FAULTY) {
        let mut observed = recording.slots[at % length].clone();
        observed.started = at == 0;
        let is_faulty = at >= length * QUIET;
        if is_faulty {
            fault(at - length * QUIET, &mut observed);
        }
        let slot = first + at as i64;
        judge.observe(slot, &observed);
        if at + 1 == length {
            recording.teach(&mut judge);
        }
        for event in judge.evaluate(slot, (slot + 1) * SLOT_NS) {
            if let Transition::Fired(_) = event.transition {
                let fired = if is_faulty { &mut after } else { &mut before };
                fired.push((event.key.to_string(), event.kind));
            }
        }
    }
    (before, after)
}

/// Nothing fires without the fault, and this key and kind do with it.
#[track_caller]
fn only_with(fault: impl Fn(usize, &mut Observed), key: &str, kind: Kind) {
    only_by(&Standards::default, fault, key, kind);
}

#[track_caller]
fn only_by(
    standards: &dyn Fn() -> Standards,
    fault: impl Fn(usize, &mut Observed),
    key: &str,
    kind: Kind,
) {
    let (before, after) = play(standards(), |_, _| {});
    assert_eq!((before, after), (Vec::new(), Vec::new()), "quiet");
    let (before, after) = play(standards(), fault);
    assert_eq!(before, [], "before the fault");
    let expected = (key.to_owned(), kind);
    assert!(after.contains(&expected), "{key} is not among {after:?}");
}

/// The routes whose name begins so.
fn routes<'a>(
    observed: &'a mut Observed,
    method: &'a str,
) -> impl Iterator<Item = &'a mut plimsoll::judge::RouteObserved> {
    let routes = observed.routes.iter_mut();
    routes.filter(move |route| &*route.method == method)
}

#[test]
fn the_recording_is_of_a_shop_that_was_asked_all_the_time() {
    let recording = Recording::read();
    assert!(recording.slots.len() >= 90, "{}", recording.slots.len());
    let all = recording.slots.iter().flat_map(|slot| &slot.routes);
    let requests: u64 = all.map(|route| route.duration.count).sum();
    let per_second = requests as f64 / (10.0 * recording.slots.len() as f64);
    assert!((7.0..13.0).contains(&per_second), "{per_second}");
    assert!(recording.slots.iter().all(|slot| slot.routes.len() >= 3));
    assert!(recording.slots.iter().all(|slot| slot.memory.len() == 1));
}

#[test]
fn slow_class() {
    // As `/demo/break?what=slow` does: payments take eight times as long.
    let slow = |_: usize, observed: &mut Observed| {
        routes(observed, "POST").for_each(|route| slower(route, 8));
    };
    only_with(slow, "class:write", Kind::SlowRequest);
}

#[test]
fn route_against_usual() {
    let slow = |_: usize, observed: &mut Observed| {
        routes(observed, "POST").for_each(|route| slower(route, 3));
    };
    only_with(slow, "route:POST /checkout", Kind::SlowRequest);
}

#[test]
fn errors() {
    let failing = |_: usize, observed: &mut Observed| {
        routes(observed, "GET").for_each(|route| route.errors = route.duration.count / 2);
    };
    only_with(failing, "errors:GET /products/{id}", Kind::ErrorRate);
}

#[test]
fn levels() {
    let used = |key: &'static str, value: f64| {
        move |_: usize, observed: &mut Observed| {
            let of_key = observed
                .levels
                .iter_mut()
                .filter(|level| &*level.key == key);
            of_key.for_each(|level| level.value = value);
        }
    };
    only_with(
        used("pool:sqlite", 7.0),
        "pool:sqlite",
        Kind::ResourceViolation,
    );
    only_with(used("cpu", 0.95), "cpu", Kind::ResourceViolation);
    only_with(used("memory", 6e8), "memory", Kind::HighMemory);
    only_with(used("disk", 0.95), "disk", Kind::ResourceViolation);
    only_with(used("disk_io", 2_500.0), "disk_io", Kind::ResourceViolation);
}

#[test]
fn leak() {
    // A tenth more each minute.
    let leaking = |at: usize, observed: &mut Observed| {
        let memory = observed.memory.iter_mut();
        memory.for_each(|(_, bytes)| *bytes *= 1.0 + 0.1 * at as f64 / 6.0);
    };
    only_with(leaking, "leak:", Kind::MemoryLeak);
}

#[test]
fn climb() {
    // 20 MB in each ten seconds, as `/demo/break?what=leak` does, but not for so long that ten minutes would show it.
    let climbing = |at: usize, observed: &mut Observed| {
        let memory = observed.memory.iter_mut();
        memory.for_each(|(_, bytes)| *bytes += 2e7 * at.min(15) as f64);
    };
    only_with(climbing, "leak:", Kind::MemoryLeak);
}

#[test]
fn silence() {
    let silent = |_: usize, observed: &mut Observed| observed.routes.clear();
    only_with(silent, "silence", Kind::Silence);
}

#[test]
fn surge() {
    let crowded = |_: usize, observed: &mut Observed| {
        for route in &mut observed.routes {
            let once = route.duration.clone();
            (0..4).for_each(|_| route.duration.merge(&once));
        }
    };
    only_with(crowded, "surge", Kind::TrafficSurge);
}

#[test]
fn burn() {
    // One request in ten waits for 0.7 s, where 0.5 s are the line.
    let waiting = |_: usize, observed: &mut Observed| {
        routes(observed, "GET").for_each(|route| {
            let tenth = route.duration.count.div_ceil(9);
            route.duration.record_n(0.7, tenth);
        });
    };
    only_with(waiting, "burn:read", Kind::BurnRate);
}

#[test]
fn floor() {
    // Each class's floor is nine tenths of what it got.
    let recording = Recording::read();
    let minutes = recording.slots.len() as f64 / 6.0;
    let standards = || {
        let mut standards = Standards::default();
        let expected = standards.clone();
        for class in &mut standards.classes {
            let all = recording.slots.iter().flat_map(|slot| &slot.routes);
            let of_class = all.filter(|route| {
                expected.expected(&route.method, &route.route).class.name == class.name
            });
            let requests: u64 = of_class.map(|route| route.duration.count).sum();
            let floor = 0.9 * requests as f64 / minutes;
            class.floor_per_minute = (requests > 0).then_some(floor);
        }
        standards
    };
    let fewer = |at: usize, observed: &mut Observed| {
        observed
            .routes
            .retain(|route| &*route.method != "POST" || at.is_multiple_of(3));
    };
    only_by(&standards, fewer, "floor:write", Kind::Silence);
}

#[test]
fn forecast() {
    // Months were not recorded: each hour is two minutes of the recording, at another place of it each time.
    let recording = Recording::read();
    let level = |key: &str, hour: usize| {
        let slots = (0..12).map(|slot| &recording.slots[(hour * 7 + slot) % recording.slots.len()]);
        let values = slots.filter_map(|slot| slot.levels.iter().find(|level| &*level.key == key));
        let values: Vec<f64> = values.map(|level| level.value).collect();
        values.iter().sum::<f64>() / values.len() as f64
    };
    let fired = |key: &str, limit: f64, grown: &dyn Fn(usize, f64) -> f64| {
        let mut judge = Judge::new(Standards::default().shared());
        let mut fired = Vec::new();
        for days in 14..34 {
            let hours = (0..24 * days).map(|hour| Some(grown(hour, level(key, hour))));
            let history = History {
                start: START,
                step: Step::Hour,
                values: hours.collect(),
            };
            let found = Foreseen::of(&history, limit, Unit::Ratio).unwrap();
            judge.foresee(key, found);
            for look in 0..9 {
                let now = START + days as i64 * 86_400_000_000_000 + look * SLOT_NS;
                let told = judge.evaluate(now / SLOT_NS, now).into_iter();
                let told = told.filter(|event| matches!(event.transition, Transition::Fired(_)));
                fired.extend(told.map(|event| (event.key, event.kind)));
            }
        }
        fired
    };
    let levels = [
        ("cpu", 0.8),
        ("memory", 5e8),
        ("disk", 0.9),
        ("pool:sqlite", 5.0),
    ];
    for (key, limit) in levels {
        assert_eq!(fired(key, limit, &|_, value| value), [], "{key}");
    }
    // A day's growth of a hundredth of the line.
    let of_memory = fired("memory", 5e8, &|hour, value| {
        2.5e8 + value + 5e6 * hour as f64 / 24.0
    });
    assert_eq!(of_memory, [(Arc::from("forecast:memory"), Kind::Forecast)]);
}
