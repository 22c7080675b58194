//! What holds of a judge whatever a service does.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::tests::route;
use super::*;
use crate::alert::Reading;

/// Some minutes of a service.
#[derive(Clone, Debug)]
struct Spell {
    slots: i64,
    secs: f64,
    requests: u64,
    failing: bool,
    used: f64,
    growth: f64,
    is_heard: bool,
    starts: bool,
}

const WELL: Spell = Spell {
    slots: 1,
    secs: 0.05,
    requests: 20,
    failing: false,
    used: 3.0,
    growth: 1.0,
    is_heard: true,
    starts: false,
};

fn spell() -> impl Strategy<Value = Spell> {
    let secs = prop::sample::select(vec![0.05, 0.2, 0.6, 1.2, 4.0]);
    let requests = prop::sample::select(vec![0, 1, 5, 20, 200]);
    let used = prop::sample::select(vec![3.0, 19.0, 25.0, 45.0, 90.0]);
    let growth = prop::sample::select(vec![1.0, 1.005, 1.02]);
    let chances = (any::<bool>(), 0..6u8, 0..10u8);
    (1..60i64, secs, requests, used, growth, chances).prop_map(
        |(slots, secs, requests, used, growth, (failing, heard, starts))| Spell {
            slots,
            secs,
            requests,
            failing,
            used,
            growth,
            is_heard: heard > 0,
            starts: starts == 0,
        },
    )
}

/// A service, and the keys that fire of it.
struct Watched {
    judge: Judge,
    slot: i64,
    memory: f64,
    firing: BTreeSet<Arc<str>>,
}

impl Watched {
    fn pass(&mut self, spell: &Spell) -> Result<(), TestCaseError> {
        for at in 0..spell.slots {
            self.memory = (self.memory * spell.growth).min(1e9);
            let errors = if spell.failing { spell.requests / 2 } else { 0 };
            let observed = Observed {
                routes: vec![
                    route("GET", "/orders", spell.secs, spell.requests, errors),
                    route("POST", "/orders", spell.secs, spell.requests / 2, 0),
                ],
                levels: vec![LevelObserved {
                    key: "pool:postgres".into(),
                    kind: Kind::ResourceViolation,
                    unit: Unit::Count,
                    value: spell.used,
                    limit: Limit::Ceiling(20.0),
                }],
                memory: vec![("a".into(), self.memory)],
                started: spell.starts && at == 0,
            };
            if spell.is_heard {
                self.judge.observe(self.slot, &observed);
            }
            self.look()?;
            self.slot += 1;
        }
        Ok(())
    }

    fn look(&mut self) -> Result<(), TestCaseError> {
        for event in self.judge.evaluate(self.slot, (self.slot + 1) * SLOT_NS) {
            match event.transition {
                // Never two of one key.
                Transition::Fired(_) => prop_assert!(self.firing.insert(event.key)),
                Transition::Worsened(_) => prop_assert!(self.firing.contains(&event.key)),
                Transition::Resolved => prop_assert!(self.firing.remove(&event.key)),
                Transition::Pended | Transition::Withdrawn => {
                    prop_assert!(!self.firing.contains(&event.key));
                }
            }
        }
        Ok(())
    }

    /// What fires by the states is what fires by what was told, and each key is there once.
    fn agrees(&self) -> Result<(), TestCaseError> {
        let mut keys = BTreeSet::new();
        for watch in self.judge.watches() {
            prop_assert!(keys.insert(watch.key.clone()), "{} twice", watch.key);
            let fires = matches!(watch.state.phase, Phase::Firing { .. });
            prop_assert_eq!(fires, self.firing.contains(&watch.key), "{}", &watch.key);
        }
        prop_assert!(self.firing.is_subset(&keys));
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_key_fires_twice_and_every_firing_ends_when_all_is_well(spells in prop::collection::vec(spell(), 1..12)) {
        let mut standards = Standards::default();
        for class in &mut standards.classes {
            class.floor_per_minute = Some(30.0);
        }
        let mut service = Watched {
            judge: Judge::new(standards.shared()),
            slot: 180_000_000,
            memory: 1e8,
            firing: BTreeSet::new(),
        };
        for spell in &spells {
            service.pass(spell)?;
            service.agrees()?;
        }
        // Two hours of health: an hour until no budget burns, and the longest wait of what flapped.
        service.pass(&Spell { slots: 720, ..WELL })?;
        service.agrees()?;
        prop_assert!(service.firing.is_empty(), "{:?}", service.firing);
    }

    #[test]
    fn a_level_further_past_its_line_is_never_less_severe(a in 0.0f64..100.0, b in 0.0f64..100.0) {
        let of = |value: f64| match level::reading(Some(value), Limit::Ceiling(20.0)) {
            Reading::Breach(ratio, severity) => (Some(severity), ratio),
            Reading::Well(ratio) => (None, ratio),
            Reading::NotEnoughData => (None, f64::NAN),
        };
        let (low, high) = (of(a.min(b)), of(a.max(b)));
        prop_assert!(low.0 <= high.0 && low.1 <= high.1);
    }

    #[test]
    fn slower_and_failing_more_is_never_less_severe(
        secs in prop::collection::vec(0.01f64..3.0, 1..30),
        slower in 1.0f64..4.0,
        (some, more) in (0u64..200, 0u64..200),
    ) {
        let severity = |reading: Reading| match reading {
            Reading::Breach(_, severity) => Some(severity),
            _ => None,
        };
        let bands = Standards::default().classes[1].bands;
        let of = |factor: f64, errors: u64| {
            let mut duration = crate::histogram::Histogram::new();
            secs.iter().for_each(|secs| duration.record_n(secs * factor, 10));
            let counts = Counts::of(&duration, errors.min(duration.count), &bands, None);
            [counts; 3]
        };
        prop_assert!(
            severity(requests::past_line(&of(1.0, 0)))
                <= severity(requests::past_line(&of(slower, 0)))
        );
        let errors = |number: u64| severity(requests::errors(&of(1.0, number), 0.1, None));
        prop_assert!(errors(some.min(more)) <= errors(some.max(more)));
    }
}
