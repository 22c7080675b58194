//! OpenTelemetry's names as Prometheus's formats spell them: dots become `_`, the unit and `_total` stand at the end.

use std::sync::LazyLock;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::names::{Change, Rule, Shape, every_rule};

/// Names that Prometheus's own client libraries have for what the table of names knows.
const OTHER_NAMES: [(&str, &str); 5] = [
    ("process_cpu_seconds", "process.cpu.time"),
    ("process_resident_memory_bytes", "process.memory.usage"),
    ("process_threads", "process.thread.count"),
    ("process_open_fds", "process.open_file_descriptor.count"),
    (
        "process_max_fds",
        "plimsoll.process.open_file_descriptor.limit",
    ),
];

/// Units as they stand at the end of a name, and what makes seconds of a time in them.
const UNITS: [(&str, f64); 5] = [
    ("_seconds", 1.0),
    ("_milliseconds", 1e-3),
    ("_bytes", 1.0),
    ("_ratio", 1.0),
    ("", 1.0),
];

/// The rules of each metric by its name with `_` for `.`.
static BY_NAME: LazyLock<HashMap<String, Vec<&'static Rule>, RandomState>> = LazyLock::new(|| {
    let mut rules: HashMap<String, Vec<&'static Rule>, RandomState> = HashMap::default();
    for rule in every_rule() {
        let named = rules.entry(rule.metric.replace('.', "_")).or_default();
        named.push(rule);
    }
    rules
});

/// A rule, and what its values are multiplied by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exposed {
    pub(crate) rule: &'static Rule,
    pub(crate) factor: f64,
}

/// The first rule of a family for samples of this shape with these labels. `family` is its name without `_total`.
pub(crate) fn rule(family: &str, shape: Shape, labels: &[(&str, &str)]) -> Option<Exposed> {
    let other = OTHER_NAMES.iter().find(|(name, _)| *name == family);
    let renamed = other.map(|(_, metric)| metric.replace('.', "_"));
    let name = renamed.as_deref().unwrap_or(family);
    UNITS.iter().find_map(|(unit, factor)| {
        let rules = BY_NAME.get(name.strip_suffix(unit)?)?;
        let rule = rules
            .iter()
            .find(|rule| rule.shape == shape && is_met(rule, labels))?;
        let factor = match (rule.change, *unit) {
            (Change::SecondsOfMillis, "") => 1e-3,
            (Change::Seconds | Change::SecondsOfMillis, _) => *factor,
            _ => 1.0,
        };
        Some(Exposed { rule, factor })
    })
}

fn is_met(rule: &Rule, labels: &[(&str, &str)]) -> bool {
    rule.when.as_ref().is_none_or(|when| {
        let named = labels.iter().find(|(name, _)| uses(rule, name));
        named.map_or(when.or_absent, |(_, value)| *value == when.equals)
    })
}

/// Whether the rule's condition is about this label, which then is no tag.
pub(crate) fn uses(rule: &Rule, label: &str) -> bool {
    let attributes = rule.when.as_ref().map(|when| when.attributes);
    let mut attributes = attributes.into_iter().flatten();
    attributes.any(|attribute| spelled(attribute, label))
}

/// The tag that a label becomes, where it is not the label's own name.
pub(crate) fn tag_of(label: &str) -> Option<&'static str> {
    Some(match label {
        "http_request_method" | "http_method" => "method",
        "http_response_status_code" | "http_status_code" => "status",
        "http_route" => "route",
        "url_scheme" | "http_scheme" => "scheme",
        "network_protocol_version" | "http_flavor" => "protocol_version",
        "code_function_name" | "code_function" => "function",
        "plimsoll_run" => "run",
        _ => return None,
    })
}

/// Whether `label` is `attribute` with `_` for `.`.
fn spelled(attribute: &str, label: &str) -> bool {
    let same = |(a, b): (u8, u8)| a == b || (a == b'.' && b == b'_');
    attribute.len() == label.len() && attribute.bytes().zip(label.bytes()).all(same)
}

#[cfg(test)]
mod tests {
    use super::super::names;
    use super::*;

    fn field(family: &str, shape: Shape, labels: &[(&str, &str)]) -> Option<(String, f64)> {
        let Exposed { rule, factor } = rule(family, shape, labels)?;
        Some((format!("{}.{}", rule.measurement, rule.field), factor))
    }

    #[test]
    fn a_name_is_known_with_its_unit_and_without() {
        let seconds = field(
            "http_server_request_duration_seconds",
            Shape::Distribution,
            &[],
        );
        assert_eq!(seconds, Some(("http_requests.duration".into(), 1.0)));
        let millis = field(
            "http_server_duration_milliseconds",
            Shape::Distribution,
            &[],
        );
        assert_eq!(millis, Some(("http_requests.duration".into(), 1e-3)));
        let memory = field("process_resident_memory_bytes", Shape::State, &[]);
        assert_eq!(memory, Some(("process.memory_rss".into(), 1.0)));
        let most = field("process_max_fds", Shape::State, &[]);
        assert_eq!(most, Some(("process.open_fds_limit".into(), 1.0)));
        let time = field("process_cpu_seconds", Shape::Counter, &[]);
        assert_eq!(time, Some(("process.cpu_time".into(), 1.0)));
        assert_eq!(field("http_requests", Shape::Counter, &[]), None);
    }

    #[test]
    fn a_condition_chooses_among_rules() {
        let outcome = |value| {
            let labels = [("http_route", "/"), ("outcome", value)];
            field("plimsoll_http_server_outcomes", Shape::Counter, &labels).map(|(name, _)| name)
        };
        assert_eq!(outcome("failed"), Some("http_requests.failed".into()));
        assert_eq!(outcome("other"), None);
        let memory =
            |labels: &[(&str, &str)]| field("system_memory_usage_bytes", Shape::State, labels);
        assert!(memory(&[]).is_some() && memory(&[("system_memory_state", "used")]).is_some());
        assert!(memory(&[("state", "free")]).is_none());
    }

    #[test]
    fn labels_become_the_tags_that_their_attributes_become() {
        let attributes = "http.request.method http.method http.response.status_code http.status_code http.route url.scheme \
            http.scheme network.protocol.version http.flavor code.function.name code.function plimsoll.run";
        for attribute in attributes.split_whitespace() {
            let label = attribute.replace('.', "_");
            assert_eq!(tag_of(&label), names::tag_of(attribute), "{attribute}");
        }
    }
}
