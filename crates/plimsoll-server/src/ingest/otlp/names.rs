//! Which metric becomes which field: the table of `docs/data-model.md`, in code.
//!
//! A metric without a rule, or whose points do not fit one, becomes a measurement of its own name.

use Change::*;
use Shape::*;

use super::runtimes::RUNTIMES;

/// Where the points of a metric go.
#[derive(Debug)]
pub(crate) struct Rule {
    /// OpenTelemetry's name.
    pub metric: &'static str,
    /// Only points with this attribute.
    pub when: Option<When>,
    pub measurement: &'static str,
    pub field: &'static str,
    /// Points of another shape do not fit.
    pub shape: Shape,
    pub change: Change,
}

/// A condition on one attribute, which the rule uses up: it does not become a tag.
#[derive(Debug)]
pub(crate) struct When {
    /// The attribute's names in the conventions of all years.
    pub attributes: &'static [&'static str],
    /// The value that it must have.
    pub equals: &'static str,
    /// Whether a point that has none of the attributes fits, too.
    pub or_absent: bool,
}

/// What a metric measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A state: a gauge or a sum that can fall.
    State,
    /// Something counted: a sum that only grows.
    Counter,
    /// A histogram of any layout.
    Distribution,
}

/// What is done to a value before it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Kept as sent; counts as whole numbers.
    Keep,
    /// Kept as sent, counts with their fractions.
    Exact,
    /// Made seconds when the metric's unit is milliseconds.
    Seconds,
    /// As `Seconds`, and a metric without unit counts in milliseconds.
    SecondsOfMillis,
    /// A share of what is idle becomes the share of what is busy.
    Complement,
}

/// The rules of `metric`; the first that fits a point holds.
pub(super) fn rules(metric: &str) -> impl Iterator<Item = &'static Rule> + '_ + Clone {
    every_rule().filter(move |rule| rule.metric == metric)
}

pub(super) fn every_rule() -> impl Iterator<Item = &'static Rule> + Clone {
    RULES.iter().chain(RUNTIMES)
}

/// The tag that an attribute becomes, where it is not the attribute's name with `_` for `.`.
pub(super) fn tag_of(attribute: &str) -> Option<&'static str> {
    Some(match attribute {
        "http.request.method" | "http.method" => "method",
        "http.response.status_code" | "http.status_code" => "status",
        "http.route" => "route",
        "error.type" => "error_type",
        "url.scheme" | "http.scheme" => "scheme",
        "network.protocol.version" | "http.flavor" => "protocol_version",
        "code.function.name" | "code.function" => "function",
        "plimsoll.run" => "run",
        _ => return None,
    })
}

/// The tag that a resource attribute becomes; the others are left out.
pub(super) fn resource_tag_of(attribute: &str) -> Option<&'static str> {
    Some(match attribute {
        "service.name" => "service",
        "service.instance.id" => "instance",
        "service.version" => "version",
        "deployment.environment.name" | "deployment.environment" => "environment",
        "vcs.ref.head.revision"
        | "vcs.repository.ref.revision"
        | "git.commit.sha"
        | "service.git.sha"
        | "deployment.git_sha" => "revision",
        _ => return None,
    })
}

/// Resource attributes that together name an instance which has no `service.instance.id`.
pub(super) const INSTANCE_PARTS: [&str; 4] =
    ["k8s.pod.name", "container.id", "host.name", "process.pid"];

pub(super) const fn all(
    metric: &'static str,
    measurement: &'static str,
    field: &'static str,
    shape: Shape,
    change: Change,
) -> Rule {
    Rule {
        metric,
        when: None,
        measurement,
        field,
        shape,
        change,
    }
}

pub(super) const fn only(
    rule: Rule,
    attributes: &'static [&'static str],
    equals: &'static str,
) -> Rule {
    Rule {
        when: Some(When {
            attributes,
            equals,
            or_absent: false,
        }),
        ..rule
    }
}

const fn only_or_absent(
    rule: Rule,
    attributes: &'static [&'static str],
    equals: &'static str,
) -> Rule {
    Rule {
        when: Some(When {
            attributes,
            equals,
            or_absent: true,
        }),
        ..rule
    }
}

const OUTCOME: &[&str] = &["outcome", "plimsoll.outcome"];
const CPU_STATE: &[&str] = &["cpu.mode", "system.cpu.state", "state"];
const MEMORY_STATE: &[&str] = &["system.memory.state", "state"];
const FILESYSTEM_STATE: &[&str] = &["system.filesystem.state", "state"];
const DISK_DIRECTION: &[&str] = &["disk.io.direction", "direction"];
const NETWORK_DIRECTION: &[&str] = &["network.io.direction", "direction"];
/// No point has it: for rules that want the attributes of another rule to be absent.
const NO_VALUE: &str = "\0";

static RULES: &[Rule] = &[
    all(
        "http.server.request.duration",
        "http_requests",
        "duration",
        Distribution,
        Seconds,
    ),
    all(
        "http.server.duration",
        "http_requests",
        "duration",
        Distribution,
        SecondsOfMillis,
    ),
    all(
        "plimsoll.http.server.body.duration",
        "http_requests",
        "body_duration",
        Distribution,
        Seconds,
    ),
    only(
        all(
            "plimsoll.http.server.outcomes",
            "http_requests",
            "ended",
            Counter,
            Keep,
        ),
        OUTCOME,
        "ended",
    ),
    only(
        all(
            "plimsoll.http.server.outcomes",
            "http_requests",
            "cancelled",
            Counter,
            Keep,
        ),
        OUTCOME,
        "cancelled",
    ),
    only(
        all(
            "plimsoll.http.server.outcomes",
            "http_requests",
            "failed",
            Counter,
            Keep,
        ),
        OUTCOME,
        "failed",
    ),
    all(
        "http.server.active_requests",
        "http_server",
        "active_requests",
        State,
        Keep,
    ),
    all(
        "plimsoll.http.server.queue.wait",
        "http_server",
        "queue_wait",
        Distribution,
        Seconds,
    ),
    all(
        "plimsoll.http.server.queue.size",
        "http_server",
        "queue_size",
        State,
        Keep,
    ),
    all(
        "plimsoll.requests_per_minute",
        "http_server",
        "requests_per_minute",
        State,
        Keep,
    ),
    all(
        "plimsoll.events_per_minute",
        "http_server",
        "events_per_minute",
        State,
        Keep,
    ),
    all(
        "plimsoll.http.server.connections.active",
        "http_server",
        "connections_active",
        State,
        Keep,
    ),
    all(
        "plimsoll.http.server.connections.opened",
        "http_server",
        "connections_opened",
        Counter,
        Keep,
    ),
    all(
        "plimsoll.http.server.connections.reset",
        "http_server",
        "connections_reset",
        Counter,
        Keep,
    ),
    all(
        "plimsoll.http.server.connections.aborted",
        "http_server",
        "connections_aborted",
        Counter,
        Keep,
    ),
    all(
        "plimsoll.function.duration",
        "functions",
        "duration",
        Distribution,
        Seconds,
    ),
    all("process.memory.usage", "process", "memory_rss", State, Keep),
    all("process.cpu.utilization", "process", "cpu", State, Keep),
    all("process.thread.count", "process", "threads", State, Keep),
    all(
        "process.open_file_descriptor.count",
        "process",
        "open_fds",
        State,
        Keep,
    ),
    all(
        "plimsoll.process.open_file_descriptor.limit",
        "process",
        "open_fds_limit",
        State,
        Keep,
    ),
    only(
        all("process.disk.io", "process", "disk_read", Counter, Keep),
        DISK_DIRECTION,
        "read",
    ),
    only(
        all("process.disk.io", "process", "disk_written", Counter, Keep),
        DISK_DIRECTION,
        "write",
    ),
    all(
        "plimsoll.process.memory.limit",
        "process",
        "memory_limit",
        State,
        Keep,
    ),
    all(
        "plimsoll.process.cpu.limit",
        "process",
        "cpu_limit",
        State,
        Keep,
    ),
    all(
        "plimsoll.system.tcp.resets",
        "system",
        "tcp_resets",
        Counter,
        Keep,
    ),
    all(
        "plimsoll.system.tcp.retransmitted",
        "system",
        "tcp_retransmitted",
        Counter,
        Keep,
    ),
    only_or_absent(
        all("system.cpu.utilization", "system", "cpu", State, Keep),
        CPU_STATE,
        NO_VALUE,
    ),
    only(
        all("system.cpu.utilization", "system", "cpu", State, Complement),
        CPU_STATE,
        "idle",
    ),
    only_or_absent(
        all("system.memory.utilization", "system", "memory", State, Keep),
        MEMORY_STATE,
        "used",
    ),
    only_or_absent(
        all("system.memory.usage", "system", "memory_used", State, Keep),
        MEMORY_STATE,
        "used",
    ),
    only_or_absent(
        all(
            "system.filesystem.utilization",
            "system",
            "disk",
            State,
            Keep,
        ),
        FILESYSTEM_STATE,
        "used",
    ),
    all(
        "system.disk.operations",
        "system",
        "disk_operations",
        Counter,
        Keep,
    ),
    only(
        all("system.network.io", "system", "network_sent", Counter, Keep),
        NETWORK_DIRECTION,
        "transmit",
    ),
    only(
        all(
            "system.network.io",
            "system",
            "network_received",
            Counter,
            Keep,
        ),
        NETWORK_DIRECTION,
        "receive",
    ),
];
