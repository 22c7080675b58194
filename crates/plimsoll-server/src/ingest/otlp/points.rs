//! From the points of a request to values of fields.

use std::borrow::Cow;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Metric, ScopeMetrics, metric::Data,
};
use plimsoll::histogram::Histogram;

use super::attributes::Tags;
use super::convert::{OfMetric, Sent};
use super::histograms;
use super::names::Shape;
use crate::store::schema::CUMULATIVE;
use crate::store::table::{Kind, Nanos};

/// The library's instrumentation scope: what it sends was measured where it happened.
pub(super) const LIBRARY_SCOPE: &str = "plimsoll";
/// Longest name of a metric, in bytes.
const MAX_NAME_BYTES: usize = 255;

/// One value of one field.
#[derive(Debug)]
pub(super) struct Point<'a> {
    pub measurement: Cow<'a, str>,
    /// Without the ending that tells kinds apart, see [`field_of`].
    pub field: &'static str,
    pub kind: Kind,
    /// The series, see [`crate::store::key`].
    pub key: Cow<'a, [u8]>,
    pub time: Nanos,
    /// When a cumulative value began to grow.
    pub start: Option<Nanos>,
    pub value: PointValue,
}

/// A value; its type is fixed by the rule, not by the sender, so that services in different languages agree.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum PointValue {
    F64(f64),
    U64(u64),
    Histogram(Histogram),
}

/// What takes the points in.
pub(super) trait Sink {
    /// A resource begins; `library` when its points were measured by ours.
    fn resource(&mut self, tags: &Tags<'_>, scope: &str, library: bool);
    fn point(&mut self, metric: &str, point: Point<'_>);
    /// Points of `metric` that cannot be kept.
    fn refuse(&mut self, metric: &str, points: usize, reason: String);
}

/// The field that holds values of `kind`: services may send the same metric as differences and as totals, which must
/// not share a field.
pub(super) fn field_of(field: &str, kind: Kind) -> Cow<'_, str> {
    match kind {
        Kind::Gauge | Kind::Delta => Cow::Borrowed(field),
        Kind::Cumulative => Cow::Owned(format!("{field}{CUMULATIVE}")),
    }
}

/// Hands every point of `request` to `sink`.
pub(super) fn walk(request: &ExportMetricsServiceRequest, sink: &mut impl Sink) {
    for resource in &request.resource_metrics {
        let tags = match Tags::of_resource(resource.resource.as_ref()) {
            Ok(tags) => tags,
            Err(reason) => {
                for metric in resource
                    .scope_metrics
                    .iter()
                    .flat_map(|scope| &scope.metrics)
                {
                    sink.refuse("resource", points_of(metric), reason.clone());
                }
                continue;
            }
        };
        for scope in &resource.scope_metrics {
            walk_scope(scope, &tags, sink);
        }
    }
}

fn walk_scope(scope: &ScopeMetrics, resource: &Tags<'_>, sink: &mut impl Sink) {
    let name = scope
        .scope
        .as_ref()
        .map(|scope| scope.name.as_str())
        .unwrap_or_default();
    let library = name == LIBRARY_SCOPE;
    sink.resource(resource, name, library);
    let mut tags = resource.clone();
    let named = tags
        .add("source", if library { "library" } else { "metric" })
        .and_then(|()| {
            if library {
                Ok(())
            } else {
                tags.add("scope", name)
            }
        });
    // Instrumentation that is between two conventions sends both metrics for the same requests.
    let both = scope
        .metrics
        .iter()
        .any(|metric| metric.name == "http.server.request.duration");
    for metric in &scope.metrics {
        if both && metric.name == "http.server.duration" {
            continue;
        }
        match &named {
            Ok(()) => walk_metric(metric, &tags, sink),
            Err(reason) => sink.refuse(&metric.name, points_of(metric), reason.clone()),
        }
    }
}

fn walk_metric(metric: &Metric, tags: &Tags<'_>, sink: &mut impl Sink) {
    if metric.name.is_empty() || metric.name.len() > MAX_NAME_BYTES {
        let reason = format!(
            "has a name of {} bytes, allowed are 1 to {MAX_NAME_BYTES}",
            metric.name.len()
        );
        return sink.refuse(
            metric.name.get(..40).unwrap_or_default(),
            points_of(metric),
            reason,
        );
    }
    let Some(data) = &metric.data else { return };
    let (shape, kind) = match shape_of(data) {
        Ok(found) => found,
        Err(reason) => return sink.refuse(&metric.name, points_of(metric), reason),
    };
    let of = OfMetric {
        metric,
        tags,
        shape,
        kind,
    };
    match data {
        Data::Gauge(gauge) => gauge
            .data_points
            .iter()
            .for_each(|point| of.number(point, sink)),
        Data::Sum(sum) => sum
            .data_points
            .iter()
            .for_each(|point| of.number(point, sink)),
        Data::Histogram(histogram) => {
            for point in &histogram.data_points {
                let convert = |factor| histograms::explicit(point, factor);
                of.histogram(Sent::from(point), convert, sink);
            }
        }
        Data::ExponentialHistogram(histogram) => {
            for point in &histogram.data_points {
                let convert = |factor| histograms::exponential(point, factor);
                of.histogram(Sent::from(point), convert, sink);
            }
        }
        Data::Summary(summary) => summary
            .data_points
            .iter()
            .for_each(|point| of.summary(point, sink)),
    }
}

fn shape_of(data: &Data) -> Result<(Shape, Kind), String> {
    let kind = |temporality: i32| match AggregationTemporality::try_from(temporality) {
        Ok(AggregationTemporality::Delta) => Ok(Kind::Delta),
        Ok(AggregationTemporality::Cumulative) => Ok(Kind::Cumulative),
        _ => Err("does not say whether it is delta or cumulative".to_owned()),
    };
    Ok(match data {
        Data::Gauge(_) => (Shape::State, Kind::Gauge),
        Data::Sum(sum) => match (kind(sum.aggregation_temporality)?, sum.is_monotonic) {
            // What goes up and down, since a start, is a state.
            (Kind::Cumulative, false) => (Shape::State, Kind::Gauge),
            (kind, _) => (Shape::Counter, kind),
        },
        Data::Histogram(histogram) => (
            Shape::Distribution,
            kind(histogram.aggregation_temporality)?,
        ),
        Data::ExponentialHistogram(histogram) => (
            Shape::Distribution,
            kind(histogram.aggregation_temporality)?,
        ),
        Data::Summary(_) => (Shape::State, Kind::Cumulative),
    })
}

fn points_of(metric: &Metric) -> usize {
    match &metric.data {
        None => 0,
        Some(Data::Gauge(gauge)) => gauge.data_points.len(),
        Some(Data::Sum(sum)) => sum.data_points.len(),
        Some(Data::Histogram(histogram)) => histogram.data_points.len(),
        Some(Data::ExponentialHistogram(histogram)) => histogram.data_points.len(),
        Some(Data::Summary(summary)) => summary.data_points.len(),
    }
}
