//! Thresholds as the interface shows and takes them.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::standards::{BANDS, Standards, THRESHOLDS};

/// Thresholds in force.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Thresholds {
    /// A slower request is a slow one, seconds.
    pub slow_request_threshold: f64,
    /// A slower query is a slow one, seconds.
    pub slow_query_threshold: f64,
    /// More memory of a process is high, MB.
    pub high_memory_threshold: f64,
    /// A larger share of failed requests is high.
    pub error_rate_threshold: f64,
    /// Where each comes from: `default`, `file`, `environment` or `put`; the bands of a class together, as `classes.NAME`.
    pub origins: BTreeMap<String, &'static str>,
    /// The bands of each class.
    pub classes: BTreeMap<String, ShownBands>,
}

/// Bands of a class, seconds.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShownBands {
    /// Up to here nobody thinks about it.
    pub target_seconds: f64,
    /// Up to here it will do.
    pub acceptable_seconds: f64,
    /// From here on somebody must look.
    pub investigate_seconds: f64,
    /// `default`, `file` or `put`.
    pub origin: &'static str,
}

/// Thresholds to be set; those that are not named stay, null gives one back to the environment or the file.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "openapi", schema(example = json!({"slow_request_threshold": 1.0, "slow_query_threshold": 0.1, "high_memory_threshold": 500.0, "error_rate_threshold": 0.1})))]
pub struct NewThresholds {
    /// Seconds.
    #[serde(deserialize_with = "given")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    slow_request_threshold: Option<Option<f64>>,
    /// Seconds.
    #[serde(deserialize_with = "given")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    slow_query_threshold: Option<Option<f64>>,
    /// MB.
    #[serde(deserialize_with = "given")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    high_memory_threshold: Option<Option<f64>>,
    /// A share.
    #[serde(deserialize_with = "given")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    error_rate_threshold: Option<Option<f64>>,
    /// Bands by class.
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, NewBands>))]
    classes: BTreeMap<String, Object<NewBands>>,
}

/// Bands to be set.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct NewBands {
    #[serde(deserialize_with = "given")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    target_seconds: Option<Option<f64>>,
    #[serde(deserialize_with = "given")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    acceptable_seconds: Option<Option<f64>>,
    #[serde(deserialize_with = "given")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>))]
    investigate_seconds: Option<Option<f64>>,
}

impl Thresholds {
    /// Whether what was put is the threshold, or one of the bands of the class, of this name.
    pub fn is_of(put: &str, name: &str) -> bool {
        let rest = put.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    /// What `standards` say; `origin` knows where a threshold, or the bands of a class (`classes.NAME`), come from.
    pub fn of(standards: &Standards, origin: impl Fn(&str) -> &'static str) -> Self {
        let names = THRESHOLDS.iter();
        let mut origins: BTreeMap<String, &'static str> = names
            .map(|name| ((*name).to_owned(), origin(name)))
            .collect();
        let mut classes = BTreeMap::new();
        for class in &standards.classes {
            let name = format!("classes.{}", class.name);
            let bands = ShownBands {
                target_seconds: class.bands.target,
                acceptable_seconds: class.bands.acceptable,
                investigate_seconds: class.bands.investigate,
                origin: origin(&name),
            };
            origins.insert(name, bands.origin);
            classes.insert(class.name.to_string(), bands);
        }
        Self {
            slow_request_threshold: standards.slow.request.as_secs_f64(),
            slow_query_threshold: standards.slow.query.as_secs_f64(),
            high_memory_threshold: standards.limits.memory_mb,
            error_rate_threshold: standards.limits.error_rate,
            origins,
            classes,
        }
    }
}

impl NewThresholds {
    /// By the names under which they are kept; `None`: back to what is below.
    pub fn changes(&self) -> BTreeMap<String, Option<f64>> {
        let four = [
            self.slow_request_threshold,
            self.slow_query_threshold,
            self.high_memory_threshold,
            self.error_rate_threshold,
        ];
        let four = THRESHOLDS
            .iter()
            .zip(four)
            .map(|(name, value)| ((*name).to_owned(), value));
        let bands = self.classes.iter().flat_map(|(class, Object(new))| {
            let three = [
                new.target_seconds,
                new.acceptable_seconds,
                new.investigate_seconds,
            ];
            BANDS
                .iter()
                .zip(three)
                .map(move |(band, value)| (format!("classes.{class}.{band}"), value))
        });
        four.chain(bands)
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }
}

/// Tells a null from what is not there.
fn given<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<Option<f64>>, D::Error> {
    Option::<f64>::deserialize(value).map(Some)
}

/// An object: of a type's members in a list, which serde would take as well, nobody could say which is which.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Object<T>(pub T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Object<T> {
    fn deserialize<D: serde::Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        let object = serde_json::Map::deserialize(value)?;
        let read = serde_json::from_value(serde_json::Value::Object(object));
        read.map(Self).map_err(serde::de::Error::custom)
    }
}
