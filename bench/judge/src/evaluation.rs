//! What one evaluation costs: 200 services of 50 routes each.

use std::sync::Arc;
use std::time::Instant;

use plimsoll::analysis::{Basis, Stretch, Usual};
use plimsoll::histogram::Histogram;
use plimsoll::judge::{Judge, Observed, RouteObserved, SLOT_NS};
use plimsoll::standards::Standards;

use crate::figure::Figures;

const SERVICES: usize = 200;
const ROUTES: usize = 50;
/// Slots that are filled before: all that a judge remembers.
const FILLED: i64 = 60;
/// Evaluations; the middle one counts.
const ROUNDS: i64 = 31;

pub fn run(figures: &Figures) {
    let mut rng = fastrand::Rng::with_seed(1_876);
    let standards = Arc::new(Standards::default());
    let mut judges: Vec<Judge> = (0..SERVICES)
        .map(|_| Judge::new(standards.clone()))
        .collect();
    let mut slot = 180_000_000;
    for _ in 0..FILLED {
        for judge in &mut judges {
            judge.observe(slot, &observed(&mut rng));
        }
        slot += 1;
    }
    for judge in &mut judges {
        teach(judge);
    }
    let mut millis: Vec<f64> = Vec::new();
    for _ in 0..ROUNDS {
        for judge in &mut judges {
            judge.observe(slot, &observed(&mut rng));
        }
        let begun = Instant::now();
        for judge in &mut judges {
            std::hint::black_box(judge.evaluate(slot, (slot + 1) * SLOT_NS));
        }
        millis.push(begun.elapsed().as_secs_f64() * 1e3);
        slot += 1;
    }
    millis.sort_by(f64::total_cmp);
    figures.ours("judge_evaluation_ms", millis[millis.len() / 2], "ms");
}

fn observed(rng: &mut fastrand::Rng) -> Observed {
    let routes = (0..ROUTES).map(|at| {
        let mut duration = Histogram::new();
        for _ in 0..rng.u32(1..30) {
            duration.record(0.01 * (1.0 + 10.0 * rng.f64()));
        }
        RouteObserved {
            method: "GET".into(),
            route: format!("/route/{at}").into(),
            duration,
            errors: 0,
        }
    });
    Observed {
        routes: routes.collect(),
        ..Observed::default()
    }
}

fn teach(judge: &mut Judge) {
    let mut duration = Histogram::new();
    (1..=1_000).for_each(|at| duration.record(f64::from(at) * 1e-4));
    let hour = Stretch {
        duration,
        errors: 0,
        minutes: 60.0,
    };
    let usual = Usual::of(&[hour.clone(), hour.clone(), hour], Basis::SameHours);
    for at in 0..ROUTES {
        judge.learn(&"GET".into(), &format!("/route/{at}").into(), usual.clone());
    }
    judge.learn_service(usual);
}
