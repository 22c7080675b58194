//! A week of a service under judgement: what fires although nothing is wrong, and whether what is wrong fires.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll::alert::{Severity, Transition};
use plimsoll::analysis::{Basis, Stretch, Usual};
use plimsoll::judge::{Judge, Observed, SLOT_NS};
use plimsoll::standards::Standards;

use crate::figure::Figures;
use crate::service::{DAY, Fault, HOUR, Service};

/// Days of a simulation.
const DAYS: i64 = 7;
/// How long a fault lasts: 15 minutes.
const FAULT_SLOTS: i64 = 90;
/// What fires so long after a fault was still about it: a minute.
const GRACE_SLOTS: i64 = 6;
/// What is usual is learned so often: ten minutes.
const LEARN: i64 = 60;

/// The first slot: a Thursday, midnight, long ago.
const FIRST: i64 = 7 * DAY * 2_900;

type RouteName = (Arc<str>, Arc<str>);

/// What a run told.
struct Run {
    /// Slot since the start, key, severity.
    fired: Vec<(i64, String, Severity)>,
}

pub fn run(figures: &Figures, seeds: u64) {
    let (mut critical, mut other) = (0, 0);
    for seed in 0..seeds {
        let run = week(seed, None);
        let of = |wanted: bool| {
            run.fired
                .iter()
                .filter(|(.., severity)| (*severity == Severity::Critical) == wanted)
                .count()
        };
        critical = critical.max(of(true));
        other = other.max(of(false));
        for (slot, key, severity) in &run.fired {
            eprintln!(
                "seed {seed}: {key} fires without a fault, {}, on day {:.2}",
                severity.as_str(),
                *slot as f64 / DAY as f64
            );
        }
    }
    figures.ours("judge_false_critical", critical as f64, "alerts");
    figures.ours("judge_false_other", other as f64, "alerts");
    let mut missed = 0;
    let mut delays = Vec::new();
    for seed in 0..seeds {
        let (fault, at) = fault_of(seed);
        let run = week(seed, Some((fault, at)));
        let during = at..at + FAULT_SLOTS + GRACE_SLOTS;
        match run.fired.iter().find(|(slot, ..)| during.contains(slot)) {
            Some((slot, key, _)) => {
                delays.push((slot - at) * 10);
                eprintln!(
                    "seed {seed}: {fault:?} is told after {} s by {key}",
                    (slot - at) * 10
                );
            }
            None => {
                missed += 1;
                eprintln!("seed {seed}: {fault:?} is MISSED");
            }
        }
    }
    delays.sort_unstable();
    if let (Some(middle), Some(worst)) = (delays.get(delays.len() / 2), delays.last()) {
        println!("faults are told after {middle} s in the middle, {worst} s at the worst");
    }
    figures.ours("judge_missed", f64::from(missed), "faults");
}

/// The fault of a seed, each kind in its turn, and the slot at which it begins.
fn fault_of(seed: u64) -> (Fault, i64) {
    let mut rng = fastrand::Rng::with_seed(seed + 1_000);
    let at = 4 * DAY + rng.i64(0..2 * DAY);
    let noticeable = Service::new(seed, DAYS).noticeable();
    let fault = match seed % 5 {
        0 | 1 if !noticeable.is_empty() => Fault::Slow {
            route: noticeable[rng.usize(..noticeable.len())],
            factor: 3.0 + 2.0 * rng.f64(),
        },
        2 => Fault::Errors {
            route: rng.usize(..10),
            share: 0.3 + 0.7 * rng.f64(),
        },
        3 => Fault::Pool { used: 60.0 },
        4 if seed % 2 == 0 => Fault::Silence,
        _ => Fault::Leak {
            mb_per_minute: 20.0 + 20.0 * rng.f64(),
        },
    };
    (fault, at)
}

fn week(seed: u64, fault: Option<(Fault, i64)>) -> Run {
    let mut service = Service::new(seed, DAYS);
    let mut judge = Judge::new(Arc::new(Standards::default()));
    let mut history = History::default();
    let mut run = Run { fired: Vec::new() };
    for at in 0..DAYS * DAY {
        let now = fault.filter(|(_, begins)| (*begins..begins + FAULT_SLOTS).contains(&at));
        let observed = service.slot(at, now.map(|(fault, _)| fault));
        let slot = FIRST + at;
        judge.observe(slot, &observed);
        history.keep(at, &observed);
        for event in judge.evaluate(slot, (slot + 1) * SLOT_NS) {
            match event.transition {
                Transition::Fired(severity) => {
                    run.fired.push((at, event.key.to_string(), severity));
                }
                // The same alert, as severe as it came to be.
                Transition::Worsened(severity) => {
                    let last = run.fired.iter_mut().rev();
                    let last = last.into_iter().find(|(_, key, _)| *key == *event.key);
                    last.into_iter().for_each(|(.., worst)| *worst = severity);
                }
                _ => {}
            }
        }
        if at % LEARN == LEARN - 1 {
            history.teach(at, &mut judge);
        }
    }
    run
}

/// What a server keeps: each route by the hour, and by five minutes for the last hour.
#[derive(Default)]
struct History {
    hours: BTreeMap<RouteName, BTreeMap<i64, Stretch>>,
    minutes: BTreeMap<RouteName, BTreeMap<i64, Stretch>>,
    heard: BTreeMap<i64, f64>,
}

/// Slots of five minutes.
const FIVE: i64 = 30;

impl History {
    fn keep(&mut self, at: i64, observed: &Observed) {
        if !observed.levels.is_empty() {
            *self.heard.entry(at / FIVE).or_default() += 1.0 / 6.0;
        }
        for route in &observed.routes {
            let name = (route.method.clone(), route.route.clone());
            let add = |kept: &mut BTreeMap<i64, Stretch>, bucket: i64| {
                let stretch = kept.entry(bucket).or_default();
                stretch.duration.merge(&route.duration);
                stretch.errors += route.errors;
            };
            add(self.hours.entry(name.clone()).or_default(), at / HOUR);
            add(self.minutes.entry(name).or_default(), at / FIVE);
        }
    }

    /// As the server does: the same hours of the days before, or else the last hour.
    fn teach(&mut self, at: i64, judge: &mut Judge) {
        let hour = at / HOUR;
        let days = (hour / 24).min(7);
        let names: Vec<RouteName> = self.hours.keys().cloned().collect();
        let mut of_days: Vec<Stretch> = vec![empty(180.0); days as usize];
        let end = (at - FIVE) / FIVE;
        let lately: Vec<i64> = (end - 12..end)
            .filter(|five| self.heard.get(five).is_some_and(|minutes| *minutes > 0.0))
            .collect();
        let mut of_hour: Vec<Stretch> = lately.iter().map(|five| empty(self.heard[five])).collect();
        for name in names {
            let kept = &self.hours[&name];
            let mut stretches = Vec::new();
            for (back, all) in (1..=days).zip(&mut of_days) {
                let mut stretch = empty(180.0);
                for near in [-1, 0, 1] {
                    merge(&mut stretch, kept.get(&(hour - back * 24 + near)));
                }
                merge(all, Some(&stretch));
                stretches.push(stretch);
            }
            let kept = &self.minutes[&name];
            let mut last_hour = Vec::new();
            for (five, all) in lately.iter().zip(&mut of_hour) {
                let mut stretch = empty(self.heard[five]);
                merge(&mut stretch, kept.get(five));
                merge(all, Some(&stretch));
                last_hour.push(stretch);
            }
            let usual = Usual::of(&stretches, Basis::SameHours)
                .or_else(|| Usual::of(&last_hour, Basis::LastHour));
            judge.learn(&name.0, &name.1, usual);
        }
        let usual =
            Usual::of(&of_days, Basis::SameHours).or_else(|| Usual::of(&of_hour, Basis::LastHour));
        judge.learn_service(usual);
        for kept in self.minutes.values_mut() {
            kept.retain(|five, _| *five > end - 20);
        }
        self.heard.retain(|five, _| *five > end - 20);
    }
}

fn empty(minutes: f64) -> Stretch {
    Stretch {
        minutes,
        ..Stretch::default()
    }
}

fn merge(into: &mut Stretch, more: Option<&Stretch>) {
    if let Some(more) = more {
        into.duration.merge(&more.duration);
        into.errors += more.errors;
    }
}
