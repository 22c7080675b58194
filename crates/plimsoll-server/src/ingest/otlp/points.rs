//! From the points of a request to values of fields.

use std::borrow::Cow;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Metric, NumberDataPoint, ScopeMetrics, SummaryDataPoint, metric::Data,
    number_data_point,
};
use plimsoll::histogram::Histogram;

use super::attributes::{Tags, find, underscored};
use super::histograms;
use super::names::{Change, Rule, Shape, rules};
use crate::store::table::{Kind, Nanos};

/// The library's instrumentation scope: what it sends was measured where it happened.
pub(super) const LIBRARY_SCOPE: &str = "plimsoll";
/// The route of requests that matched none.
pub(super) const UNMATCHED: &str = "<unmatched>";
/// Longest name of a metric, in bytes.
const MAX_NAME_BYTES: usize = 255;
/// Set on a point that says "no value any more".
const NO_RECORDED_VALUE: u32 = 1;

/// One value of one field.
#[derive(Debug)]
pub(super) struct Point<'a> {
    pub measurement: Cow<'a, str>,
    /// Without the ending that tells kinds apart, see [`field_of`].
    pub field: &'static str,
    pub kind: Kind,
    pub tags: Tags<'a>,
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
    fn resource(&mut self, tags: &Tags<'_>, library: bool);
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

/// Ending of the fields that hold totals.
pub(crate) const CUMULATIVE: &str = "_cumulative";

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
    sink.resource(resource, library);
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
                let sent = Sent::new(
                    &point.attributes,
                    point.time_unix_nano,
                    point.start_time_unix_nano,
                    point.flags,
                );
                of.histogram(sent, |factor| histograms::explicit(point, factor), sink);
            }
        }
        Data::ExponentialHistogram(histogram) => {
            for point in &histogram.data_points {
                let sent = Sent::new(
                    &point.attributes,
                    point.time_unix_nano,
                    point.start_time_unix_nano,
                    point.flags,
                );
                of.histogram(sent, |factor| histograms::exponential(point, factor), sink);
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

/// What all points have.
struct Sent<'a> {
    attributes: &'a [KeyValue],
    time: u64,
    start: u64,
    flags: u32,
}

impl<'a> Sent<'a> {
    fn new(attributes: &'a [KeyValue], time: u64, start: u64, flags: u32) -> Self {
        Self {
            attributes,
            time,
            start,
            flags,
        }
    }
}

/// What the points of one metric share.
struct OfMetric<'a> {
    metric: &'a Metric,
    tags: &'a Tags<'a>,
    shape: Shape,
    kind: Kind,
}

impl<'a> OfMetric<'a> {
    fn number(&self, point: &'a NumberDataPoint, sink: &mut impl Sink) {
        let sent = Sent::new(
            &point.attributes,
            point.time_unix_nano,
            point.start_time_unix_nano,
            point.flags,
        );
        let Some(value) = point.value else {
            return if sent.flags & NO_RECORDED_VALUE == 0 {
                sink.refuse(&self.metric.name, 1, "has no value".into())
            };
        };
        let rule = self.rule(sent.attributes);
        self.keep(
            sent,
            rule,
            "value",
            |change| number(value, self.shape, rule.is_some(), change),
            sink,
        );
    }

    fn histogram(
        &self,
        sent: Sent<'a>,
        convert: impl FnOnce(f64) -> Result<Histogram, String>,
        sink: &mut impl Sink,
    ) {
        let rule = self.rule(sent.attributes);
        let factor = |change| self.factor(change);
        self.keep(
            sent,
            rule,
            "distribution",
            |change| convert(factor(change)).map(PointValue::Histogram),
            sink,
        );
    }

    /// A summary's count and sum are kept as totals; each quantile is a gauge with the tag `quantile`.
    fn summary(&self, point: &'a SummaryDataPoint, sink: &mut impl Sink) {
        let sent = || {
            Sent::new(
                &point.attributes,
                point.time_unix_nano,
                point.start_time_unix_nano,
                point.flags,
            )
        };
        self.keep(
            sent(),
            None,
            "count",
            |_| Ok(PointValue::U64(point.count)),
            sink,
        );
        self.keep(
            sent(),
            None,
            "sum",
            |_| finite(point.sum).map(PointValue::F64),
            sink,
        );
        let states = OfMetric {
            kind: Kind::Gauge,
            ..*self
        };
        // NaN: nothing was observed for a while.
        for quantile in point
            .quantile_values
            .iter()
            .filter(|quantile| !quantile.value.is_nan())
        {
            let mut tags = self.tags.clone();
            if let Err(reason) = tags.add("quantile", quantile.quantile.to_string()) {
                return sink.refuse(&self.metric.name, 1, reason);
            }
            let of = OfMetric {
                tags: &tags,
                ..states
            };
            of.keep(
                sent(),
                None,
                "value",
                |_| finite(quantile.value).map(PointValue::F64),
                sink,
            );
        }
    }

    fn rule(&self, attributes: &[KeyValue]) -> Option<&'static Rule> {
        rules(&self.metric.name).find(|rule| {
            rule.shape == self.shape
                && rule
                    .when
                    .as_ref()
                    .is_none_or(|when| match find(attributes, when.attributes) {
                        Some(value) => value == when.equals,
                        None => when.or_absent,
                    })
        })
    }

    fn factor(&self, change: Change) -> f64 {
        match (change, self.metric.unit.as_str()) {
            (Change::Seconds | Change::SecondsOfMillis, "ms") | (Change::SecondsOfMillis, "") => {
                1e-3
            }
            _ => 1.0,
        }
    }

    fn keep(
        &self,
        sent: Sent<'_>,
        rule: Option<&'static Rule>,
        field: &'static str,
        value: impl FnOnce(Change) -> Result<PointValue, String>,
        sink: &mut impl Sink,
    ) {
        if sent.flags & NO_RECORDED_VALUE != 0 {
            return;
        }
        let point = value(rule.map_or(Change::Keep, |rule| rule.change)).and_then(|value| {
            let time = Nanos::try_from(sent.time)
                .ok()
                .filter(|&time| time > 0)
                .ok_or("has no time")?;
            let start = Nanos::try_from(sent.start)
                .ok()
                .filter(|&start| start > 0 && start < time);
            Ok(Point {
                measurement: match rule {
                    Some(rule) => Cow::Borrowed(rule.measurement),
                    None => underscored(&self.metric.name),
                },
                field: rule.map_or(field, |rule| rule.field),
                kind: self.kind,
                tags: self.tags_of(sent.attributes, rule)?,
                time,
                start: start.filter(|_| self.kind == Kind::Cumulative),
                value,
            })
        });
        match point {
            Ok(point) => sink.point(&self.metric.name, point),
            Err(reason) => sink.refuse(&self.metric.name, 1, reason),
        }
    }

    fn tags_of<'t>(
        &self,
        attributes: &'t [KeyValue],
        rule: Option<&Rule>,
    ) -> Result<Tags<'t>, String>
    where
        'a: 't,
    {
        let Some(rule) = rule else {
            return self.tags.with_attributes(attributes, &[]);
        };
        let used = rule
            .when
            .as_ref()
            .map(|when| when.attributes)
            .unwrap_or_default();
        if rule.measurement != "http_requests" {
            return self.tags.with_attributes(attributes, used);
        }
        // The old convention's metric has the route in `http.target`.
        let target = if rule.change == Change::SecondsOfMillis
            && find(attributes, &["http.route"]).is_none()
        {
            attributes
                .iter()
                .find(|attribute| attribute.key == "http.target")
        } else {
            None
        };
        let mut tags = self.tags.with_attributes(
            attributes,
            if target.is_some() {
                &["http.target"]
            } else {
                used
            },
        )?;
        if let Some(target) = target {
            tags.add(
                "route",
                without_query(find(std::slice::from_ref(target), &["http.target"])),
            )?;
        }
        tags.add("route", UNMATCHED)?;
        Ok(tags)
    }
}

fn without_query(target: Option<Cow<'_, str>>) -> Cow<'_, str> {
    match target {
        None => Cow::Borrowed(""),
        Some(Cow::Borrowed(path)) => Cow::Borrowed(path.split('?').next().unwrap_or(path)),
        Some(Cow::Owned(path)) => Cow::Owned(path.split('?').next().unwrap_or(&path).to_owned()),
    }
}

fn number(
    value: number_data_point::Value,
    shape: Shape,
    named: bool,
    change: Change,
) -> Result<PointValue, String> {
    use number_data_point::Value::{AsDouble, AsInt};
    if named && shape == Shape::Counter {
        return match value {
            AsInt(value) => u64::try_from(value)
                .map_err(|_| format!("counts {value}"))
                .map(PointValue::U64),
            AsDouble(value) if (0.0..1.8e19).contains(&value) => {
                Ok(PointValue::U64(value.round() as u64))
            }
            AsDouble(value) => Err(format!("counts {value}")),
        };
    }
    let value = match value {
        AsInt(value) => value as f64,
        AsDouble(value) => finite(value)?,
    };
    Ok(PointValue::F64(if change == Change::Complement {
        1.0 - value
    } else {
        value
    }))
}

fn finite(value: f64) -> Result<f64, String> {
    if value.is_finite() {
        Ok(value)
    } else {
        Err(format!("has the value {value}"))
    }
}
