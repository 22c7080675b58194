//! One point as values of fields: rule, tags, unit.

use std::borrow::{Borrow, Cow};

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogramDataPoint, HistogramDataPoint, NumberDataPoint, SummaryDataPoint,
    number_data_point,
};
use plimsoll::histogram::Histogram;

use super::attributes::{Tags, find, underscored};
use super::names::{Change, Rule, Shape, rules};
use super::places::Place;
use super::points::{Point, PointValue, Sink};
use crate::store::key;
use crate::store::table::{Kind, Nanos};

/// The route of requests that matched none.
const UNMATCHED: &str = "<unmatched>";
/// Fields of metrics without a rule.
pub(super) const VALUE: &str = "value";
pub(super) const DISTRIBUTION: &str = "distribution";
/// Set on a point that says "no value any more".
const NO_RECORDED_VALUE: u32 = 1;

/// When a point was taken, since when it counts, and its flags, as sent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    pub(super) time: u64,
    pub(super) start: u64,
    pub(super) flags: u32,
}

/// What all points have.
#[derive(Clone, Copy)]
pub(super) struct Sent<'a> {
    attributes: &'a [KeyValue],
    times: Times,
}

/// The messages differ in their values alone.
macro_rules! sent_from {
    ($($point:ty),*) => {$(
        impl<'a> From<&'a $point> for Sent<'a> {
            fn from(point: &'a $point) -> Self {
                Self {
                    attributes: &point.attributes,
                    times: Times {
                        time: point.time_unix_nano,
                        start: point.start_time_unix_nano,
                        flags: point.flags,
                    },
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
#[derive(Clone)]
pub(super) struct OfMetric<'a> {
    pub(super) name: &'a str,
    unit: &'a str,
    tags: &'a Tags<'a>,
    shape: Shape,
    pub(super) kind: Kind,
    rules: Vec<&'static Rule>,
}

impl<'a> OfMetric<'a> {
    pub(super) fn new(
        name: &'a str,
        unit: &'a str,
        tags: &'a Tags<'a>,
        shape: Shape,
        kind: Kind,
    ) -> Self {
        Self {
            name,
            unit,
            tags,
            shape,
            kind,
            rules: rules(name).filter(|rule| rule.shape == shape).collect(),
        }
    }

    pub(super) fn number(&self, point: &NumberDataPoint, sink: &mut impl Sink) {
        let sent = Sent::from(point);
        let place = |start| self.place(sent.attributes, VALUE, start);
        self.number_at(sent.times, point.value, place, sink);
    }

    pub(super) fn number_at<P: Borrow<Place>>(
        &self,
        times: Times,
        value: Option<number_data_point::Value>,
        place: impl FnOnce(Option<Nanos>) -> Result<P, String>,
        sink: &mut impl Sink,
    ) {
        let Some(value) = value else {
            return if times.flags & NO_RECORDED_VALUE == 0 {
                sink.refuse(self.name, 1, "has no value".into())
            };
        };
        let value = |place: &Place| number(value, self.shape, place);
        self.keep(times, place, value, sink);
    }

    pub(super) fn histogram(
        &self,
        sent: Sent<'_>,
        convert: impl FnOnce(f64) -> Result<Histogram, String>,
        sink: &mut impl Sink,
    ) {
        let place = |start| self.place(sent.attributes, DISTRIBUTION, start);
        self.histogram_at(sent.times, convert, place, sink);
    }

    pub(super) fn histogram_at<P: Borrow<Place>>(
        &self,
        times: Times,
        convert: impl FnOnce(f64) -> Result<Histogram, String>,
        place: impl FnOnce(Option<Nanos>) -> Result<P, String>,
        sink: &mut impl Sink,
    ) {
        let value = |place: &Place| convert(self.factor(place.change)).map(PointValue::Histogram);
        self.keep(times, place, value, sink);
    }

    /// A summary's count and sum are kept as totals; each quantile is a gauge with the tag `quantile`.
    pub(super) fn summary(&self, point: &SummaryDataPoint, sink: &mut impl Sink) {
        let sent = Sent::from(point);
        let place = |field| move |start| self.place(sent.attributes, field, start);
        let count = |_: &Place| Ok(PointValue::U64(point.count));
        self.keep(sent.times, place("count"), count, sink);
        let sum = |_: &Place| finite(point.sum).map(PointValue::F64);
        self.keep(sent.times, place("sum"), sum, sink);
        // NaN: nothing was observed for a while.
        for quantile in point
            .quantile_values
            .iter()
            .filter(|quantile| !quantile.value.is_nan())
        {
            let mut tags = self.tags.clone();
            if let Err(reason) = tags.add("quantile", quantile.quantile.to_string()) {
                return sink.refuse(self.name, 1, reason);
            }
            let of = OfMetric {
                tags: &tags,
                kind: Kind::Gauge,
                ..self.clone()
            };
            let place = |start| of.place(sent.attributes, VALUE, start);
            let value = |_: &Place| finite(quantile.value).map(PointValue::F64);
            of.keep(sent.times, place, value, sink);
        }
    }

    /// Where the values of points with these attributes go; `field` is that of a metric without a rule.
    ///
    /// # Errors
    /// Attributes that cannot be kept.
    pub(super) fn place(
        &self,
        attributes: &[KeyValue],
        field: &'static str,
        start: Option<Nanos>,
    ) -> Result<Place, String> {
        let rule = self.rule(attributes);
        let mut tags = self.tags_of(attributes, rule)?;
        if let Some(start) = start
            && tags.get("instance").is_none()
        {
            // Nothing but the start tells the totals of several processes apart.
            tags.add("stream", start_text(start))?;
        }
        let measurement = match rule {
            Some(rule) => Cow::Borrowed(rule.measurement),
            None => Cow::Owned(underscored(self.name).into_owned()),
        };
        let key = key::encode(&measurement, &tags.sorted());
        let mut place = Place::new(measurement, rule.map_or(field, |rule| rule.field), key);
        place.is_named = rule.is_some();
        place.change = rule.map_or(Change::Keep, |rule| rule.change);
        Ok(place)
    }

    fn rule(&self, attributes: &[KeyValue]) -> Option<&'static Rule> {
        let mut rules = self.rules.iter();
        let found = rules.find(|rule| match &rule.when {
            None => true,
            Some(when) => find(attributes, when.attributes)
                .map_or(when.or_absent, |value| value == when.equals),
        });
        found.copied()
    }

    fn factor(&self, change: Change) -> f64 {
        match (change, self.unit) {
            (Change::Seconds | Change::SecondsOfMillis, "ms") | (Change::SecondsOfMillis, "") => {
                1e-3
            }
            _ => 1.0,
        }
    }

    /// Hands a point to `sink`; `place` is asked with the start if the value grows since one.
    fn keep<P: Borrow<Place>>(
        &self,
        times: Times,
        place: impl FnOnce(Option<Nanos>) -> Result<P, String>,
        value: impl FnOnce(&Place) -> Result<PointValue, String>,
        sink: &mut impl Sink,
    ) {
        if times.flags & NO_RECORDED_VALUE != 0 {
            return;
        }
        let found = || {
            let time = Nanos::try_from(times.time)
                .ok()
                .filter(|&time| time > 0)
                .ok_or("has no time")?;
            let start = Nanos::try_from(times.start)
                .ok()
                .filter(|&start| start > 0 && start < time)
                .filter(|_| self.kind == Kind::Cumulative);
            let place = place(start)?;
            let value = value(place.borrow())?;
            let point = Point {
                kind: self.kind,
                time,
                start,
                value,
            };
            Ok((place, point))
        };
        match found() {
            Ok((place, point)) => sink.point(self.name, place.borrow(), point),
            Err(reason) => sink.refuse(self.name, 1, reason),
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
    place: &Place,
) -> Result<PointValue, String> {
    use number_data_point::Value::{AsDouble, AsInt};
    if place.is_named && shape == Shape::Counter && place.change != Change::Exact {
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
    if place.change == Change::Exact && value < 0.0 {
        return Err(format!("counts {value}"));
    }
    Ok(PointValue::F64(if place.change == Change::Complement {
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
