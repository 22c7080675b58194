//! The names of common home-made monitors, beside OpenTelemetry's.

use super::Scrape;
use super::bounds::{Cumulative, MAX, REQUESTS};
use super::requests::Counted;
use super::text::{Kind, Labels, Text};
use crate::config::Compatibility;
use crate::window::{Gauge, RequestKey, Window};

/// Every family that this module may write.
pub(super) const NAMES: &[&str] = &[
    "http_requests",
    "requests",
    "http_request_duration_seconds",
    "active_connections",
    "memory_usage_bytes",
    "requests_per_minute",
    "events_per_minute",
    "cpu_percent",
    "queue_size",
    "error_rate_percent",
    "response_time_ms",
    "memory_mb",
    "error_count",
];

pub(super) fn write(text: &mut Text, scrape: &Scrape<'_>, counted: &[Counted<'_>]) {
    requests(text, counted);
    let server = &scrape.total.server;
    // Without a listener that counts connections, each request in flight is on one.
    let active = if server.connections_opened > 0 {
        &server.connections_active
    } else {
        &server.active_requests
    };
    gauge(
        text,
        "active_connections",
        "Connections in use.",
        active.current(),
    );
    let rss = scrape
        .sample
        .and_then(|sample| sample.process.memory_rss_bytes)
        .map(|bytes| bytes as f64);
    gauge(
        text,
        "memory_usage_bytes",
        "Resident memory of the process.",
        rss,
    );

    let last_minute =
        |of: fn(&Window) -> &Gauge| of(scrape.recent.unwrap_or(scrape.total)).current();
    let per_minute = last_minute(|window| &window.server.requests_per_minute);
    gauge(
        text,
        "requests_per_minute",
        "Requests of the last minute.",
        per_minute,
    );
    let per_minute = last_minute(|window| &window.server.events_per_minute);
    gauge(
        text,
        "events_per_minute",
        "Events of the last minute.",
        per_minute,
    );
    let cpu = scrape
        .sample
        .and_then(|sample| sample.process.cpu_ratio)
        .map(|ratio| ratio * 100.0);
    gauge(
        text,
        "cpu_percent",
        "Processor use of the process; 100 is one core.",
        cpu,
    );
    gauge(
        text,
        "queue_size",
        "Requests that wait for a handler.",
        server.queue_size.current(),
    );
    let errors = scrape
        .recent
        .and_then(Window::error_rate)
        .map(|ratio| ratio * 100.0);
    gauge(
        text,
        "error_rate_percent",
        "Failed requests of the last minute.",
        errors,
    );
    if scrape.config.compatibility_metrics == Compatibility::All {
        against_the_rules(text, scrape, rss);
    }
}

/// Names that Prometheus's own linter refuses: milliseconds, megabytes, a counter that ends in `_count`.
fn against_the_rules(text: &mut Text, scrape: &Scrape<'_>, rss: Option<f64>) {
    let mean = scrape.recent.and_then(|window| {
        let series = window.requests.iter().filter(|(key, _)| key.run.is_none());
        let (sum, count) = series.fold((0.0, 0), |(sum, count), (_, series)| {
            (sum + series.duration.sum, count + series.duration.count)
        });
        (count > 0).then(|| sum / count as f64 * 1e3)
    });
    gauge(
        text,
        "response_time_ms",
        "Mean response time of the last minute.",
        mean,
    );
    gauge(
        text,
        "memory_mb",
        "Resident memory of the process, units of 2^20 bytes.",
        rss.map(|bytes| bytes / 1_048_576.0),
    );
    let errors = scrape
        .total
        .requests
        .iter()
        .filter(|(key, _)| key.run.is_none())
        .map(|(key, series)| {
            if key.status >= 500 {
                series.duration.count
            } else {
                series.failed
            }
        });
    gauge(
        text,
        "error_count",
        "Failed requests since the start.",
        Some(errors.sum::<u64>() as f64),
    );
}

fn gauge(text: &mut Text, name: &str, help: &str, value: Option<f64>) {
    if let Some(value) = value {
        text.family(name, Kind::Gauge, None, help);
        text.sample("", &Labels::default(), value);
    }
}

/// Load tests are left out: whoever reads these names does not know of them.
fn requests(text: &mut Text, counted: &[Counted<'_>]) {
    // Sorted by route, method and status, so what belongs together stands together.
    let real: Vec<&Counted<'_>> = counted
        .iter()
        .filter(|counted| counted.key.run.is_none())
        .collect();
    if real.is_empty() {
        return;
    }
    let endpoint = |key: &RequestKey| {
        let mut labels = Labels::default();
        labels.add("endpoint", &key.route);
        labels.add("method", key.method);
        labels
    };
    let same_endpoint = |a: &RequestKey, b: &RequestKey| a.route == b.route && a.method == b.method;
    let mut all = 0;
    text.family("http_requests", Kind::Counter, None, "Requests.");
    for group in real.chunk_by(|a, b| a.key.status == b.key.status && same_endpoint(a.key, b.key)) {
        let mut labels = endpoint(group[0].key);
        labels.add("status", itoa::Buffer::new().format(group[0].key.status));
        let count: u64 = group
            .iter()
            .map(|counted| counted.series.duration.count)
            .sum();
        text.sample("_total", &labels, count);
        all += count;
    }
    text.family("requests", Kind::Counter, None, "Requests of all routes.");
    text.sample("_total", &Labels::default(), all);
    let help = "Time from the start of a request to its response head.";
    text.family(
        "http_request_duration_seconds",
        Kind::Histogram,
        Some("seconds"),
        help,
    );
    for group in real.chunk_by(|a, b| same_endpoint(a.key, b.key)) {
        let mut sums: Cumulative = [0; MAX + 1];
        for counted in group {
            for (sum, count) in sums.iter_mut().zip(counted.buckets) {
                *sum += count;
            }
        }
        let seconds = group
            .iter()
            .map(|counted| counted.series.duration.sum)
            .sum();
        text.histogram(&endpoint(group[0].key), &REQUESTS, &sums, seconds, None);
    }
}
