//! One point as values of fields: rule, tags, unit.

use std::borrow::Cow;

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogramDataPoint, HistogramDataPoint, Metric, NumberDataPoint, SummaryDataPoint,
    number_data_point,
};
use plimsoll::histogram::Histogram;

use super::attributes::{Tags, find, underscored};
use super::names::{Change, Rule, Shape, rules};
use super::points::{Point, PointValue, Sink};
use crate::store::table::{Kind, Nanos};

/// The route of requests that matched none.
const UNMATCHED: &str = "<unmatched>";
/// Set on a point that says "no value any more".
const NO_RECORDED_VALUE: u32 = 1;

/// What all points have.
pub(super) struct Sent<'a> {
    attributes: &'a [KeyValue],
    time: u64,
    start: u64,
    flags: u32,
}

/// The messages differ in their values alone.
macro_rules! sent_from {
    ($($point:ty),*) => {$(
        impl<'a> From<&'a $point> for Sent<'a> {
            fn from(point: &'a $point) -> Self {
                Self {
                    attributes: &point.attributes,
                    time: point.time_unix_nano,
                    start: point.start_time_unix_nano,
                    flags: point.flags,
                }
            }
        }
    )*};
}

sent_from!(
    NumberDataPoint,
    HistogramDataPoint,
    ExponentialHistogramDataPoint,
    SummaryDataPoint
);

/// What the points of one metric share.
pub(super) struct OfMetric<'a> {
    pub(super) metric: &'a Metric,
    pub(super) tags: &'a Tags<'a>,
    pub(super) shape: Shape,
    pub(super) kind: Kind,
}

impl<'a> OfMetric<'a> {
    pub(super) fn number(&self, point: &'a NumberDataPoint, sink: &mut impl Sink) {
        let sent = Sent::from(point);
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

    pub(super) fn histogram(
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
    pub(super) fn summary(&self, point: &'a SummaryDataPoint, sink: &mut impl Sink) {
        let sent = || Sent::from(point);
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
                .filter(|&start| start > 0 && start < time)
                .filter(|_| self.kind == Kind::Cumulative);
            let mut tags = self.tags_of(sent.attributes, rule)?;
            if let Some(start) = start
                && tags.get("instance").is_none()
            {
                // Nothing but the start tells the totals of several processes apart.
                tags.add("stream", start_text(start))?;
            }
            Ok(Point {
                measurement: match rule {
                    Some(rule) => Cow::Borrowed(rule.measurement),
                    None => underscored(&self.metric.name),
                },
                field: rule.map_or(field, |rule| rule.field),
                kind: self.kind,
                tags,
                time,
                start,
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

fn start_text(start: Nanos) -> String {
    let time = jiff::Timestamp::from_nanosecond(i128::from(start));
    time.unwrap_or_default().to_string()
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
    if named && shape == Shape::Counter && change != Change::Exact {
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
    if change == Change::Exact && value < 0.0 {
        return Err(format!("counts {value}"));
    }
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
