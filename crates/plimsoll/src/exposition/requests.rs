//! Requests and the HTTP server.

use std::time::Duration;

use super::bounds::{CALLS, Cumulative, REQUESTS};
use super::text::{Kind, Labels, Text};
use crate::window::{RequestKey, RequestSeries, Window};

/// A series with its counts up to each bound.
#[derive(Debug)]
pub(super) struct Counted<'a> {
    pub(super) key: &'a RequestKey,
    pub(super) series: &'a RequestSeries,
    pub(super) buckets: Cumulative,
}

/// All series in their order, counted once for both sets of names.
pub(super) fn counted(total: &Window) -> Vec<Counted<'_>> {
    let series = total.requests.iter();
    series
        .map(|(key, series)| Counted {
            key,
            series,
            buckets: REQUESTS.count(&series.duration),
        })
        .collect()
}

pub(super) fn write(text: &mut Text, total: &Window, counted: &[Counted<'_>], exemplars: bool) {
    if !counted.is_empty() {
        text.family(
            "http_server_request_duration_seconds",
            Kind::Histogram,
            Some("seconds"),
            "Time from the start of a request to its response head.",
        );
        for Counted {
            key,
            series,
            buckets,
        } in counted
        {
            let exemplar = series.exemplar.as_ref().filter(|_| exemplars);
            text.histogram(
                &labels(key),
                &REQUESTS,
                buckets,
                series.duration.sum,
                exemplar,
            );
        }
        outcomes(text, total);
    }
    server(text, total);
}

/// In the order of the alphabet, as Prometheus shows them.
fn labels(key: &RequestKey) -> Labels {
    let mut labels = Labels::default();
    if let Some(error_type) = key.otel_error_type() {
        labels.add("error_type", &error_type);
    }
    labels.add("http_request_method", key.method);
    labels.add(
        "http_response_status_code",
        itoa::Buffer::new().format(key.status),
    );
    labels.add("http_route", &key.route);
    if let Some(run) = &key.run {
        labels.add("plimsoll_run", run);
    }
    // What the layer sees; TLS ends before it.
    labels.add("url_scheme", "http");
    labels
}

fn outcomes(text: &mut Text, total: &Window) {
    text.family(
        "plimsoll_http_server_outcomes",
        Kind::Counter,
        None,
        "Requests by what became of their response body.",
    );
    for (key, series) in &total.requests {
        let outcomes = [
            ("ended", series.ended),
            ("cancelled", series.cancelled),
            ("failed", series.failed),
        ];
        for (outcome, count) in outcomes.into_iter().filter(|(_, count)| *count > 0) {
            let mut labels = labels(key);
            labels.add("outcome", outcome);
            text.sample("_total", &labels, count);
        }
    }
}

/// Of each route and method, those without any included: a counter that begins at its first event has no increase then.
pub(super) fn slow(text: &mut Text, total: &Window, threshold: Duration) {
    let routes = total.slow_requests(threshold);
    if routes.is_empty() {
        return;
    }
    text.family(
        "plimsoll_http_server_slow_requests",
        Kind::Counter,
        None,
        "Requests whose response head took longer than the threshold.",
    );
    for of in routes {
        let mut labels = Labels::default();
        labels.add("http_request_method", of.method);
        labels.add("http_route", of.route);
        text.sample("_total", &labels, of.slow);
    }
}

fn server(text: &mut Text, total: &Window) {
    let server = &total.server;
    let none = Labels::default();
    let gauges = [
        (
            "http_server_active_requests",
            &server.active_requests,
            "Requests begun and not yet ended.",
        ),
        (
            "plimsoll_http_server_queue_size",
            &server.queue_size,
            "Requests that wait for a handler.",
        ),
        (
            "plimsoll_http_server_connections_active",
            &server.connections_active,
            "Open connections.",
        ),
    ];
    for (name, gauge, help) in gauges {
        if let Some(value) = gauge.current() {
            text.family(name, Kind::Gauge, None, help);
            text.sample("", &none, value);
        }
    }
    if !server.queue_wait.is_empty() {
        text.family(
            "plimsoll_http_server_queue_wait_seconds",
            Kind::Histogram,
            Some("seconds"),
            "How long requests waited for a handler.",
        );
        text.histogram(
            &none,
            &CALLS,
            &CALLS.count(&server.queue_wait),
            server.queue_wait.sum,
            None,
        );
    }
    if server.connections_opened > 0 {
        text.family(
            "plimsoll_http_server_connections",
            Kind::Counter,
            None,
            "Connections by what happened to them.",
        );
        let events = [
            ("opened", server.connections_opened),
            ("reset", server.connections_reset),
            ("aborted", server.connections_aborted),
        ];
        for (event, count) in events {
            let mut labels = Labels::default();
            labels.add("event", event);
            text.sample("_total", &labels, count);
        }
    }
}
