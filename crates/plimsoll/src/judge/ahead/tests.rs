//! Months of a disk and of memory in generated time, forecast every few hours.

use proptest::prelude::*;

use super::*;
use crate::alert::{Transition, Unit};
use crate::analysis::forecast::histories::random::Random;
use crate::analysis::forecast::{History, Reach, Step};
use crate::judge::{Judge, SLOT_NS};
use crate::standards::Standards;

const HOUR: i64 = 3_600_000_000_000;
/// A Monday, 2026-01-05.
const START: i64 = 1_767_571_200_000_000_000;
/// Hours that a server looks back on.
const LOOKED_AT: usize = 30 * 24;

/// A level by the hour, and what is told of it: the day, and what.
struct Life {
    judge: Judge,
    values: Vec<Option<f64>>,
    told: Vec<(f64, Transition)>,
}

impl Life {
    fn new() -> Self {
        Self {
            judge: Judge::new(Standards::default().shared()),
            values: Vec::new(),
            told: Vec::new(),
        }
    }

    /// Lets days pass with values by the hour since the very beginning; each `every` hours a forecast is made and judged.
    fn pass(&mut self, days: usize, every: usize, limit: f64, value: impl Fn(usize) -> f64) {
        for _ in 0..24 * days {
            let hour = self.values.len();
            self.values.push(Some(value(hour)));
            if (hour + 1).is_multiple_of(every) {
                self.foresee(limit);
            }
        }
    }

    fn foresee(&mut self, limit: f64) {
        let first = self.values.len().saturating_sub(LOOKED_AT);
        let history = History {
            start: START + first as i64 * HOUR,
            step: Step::Hour,
            values: self.values[first..].to_vec(),
        };
        let foreseen = Foreseen::of(&history, limit, Unit::Ratio).ok().flatten();
        self.judge.foresee("disk", foreseen);
        for look in 0..12 {
            self.look(self.values.len() as i64 * HOUR + look * SLOT_NS);
        }
    }

    /// One look, so long after the beginning.
    fn look(&mut self, since: i64) {
        let now = START + since;
        for event in self.judge.evaluate(now / SLOT_NS, now) {
            assert_eq!((&*event.key, event.kind), ("forecast:disk", Kind::Forecast));
            let is_told = !matches!(event.transition, Transition::Pended | Transition::Withdrawn);
            if is_told {
                self.told
                    .push((since as f64 / (24 * HOUR) as f64, event.transition));
            }
        }
    }
}

/// Noise of an hour, the same each time.
fn noise(seed: u64, hour: usize) -> f64 {
    Random(seed.wrapping_mul(0x9e37).wrapping_add(hour as u64 * 7_919)).normal()
}

#[test]
fn a_growing_disk_is_told_once_gets_worse_and_is_over_when_it_was_emptied() {
    // 40 % and half a point more each day: 90 % on day 100.
    let growing = |hour: usize| 0.4 + 0.005 * hour as f64 / 24.0 + 0.001 * noise(1, hour);
    let mut disk = Life::new();
    disk.pass(99, 12, 0.9, growing);
    let told: Vec<Transition> = disk.told.iter().map(|(_, what)| *what).collect();
    assert_eq!(
        told,
        [
            Transition::Fired(Severity::Low),
            Transition::Worsened(Severity::Medium),
            Transition::Worsened(Severity::High),
            Transition::Worsened(Severity::Critical),
        ]
    );
    for ((day, _), left) in disk.told.iter().zip([30.0, 14.0, 7.0, 2.0]) {
        assert!((100.0 - day - left).abs() < 1.5, "day {day}, {left} left");
    }
    // It grows on past its line: that is told by the level, and this one stays.
    disk.told.clear();
    disk.pass(3, 6, 0.9, growing);
    assert_eq!(disk.told, []);
    // Emptied on day 102, and no longer filled.
    disk.pass(20, 6, 0.9, |hour| 0.3 + 0.001 * noise(1, hour));
    let [(day, Transition::Resolved)] = disk.told[..] else {
        panic!("{:?}", disk.told);
    };
    assert!(day < 103.5, "over on day {day}");
}

#[test]
fn a_disk_that_stops_growing_before_its_line_is_no_alarm_any_more() {
    let growing =
        |hour: usize| 0.4 + 0.01 * hour.min(35 * 24) as f64 / 24.0 + 0.001 * noise(2, hour);
    let mut disk = Life::new();
    // On day 35 it is at 75 %: fifteen days to go, and then it stands.
    disk.pass(90, 12, 0.9, growing);
    let told: Vec<Transition> = disk.told.iter().map(|(_, what)| *what).collect();
    assert!(
        matches!(told[0], Transition::Fired(Severity::Low)),
        "{told:?}"
    );
    assert_eq!(told.last(), Some(&Transition::Resolved));
}

#[test]
fn memory_that_has_days_and_weeks_but_does_not_grow_is_never_foreseen() {
    for seed in 0..20 {
        let mut random = Random(seed);
        let (level, swing) = (random.between(0.5, 0.72), random.between(0.02, 0.15));
        let (weekend, spread) = (random.between(0.7, 1.0), random.between(0.002, 0.02));
        let value = |hour: usize| {
            let of_day = 1.0 - swing * (std::f64::consts::TAU * hour as f64 / 24.0).cos();
            let of_week = if hour / 24 % 7 >= 5 { weekend } else { 1.0 };
            level * of_day * of_week * (1.0 + spread * noise(seed, hour))
        };
        let mut memory = Life::new();
        // At other hours of the day each time.
        memory.pass(74, 41, 1.0, value);
        assert_eq!(memory.told, [], "seed {seed}");
    }
}

#[test]
fn a_step_is_no_growth() {
    for seed in 0..3 {
        // A deploy needs half as much again on day 30.
        let value = |hour: usize| {
            let level = if hour < 30 * 24 { 0.4 } else { 0.6 };
            level * (1.0 + 0.01 * noise(seed, hour))
        };
        let mut memory = Life::new();
        memory.pass(60, 12, 0.9, value);
        assert_eq!(memory.told, [], "seed {seed}");
    }
}

#[test]
fn a_short_history_says_nothing_however_fast_it_grows() {
    let mut disk = Life::new();
    disk.pass(13, 6, 0.9, |hour| 0.3 + 0.04 * hour as f64 / 24.0);
    assert_eq!(disk.told, []);
    assert!(disk.judge.watch("forecast:disk").is_none());
}

#[test]
fn an_old_forecast_and_one_of_a_history_that_ended_say_nothing() {
    let mut disk = Life::new();
    disk.pass(40, 24, 0.9, |hour| 0.4 + 0.01 * hour as f64 / 24.0);
    let end = disk.values.len() as i64 * HOUR;
    let reading = |disk: &Life| disk.judge.watch("forecast:disk").unwrap().reading;
    assert!(matches!(reading(&disk), Reading::Breach(..)));
    disk.look(end + 3 * HOUR + SLOT_NS);
    assert_eq!(reading(&disk), Reading::NotEnoughData);
    disk.look(end - 4 * HOUR);
    assert_eq!(reading(&disk), Reading::NotEnoughData);
    // Nothing was measured for eight hours.
    disk.values.extend([None; 8]);
    disk.foresee(0.9);
    assert_eq!(reading(&disk), Reading::NotEnoughData);
}

/// Services as they are made for the bench of forecasts: deploys, holidays, leaks until the next deploy, gaps.
#[test]
fn what_is_foreseen_of_made_services_mostly_comes() {
    use crate::analysis::forecast::histories::{Kind, hourly};
    let (mut told, mut came, mut looked_at) = (0, 0, 0);
    for kind in [Kind::Memory, Kind::Processor, Kind::Traffic, Kind::Disk] {
        for seed in 0..40 {
            let made = hourly(kind, 5, 90, 5_000 + seed);
            let lately = made.known.iter().rev().take(7 * 24).flatten();
            let limit = 1.15 * lately.copied().fold(0.0, f64::max);
            let history = History {
                start: made.start,
                step: Step::Hour,
                values: made.known,
            };
            let Ok(Some(found)) = Foreseen::of(&history, limit, Unit::Bytes) else {
                continue;
            };
            looked_at += 1;
            if let Reading::Breach(..) = reading(Some(&found), found.at) {
                told += 1;
                let reached = made.later.iter().flatten().any(|value| *value >= limit);
                came += usize::from(reached);
            }
        }
    }
    assert!(looked_at > 140 && told > 10, "{told} of {looked_at}");
    assert!(came * 10 >= told * 9, "{came} of {told} came");
}

fn foreseen(days: f64, late: Option<f64>) -> Foreseen {
    Foreseen {
        at: START,
        unit: Unit::Ratio,
        limit: 0.9,
        current: 0.5,
        per_day: 0.01,
        reaches: Some(Reach {
            days,
            earliest_days: 0.8 * days,
            latest_days: late,
        }),
        is_reached: false,
    }
}

#[test]
fn the_severity_is_that_of_the_days_left_and_needs_a_late_end() {
    let of = |days: f64, late: Option<f64>| match reading(Some(&foreseen(days, late)), START) {
        Reading::Breach(_, severity) => Some(severity),
        _ => None,
    };
    let at = [2.0, 2.1, 7.0, 7.1, 14.0, 14.1, 30.0, 30.1].map(|days| of(days, Some(40.0)));
    use Severity::{Critical, High, Low, Medium};
    let (l, m, h, c) = (Some(Low), Some(Medium), Some(High), Some(Critical));
    assert_eq!(at, [c, h, h, m, m, l, l, None]);
    // It might as well never be.
    assert_eq!((of(5.0, None), of(5.0, Some(91.0))), (None, None));
    let there = Foreseen {
        is_reached: true,
        ..foreseen(1.0, Some(2.0))
    };
    assert_eq!(reading(Some(&there), START), Reading::NotEnoughData);
}

proptest! {
    #[test]
    fn sooner_is_never_less_severe(a in 0.0f64..60.0, b in 0.0f64..60.0) {
        let of = |days: f64| match reading(Some(&foreseen(days, Some(80.0))), START) {
            Reading::Breach(ratio, severity) => (Some(severity), ratio),
            Reading::Well(ratio) => (None, ratio),
            Reading::NotEnoughData => (None, f64::NAN),
        };
        let (sooner, later) = (of(a.min(b)), of(a.max(b)));
        prop_assert!(sooner.0 >= later.0 && sooner.1 >= later.1);
    }
}
