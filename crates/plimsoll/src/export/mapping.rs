//! From a window to OTLP.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::metrics::v1 as proto;

use super::points::{Points, attribute};
use super::resource::Resource;
use crate::window::{RequestKey, RequestSeries, Resources, Server, Window};

/// Everything that `window` observed as one OTLP request.
///
/// The instrumentation scope is `plimsoll`. What did not happen is left out: a counter without an increase, an empty
/// histogram, a gauge without a reading.
pub fn request(window: &Window, resource: &Resource) -> ExportMetricsServiceRequest {
    ExportMetricsServiceRequest {
        resource_metrics: vec![with_resource(metrics(window), resource)],
    }
}

pub(super) fn with_resource(
    metrics: Vec<proto::Metric>,
    resource: &Resource,
) -> proto::ResourceMetrics {
    let scope = InstrumentationScope {
        name: "plimsoll".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..Default::default()
    };
    proto::ResourceMetrics {
        resource: Some(resource.to_proto()),
        scope_metrics: vec![proto::ScopeMetrics {
            scope: Some(scope),
            metrics,
            ..Default::default()
        }],
        ..Default::default()
    }
}

pub(super) fn metrics(window: &Window) -> Vec<proto::Metric> {
    let mut points = Points::new(window.start_unix_ns, window.end_unix_ns);
    requests(&mut points, window);
    server(&mut points, &window.server);
    for (key, duration) in &window.functions {
        let attributes = vec![
            attribute("function", &*key.function),
            attribute("outcome", key.outcome.as_str()),
        ];
        points.histogram(
            "plimsoll.function.duration",
            "s",
            attributes,
            duration,
            Vec::new(),
        );
    }
    if let Some(resources) = &window.resources {
        process(&mut points, resources);
        system(&mut points, resources);
    }
    let tags = |tags: &[(std::sync::Arc<str>, std::sync::Arc<str>)]| -> Vec<KeyValue> {
        tags.iter()
            .map(|(tag, value)| attribute(tag, &**value))
            .collect()
    };
    for (key, added) in &window.counters {
        points.sum(&key.name, "1", tags(&key.tags), *added);
    }
    for (key, gauge) in &window.gauges {
        points.gauge(&key.name, "1", tags(&key.tags), gauge);
    }
    for (key, duration) in &window.timers {
        points.histogram(&key.name, "s", tags(&key.tags), duration, Vec::new());
    }
    for (what, count) in window.dropped.by_what() {
        points.sum(
            "plimsoll.dropped",
            "1",
            vec![attribute("what", what)],
            count,
        );
    }
    points.finish()
}

fn requests(points: &mut Points, window: &Window) {
    for (key, series) in &window.requests {
        let exemplars = exemplars(series);
        points.histogram(
            "http.server.request.duration",
            "s",
            request_attributes(key),
            &series.duration,
            exemplars,
        );
    }
    for (key, series) in &window.requests {
        let name = "plimsoll.http.server.body.duration";
        points.histogram(
            name,
            "s",
            request_attributes(key),
            &series.body_duration,
            Vec::new(),
        );
    }
    for (key, series) in &window.requests {
        for (outcome, count) in [
            ("ended", series.ended),
            ("cancelled", series.cancelled),
            ("failed", series.failed),
        ] {
            let mut attributes = request_attributes(key);
            attributes.push(attribute("outcome", outcome));
            points.sum(
                "plimsoll.http.server.outcomes",
                "{request}",
                attributes,
                count,
            );
        }
    }
}

fn request_attributes(key: &RequestKey) -> Vec<KeyValue> {
    let mut attributes = vec![
        attribute("http.request.method", key.method),
        attribute("http.route", &*key.route),
        attribute("http.response.status_code", key.status),
    ];
    if let Some(error_type) = key.otel_error_type() {
        attributes.push(attribute("error.type", &*error_type));
    }
    if let Some(run) = &key.run {
        attributes.push(attribute("user_agent.synthetic.type", "test"));
        attributes.push(attribute("plimsoll.run", &**run));
    }
    attributes
}

fn exemplars(series: &RequestSeries) -> Vec<proto::Exemplar> {
    let Some(exemplar) = &series.exemplar else {
        return Vec::new();
    };
    vec![proto::Exemplar {
        time_unix_nano: u64::try_from(exemplar.at_unix_ns).unwrap_or(0),
        trace_id: from_hex(&exemplar.trace_id).unwrap_or_default(),
        value: Some(proto::exemplar::Value::AsDouble(exemplar.value)),
        ..Default::default()
    }]
}

fn from_hex(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| (byte as char).to_digit(16);
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| Some((digit(pair[0])? * 16 + digit(*pair.get(1)?)?) as u8))
        .collect()
}

fn server(points: &mut Points, server: &Server) {
    let none = Vec::new;
    points.gauge(
        "http.server.active_requests",
        "{request}",
        none(),
        &server.active_requests,
    );
    points.gauge(
        "plimsoll.http.server.queue.size",
        "{request}",
        none(),
        &server.queue_size,
    );
    points.histogram(
        "plimsoll.http.server.queue.wait",
        "s",
        none(),
        &server.queue_wait,
        Vec::new(),
    );
    points.gauge(
        "plimsoll.requests_per_minute",
        "{request}/min",
        none(),
        &server.requests_per_minute,
    );
    points.gauge(
        "plimsoll.events_per_minute",
        "{event}/min",
        none(),
        &server.events_per_minute,
    );
    points.gauge(
        "plimsoll.http.server.connections.active",
        "{connection}",
        none(),
        &server.connections_active,
    );
    for (name, count) in [
        (
            "plimsoll.http.server.connections.opened",
            server.connections_opened,
        ),
        (
            "plimsoll.http.server.connections.reset",
            server.connections_reset,
        ),
        (
            "plimsoll.http.server.connections.aborted",
            server.connections_aborted,
        ),
    ] {
        points.sum(name, "{connection}", none(), count);
    }
}

fn process(points: &mut Points, resources: &Resources) {
    let none = Vec::new;
    points.gauge(
        "process.memory.usage",
        "By",
        none(),
        &resources.process_memory,
    );
    points.gauge(
        "plimsoll.process.memory.limit",
        "By",
        none(),
        &resources.process_memory_limit,
    );
    points.gauge(
        "process.cpu.utilization",
        "1",
        none(),
        &resources.process_cpu,
    );
    points.gauge(
        "plimsoll.process.cpu.limit",
        "{cpu}",
        none(),
        &resources.process_cpu_limit,
    );
    points.gauge(
        "process.thread.count",
        "{thread}",
        none(),
        &resources.process_threads,
    );
    points.gauge(
        "process.open_file_descriptor.count",
        "{file_descriptor}",
        none(),
        &resources.process_open_fds,
    );
    points.gauge(
        "plimsoll.process.open_file_descriptor.limit",
        "{file_descriptor}",
        none(),
        &resources.process_open_fds_limit,
    );
    for (direction, bytes) in [
        ("read", resources.process_disk_read),
        ("write", resources.process_disk_written),
    ] {
        points.sum(
            "process.disk.io",
            "By",
            vec![attribute("disk.io.direction", direction)],
            bytes,
        );
    }
}

fn system(points: &mut Points, resources: &Resources) {
    let none = Vec::new;
    points.gauge("system.cpu.utilization", "1", none(), &resources.system_cpu);
    points.gauge(
        "system.memory.utilization",
        "1",
        none(),
        &resources.system_memory,
    );
    points.gauge(
        "system.memory.usage",
        "By",
        none(),
        &resources.system_memory_used,
    );
    points.gauge(
        "system.filesystem.utilization",
        "1",
        none(),
        &resources.system_disk,
    );
    points.sum(
        "system.disk.operations",
        "{operation}",
        none(),
        resources.system_disk_operations,
    );
    for (direction, bytes) in [
        ("transmit", resources.system_network_sent),
        ("receive", resources.system_network_received),
    ] {
        points.sum(
            "system.network.io",
            "By",
            vec![attribute("network.io.direction", direction)],
            bytes,
        );
    }
    points.sum(
        "plimsoll.system.tcp.resets",
        "{connection}",
        none(),
        resources.system_tcp_resets,
    );
    points.sum(
        "plimsoll.system.tcp.retransmitted",
        "{segment}",
        none(),
        resources.system_tcp_retransmitted,
    );
}

#[cfg(test)]
mod tests;
