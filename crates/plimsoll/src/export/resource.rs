//! Who exports.

use opentelemetry_proto::tonic::resource::v1::Resource as Proto;

use super::points::attribute;
use crate::config::Config;

/// The service in OpenTelemetry's words: what every exported point has in common.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resource {
    /// `service.name`.
    pub service: String,
    /// `service.instance.id`.
    pub instance: Option<String>,
    /// `service.version`.
    pub version: Option<String>,
    /// `vcs.ref.head.revision`.
    pub revision: Option<String>,
    /// `deployment.environment.name`.
    pub environment: Option<String>,
    /// Further attributes.
    pub attributes: Vec<(String, String)>,
}

impl From<&Config> for Resource {
    fn from(config: &Config) -> Self {
        Self {
            service: config.service.clone(),
            instance: config.instance.clone(),
            version: config.version.clone(),
            revision: config.revision.clone(),
            environment: config.environment.clone(),
            attributes: config.resource_attributes.clone(),
        }
    }
}

impl Resource {
    pub(super) fn to_proto(&self) -> Proto {
        let optional = [
            ("service.instance.id", &self.instance),
            ("service.version", &self.version),
            ("vcs.ref.head.revision", &self.revision),
            ("deployment.environment.name", &self.environment),
        ];
        let mut attributes = vec![attribute("service.name", self.service.as_str())];
        attributes.extend(
            optional
                .into_iter()
                .filter_map(|(key, value)| Some(attribute(key, value.as_deref()?))),
        );
        attributes.extend(
            self.attributes
                .iter()
                .map(|(key, value)| attribute(key, value.as_str())),
        );
        attributes.push(attribute("telemetry.sdk.name", "plimsoll"));
        attributes.push(attribute("telemetry.sdk.language", "rust"));
        attributes.push(attribute(
            "telemetry.sdk.version",
            env!("CARGO_PKG_VERSION"),
        ));
        Proto {
            attributes,
            ..Proto::default()
        }
    }
}
