use std::time::Duration;

use super::*;

const ROUTE: &str = "/orders/{id}";

fn with_limits(limits: Limits, now: Moment) -> Registry {
    Registry::new(limits, Options::default(), Arc::default(), now)
}

fn registry() -> (Registry, Moment) {
    let now = Moment::now();
    (with_limits(Limits::default(), now), now)
}

/// One complete request as the layer would record it.
fn record(registry: &Registry, route: &str, status: u16, ms: u64) {
    with_local(registry.id(), |local| {
        local.begin();
        let route = local.resolve_route(route);
        let key = SeriesKey::new(route, MethodId::GET, status, 0, 0);
        local.record_head(key, ms * 1_000_000);
        local.finish();
        local.record_body(key, ms * 1_000_000 + 1000, Outcome::Ended);
    })
    .expect("the monitor lives");
}

#[test]
fn a_window_holds_what_happened_since_the_last_one() {
    let (registry, now) = registry();
    record(&registry, ROUTE, 200, 5);
    record(&registry, ROUTE, 200, 10);
    let first = registry.collect(now.after(Duration::from_secs(10)));
    record(&registry, ROUTE, 500, 20);
    let second = registry.collect(now.after(Duration::from_secs(20)));

    assert_eq!((first.request_count(), second.request_count()), (2, 1));
    let (key, series) = first.requests.first_key_value().unwrap();
    assert_eq!(
        (key.route.as_ref(), key.method, key.status),
        (ROUTE, "GET", 200)
    );
    assert_eq!(
        (
            series.ended,
            series.body_duration.count,
            series.duration.max
        ),
        (2, 2, 0.01)
    );
    assert_eq!(first.end_unix_ns, second.start_unix_ns);
    assert_eq!(second.seconds(), 10.0);
}

#[test]
fn the_cumulative_view_and_windows_do_not_take_from_each_other() {
    let (registry, now) = registry();
    record(&registry, ROUTE, 200, 5);
    assert_eq!(registry.cumulative(now).request_count(), 1);
    record(&registry, ROUTE, 200, 5);
    assert_eq!(registry.collect(now).request_count(), 2);
    assert_eq!(registry.cumulative(now).request_count(), 2);
}

#[test]
fn threads_write_to_their_own_shards_and_nothing_is_lost() {
    let (registry, now) = registry();
    let mut collected = 0;
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| (0..5000).for_each(|n| record(&registry, ROUTE, 200, n % 7 + 1)))
            })
            .collect();
        while writers.iter().any(|writer| !writer.is_finished()) {
            collected += registry.collect(now).request_count();
        }
    });
    collected += registry.collect(now).request_count();
    assert_eq!(collected, 20_000);
    let all = registry.cumulative(now.after(Duration::from_secs(1)));
    assert_eq!(
        all.requests
            .values()
            .map(|series| series.ended)
            .sum::<u64>(),
        20_000
    );
    assert_eq!(all.server.active_requests.last, 0.0);
}

#[test]
fn the_shard_of_a_dead_thread_is_used_again() {
    let (registry, now) = registry();
    for _ in 0..20 {
        std::thread::scope(|scope| scope.spawn(|| record(&registry, ROUTE, 200, 1)).join())
            .unwrap();
    }
    assert_eq!(registry.collect(now).request_count(), 20);
    assert_eq!(registry.shared.shards().len(), 1);
}

#[test]
fn monitors_of_one_process_do_not_disturb_each_other() {
    let ((first, now), (second, _)) = (registry(), registry());
    for _ in 0..3 {
        record(&first, ROUTE, 200, 1);
        record(&second, "/other", 404, 1);
    }
    drop(first);
    record(&second, "/other", 404, 1);
    let window = second.collect(now);
    assert_eq!(window.request_count(), 4);
    assert_eq!(window.requests.len(), 1);
}

#[test]
fn a_monitor_that_ended_is_no_longer_written_to() {
    let (registry, _) = registry();
    let id = registry.id();
    drop(registry);
    assert_eq!(with_local(id, |_| ()), None);
}

#[test]
fn routes_beyond_the_bound_are_other() {
    let now = Moment::now();
    let registry = with_limits(
        Limits {
            routes: 2,
            ..Limits::default()
        },
        now,
    );
    for route in ["/a", "/b", "/c", "/d", "/a"] {
        record(&registry, route, 200, 1);
    }
    let window = registry.collect(now);
    let other = window
        .requests
        .iter()
        .find(|(key, _)| key.route.as_ref() == "<other>")
        .unwrap();
    assert_eq!(
        (
            window.requests.len(),
            other.1.duration.count,
            window.dropped.routes
        ),
        (3, 2, 2)
    );
}

#[test]
fn load_tests_and_error_types_beyond_the_bounds_are_counted_as_dropped() {
    let now = Moment::now();
    let registry = with_limits(
        Limits {
            runs: 2,
            error_types: 3,
            ..Limits::default()
        },
        now,
    );
    for n in 0..10 {
        with_local(registry.id(), |local| {
            let route = local.resolve_route(ROUTE);
            let error = local.shared.error_type(&format!("E{n}"));
            let run = local.shared.run(&format!("run {n}"));
            let key = SeriesKey::new(route, MethodId::GET, 500, error, run);
            local.record_whole(key, 1_000_000, Outcome::Ended);
        })
        .expect("the monitor lives");
    }
    let dropped = registry.collect(now).dropped;
    assert_eq!((dropped.runs, dropped.error_types), (8, 7));
    assert_eq!((dropped.routes, dropped.series), (0, 0));
    assert_eq!(registry.cumulative(now).dropped, dropped);
    assert_eq!(registry.collect(now).dropped.runs, 0);
}

#[test]
fn without_memory_requests_are_counted_as_dropped() {
    let now = Moment::now();
    let registry = with_limits(
        Limits {
            bytes: 4000,
            ..Limits::default()
        },
        now,
    );
    (0..10).for_each(|n| record(&registry, &format!("/{n}"), 200, 1));
    let window = registry.collect(now);
    assert!(window.dropped.series > 0);
    assert_eq!(window.request_count() + window.dropped.series, 10);
    assert!(registry.memory().0 <= 4000);
    assert_eq!(window.server.active_requests.last, 0.0);
}

#[test]
fn timers_functions_counters_and_gauges_reach_the_window() {
    let (registry, now) = registry();
    let key = MetricKey::new("batch_size", &[]);
    let timer = registry.timer(&key).unwrap();
    time(registry.id(), timer, 3_000_000);
    let function = FunctionKey {
        function: "price".into(),
        outcome: crate::window::FunctionOutcome::Ok,
    };
    time(
        registry.id(),
        registry.function(&function).unwrap(),
        4_000_000,
    );
    registry
        .counter(&key)
        .unwrap()
        .fetch_add(7, std::sync::atomic::Ordering::Relaxed);
    registry.gauge(&key).unwrap().set(2.5);
    events(registry.id(), 90);

    let window = registry.collect(now.after(Duration::from_secs(10)));
    assert_eq!(window.timers[&key].max, 0.003);
    assert_eq!(window.functions[&function].count, 1);
    assert_eq!((window.counters[&key], window.gauges[&key].last), (7, 2.5));
    assert_eq!(window.server.events_per_minute.last, 90.0);
    let next = registry.collect(now.after(Duration::from_secs(20)));
    assert_eq!((next.counters[&key], next.timers.len()), (0, 0));
}

#[test]
fn the_tables_of_own_metrics_are_bounded() {
    let now = Moment::now();
    let registry = with_limits(
        Limits {
            metrics: 2,
            ..Limits::default()
        },
        now,
    );
    let made = (0..5)
        .filter(|n| {
            registry
                .counter(&MetricKey::new(&format!("c{n}"), &[]))
                .is_some()
        })
        .count();
    assert_eq!((made, registry.collect(now).dropped.metrics), (2, 3));
}

#[test]
fn a_clock_that_is_set_back_makes_no_negative_window() {
    let (registry, now) = registry();
    let back = Moment {
        unix_ns: now.unix_ns - 5_000_000_000,
        ..now
    };
    assert_eq!(registry.collect(back).seconds(), 0.0);
}
