//! What the library calls things and what the table of `docs/data-model.md` makes of it.

use plimsoll::export::{self, Resource};
use plimsoll::window::{
    FunctionKey, FunctionOutcome, Gauge, MetricKey, RequestKey, Resources, Window,
};

use super::{Bench, NOW};

/// A window in which everything happened once.
fn window() -> Window {
    let mut window = Window::empty(NOW - 10_000_000_000, NOW);
    let key = RequestKey {
        route: "/a".into(),
        method: "GET",
        status: 503,
        error_type: Some("Timeout".into()),
        run: Some("r1".into()),
    };
    let series = window.requests.entry(key).or_default();
    series.duration.record(0.5);
    series.body_duration.record(1.0);
    (series.ended, series.cancelled, series.failed) = (1, 2, 3);
    let gauge = |value| Gauge::of(value, NOW);
    window.server.active_requests = gauge(1.0);
    window.server.queue_size = gauge(2.0);
    window.server.queue_wait.record(0.25);
    window.server.requests_per_minute = gauge(3.0);
    window.server.events_per_minute = gauge(4.0);
    window.server.connections_active = gauge(5.0);
    window.server.connections_opened = 6;
    window.server.connections_reset = 7;
    window.server.connections_aborted = 8;
    let function = FunctionKey {
        function: "price".into(),
        outcome: FunctionOutcome::Ok,
    };
    window.functions.entry(function).or_default().record(0.125);
    window.resources = Some(Resources {
        process_memory: gauge(1.0),
        process_memory_limit: gauge(2.0),
        process_cpu: gauge(3.0),
        process_cpu_limit: gauge(1.5),
        process_threads: gauge(4.0),
        process_open_fds: gauge(5.0),
        process_open_fds_limit: gauge(1024.0),
        process_disk_read: 6,
        process_disk_written: 7,
        system_cpu: gauge(0.1),
        system_memory: gauge(0.2),
        system_memory_used: gauge(8.0),
        system_disk: gauge(0.3),
        system_disk_operations: 9,
        system_network_sent: 10,
        system_network_received: 11,
        system_tcp_resets: 13,
        system_tcp_retransmitted: 14,
    });
    window
        .counters
        .insert(MetricKey::new("orders.placed", &[("kind", "gift")]), 12);
    window
}

#[test]
fn everything_the_library_sends_has_its_place() {
    let resource = Resource {
        service: "shop".into(),
        instance: Some("i1".into()),
        version: Some("2.0".into()),
        environment: Some("test".into()),
        ..Resource::default()
    };
    let bench = Bench::new();
    let (rows, refusals) = bench.map_request(&export::request(&window(), &resource));
    assert_eq!(refusals.message(), "");
    let all = "environment=test,instance=i1";
    let who = "service=shop,source=library,version=2.0";
    // Buckets of scale 5: 1/32 octave each; 0.5 ends bucket -33, 1 ends bucket -1.
    assert_eq!(
        rows,
        [
            format!(
                "functions,environment=test,function=price,instance=i1,outcome=ok,{who} duration=#1 0.125 -97:[1]Δ -0"
            ),
            format!(
                "http_requests,environment=test,error_type=Timeout,instance=i1,method=GET,route=/a,run=r1,{},status=503,version=2.0 \
                 body_duration=#1 1 -1:[1]Δ cancelled=2uΔ duration=#1 0.5 -33:[1]Δ ended=1uΔ failed=3uΔ -0",
                "service=shop,source=library"
            ),
            format!(
                "http_server,{all},{who} active_requests=1 connections_aborted=8uΔ connections_active=5 \
                 connections_opened=6uΔ connections_reset=7uΔ events_per_minute=4 queue_size=2 \
                 queue_wait=#1 0.25 -65:[1]Δ requests_per_minute=3 -0"
            ),
            format!("orders_placed,{all},kind=gift,{who} value=12Δ -0"),
            format!(
                "process,{all},{who} cpu=3 cpu_limit=1.5 disk_read=6uΔ disk_written=7uΔ memory_limit=2 memory_rss=1 \
                 open_fds=5 open_fds_limit=1024 threads=4 -0"
            ),
            format!(
                "system,{all},{who} cpu=0.1 disk=0.3 disk_operations=9uΔ memory=0.2 memory_used=8 \
                 network_received=11uΔ network_sent=10uΔ tcp_resets=13uΔ tcp_retransmitted=14uΔ -0"
            ),
        ]
    );
}
