//! A service that judges itself, in generated time.

use std::sync::Arc;

use super::*;
use crate::alert::{Kind, Severity};
use crate::analysis::verdict::ServiceState;
use crate::window::{RequestKey, RequestSeries};

const EPOCH: i64 = 1_800_000_000_000_000_000;

/// A service whose windows are made by hand.
struct Shop {
    own: OwnJudge,
    ring: Ring,
    number: i64,
}

impl Shop {
    fn new() -> Self {
        Self {
            own: OwnJudge::new("shop", Standards::default().shared()),
            ring: Ring::new(Ring::MAX_BYTES),
            number: 0,
        }
    }

    /// So many windows in which `POST /orders` takes `secs`; what was told, with its second.
    fn pass(&mut self, windows: i64, secs: f64, errors: u64) -> Vec<(i64, Told)> {
        let mut all = Vec::new();
        for at in 1..=windows {
            // Windows end a little late, as those of a busy machine do.
            let start = EPOCH + self.number * SLOT_NS + 3_000_000;
            let mut window = Window::empty(start, start + SLOT_NS);
            for (status, requests) in [(200, 100 - errors), (500, errors)] {
                let mut series = RequestSeries::default();
                for number in 0..requests {
                    let spread = 0.8 + 0.4 * number as f64 / 100.0;
                    series.duration.record(secs * spread);
                }
                window.requests.insert(key(status), series);
            }
            let window = Arc::new(window);
            self.ring.push(window.clone());
            self.number += 1;
            let told = self.own.take(&window, &self.ring, window.end_unix_ns);
            all.extend(told.into_iter().map(|told| (at * 10, told)));
        }
        all
    }

    fn judgement(&self) -> Judgement {
        self.own.judgement(&self.ring, self.now())
    }

    fn now(&self) -> i64 {
        EPOCH + self.number * SLOT_NS + 3_000_000
    }
}

fn key(status: u16) -> RequestKey {
    RequestKey {
        route: "/orders".into(),
        method: "POST",
        status,
        error_type: (status == 500).then(|| "out of stock".into()),
        run: None,
    }
}

#[test]
fn a_young_service_is_new_and_then_healthy() {
    let mut shop = Shop::new();
    assert!(shop.pass(3, 0.1, 0).is_empty());
    assert_eq!(shop.judgement().state, ServiceState::New);
    assert!(shop.pass(57, 0.1, 0).is_empty());
    let judgement = shop.judgement();
    assert_eq!(judgement.state, ServiceState::Healthy);
    assert!(judgement.findings.is_empty(), "{:?}", judgement.findings);
    assert_eq!(judgement.situation.routes[0].requests, 3_000);
    assert!(judgement.situation.routes[0].usual.is_none());
}

#[test]
fn a_route_slower_than_its_own_last_hour_is_told_though_its_class_is_well() {
    let mut shop = Shop::new();
    shop.pass(150, 0.1, 0);
    let usual = shop.judgement().situation.routes[0].usual.clone();
    let usual = usual.expect("is known from the last hour");
    assert!((usual.p50 / 0.1 - 1.0).abs() < 0.02, "{usual:?}");
    let told = shop.pass(30, 0.45, 0);
    let (second, fired) = told.first().expect("is told");
    assert_eq!(
        (&*fired.alert.key, fired.alert.kind),
        ("route:POST /orders", Kind::SlowRequest)
    );
    assert!(*second <= 180, "after {second} s");
    assert!(
        fired.alert.message.contains("POST /orders"),
        "{}",
        fired.alert.message
    );
    // The way back.
    let told = shop.pass(30, 0.1, 0);
    assert!(told.iter().any(|(second, told)| *second <= 180
        && told.transition == Transition::Resolved
        && told.alert.resolved_by.as_deref() == Some("itself")));
}

#[test]
fn errors_fire_with_their_cause_and_an_alert_resolved_by_hand_fires_anew_while_they_go_on() {
    let mut shop = Shop::new();
    shop.pass(30, 0.1, 0);
    let told = shop.pass(18, 0.1, 50);
    let (_, fired) = told
        .iter()
        .find(|(_, told)| told.alert.kind == Kind::ErrorRate)
        .expect("is told");
    assert_eq!(fired.transition, Transition::Fired(Severity::Critical));
    assert_eq!(
        fired.alert.id,
        shop.own
            .alerts()
            .firing(&fired.alert.key)
            .map(|alert| alert.id)
            .unwrap()
    );
    let judgement = shop.judgement();
    assert!(judgement.score.value.unwrap() < 80.0);
    // Half of 18 of 30 windows.
    assert_eq!(
        judgement.verdict.rest,
        "Errors take 3.0× their limit for 3\u{a0}minutes."
    );
    let id = fired.alert.id.to_string();
    let now = shop.now();
    let over = shop.own.resolve(&id, "ines", now).cloned().unwrap();
    assert_eq!(
        (over.resolved, over.resolved_by.as_deref()),
        (Some(now), Some("ines"))
    );
    assert!(shop.own.resolve("77", "ines", now).is_none());
    let again = shop.pass(18, 0.1, 50);
    let again = again
        .iter()
        .find(|(_, told)| told.alert.kind == Kind::ErrorRate);
    assert!(again.is_some_and(|(_, told)| told.alert.id > fired.alert.id));
}

#[test]
fn alerts_are_bounded_and_those_that_fire_stay() {
    let mut shop = Shop::new();
    shop.pass(30, 0.1, 0);
    let told = shop.pass(12, 0.1, 60);
    let first = told[0].1.alert.clone();
    let mut alerts = shop.own.alerts().clone();
    let judgement = shop.judgement();
    for number in 0..2 * Alerts::MOST {
        let event = |transition| crate::judge::Event {
            key: format!("pool:{number}").into(),
            kind: Kind::ResourceViolation,
            transition,
        };
        let judge = shop.own.judge();
        alerts.take(
            &event(Transition::Fired(Severity::Low)),
            judge,
            &judgement,
            1,
        );
        alerts.take(&event(Transition::Resolved), judge, &judgement, 2);
    }
    assert_eq!(alerts.newest_first().count(), Alerts::MOST);
    assert_eq!(
        alerts.firing(&first.key).map(|alert| alert.id),
        Some(first.id)
    );
}

#[test]
fn a_clock_that_jumps_an_hour_tells_nothing_and_blinds_nobody() {
    let mut shop = Shop::new();
    shop.pass(90, 0.1, 0);
    for hours in [-360, 360] {
        shop.number += hours;
        assert!(shop.pass(30, 0.1, 0).is_empty());
        let told = shop.pass(18, 0.1, 50);
        assert!(
            told.iter()
                .any(|(_, told)| told.alert.kind == Kind::ErrorRate),
            "{hours}"
        );
        let told = shop.pass(30, 0.1, 0);
        assert!(
            told.iter()
                .any(|(_, told)| told.transition == Transition::Resolved)
        );
    }
}

#[test]
fn other_lines_are_judged_by_at_once() {
    let mut shop = Shop::new();
    shop.pass(60, 0.1, 4);
    let mut strict = Standards::default();
    strict.limits.error_rate = 0.01;
    let ring = std::mem::replace(&mut shop.ring, Ring::new(0));
    shop.own.expect(strict.shared(), &ring);
    shop.ring = ring;
    let told = shop.pass(12, 0.1, 4);
    let (second, _) = told
        .iter()
        .find(|(_, told)| told.alert.kind == Kind::ErrorRate)
        .unwrap();
    assert!(*second <= 80, "after {second} s");
}
