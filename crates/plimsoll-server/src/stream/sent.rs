//! Events as they are sent: written once, for all clients.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::told::{Reset, StreamData};

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Requests of a service.
    Window,
    /// Something happened.
    Event,
    /// Something became different.
    Change,
}

/// Which events a client wants.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// Of one service, and what concerns all.
    pub service: Option<String>,
    /// Only these; `None`: all.
    pub kinds: Option<Vec<Kind>>,
}

/// The events of one second, or a sign of life without any.
#[derive(Debug)]
pub(super) struct Sent {
    bytes: Bytes,
    events: Vec<Event>,
}

#[derive(Debug)]
struct Event {
    id: u64,
    kind: Kind,
    service: Option<Arc<str>>,
    /// Where its text ends.
    end: usize,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Window, Self::Event, Self::Change];

    /// As the event is named.
    pub fn name(self) -> &'static str {
        match self {
            Self::Window => "window",
            Self::Event => "event",
            Self::Change => "change",
        }
    }
}

impl Wish {
    fn wants(&self, event: &Event) -> bool {
        let kind = self
            .kinds
            .as_ref()
            .is_none_or(|kinds| kinds.contains(&event.kind));
        let service = match (&self.service, &event.service) {
            (Some(wanted), Some(service)) => **wanted == **service,
            _ => true,
        };
        kind && service
    }

    fn wants_all(&self) -> bool {
        self.service.is_none() && self.kinds.is_none()
    }
}

impl Sent {
    /// Writes events with the ids from `first_id` on.
    pub(super) fn write(first_id: u64, told: &[StreamData]) -> Result<Self, serde_json::Error> {
        let mut text = Vec::new();
        let mut events = Vec::with_capacity(told.len());
        for (id, data) in (first_id..).zip(told) {
            let (kind, service) = match data {
                StreamData::Window(window) => (Kind::Window, Some(window.service.as_str())),
                StreamData::Change(change) => (Kind::Change, change.service()),
                StreamData::Event(_) | StreamData::Reset(_) => (Kind::Event, None),
            };
            write_event(&mut text, id, kind.name(), data)?;
            events.push(Event {
                id,
                kind,
                service: service.map(Into::into),
                end: text.len(),
            });
        }
        Ok(Self {
            bytes: text.into(),
            events,
        })
    }

    /// Keeps connections from looking dead.
    pub(super) fn sign_of_life() -> Self {
        Self {
            bytes: Bytes::from_static(b": alive\n\n"),
            events: Vec::new(),
        }
    }

    pub(super) fn first_id(&self) -> Option<u64> {
        self.events.first().map(|event| event.id)
    }

    pub(super) fn last_id(&self) -> Option<u64> {
        self.events.last().map(|event| event.id)
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// What a client that has seen the events up to `after` is sent; `None`: nothing of it.
    pub(super) fn part(&self, wish: &Wish, after: u64) -> Option<Bytes> {
        let unseen = self.first_id().is_none_or(|first| first > after);
        if self.events.is_empty() || (unseen && wish.wants_all()) {
            return Some(self.bytes.clone());
        }
        let mut start = 0;
        let mut part: Option<Bytes> = None;
        let mut joined = BytesMut::new();
        for event in &self.events {
            let text = self.bytes.slice(start..event.end);
            start = event.end;
            if event.id <= after || !wish.wants(event) {
                continue;
            }
            // A single event needs no copy.
            match part.take() {
                None if joined.is_empty() => part = Some(text),
                first => {
                    joined.extend(first);
                    joined.extend_from_slice(&text);
                }
            }
        }
        match joined.is_empty() {
            true => part,
            false => Some(joined.freeze()),
        }
    }
}

/// What a client reads first: after how many milliseconds to come back, and where it stands.
pub(super) fn greeting(retry_ms: u64, id: u64) -> Bytes {
    format!("retry: {retry_ms}\nid: {id}\n\n").into()
}

/// Tells a client to read everything anew.
pub(super) fn reset(id: u64) -> Result<Bytes, serde_json::Error> {
    let mut text = Vec::new();
    let reason = "what happened since your last event is not kept any more";
    let data = StreamData::Reset(Reset { reason });
    write_event(&mut text, id, "reset", &data)?;
    Ok(text.into())
}

fn write_event(
    text: &mut Vec<u8>,
    id: u64,
    name: &str,
    data: &StreamData,
) -> Result<(), serde_json::Error> {
    text.extend_from_slice(format!("id: {id}\nevent: {name}\ndata: ").as_bytes());
    // JSON has no line break outside of strings, and inside they are escaped.
    serde_json::to_writer(&mut *text, data)?;
    text.extend_from_slice(b"\n\n");
    Ok(())
}
