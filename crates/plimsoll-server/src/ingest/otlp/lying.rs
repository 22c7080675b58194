//! Points read where they lie in the bytes of an export.
//!
//! Of numbers and of histograms with explicit bounds, which are nearly all that SDKs send, nothing is decoded but the values:
//! the bytes of the attributes tell the [`Place`] that they had in the export before. Points of the other kinds are decoded
//! one by one.

use std::hash::BuildHasher as _;
use std::sync::Arc;

use opentelemetry_proto::tonic::common::v1::{InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{ExponentialHistogramDataPoint, SummaryDataPoint};
use opentelemetry_proto::tonic::resource::v1::Resource;

use super::attributes::{MAX_ATTRIBUTES, Tags, too_many};
use super::convert::{DISTRIBUTION, OfMetric, Sent, Times, VALUE};
use super::decode::{DecodeError, MAX_DECODED_BYTES};
use super::histograms::{self, Bounds, Counted};
use super::names::Shape;
use super::places::{Place, Places};
use super::points::{
    LIBRARY_SCOPE, NEWER, OLDER, Sink, check_name, kind, sum_shape, tags_of_scope,
};
use super::weight::{self, Message};
use super::wire::{Field, Fields, NoMessage, messages, text};
use crate::store::table::{Kind, Nanos};

type Read<T> = Result<T, DecodeError>;

/// Hands every point of an `ExportMetricsServiceRequest` to `sink`.
///
/// # Errors
/// Bytes that are no such request. Points before the broken one were handed over.
pub(super) fn walk(request: &[u8], places: &Places, sink: &mut impl Sink) -> Read<()> {
    for resource in messages(request, 1) {
        walk_resource(resource?, places, sink)?;
    }
    Ok(())
}

fn walk_resource(bytes: &[u8], places: &Places, sink: &mut impl Sink) -> Read<()> {
    let mut resource = Resource::default();
    for sent in messages(bytes, 1) {
        merge(&mut resource, sent?, Message::Resource)?;
    }
    let tags = Tags::of_resource(Some(&resource));
    for scope in messages(bytes, 2) {
        let scope = scope?;
        match &tags {
            Ok(tags) => walk_scope(scope, tags, places, sink)?,
            Err(reason) => {
                for metric in messages(scope, 2) {
                    let points = Metric::read(metric?)?.points()?;
                    sink.refuse("resource", points, reason.clone());
                }
            }
        }
    }
    Ok(())
}

fn walk_scope(
    bytes: &[u8],
    resource: &Tags<'_>,
    places: &Places,
    sink: &mut impl Sink,
) -> Read<()> {
    let mut scope = InstrumentationScope::default();
    for sent in messages(bytes, 1) {
        merge(&mut scope, sent?, Message::Scope)?;
    }
    sink.resource(resource, &scope.name, scope.name == LIBRARY_SCOPE);
    let tags = tags_of_scope(resource, &scope.name);
    let metrics = messages(bytes, 2).map(|metric| Metric::read(metric?));
    let metrics: Vec<Metric<'_>> = metrics.collect::<Read<_>>()?;
    // Instrumentation that is between two conventions sends both metrics for the same requests.
    let both = metrics.iter().any(|metric| metric.name == NEWER);
    for metric in metrics {
        if both && metric.name == OLDER {
            continue;
        }
        match &tags {
            Ok(tags) => walk_metric(&metric, tags, places, sink)?,
            Err(reason) => sink.refuse(metric.name, metric.points()?, reason.clone()),
        }
    }
    Ok(())
}

/// A metric as far as its own fields go.
#[derive(Clone, Copy, Default)]
struct Metric<'a> {
    name: &'a str,
    unit: &'a str,
    /// The number of the field that holds its points, and these.
    data: Option<(u64, &'a [u8])>,
}

const GAUGE: u64 = 5;
const SUM: u64 = 7;
const HISTOGRAM: u64 = 9;
const EXPONENTIAL: u64 = 10;
const SUMMARY: u64 = 11;

impl<'a> Metric<'a> {
    fn read(bytes: &'a [u8]) -> Read<Self> {
        let mut metric = Self::default();
        for field in Fields(bytes) {
            match field? {
                (1, Field::Bytes(name)) => metric.name = text(name)?,
                (3, Field::Bytes(unit)) => metric.unit = text(unit)?,
                (kind @ (GAUGE | SUM | HISTOGRAM | EXPONENTIAL | SUMMARY), Field::Bytes(data)) => {
                    metric.data = Some((kind, data));
                }
                _ => {}
            }
        }
        Ok(metric)
    }

    fn points(&self) -> Read<usize> {
        let Some((_, data)) = self.data else {
            return Ok(0);
        };
        let mut points = 0;
        for point in messages(data, 1) {
            point?;
            points += 1;
        }
        Ok(points)
    }

    fn shape(&self) -> Read<Result<(Shape, Kind), String>> {
        let (data_kind, data) = self.data.unwrap_or_default();
        let (mut temporality, mut is_monotonic) = (0, false);
        for field in Fields(data) {
            match field? {
                (2, Field::Varint(sent)) => temporality = sent as i32,
                (3, Field::Varint(sent)) => is_monotonic = sent != 0,
                _ => {}
            }
        }
        Ok(match data_kind {
            GAUGE => Ok((Shape::State, Kind::Gauge)),
            SUM => sum_shape(temporality, is_monotonic),
            SUMMARY => Ok((Shape::State, Kind::Cumulative)),
            _ => kind(temporality).map(|kind| (Shape::Distribution, kind)),
        })
    }
}

fn walk_metric(
    metric: &Metric<'_>,
    tags: &Tags<'_>,
    places: &Places,
    sink: &mut impl Sink,
) -> Read<()> {
    if let Err((name, reason)) = check_name(metric.name) {
        sink.refuse(name, metric.points()?, reason);
        return Ok(());
    }
    let Some((data_kind, data)) = metric.data else {
        return Ok(());
    };
    let (shape, kind) = match metric.shape()? {
        Ok(found) => found,
        Err(reason) => {
            sink.refuse(metric.name, metric.points()?, reason);
            return Ok(());
        }
    };
    let of = OfMetric::new(metric.name, metric.unit, tags, shape, kind);
    let mut stream = Stream::new(places, &of, tags, data_kind);
    let mut bounds = Bounds::default();
    for point in messages(data, 1) {
        let point = point?;
        match data_kind {
            GAUGE | SUM => number(point, &of, &mut stream, sink)?,
            HISTOGRAM => histogram(point, &of, &mut stream, &mut bounds, sink)?,
            EXPONENTIAL => {
                let mut decoded = ExponentialHistogramDataPoint::default();
                merge(&mut decoded, point, Message::ExponentialPoint)?;
                let convert = |factor| histograms::exponential(&decoded, factor);
                of.histogram(Sent::from(&decoded), convert, sink);
            }
            _ => {
                let mut decoded = SummaryDataPoint::default();
                merge(&mut decoded, point, Message::SummaryPoint)?;
                of.summary(&decoded, sink);
            }
        }
    }
    Ok(())
}

fn number(
    bytes: &[u8],
    of: &OfMetric<'_>,
    stream: &mut Stream<'_>,
    sink: &mut impl Sink,
) -> Read<()> {
    let (mut times, mut value) = (Times::default(), None);
    stream.begin();
    for field in Fields(bytes) {
        match field? {
            (2, Field::Fixed64(start)) => times.start = start,
            (3, Field::Fixed64(time)) => times.time = time,
            (4, Field::Fixed64(bits)) => value = Some(Value::AsDouble(f64::from_bits(bits))),
            (6, Field::Fixed64(bits)) => value = Some(Value::AsInt(bits.cast_signed())),
            (7, Field::Bytes(attribute)) => stream.attribute(attribute),
            (8, Field::Varint(flags)) => times.flags = flags as u32,
            _ => {}
        }
    }
    let mut broken = Ok(());
    let place = |start| stream.place(of, VALUE, start, &mut broken);
    of.number_at(times, value, place, sink);
    broken
}

fn histogram(
    bytes: &[u8],
    of: &OfMetric<'_>,
    stream: &mut Stream<'_>,
    known: &mut Bounds,
    sink: &mut impl Sink,
) -> Read<()> {
    let (mut times, mut counted) = (Times::default(), Counted::default());
    let mut bounds = std::mem::take(&mut stream.bounds);
    bounds.clear();
    stream.begin();
    for field in Fields(bytes) {
        match field? {
            (2, Field::Fixed64(start)) => times.start = start,
            (3, Field::Fixed64(time)) => times.time = time,
            (4, Field::Fixed64(count)) => counted.count = count,
            (5, Field::Fixed64(bits)) => counted.sum = Some(f64::from_bits(bits)),
            (6, Field::Fixed64(count)) => counted.counts.push(count),
            (6, Field::Bytes(packed)) => counted.counts.extend(words(packed)?),
            (7, Field::Fixed64(bits)) => bounds.push(f64::from_bits(bits)),
            (7, Field::Bytes(packed)) => bounds.extend(words(packed)?.map(f64::from_bits)),
            (9, Field::Bytes(attribute)) => stream.attribute(attribute),
            (10, Field::Varint(flags)) => times.flags = flags as u32,
            (11, Field::Fixed64(bits)) => counted.min = Some(f64::from_bits(bits)),
            (12, Field::Fixed64(bits)) => counted.max = Some(f64::from_bits(bits)),
            _ => {}
        }
    }
    let mut broken = Ok(());
    let convert = |factor| counted.explicit(&bounds, factor, known);
    let place = |start| stream.place(of, DISTRIBUTION, start, &mut broken);
    of.histogram_at(times, convert, place, sink);
    stream.bounds = bounds;
    broken
}

/// Numbers of eight bytes each.
fn words(packed: &[u8]) -> Result<impl Iterator<Item = u64>, NoMessage> {
    let (words, rest) = packed.as_chunks::<8>();
    match rest {
        [] => Ok(words.iter().map(|word| u64::from_le_bytes(*word))),
        _ => Err(NoMessage),
    }
}

/// Decodes a part, unless it would take more memory than a request may.
fn merge(into: &mut impl prost::Message, bytes: &[u8], message: Message) -> Read<()> {
    if weight::of(bytes, message) > MAX_DECODED_BYTES {
        return Err(DecodeError::TooLarge);
    }
    let merged = into.merge(bytes);
    merged.map_err(|error| DecodeError::Malformed(error.to_string()))
}

/// What a sender writes for a stream: by it the place is found again.
struct Stream<'a> {
    places: &'a Places,
    /// What the points of a metric share, as a number; then the attributes of one point, each with its length.
    text: Vec<u8>,
    attributes: usize,
    /// Whether the start is the only thing that tells one process from another.
    needs_start: bool,
    /// Kept for the next point.
    bounds: Vec<f64>,
}

/// Bytes of the number.
const SHARED: usize = 16;

impl<'a> Stream<'a> {
    fn new(places: &'a Places, of: &OfMetric<'_>, tags: &Tags<'_>, data_kind: u64) -> Self {
        let shared = (tags.sorted(), of.name, data_kind, of.kind);
        // Two numbers of 64 bits: that another metric has both of them does not happen.
        let mut text = places.hasher.hash_one(&shared).to_le_bytes().to_vec();
        text.extend(places.hasher.hash_one((&shared, SHARED)).to_le_bytes());
        Self {
            places,
            text,
            attributes: 0,
            needs_start: tags.get("instance").is_none(),
            bounds: Vec::new(),
        }
    }

    fn begin(&mut self) {
        self.text.truncate(SHARED);
        self.attributes = 0;
    }

    fn attribute(&mut self, bytes: &[u8]) {
        self.attributes += 1;
        // More are refused whatever they are.
        if self.attributes <= MAX_ATTRIBUTES {
            self.text.extend((bytes.len() as u64).to_le_bytes());
            self.text.extend_from_slice(bytes);
        }
    }

    /// The place of the point whose attributes were read; `broken` tells of attributes that are none.
    fn place(
        &mut self,
        of: &OfMetric<'_>,
        field: &'static str,
        start: Option<Nanos>,
        broken: &mut Read<()>,
    ) -> Result<Arc<Place>, String> {
        if self.attributes > MAX_ATTRIBUTES {
            return Err(too_many(self.attributes));
        }
        let end = self.text.len();
        if self.needs_start {
            self.text.extend(start.unwrap_or(0).to_le_bytes());
        }
        if let Some(known) = self.places.get(&self.text) {
            return Ok(known);
        }
        let attributes = match decoded(&self.text[SHARED..end]) {
            Ok(attributes) => attributes,
            Err(error) => {
                *broken = Err(error);
                return Err("has attributes that are none".to_owned());
            }
        };
        let place = of.place(&attributes, field, start)?;
        Ok(self.places.remember(&self.text, place))
    }
}

/// Attributes, each with its length before it.
fn decoded(mut text: &[u8]) -> Read<Vec<KeyValue>> {
    let mut attributes = Vec::new();
    while let Some((length, rest)) = text.split_first_chunk::<8>() {
        let (bytes, rest) = rest.split_at(u64::from_le_bytes(*length) as usize);
        let mut attribute = KeyValue::default();
        merge(&mut attribute, bytes, Message::KeyValue)?;
        attributes.push(attribute);
        text = rest;
    }
    Ok(attributes)
}
