//! From the points of a request to values of fields.

use std::borrow::Cow;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Metric, ScopeMetrics, metric::Data,
};
use plimsoll::histogram::Histogram;

use super::attributes::Tags;
use super::convert::{OfMetric, Sent};
use super::histograms::{self, Bounds, Counted};
use super::names::Shape;
use super::places::Place;
use crate::store::schema::CUMULATIVE;
use crate::store::table::{Kind, Nanos};

/// The library's instrumentation scope: what it sends was measured where it happened.
pub(super) const LIBRARY_SCOPE: &str = "plimsoll";
/// Longest name of a metric, in bytes.
const MAX_NAME_BYTES: usize = 255;
/// What an HTTP server measures, in today's convention and in the one before.
pub(super) const NEWER: &str = "http.server.request.duration";
pub(super) const OLDER: &str = "http.server.duration";

/// One value of one field.
#[derive(Debug)]
pub(super) struct Point {
    pub kind: Kind,
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
    fn point(&mut self, metric: &str, place: &Place, point: Point);
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
    let tags = tags_of_scope(resource, name);
    // Instrumentation that is between two conventions sends both metrics for the same requests.
    let both = scope.metrics.iter().any(|metric| metric.name == NEWER);
    for metric in &scope.metrics {
        if both && metric.name == OLDER {
            continue;
        }
        match &tags {
            Ok(tags) => walk_metric(metric, tags, sink),
            Err(reason) => sink.refuse(&metric.name, points_of(metric), reason.clone()),
        }
    }
}

fn walk_metric(metric: &Metric, tags: &Tags<'_>, sink: &mut impl Sink) {
    if let Err((name, reason)) = check_name(&metric.name) {
        return sink.refuse(name, points_of(metric), reason);
    }
    let Some(data) = &metric.data else { return };
    let (shape, kind) = match shape_of(data) {
        Ok(found) => found,
        Err(reason) => return sink.refuse(&metric.name, points_of(metric), reason),
    };
    let of = OfMetric::new(&metric.name, &metric.unit, tags, shape, kind);
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
            let mut bounds = Bounds::default();
            for point in &histogram.data_points {
                let counted = Counted::from(point);
                let convert =
                    |factor| counted.explicit(&point.explicit_bounds, factor, &mut bounds);
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
    match data {
        Data::Gauge(_) => Ok((Shape::State, Kind::Gauge)),
        Data::Sum(sum) => sum_shape(sum.aggregation_temporality, sum.is_monotonic),
        Data::Histogram(sent) => Ok((Shape::Distribution, kind(sent.aggregation_temporality)?)),
        Data::ExponentialHistogram(sent) => {
            Ok((Shape::Distribution, kind(sent.aggregation_temporality)?))
        }
        Data::Summary(_) => Ok((Shape::State, Kind::Cumulative)),
    }
}

pub(super) fn sum_shape(temporality: i32, is_monotonic: bool) -> Result<(Shape, Kind), String> {
    Ok(match (kind(temporality)?, is_monotonic) {
        // What goes up and down, since a start, is a state.
        (Kind::Cumulative, false) => (Shape::State, Kind::Gauge),
        (kind, _) => (Shape::Counter, kind),
    })
}

pub(super) fn kind(temporality: i32) -> Result<Kind, String> {
    match AggregationTemporality::try_from(temporality) {
        Ok(AggregationTemporality::Delta) => Ok(Kind::Delta),
        Ok(AggregationTemporality::Cumulative) => Ok(Kind::Cumulative),
        _ => Err("does not say whether it is delta or cumulative".to_owned()),
    }
}

/// # Errors
/// The name as far as it is shown, and why it cannot be one.
pub(super) fn check_name(name: &str) -> Result<(), (&str, String)> {
    if (1..=MAX_NAME_BYTES).contains(&name.len()) {
        return Ok(());
    }
    let reason = format!(
        "has a name of {} bytes, allowed are 1 to {MAX_NAME_BYTES}",
        name.len()
    );
    Err((name.get(..40).unwrap_or_default(), reason))
}

/// The tags of all points of a scope.
pub(super) fn tags_of_scope<'a>(resource: &Tags<'a>, scope: &'a str) -> Result<Tags<'a>, String> {
    let mut tags = resource.clone();
    if scope == LIBRARY_SCOPE {
        tags.add("source", "library")?;
    } else {
        tags.add("source", "metric")?;
        tags.add("scope", scope)?;
    }
    Ok(tags)
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
