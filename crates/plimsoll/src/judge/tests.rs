//! A service in generated time: faults of every kind are found, and what is no fault is not told.

use super::*;
use crate::alert::Severity;
use crate::analysis::{Basis, Stretch};
use crate::config::Profile;
use crate::histogram::Histogram;

const EPOCH: i64 = 1_800_000_000_000_000_000;

/// One service whose slots are made by a function.
pub(super) struct Simulated {
    pub(super) judge: Judge,
    slot: i64,
    pub(super) told: Vec<(i64, String, Transition)>,
}

impl Simulated {
    fn new() -> Self {
        Self::of(Standards::default().shared())
    }

    /// One of which that is expected.
    pub(super) fn of(standards: Arc<Standards>) -> Self {
        Self {
            judge: Judge::new(standards),
            slot: EPOCH / SLOT_NS,
            told: Vec::new(),
        }
    }

    /// Lets so many slots pass; what is told is noted with the second since the first of these slots.
    pub(super) fn pass(&mut self, slots: i64, make: impl Fn(i64) -> Observed) -> &mut Self {
        self.evaluate(slots, |at| Some(make(at)))
    }

    /// Lets so many slots pass in which nothing is heard.
    pub(super) fn vanish(&mut self, slots: i64) -> &mut Self {
        self.evaluate(slots, |_| None)
    }

    fn evaluate(&mut self, slots: i64, make: impl Fn(i64) -> Option<Observed>) -> &mut Self {
        self.told.clear();
        for at in 0..slots {
            if let Some(observed) = make(at) {
                self.judge.observe(self.slot, &observed);
            }
            let now = (self.slot + 1) * SLOT_NS;
            for event in self.judge.evaluate(self.slot, now) {
                self.told
                    .push(((at + 1) * 10, event.key.to_string(), event.transition));
            }
            self.slot += 1;
        }
        self
    }

    /// When an alert of this key fired, and how severe it was.
    pub(super) fn fired(&self, key: &str) -> Option<(i64, Severity)> {
        self.told.iter().find_map(|(at, of, what)| match what {
            Transition::Fired(severity) if of == key => Some((*at, *severity)),
            _ => None,
        })
    }

    pub(super) fn resolved(&self, key: &str) -> Option<i64> {
        let resolved =
            |(_, of, what): &&(i64, String, Transition)| of == key && *what == Transition::Resolved;
        self.told.iter().find(resolved).map(|(at, ..)| *at)
    }

    pub(super) fn all_fired(&self) -> Vec<&str> {
        let fired = self
            .told
            .iter()
            .filter(|(.., what)| matches!(what, Transition::Fired(_)));
        fired.map(|(_, key, _)| key.as_str()).collect()
    }
}

pub(super) fn route(
    method: &str,
    name: &str,
    secs: f64,
    requests: u64,
    errors: u64,
) -> RouteObserved {
    let mut duration = Histogram::new();
    duration.record_n(secs, requests);
    RouteObserved {
        method: method.into(),
        route: name.into(),
        duration,
        errors,
    }
}

pub(super) fn requests(secs: f64, requests: u64, errors: u64) -> Observed {
    Observed {
        routes: vec![route("GET", "/orders", secs, requests, errors)],
        ..Observed::default()
    }
}

fn level(key: &str, value: f64, limit: f64) -> Observed {
    Observed {
        levels: vec![LevelObserved {
            key: key.into(),
            kind: Kind::ResourceViolation,
            unit: Unit::Count,
            value,
            limit: Limit::Ceiling(limit),
        }],
        ..Observed::default()
    }
}

fn usual(secs: f64, requests_of_hour: u64) -> Usual {
    let mut duration = Histogram::new();
    duration.record_n(secs, requests_of_hour);
    let hour = Stretch {
        duration,
        errors: 0,
        minutes: 60.0,
    };
    Usual::of(&[hour.clone(), hour.clone(), hour], Basis::SameHours).unwrap()
}

#[test]
fn a_slowdown_past_the_line_fires_within_two_minutes_and_resolves_as_fast() {
    let mut service = Simulated::new();
    assert_eq!(service.pass(60, |_| requests(0.1, 20, 0)).told, []);
    service.pass(30, |_| requests(0.9, 20, 0));
    let (at, severity) = service.fired("class:read").unwrap();
    assert!((70..=120).contains(&at), "{at}");
    assert_eq!(severity, Severity::Medium);
    service.pass(30, |_| requests(0.1, 20, 0));
    let at = service.resolved("class:read").unwrap();
    assert!(at <= 150, "{at}");
}

#[test]
fn an_error_burst_fires_and_resolves() {
    let mut service = Simulated::new();
    service.pass(60, |_| requests(0.1, 20, 0));
    service.pass(30, |_| requests(0.1, 20, 8));
    let (at, severity) = service.fired("errors:GET /orders").unwrap();
    assert!(at <= 120 && severity >= Severity::High, "{at} {severity:?}");
    service.pass(30, |_| requests(0.1, 20, 0));
    assert!(service.resolved("errors:GET /orders").is_some());
}

#[test]
fn a_full_pool_fires_with_the_severity_of_its_ratio() {
    let mut service = Simulated::new();
    service.pass(30, |_| level("pool:postgres", 7.0, 20.0));
    service.pass(30, |_| level("pool:postgres", 45.0, 20.0));
    let (at, severity) = service.fired("pool:postgres").unwrap();
    assert!(at <= 120, "{at}");
    assert_eq!(severity, Severity::High);
    service.pass(30, |_| level("pool:postgres", 7.0, 20.0));
    assert!(
        service
            .resolved("pool:postgres")
            .is_some_and(|at| at <= 120)
    );
}

#[test]
fn silence_of_a_busy_service_fires_and_that_of_a_quiet_one_does_not() {
    let mut service = Simulated::new();
    service.pass(60, |_| requests(0.1, 20, 0));
    service.judge.learn_service(Some(usual(0.1, 7_200)));
    service.pass(30, |_| Observed::default());
    let (at, severity) = service.fired("silence").unwrap();
    assert!(at <= 150, "{at}");
    assert_eq!(severity, Severity::Critical);
    service.pass(30, |_| requests(0.1, 20, 0));
    assert!(service.resolved("silence").is_some_and(|at| at <= 130));

    let mut quiet = Simulated::new();
    quiet.pass(60, |_| requests(0.1, 1, 0));
    // Six a minute: below the floor of an active service.
    quiet.judge.learn_service(Some(usual(0.1, 360)));
    assert_eq!(
        quiet.pass(60, |_| Observed::default()).all_fired(),
        [] as [&str; 0]
    );
}

#[test]
fn a_restart_of_a_minute_is_no_silence_and_cold_answers_are_not_counted() {
    let mut service = Simulated::new();
    service.pass(60, |_| requests(0.1, 20, 0));
    service.judge.learn_service(Some(usual(0.1, 7_200)));
    service.pass(40, |at| match at {
        0..6 => Observed::default(),
        6 => Observed {
            started: true,
            ..requests(3.0, 20, 0)
        },
        7..9 => requests(3.0, 20, 0),
        _ => requests(0.1, 20, 0),
    });
    assert_eq!(service.all_fired(), [] as [&str; 0]);
}

#[test]
fn a_leak_is_found_within_a_quarter_of_an_hour() {
    let mut service = Simulated::new();
    let memory = |mb: f64| Observed {
        memory: vec![("a".into(), mb * 1_048_576.0)],
        ..Observed::default()
    };
    service.pass(120, |_| memory(80.0));
    service.pass(90, |at| memory(80.0 + at as f64));
    assert!(service.fired("leak:a").is_some_and(|(at, _)| at <= 900));
}

#[test]
fn memory_that_climbs_fires_within_two_and_a_half_minutes_and_resolves_as_fast() {
    let mut service = Simulated::new();
    let memory = |mb: f64| Observed {
        memory: vec![("a".into(), mb * 1_048_576.0)],
        ..Observed::default()
    };
    // Three minutes old: there is nothing yet that ten minutes could say.
    service.pass(18, |_| memory(40.0));
    service.pass(15, |at| memory(40.0 + 20.0 * at as f64));
    assert!(service.fired("leak:a").is_some_and(|(at, _)| at <= 150));
    service.pass(18, |_| memory(40.0));
    let resolved = service.resolved("leak:a");
    assert!(resolved.is_some_and(|at| at <= 180), "{resolved:?}");
}

#[test]
fn the_alert_of_a_class_that_leaves_the_standards_is_over() {
    let own = "[classes.checkout]\ninvestigate_ms = 300\nroutes = [\"GET /orders\"]";
    let own = Standards::parse(own, Profile::Dev).unwrap();
    let mut service = Simulated::new();
    service.judge.expect(own.shared());
    service.pass(30, |_| requests(2.0, 20, 0));
    assert!(service.fired("class:checkout").is_some());
    service.judge.expect(Standards::default().shared());
    service.pass(1, |_| requests(0.1, 20, 0));
    assert_eq!(service.resolved("class:checkout"), Some(10));
}

#[test]
fn far_more_requests_than_ever_are_a_surge() {
    let mut service = Simulated::new();
    service.pass(60, |_| requests(0.1, 20, 0));
    service.judge.learn_service(Some(usual(0.1, 7_200)));
    service.pass(60, |_| requests(0.1, 100, 0));
    let (_, severity) = service.fired("surge").unwrap();
    assert!(severity <= Severity::Medium);
    assert_eq!(service.all_fired(), ["surge"]);
}

#[test]
fn what_was_usual_stays_so_while_something_is_wrong() {
    let mut service = Simulated::new();
    let (get, orders): (Arc<str>, Arc<str>) = ("GET".into(), "/orders".into());
    service.pass(10, |_| requests(0.06, 20, 0));
    service.judge.learn(&get, &orders, Some(usual(0.06, 7_200)));
    service.pass(30, |_| requests(0.2, 20, 0));
    assert!(service.fired("route:GET /orders").is_some());
    service.judge.learn(&get, &orders, Some(usual(0.2, 7_200)));
    assert!(service.judge.usual("GET", "/orders").unwrap().p95 < 0.1);
    service.pass(30, |_| requests(0.06, 20, 0));
    service.judge.learn(&get, &orders, Some(usual(0.2, 7_200)));
    assert!(service.judge.usual("GET", "/orders").unwrap().p95 > 0.1);
}

#[test]
fn a_slot_that_comes_again_counts_once() {
    let mut service = Simulated::new();
    service.pass(60, |_| requests(0.1, 20, 0));
    // The last slot comes late: half of it was missing.
    let last = service.slot - 1;
    service.judge.observe(last, &requests(0.9, 20, 0));
    service.judge.observe(last, &requests(0.1, 20, 0));
    service.pass(30, |_| requests(0.1, 20, 0));
    assert_eq!(service.told, []);
}

#[test]
fn alerts_go_on_where_they_were_after_a_restart_and_under_other_standards() {
    let mut service = Simulated::new();
    service.pass(60, |_| requests(0.9, 20, 0));
    let state = service.judge.watch("class:read").unwrap().state.clone();
    assert!(matches!(state.phase, Phase::Firing { .. }));
    let mut after = Simulated::new();
    after.judge.restore("class:read", state.clone());
    after.judge.restore("pool:mail", state);
    after.slot = service.slot;
    after.pass(30, |_| requests(0.9, 20, 0));
    assert_eq!(after.fired("class:read"), None);
    after.pass(30, |_| level("pool:mail", 1.0, 20.0));
    assert!(after.resolved("pool:mail").is_some());
    after.judge.expect(Standards::default().shared());
    assert!(matches!(
        after.judge.watch("class:read").unwrap().state.phase,
        Phase::Firing { .. }
    ));
}

#[test]
fn a_class_that_burns_its_budget_is_told() {
    let mut service = Simulated::new();
    // A tenth past the line for an hour.
    service.pass(400, |_| Observed {
        routes: vec![
            route("GET", "/a", 0.1, 18, 0),
            route("GET", "/b", 0.6, 2, 0),
        ],
        ..Observed::default()
    });
    assert!(service.fired("burn:read").is_some());
    let worst = service.told.iter().filter_map(|(_, key, what)| match what {
        Transition::Fired(severity) | Transition::Worsened(severity) if key == "burn:read" => {
            Some(*severity)
        }
        _ => None,
    });
    assert_eq!(worst.max(), Some(Severity::High));
}
