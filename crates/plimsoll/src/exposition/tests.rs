use std::collections::BTreeSet;

use super::*;
use crate::config::Configuration;
use crate::resources::{Flow, Process, System, Tcp};
use crate::window::{Exemplar, FunctionKey, FunctionOutcome, Gauge, MetricKey, RequestKey};

fn key(route: &str, status: u16) -> RequestKey {
    RequestKey {
        route: route.into(),
        method: "GET",
        status,
        error_type: None,
        run: None,
    }
}

fn total() -> Window {
    let mut total = Window::empty(0, 10_000_000_000);
    for (route, status, secs) in [
        ("/orders/{id}", 200, 0.004),
        ("/orders/{id}", 200, 0.2),
        ("/a\"b\\c\nd", 503, 20.0),
    ] {
        let series = total.requests.entry(key(route, status)).or_default();
        series.duration.record(secs);
        series.ended += 1;
    }
    let series = total.requests.entry(key("/orders/{id}", 200)).or_default();
    let exemplar = Exemplar {
        trace_id: "0af7651916cd43dd8448eb211c80319c".into(),
        value: 0.2,
        at_unix_ns: 1_500_000_000,
    };
    series.exemplar = Some(exemplar);
    let test = RequestKey {
        run: Some("spike".into()),
        ..key("/orders/{id}", 200)
    };
    total.requests.entry(test).or_default().duration.record(0.1);
    total.server.active_requests = Gauge::of(2.0, 0);
    let call = FunctionKey {
        function: "price".into(),
        outcome: FunctionOutcome::Ok,
    };
    total.functions.entry(call).or_default().record(0.002);
    total.counters.insert(
        MetricKey::new("orders.new", &[("le", "x"), ("kind", "gift")]),
        7,
    );
    total
        .counters
        .insert(MetricKey::new("requests_total", &[]), 1);
    total
        .gauges
        .insert(MetricKey::new("9lives", &[]), Gauge::of(-1.5, 0));
    total
        .timers
        .entry(MetricKey::new("render", &[("page", "home")]))
        .or_default()
        .record(0.3);
    total
}

fn sample() -> Sample {
    Sample {
        process: Process {
            memory_rss_bytes: Some(1 << 20),
            cpu_ratio: Some(0.25),
            cpu_seconds_total: Some(1.5),
            threads: Some(9),
            open_fds: Some(12),
            open_fds_limit: Some(1_024),
            disk_read_bytes: Some(Flow {
                total: 4096,
                delta: 0,
            }),
            disk_written_bytes: Some(Flow {
                total: 8192,
                delta: 1,
            }),
            start_time_seconds: Some(1_700_000_000.25),
            ..Process::default()
        },
        system: System {
            cpu_ratio: Some(0.5),
            disk_ratio: Some(0.75),
            network_sent_bytes: Some(Flow {
                total: 10,
                delta: 0,
            }),
            tcp: Some(Tcp::default()),
            ..System::default()
        },
    }
}

fn render(format: Format, compatibility: Compatibility) -> String {
    let configuration = Configuration::new("shop").by_builder("exemplars", |config| {
        config.exemplars = true;
        config.compatibility_metrics = compatibility;
    });
    let (total, sample) = (total(), sample());
    let scrape = Scrape {
        config: configuration.config(),
        total: &total,
        recent: Some(&total),
        sample: Some(&sample),
        checks: &[("database".to_owned(), true), ("queue".to_owned(), false)],
        memory_bytes: 1000,
        exported: Some([("sent", 5), ("rejected", 0), ("dropped", 1)]),
    };
    scrape.render(format, 0)
}

fn has(text: &str, line: &str) {
    assert!(
        text.lines().any(|found| found == line),
        "no line {line} in\n{text}"
    );
}

#[test]
fn requests_have_opentelemetrys_name_labels_and_buckets() {
    let text = render(Format::Prometheus, Compatibility::Off);
    has(
        &text,
        "# TYPE http_server_request_duration_seconds histogram",
    );
    let labels = r#"http_request_method="GET",http_response_status_code="200",http_route="/orders/{id}",url_scheme="http""#;
    let name = "http_server_request_duration_seconds";
    has(&text, &format!("{name}_bucket{{{labels},le=\"0.005\"}} 1"));
    has(&text, &format!("{name}_bucket{{{labels},le=\"0.25\"}} 2"));
    has(&text, &format!("{name}_bucket{{{labels},le=\"10\"}} 2"));
    has(&text, &format!("{name}_bucket{{{labels},le=\"+Inf\"}} 2"));
    has(&text, &format!("{name}_count{{{labels}}} 2"));
    has(
        &text,
        &format!("{name}_sum{{{labels}}} 0.20400000000000001"),
    );
    let escaped = r#"error_type="503",http_request_method="GET",http_response_status_code="503",http_route="/a\"b\\c\nd""#;
    has(
        &text,
        &format!("{name}_bucket{{{escaped},url_scheme=\"http\",le=\"10\"}} 0"),
    );
    has(&text, "http_server_active_requests 2");
    assert!(
        !text.contains("http_requests_total")
            && !text.contains("# UNIT")
            && !text.contains("trace_id")
    );
}

#[test]
fn slow_requests_are_counted_by_route_and_method() {
    let text = render(Format::Prometheus, Compatibility::Off);
    let name = "plimsoll_http_server_slow_requests_total";
    has(&text, &format!("# TYPE {name} counter"));
    let labels = r#"http_request_method="GET",http_route="/orders/{id}""#;
    has(&text, &format!("{name}{{{labels}}} 0"));
    let labels = r#"http_request_method="GET",http_route="/a\"b\\c\nd""#;
    has(&text, &format!("{name}{{{labels}}} 1"));
}

#[test]
fn the_compatibility_set_has_status_and_leaves_out_load_tests() {
    let text = render(Format::Prometheus, Compatibility::On);
    has(
        &text,
        r#"http_requests_total{endpoint="/orders/{id}",method="GET",status="200"} 2"#,
    );
    has(&text, "requests_total 3");
    has(
        &text,
        r#"http_request_duration_seconds_count{endpoint="/orders/{id}",method="GET"} 2"#,
    );
    has(&text, "memory_usage_bytes 1048576");
    has(&text, "active_connections 2");
    has(&text, "cpu_percent 25");
    assert!(!text.contains("response_time_ms"));
    assert!(render(Format::Prometheus, Compatibility::All).contains("\nmemory_mb 1\n"));
}

#[test]
fn series_that_differ_in_more_than_the_compatibility_labels_add_up() {
    let mut total = Window::empty(0, 1);
    let told = RequestKey {
        error_type: Some("Timeout".into()),
        ..key("/a", 500)
    };
    for (key, count) in [
        (key("/a", 200), 4),
        (key("/a", 500), 2),
        (told, 1),
        (key("/b", 200), 8),
    ] {
        total
            .requests
            .entry(key)
            .or_default()
            .duration
            .record_n(0.3, count);
    }
    let configuration = Configuration::new("shop");
    let scrape = Scrape {
        config: configuration.config(),
        total: &total,
        recent: None,
        sample: None,
        checks: &[],
        memory_bytes: 0,
        exported: None,
    };
    let text = scrape.render(Format::Prometheus, 0);
    has(
        &text,
        r#"http_requests_total{endpoint="/a",method="GET",status="200"} 4"#,
    );
    has(
        &text,
        r#"http_requests_total{endpoint="/a",method="GET",status="500"} 3"#,
    );
    has(
        &text,
        r#"http_request_duration_seconds_bucket{endpoint="/a",method="GET",le="0.5"} 7"#,
    );
    has(
        &text,
        r#"http_request_duration_seconds_count{endpoint="/b",method="GET"} 8"#,
    );
    has(&text, "requests_total 15");
}

#[test]
fn own_metrics_get_names_that_prometheus_allows() {
    let text = render(Format::Prometheus, Compatibility::On);
    has(&text, r#"orders_new_total{kind="gift",tag_le="x"} 7"#);
    has(&text, "_9lives -1.5");
    has(&text, r#"render_seconds_bucket{page="home",le="0.5"} 1"#);
    has(
        &text,
        r#"plimsoll_function_duration_seconds_count{function="price",outcome="ok"} 1"#,
    );
}

#[test]
fn a_name_that_is_taken_is_not_written_twice() {
    for format in [Format::Prometheus, Format::OpenMetrics] {
        let text = render(format, Compatibility::All);
        let types: Vec<_> = text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE "))
            .collect();
        let names: BTreeSet<_> = types.iter().map(|line| line.split(' ').next()).collect();
        assert_eq!(names.len(), types.len(), "{types:?}");
    }
    has(
        &render(Format::Prometheus, Compatibility::Off),
        "target_info{service_name=\"shop\"} 1",
    );
    has(
        &render(Format::Prometheus, Compatibility::Off),
        "plimsoll_health_check{check=\"queue\"} 0",
    );
}

#[test]
fn openmetrics_names_families_units_and_examples_and_ends() {
    let text = render(Format::OpenMetrics, Compatibility::Off);
    has(&text, "# TYPE process_cpu_time_seconds counter");
    has(&text, "# UNIT process_cpu_time_seconds seconds");
    has(&text, "process_cpu_time_seconds_total 1.5");
    has(&text, "# TYPE target info");
    let with_exemplar = r#"le="0.25"} 2 # {trace_id="0af7651916cd43dd8448eb211c80319c"} 0.2 1.5"#;
    assert_eq!(
        text.lines()
            .filter(|line| line.ends_with(with_exemplar))
            .count(),
        1
    );
    assert!(text.contains("le=\"1.0\"") && text.ends_with("\n# EOF\n"));
}

#[test]
fn process_and_machine_are_there() {
    let text = render(Format::Prometheus, Compatibility::Off);
    for line in [
        "process_memory_usage_bytes 1048576",
        "process_cpu_utilization_ratio 0.25",
        "process_cpu_time_seconds_total 1.5",
        "process_threads 9",
        "process_start_time_seconds 1700000000.25",
        r#"process_disk_io_bytes_total{disk_io_direction="write"} 8192"#,
        "system_filesystem_utilization_ratio 0.75",
        r#"system_network_io_bytes_total{network_io_direction="transmit"} 10"#,
        r#"plimsoll_exported_points_total{result="sent"} 5"#,
    ] {
        has(&text, line);
    }
    assert!(
        !text.contains("system_memory_usage_bytes"),
        "not told, not guessed"
    );
}
