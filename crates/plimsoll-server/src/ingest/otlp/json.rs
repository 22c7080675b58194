//! JSON as protobuf's mapping allows it: a double may stand in quotes, and where it is no number it has to.

use serde::Deserialize;
use serde::de::value::{
    MapAccessDeserializer, MapDeserializer, SeqDeserializer, StringDeserializer,
};
use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde_json::{Error, Value};

/// Members of a metrics request that are doubles, or lists of them. (`value` is one in quantiles and an object elsewhere.)
const DOUBLES: [&str; 9] = [
    "asDouble",
    "doubleValue",
    "explicitBounds",
    "max",
    "min",
    "quantile",
    "sum",
    "value",
    "zeroThreshold",
];

/// Reads a message of the protocol.
///
/// # Errors
/// Text that is no JSON, and JSON that is no such message.
pub(super) fn read<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, Error> {
    T::deserialize(Mapped {
        value: serde_json::from_slice(body)?,
        is_double: false,
    })
}

/// A value and whether it is a double of the protocol.
struct Mapped {
    value: Value,
    is_double: bool,
}

impl<'de> Deserializer<'de> for Mapped {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let is_double = self.is_double;
        match self.value {
            Value::String(text) if is_double => match text.parse() {
                Ok(number) => visitor.visit_f64(number),
                Err(_) => visitor.visit_string(text),
            },
            Value::Array(values) => {
                let values = values.into_iter().map(|value| Self { value, is_double });
                visitor.visit_seq(SeqDeserializer::new(values))
            }
            Value::Object(members) => {
                let members = members.into_iter().map(|(name, value)| {
                    let is_double = DOUBLES.contains(&name.as_str());
                    (name, Self { value, is_double })
                });
                visitor.visit_map(MapDeserializer::new(members))
            }
            plain => plain.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.value {
            Value::String(name) => {
                let name: StringDeserializer<Error> = name.into_deserializer();
                visitor.visit_enum(name)
            }
            Value::Object(members) => {
                let members = members.into_iter().map(|(name, value)| {
                    let is_double = DOUBLES.contains(&name.as_str());
                    (name, Self { value, is_double })
                });
                visitor.visit_enum(MapAccessDeserializer::new(MapDeserializer::new(members)))
            }
            other => other.deserialize_any(visitor),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Error> for Mapped {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
    use opentelemetry_proto::tonic::metrics::v1::metric::Data;
    use serde_json::json;

    use super::*;

    fn data(metric: Value) -> Data {
        let request =
            json!({"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}).to_string();
        let request: ExportMetricsServiceRequest = read(request.as_bytes()).unwrap();
        let metric = &request.resource_metrics[0].scope_metrics[0].metrics[0];
        metric.data.clone().unwrap()
    }

    #[test]
    fn doubles_may_stand_in_quotes() {
        use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value::{AsDouble, AsInt};
        let points = ["1.5", "-Infinity", "NaN"].map(|value| json!({"asDouble": value}));
        let mut points = points.to_vec();
        points.push(json!({"asDouble": 2.5}));
        points.push(json!({"asInt": "7"}));
        let Data::Gauge(gauge) = data(json!({"name": "m", "gauge": {"dataPoints": points}})) else {
            panic!("no gauge");
        };
        let values: Vec<_> = gauge.data_points.iter().map(|point| point.value).collect();
        assert_eq!(values[0], Some(AsDouble(1.5)));
        assert_eq!(values[1], Some(AsDouble(f64::NEG_INFINITY)));
        assert!(matches!(values[2], Some(AsDouble(nan)) if nan.is_nan()));
        assert_eq!(values[3..], [Some(AsDouble(2.5)), Some(AsInt(7))]);
    }

    #[test]
    fn doubles_in_quotes_are_read_wherever_they_stand() {
        let point = json!({"count": "2", "sum": "3.5", "min": "1", "max": "2.5", "bucketCounts": ["1", "1"],
            "explicitBounds": ["1.25"]});
        let histogram =
            json!({"name": "m", "histogram": {"aggregationTemporality": 1, "dataPoints": [point]}});
        let Data::Histogram(histogram) = data(histogram) else {
            panic!("no histogram");
        };
        let point = &histogram.data_points[0];
        assert_eq!(
            (point.sum, point.min, point.max),
            (Some(3.5), Some(1.0), Some(2.5))
        );
        assert_eq!(point.explicit_bounds, [1.25]);
        let point = json!({"count": "2", "sum": "3.5", "quantileValues": [{"quantile": "0.5", "value": "1.75"}]});
        let Data::Summary(summary) = data(json!({"name": "m", "summary": {"dataPoints": [point]}}))
        else {
            panic!("no summary");
        };
        let quantile = &summary.data_points[0].quantile_values[0];
        assert_eq!((quantile.quantile, quantile.value), (0.5, 1.75));
    }
}
