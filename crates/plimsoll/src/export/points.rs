//! Collects points into metrics, in OTLP's shapes.

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::metrics::v1 as proto;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;

use crate::histogram::{Buckets, Histogram, Layout};
use crate::window::Gauge;

const DELTA: i32 = proto::AggregationTemporality::Delta as i32;

/// Metrics of one interval. Points of a name that follow each other make one metric.
pub(super) struct Points {
    start_unix_ns: u64,
    end_unix_ns: u64,
    metrics: Vec<proto::Metric>,
}

pub(super) fn attribute<'a>(key: &str, value: impl Into<Attribute<'a>>) -> KeyValue {
    let value = match value.into() {
        Attribute::Text(text) => Any::StringValue(text.to_owned()),
        Attribute::Number(number) => Any::IntValue(number),
    };
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

pub(super) enum Attribute<'a> {
    Text(&'a str),
    Number(i64),
}

impl<'a> From<&'a str> for Attribute<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl From<u16> for Attribute<'_> {
    fn from(number: u16) -> Self {
        Self::Number(number.into())
    }
}

impl Points {
    pub(super) fn new(start_unix_ns: i64, end_unix_ns: i64) -> Self {
        let positive = |ns: i64| u64::try_from(ns).unwrap_or(0);
        Self {
            start_unix_ns: positive(start_unix_ns),
            end_unix_ns: positive(end_unix_ns),
            metrics: Vec::new(),
        }
    }

    pub(super) fn finish(self) -> Vec<proto::Metric> {
        self.metrics
    }

    /// The latest reading, if there is one.
    pub(super) fn gauge(
        &mut self,
        name: &str,
        unit: &str,
        attributes: Vec<KeyValue>,
        gauge: &Gauge,
    ) {
        let Some(value) = gauge.current() else { return };
        let point = self.number(attributes, Value::AsDouble(value));
        let empty = || Data::Gauge(proto::Gauge::default());
        if let Data::Gauge(gauge) = self.data(name, unit, empty) {
            gauge.data_points.push(point);
        }
    }

    /// What was added in the interval, if anything was.
    pub(super) fn sum(&mut self, name: &str, unit: &str, attributes: Vec<KeyValue>, added: u64) {
        if added == 0 {
            return;
        }
        let point = self.number(
            attributes,
            Value::AsInt(i64::try_from(added).unwrap_or(i64::MAX)),
        );
        let empty = || {
            Data::Sum(proto::Sum {
                aggregation_temporality: DELTA,
                is_monotonic: true,
                ..proto::Sum::default()
            })
        };
        if let Data::Sum(sum) = self.data(name, unit, empty) {
            sum.data_points.push(point);
        }
    }

    /// What was recorded in the interval, if anything was.
    pub(super) fn histogram(
        &mut self,
        name: &str,
        unit: &str,
        attributes: Vec<KeyValue>,
        histogram: &Histogram,
        exemplars: Vec<proto::Exemplar>,
    ) {
        if histogram.is_empty() {
            return;
        }
        let (start_time_unix_nano, time_unix_nano) = (self.start_unix_ns, self.end_unix_ns);
        let told = |value: f64| value.is_finite().then_some(value);
        let (min, max) = (told(histogram.min), told(histogram.max));
        match &histogram.layout {
            Layout::Exponential(exponential) => {
                let point = proto::ExponentialHistogramDataPoint {
                    attributes,
                    start_time_unix_nano,
                    time_unix_nano,
                    count: histogram.count,
                    sum: Some(histogram.sum),
                    scale: exponential.scale.into(),
                    zero_count: exponential.zero,
                    positive: buckets(&exponential.positive),
                    negative: buckets(&exponential.negative),
                    exemplars,
                    min,
                    max,
                    ..Default::default()
                };
                let empty = || {
                    Data::ExponentialHistogram(proto::ExponentialHistogram {
                        data_points: Vec::new(),
                        aggregation_temporality: DELTA,
                    })
                };
                if let Data::ExponentialHistogram(metric) = self.data(name, unit, empty) {
                    metric.data_points.push(point);
                }
            }
            Layout::Explicit(explicit) => {
                let point = proto::HistogramDataPoint {
                    attributes,
                    start_time_unix_nano,
                    time_unix_nano,
                    count: histogram.count,
                    sum: Some(histogram.sum),
                    bucket_counts: explicit.counts.clone(),
                    explicit_bounds: explicit.bounds.to_vec(),
                    exemplars,
                    min,
                    max,
                    ..Default::default()
                };
                let empty = || {
                    Data::Histogram(proto::Histogram {
                        data_points: Vec::new(),
                        aggregation_temporality: DELTA,
                    })
                };
                if let Data::Histogram(metric) = self.data(name, unit, empty) {
                    metric.data_points.push(point);
                }
            }
        }
    }

    fn number(&self, attributes: Vec<KeyValue>, value: Value) -> proto::NumberDataPoint {
        proto::NumberDataPoint {
            attributes,
            start_time_unix_nano: self.start_unix_ns,
            time_unix_nano: self.end_unix_ns,
            value: Some(value),
            ..Default::default()
        }
    }

    /// The data of the newest metric if it has this name and shape, else of a new one.
    fn data(&mut self, name: &str, unit: &str, empty: impl Fn() -> Data) -> &mut Data {
        let fits = self.metrics.last().is_some_and(|metric| {
            let shape = metric.data.as_ref().map(std::mem::discriminant);
            metric.name == name && shape == Some(std::mem::discriminant(&empty()))
        });
        if !fits {
            self.metrics.push(proto::Metric {
                name: name.to_owned(),
                unit: unit.to_owned(),
                ..Default::default()
            });
        }
        let newest = self.metrics.len() - 1;
        self.metrics[newest].data.get_or_insert_with(empty)
    }
}

fn buckets(buckets: &Buckets) -> Option<proto::exponential_histogram_data_point::Buckets> {
    (!buckets.is_empty()).then(|| {
        let (offset, bucket_counts) = buckets.to_counts();
        proto::exponential_histogram_data_point::Buckets {
            offset,
            bucket_counts,
        }
    })
}
