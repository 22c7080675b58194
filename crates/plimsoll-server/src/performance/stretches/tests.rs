use plimsoll::window::{Gauge, Resources};

use super::*;
use crate::performance::minutes::Writer;
use crate::performance::tests::{Bench, NOW, SECOND, window};
use crate::store::calendar::WEEK;

/// The stretches of the shop from `back` before now on.
fn of_shop(bench: &Bench, back: Nanos, step: Nanos, now: Nanos) -> Vec<Stretch> {
    let mut reading = Reading::of(&bench.store);
    let period = Period {
        start: now - back,
        end: now + 1,
    };
    let mut found = stretches(&mut reading, "shop", period, step, By::Route).unwrap();
    add_peaks(&mut reading, "shop", step, now, &mut found).unwrap();
    assert_eq!(reading.missing(), [] as [&str; 0]);
    found
}

#[test]
fn days_have_what_was_counted_by_hand() {
    let bench = Bench::new();
    // Now is 2025-12-17T19:34:00Z; two windows of one minute of the day before, and one five minutes earlier.
    for (ago, good, failed, memory, cpu) in [
        (DAY - 10 * SECOND, 8, 2, 100e6, 0.5),
        (DAY - 20 * SECOND, 30, 0, 300e6, 1.0),
        (DAY + 5 * MINUTE, 15, 0, 200e6, 0.6),
    ] {
        let mut window = window(ago, &[(200, good), (503, failed)]);
        window.resources = Some(Resources {
            process_memory: Gauge::of(memory, NOW - ago),
            process_cpu: Gauge::of(cpu, NOW - ago),
            process_cpu_limit: Gauge::of(2.0, NOW - ago),
            ..Resources::default()
        });
        bench.library("shop", &window);
    }
    bench.library("shop", &window(60 * SECOND, &[(200, 4)]));
    bench.library("other", &window(DAY, &[(200, 1_000)]));

    let days = of_shop(&bench, 2 * DAY, DAY, NOW);
    let requests: Vec<_> = days
        .iter()
        .map(|day| (day.heard, day.totals().duration.count))
        .collect();
    assert_eq!(requests, [(false, 0), (true, 55), (true, 4)]);
    let yesterday = &days[1];
    assert_eq!(yesterday.end - yesterday.start, DAY);
    assert_eq!(yesterday.start % DAY, 0);
    let totals = yesterday.totals();
    assert_eq!((totals.errors, totals.duration.mean()), (2, Some(0.25)));
    // 40 in the minute of two windows.
    let peaks: Vec<_> = days.iter().map(|day| day.peak_per_minute).collect();
    let rounded = |peak: Option<f64>| peak.map(f64::round);
    assert_eq!(
        peaks.into_iter().map(rounded).collect::<Vec<_>>(),
        [None, Some(40.0), Some(4.0)]
    );
    let mean = |used: Used| used.mean.unwrap();
    assert!((mean(yesterday.memory) - 200e6).abs() < 1.0);
    assert_eq!(yesterday.memory.max, Some(300e6));
    assert!((mean(yesterday.cpu) - 0.35).abs() < 1e-9);
    assert_eq!(yesterday.cpu.max, Some(0.5));
    assert_eq!(days[2].memory, Used::default());
    // 19 hours and 34 minutes of today are over.
    assert_eq!(days[2].minutes(NOW), 19.0 * 60.0 + 34.0);

    // The 17th is a Wednesday: the week began on the 15th, and all of it is in one row.
    let weeks = of_shop(&bench, DAY, WEEK, NOW);
    assert_eq!(weeks.len(), 1);
    assert_eq!(weeks[0].totals().duration.count, 59);
    assert_eq!(weeks[0].peak_per_minute.map(f64::round), Some(40.0));
}

#[test]
fn a_peak_whose_rows_are_gone_is_that_of_the_minutes_that_were_noted() {
    let peak = |is_noted: bool| {
        let bench = Bench::new();
        // Good ones in one minute, failed ones in another: two series with peaks of their own.
        bench.library("shop", &window(5 * MINUTE + SECOND, &[(200, 30)]));
        bench.library("shop", &window(3 * MINUTE + SECOND, &[(503, 20)]));
        if is_noted {
            Writer::default().write(&bench.store, NOW).unwrap();
        }
        bench.store.flush().unwrap();
        let later = NOW + 9 * DAY;
        bench.store.maintain(later).unwrap();
        let day = of_shop(&bench, 9 * DAY + HOUR, DAY, later).remove(0);
        assert_eq!(day.totals().duration.count, 50);
        day.peak_per_minute.map(f64::round)
    };
    // The most that it can have been, and what it was.
    assert_eq!(peak(false), Some(50.0));
    assert_eq!(peak(true), Some(30.0));
}

#[test]
fn steps_are_as_fine_as_what_is_kept() {
    let config = StoreConfig::new("unused");
    let steps = [1, 7, 8, 15, 16, 30, 31].map(|days| finest_step(&config, days * DAY));
    let ten_seconds = 10 * SECOND;
    assert_eq!(
        steps,
        [
            ten_seconds,
            ten_seconds,
            10 * MINUTE,
            10 * MINUTE,
            HOUR,
            HOUR,
            DAY
        ]
    );
}
