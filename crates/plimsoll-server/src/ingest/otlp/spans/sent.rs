//! A span as its sender tells it, read where it lies in the bytes of an export, or from what JSON was made into.
//!
//! Field numbers are those of opentelemetry-proto 1.x.

use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use prost::Message as _;

use super::super::wire::{Field, Fields, NoMessage, messages, text};
use super::facts::{Facts, Told};

/// What counts of a span, but its attributes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sent<'a> {
    pub(super) trace_id: &'a [u8],
    pub(super) span_id: &'a [u8],
    pub(super) parent_id: &'a [u8],
    pub(super) name: &'a str,
    /// A number of `SpanKind`.
    pub(super) kind: i32,
    /// Nanoseconds since 1970; 0 when it was not told.
    pub(super) start: u64,
    /// As `start`.
    pub(super) end: u64,
    /// Whether its status is an error.
    pub(super) is_failed: bool,
}

impl<'a> Sent<'a> {
    /// As the types of the protocol have it.
    pub(super) fn of(span: &'a Span) -> (Self, Facts<'a>) {
        let status = span.status.as_ref().map(|status| status.code);
        let sent = Self {
            trace_id: &span.trace_id,
            span_id: &span.span_id,
            parent_id: &span.parent_span_id,
            name: &span.name,
            kind: span.kind,
            start: span.start_time_unix_nano,
            end: span.end_time_unix_nano,
            is_failed: status == Some(StatusCode::Error as i32),
        };
        (sent, Facts::of(&span.attributes))
    }

    /// As it lies in an export.
    pub(super) fn read(bytes: &'a [u8]) -> Result<(Self, Facts<'a>), NoMessage> {
        let (mut sent, mut facts) = (Self::default(), Facts::default());
        for field in Fields(bytes) {
            match field? {
                (1, Field::Bytes(id)) => sent.trace_id = id,
                (2, Field::Bytes(id)) => sent.span_id = id,
                (4, Field::Bytes(id)) => sent.parent_id = id,
                (5, Field::Bytes(name)) => sent.name = text(name)?,
                (6, Field::Varint(kind)) => sent.kind = kind as i32,
                (7, Field::Fixed64(time)) => sent.start = time,
                (8, Field::Fixed64(time)) => sent.end = time,
                (9, Field::Bytes(attribute)) => read_attribute(attribute, &mut facts)?,
                (15, Field::Bytes(status)) => sent.is_failed = is_error(status)?,
                _ => {}
            }
        }
        Ok((sent, facts))
    }
}

/// A `KeyValue`; values of other kinds than these tell nothing that counts.
fn read_attribute<'a>(bytes: &'a [u8], facts: &mut Facts<'a>) -> Result<(), NoMessage> {
    let (mut key, mut value) = (&[][..], None);
    for field in Fields(bytes) {
        match field? {
            (1, Field::Bytes(name)) => key = name,
            (2, Field::Bytes(any)) => {
                for field in Fields(any) {
                    value = match field? {
                        (1, Field::Bytes(text)) => Some(Told::Bytes(text)),
                        (3, Field::Varint(number)) => Some(Told::Integer(number as i64)),
                        _ => None,
                    };
                }
            }
            _ => {}
        }
    }
    match value {
        Some(value) => facts.note(key, value).ok_or(NoMessage),
        None => Ok(()),
    }
}

fn is_error(status: &[u8]) -> Result<bool, NoMessage> {
    let mut is_error = false;
    for field in Fields(status) {
        if let (3, Field::Varint(code)) = field? {
            is_error = code == StatusCode::Error as u64;
        }
    }
    Ok(is_error)
}

/// The resource of each `ResourceSpans` of an export, which also carries the bytes of that message.
pub(super) fn resources(export: &[u8]) -> Result<Vec<(Resource, &[u8])>, NoMessage> {
    let resources = messages(export, 1).map(|spans| {
        let spans = spans?;
        let mut resource = Resource::default();
        for sent in messages(spans, 1) {
            resource.merge(sent?).map_err(|_| NoMessage)?;
        }
        Ok((resource, spans))
    });
    resources.collect()
}

/// The spans of a `ResourceSpans`.
pub(super) fn spans(resource_spans: &[u8]) -> impl Iterator<Item = Result<&[u8], NoMessage>> {
    let scopes = messages(resource_spans, 2);
    scopes.flat_map(|scope| {
        let (spans, error) = match scope {
            Ok(scope) => (Some(messages(scope, 2)), None),
            Err(error) => (None, Some(Err(error))),
        };
        spans.into_iter().flatten().chain(error)
    })
}
