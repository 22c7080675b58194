//! Attributes as tags.

use std::borrow::Cow;

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;

use super::names::{INSTANCE_PARTS, resource_tag_of, tag_of};

/// Longest name or value of a tag, in bytes.
pub(super) const MAX_TAG_BYTES: usize = 1_024;
/// Most attributes of one point.
pub(super) const MAX_ATTRIBUTES: usize = 64;
/// The service of a resource that does not name one (OpenTelemetry's own word).
pub(super) const UNKNOWN_SERVICE: &str = "unknown_service";

/// The tag of `user_agent.synthetic.type`.
const SYNTHETIC: &str = "user_agent_synthetic_type";
/// The run of a load test that has no name.
const UNNAMED_RUN: &str = "<test>";

/// Tags of one point or resource: names and values, no name twice.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tags<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Tags<'a> {
    /// The tags that the allow-list makes of a resource.
    pub(super) fn of_resource(resource: Option<&'a Resource>) -> Result<Self, String> {
        let attributes = resource
            .map(|resource| resource.attributes.as_slice())
            .unwrap_or_default();
        let mut tags = Self::default();
        for attribute in attributes {
            if let Some(tag) = resource_tag_of(&attribute.key) {
                tags.add(tag, text(attribute.value.as_ref()))?;
            }
        }
        if tags.get("instance").is_none() {
            tags.add("instance", Cow::Owned(instance_of(attributes)))?;
        }
        if tags.get("service").is_none() {
            tags.add("service", UNKNOWN_SERVICE)?;
        }
        Ok(tags)
    }

    /// Adds the attributes of a point, except those in `used`.
    pub(super) fn with_attributes(
        &self,
        attributes: &'a [KeyValue],
        used: &[&str],
    ) -> Result<Self, String> {
        if attributes.len() > MAX_ATTRIBUTES {
            return Err(too_many(attributes.len()));
        }
        let mut tags = self.clone();
        for attribute in attributes
            .iter()
            .filter(|attribute| !used.contains(&attribute.key.as_str()))
        {
            let name = match tag_of(&attribute.key) {
                Some(tag) => Cow::Borrowed(tag),
                None => underscored(&attribute.key),
            };
            tags.add(name, text(attribute.value.as_ref()))?;
        }
        // Load tests are told apart by `run`; one without a name still is a test.
        if tags.get(SYNTHETIC) == Some("test") {
            tags.0.retain(|(tag, _)| tag != SYNTHETIC);
            tags.add("run", UNNAMED_RUN)?;
        }
        Ok(tags)
    }

    /// Adds a tag unless its value is empty or its name is taken.
    pub(super) fn add(
        &mut self,
        name: impl Into<Cow<'a, str>>,
        value: impl Into<Cow<'a, str>>,
    ) -> Result<(), String> {
        let (name, value) = (name.into(), value.into());
        if let Some(reason) = too_long(&name, &value) {
            return Err(reason);
        }
        if !name.is_empty() && !value.is_empty() && self.get(&name).is_none() {
            self.0.push((name, value));
        }
        Ok(())
    }

    /// The value of a tag.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(tag, _)| tag == name)
            .map(|(_, value)| value.as_ref())
    }

    /// As the series index wants them: sorted by name.
    pub(super) fn sorted(&self) -> Vec<(&str, &str)> {
        let mut pairs: Vec<_> = self
            .0
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_ref()))
            .collect();
        pairs.sort_unstable();
        pairs
    }
}

pub(super) fn too_many(attributes: usize) -> String {
    format!("has {attributes} attributes, the most are {MAX_ATTRIBUTES}")
}

/// Why a tag cannot be kept.
pub(super) fn too_long(name: &str, value: &str) -> Option<String> {
    if name.len() <= MAX_TAG_BYTES && value.len() <= MAX_TAG_BYTES {
        return None;
    }
    let shown: String = name.chars().take(60).collect();
    Some(format!(
        "has an attribute ({shown}) longer than {MAX_TAG_BYTES} bytes"
    ))
}

/// The value of the first attribute that has one of `names`.
pub(super) fn find<'a>(attributes: &'a [KeyValue], names: &[&str]) -> Option<Cow<'a, str>> {
    attributes
        .iter()
        .find(|attribute| names.contains(&attribute.key.as_str()))
        .map(|attribute| text(attribute.value.as_ref()))
}

/// A name of OpenTelemetry as one of ours.
pub(super) fn underscored(name: &str) -> Cow<'_, str> {
    if name.contains('.') {
        Cow::Owned(name.replace('.', "_"))
    } else {
        Cow::Borrowed(name)
    }
}

fn instance_of(attributes: &[KeyValue]) -> String {
    let parts = INSTANCE_PARTS
        .iter()
        .filter_map(|part| find(attributes, &[part]));
    parts
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(":")
}

fn text(value: Option<&AnyValue>) -> Cow<'_, str> {
    match value.and_then(|value| value.value.as_ref()) {
        None => Cow::Borrowed(""),
        Some(Value::StringValue(text)) => Cow::Borrowed(text),
        Some(Value::BoolValue(value)) => Cow::Borrowed(if *value { "true" } else { "false" }),
        Some(Value::IntValue(value)) => Cow::Owned(value.to_string()),
        Some(Value::DoubleValue(value)) => Cow::Owned(value.to_string()),
        Some(Value::ArrayValue(list)) => {
            let parts: Vec<_> = list.values.iter().map(|value| text(Some(value))).collect();
            Cow::Owned(format!("[{}]", parts.join(",")))
        }
        Some(Value::KvlistValue(list)) => {
            let pair = |pair: &KeyValue| format!("{}={}", pair.key, text(pair.value.as_ref()));
            Cow::Owned(format!(
                "{{{}}}",
                list.values.iter().map(pair).collect::<Vec<_>>().join(",")
            ))
        }
        Some(Value::BytesValue(bytes)) => {
            Cow::Owned(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
        }
        Some(Value::StringValueStrindex(index)) => Cow::Owned(format!("#{index}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(key: &str, value: Value) -> KeyValue {
        KeyValue {
            key: key.to_owned(),
            value: Some(AnyValue { value: Some(value) }),
            key_strindex: 0,
        }
    }

    fn string(key: &str, value: &str) -> KeyValue {
        attribute(key, Value::StringValue(value.to_owned()))
    }

    #[test]
    fn a_resource_becomes_the_allowed_tags_only() {
        let attributes = vec![
            string("service.name", "shop"),
            string("service.instance.id", "a1"),
            string("service.version", "1.2"),
            string("deployment.environment", "prod"),
            string("vcs.ref.head.revision", "9d59409acf47"),
            string("git.commit.sha", "another"),
            string("host.name", "box"),
            string("telemetry.sdk.name", "opentelemetry"),
        ];
        let resource = Resource {
            attributes,
            ..Default::default()
        };
        let tags = Tags::of_resource(Some(&resource)).expect("short");
        let expected = [
            ("environment", "prod"),
            ("instance", "a1"),
            ("revision", "9d59409acf47"),
            ("service", "shop"),
            ("version", "1.2"),
        ];
        assert_eq!(tags.sorted(), expected);
    }

    #[test]
    fn an_instance_without_id_is_named_by_host_and_process() {
        let attributes = vec![
            attribute("process.pid", Value::IntValue(77)),
            string("host.name", "box"),
        ];
        let resource = Resource {
            attributes,
            ..Default::default()
        };
        let tags = Tags::of_resource(Some(&resource)).expect("short");
        assert_eq!(
            tags.sorted(),
            [("instance", "box:77"), ("service", "unknown_service")]
        );
    }

    #[test]
    fn names_of_all_conventions_become_the_same_tags() {
        let old = [
            string("http.method", "GET"),
            attribute("http.status_code", Value::IntValue(200)),
        ];
        let new = [
            string("http.request.method", "GET"),
            attribute("http.response.status_code", Value::IntValue(200)),
        ];
        let tags = |attributes| {
            Tags::default()
                .with_attributes(attributes, &[])
                .map(|tags| format!("{:?}", tags.sorted()))
        };
        assert_eq!(
            tags(&old),
            Ok(r#"[("method", "GET"), ("status", "200")]"#.to_owned())
        );
        assert_eq!(tags(&old), tags(&new));
    }

    #[test]
    fn empty_used_and_repeated_attributes_make_no_tag() {
        let attributes = [
            string("a.b", "1"),
            string("a_b", "2"),
            string("c", ""),
            string("state", "used"),
        ];
        let tags = Tags::default()
            .with_attributes(&attributes, &["state"])
            .expect("short");
        assert_eq!(tags.sorted(), [("a_b", "1")]);
    }

    #[test]
    fn a_load_test_is_told_by_its_run() {
        let named = [
            string("user_agent.synthetic.type", "test"),
            string("plimsoll.run", "r1"),
        ];
        let tags = |attributes| Tags::default().with_attributes(attributes, &[]);
        assert_eq!(tags(&named).expect("short").sorted(), [("run", "r1")]);
        assert_eq!(
            tags(&named[..1]).expect("short").sorted(),
            [("run", "<test>")]
        );
    }

    #[test]
    fn too_long_and_too_many_attributes_are_refused() {
        let long = [string("a", &"x".repeat(MAX_TAG_BYTES + 1))];
        assert!(Tags::default().with_attributes(&long, &[]).is_err());
        let many: Vec<_> = (0..=MAX_ATTRIBUTES)
            .map(|n| string(&n.to_string(), "x"))
            .collect();
        assert!(Tags::default().with_attributes(&many, &[]).is_err());
    }
}
