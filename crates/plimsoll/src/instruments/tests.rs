use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::expanded::{begin, begin_in};
use super::*;
use crate::Limits;
use crate::window::{FunctionKey, FunctionOutcome};

fn monitor() -> Monitor {
    Monitor::builder("test")
        .build_with([("", ""); 0])
        .expect("builds")
}

#[test]
fn counters_add_up_over_all_handles() {
    let monitor = monitor();
    let tags = [("kind", "new")];
    monitor.counter("orders", &tags).add(2);
    monitor.counter("orders", &tags).increment();
    assert_eq!(
        monitor.cumulative().counters[&MetricKey::new("orders", &tags)],
        3
    );
}

#[test]
fn a_gauge_keeps_its_state_and_leaves_out_what_is_no_number() {
    let monitor = monitor();
    let gauge = monitor.gauge("batch_size", &[]);
    assert!(monitor.cumulative().gauges.is_empty(), "never set");
    gauge.set(10.0);
    gauge.add(-4.0);
    gauge.set(f64::NAN);
    gauge.add(f64::INFINITY);
    assert_eq!(
        monitor.cumulative().gauges[&MetricKey::new("batch_size", &[])].last,
        6.0
    );
}

#[test]
fn a_timer_records_from_start_to_drop() {
    let monitor = monitor();
    let timer = monitor.timer("render", &[]);
    timer.record(Duration::from_millis(250));
    drop(timer.start());
    timer.start().discard();
    let recorded = &monitor.cumulative().timers[&MetricKey::new("render", &[])];
    assert_eq!(recorded.count, 2);
    assert!((recorded.percentile(1.0).expect("values") / 0.25 - 1.0).abs() < 0.011);
}

#[test]
fn a_queue_knows_its_size_and_the_wait_of_what_left() {
    let monitor = monitor();
    let queue = monitor.queue("mail");
    let (first, second) = (queue.enter(), queue.enter());
    let tags = [("queue", "mail")];
    assert_eq!(
        monitor.cumulative().gauges[&MetricKey::new("queue_size", &tags)].last,
        2.0
    );
    drop(first);
    let window = monitor.cumulative();
    assert_eq!(
        window.gauges[&MetricKey::new("queue_size", &tags)].last,
        1.0
    );
    assert_eq!(window.timers[&MetricKey::new("queue_wait", &tags)].count, 1);
    drop(second);
}

#[test]
fn what_finds_no_room_is_dropped_and_counted_and_known_series_go_on() {
    let limits = Limits {
        metrics: 2,
        ..Limits::default()
    };
    let monitor = Monitor::builder("test")
        .limits(limits)
        .build_with([("", ""); 0])
        .expect("builds");
    let known = monitor.counter("a", &[]);
    monitor.gauge("b", &[]).set(1.0);
    monitor.counter("c", &[("user", "1")]).add(5);
    drop(monitor.function("f").begin());
    known.increment();
    let window = monitor.cumulative();
    assert_eq!(
        (
            window.counters.len(),
            window.functions.len(),
            window.dropped.metrics
        ),
        (1, 0, 2)
    );
    assert_eq!(window.counters[&MetricKey::new("a", &[])], 1);
}

#[test]
fn switched_off_instruments_record_and_count_nothing() {
    let monitor = Monitor::builder("test")
        .enabled(false)
        .build_with([("", ""); 0])
        .expect("builds");
    monitor.counter("a", &[]).increment();
    monitor.timer("t", &[]).record(Duration::from_secs(1));
    drop(monitor.function("f").begin());
    {
        let _scope = monitor.enter();
        drop(begin("g"));
    }
    drop(begin_in(&monitor, "h"));
    let window = monitor.cumulative();
    assert!(window.counters.is_empty() && window.timers.is_empty() && window.functions.is_empty());
    assert_eq!(window.dropped.metrics, 0);
}

fn calls(monitor: &Monitor, outcome: FunctionOutcome) -> u64 {
    let window = monitor.cumulative();
    window
        .functions
        .get(&FunctionKey {
            function: "f".into(),
            outcome,
        })
        .map_or(0, |calls| calls.count)
}

#[test]
fn a_call_ends_as_told_or_is_cancelled_or_panics() {
    let monitor = monitor();
    let function = monitor.function("f");
    function.begin().end(FunctionOutcome::Ok);
    function.begin().end(FunctionOutcome::Error);
    drop(function.begin());
    drop(function.begin().ends_when_dropped());
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _call = function.begin();
        panic!("as planned");
    }));
    assert!(panicked.is_err());
    let counts = [
        FunctionOutcome::Ok,
        FunctionOutcome::Error,
        FunctionOutcome::Cancelled,
        FunctionOutcome::Panic,
    ]
    .map(|outcome| calls(&monitor, outcome));
    assert_eq!(counts, [2, 1, 1, 1]);
}

#[test]
fn a_tracked_function_finds_the_innermost_scope_and_outside_of_any_records_nothing() {
    let (outer, inner) = (monitor(), monitor());
    let call = || begin("f").end(FunctionOutcome::Ok);
    call();
    {
        let _outer = outer.enter();
        call();
        {
            let _inner = inner.enter();
            call();
            call();
        }
        call();
    }
    call();
    assert_eq!(
        (
            calls(&outer, FunctionOutcome::Ok),
            calls(&inner, FunctionOutcome::Ok)
        ),
        (2, 2)
    );
}

#[tokio::test]
async fn a_scope_follows_its_future_and_not_the_thread() {
    let (a, b) = (monitor(), monitor());
    let work = || async {
        for _ in 0..10 {
            begin("f").end(FunctionOutcome::Ok);
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(a.scope(work()), b.scope(work()), work());
    assert_eq!(
        (
            calls(&a, FunctionOutcome::Ok),
            calls(&b, FunctionOutcome::Ok)
        ),
        (10, 10)
    );
}

#[test]
fn a_call_outlives_its_monitor_in_peace() {
    let gone = monitor();
    let (function, call) = (gone.function("f"), begin_in(&gone, "f"));
    let scope = gone.enter();
    drop(gone);
    begin("f").end(FunctionOutcome::Ok);
    drop((function.begin(), call, scope));
}
