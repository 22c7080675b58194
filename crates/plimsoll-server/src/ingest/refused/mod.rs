//! What was refused lately: by which way it came, why, how often, from whom, and one example of it.
//!
//! A bounded memory for whoever looks for data that does not arrive; counters of all refusals are in [`Ingest`](super::Ingest).

mod example;
pub mod grpc;
pub mod watch;

use std::collections::VecDeque;

use axum::http::{HeaderMap, HeaderValue, header};
use parking_lot::Mutex;
use serde::Serialize;
use utoipa::ToSchema;

use crate::services::rfc3339;
use crate::store::table::Nanos;

use example::{fit, shown};

/// Most kinds of refusals that are remembered; the one not seen for longest makes room.
pub const MAX_KINDS: usize = 100;
/// Longest reason, in bytes.
const MAX_REASON_BYTES: usize = 500;
/// Longest name of a sender or service, in bytes.
const MAX_NAME_BYTES: usize = 100;
/// A kind that was not seen for so long is news again.
const NEWS_AFTER: Nanos = 10 * 60 * 1_000_000_000;

/// How data comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// `/v1/metrics`.
    OtlpMetrics,
    /// `/v1/traces`.
    OtlpTraces,
    /// `/v1/logs`.
    OtlpLogs,
    /// `/write` and `/api/v2/write`.
    LineProtocol,
    /// `/api/v1/events`.
    Events,
    /// gRPC, which is not spoken here.
    Grpc,
    /// A path that takes no data, as a wrong setting of a sender makes it.
    UnknownPath,
}

/// Who sends, as far as it tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sender {
    /// Its `User-Agent`.
    pub agent: Option<String>,
    /// The service whose data it is.
    pub service: Option<String>,
}

impl Sender {
    /// As the headers of a request say.
    pub fn of(headers: &HeaderMap) -> Self {
        Self::named(headers.get(header::USER_AGENT))
    }

    fn named(agent: Option<&HeaderValue>) -> Self {
        let agent = agent.map(|agent| String::from_utf8_lossy(agent.as_bytes()).into_owned());
        Self {
            agent,
            service: None,
        }
    }

    /// The same, sending for `service`.
    #[must_use]
    pub fn for_service(mut self, service: Option<String>) -> Self {
        self.service = service;
        self
    }
}

/// A kind of refusals, as `/api/v1/refused` tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RefusedKind)]
pub struct Kind {
    /// How it came.
    pub way: Way,
    /// Why the last one was refused; settings that would help are named.
    pub reason: String,
    /// How many: lines, points, events, or whole requests when they were refused as a whole.
    pub count: u64,
    /// When the first one came, RFC 3339.
    pub first_seen: String,
    /// When the last one came, RFC 3339.
    pub last_seen: String,
    /// Who sent the last one, by its `User-Agent`; null: it did not tell.
    pub sender: Option<String>,
    /// For which service; null when that is not known.
    pub service: Option<String>,
    /// One of them, cut, and without what looks like a secret; null for requests that were refused unread.
    pub example: Option<String>,
}

#[derive(Debug)]
struct Entry {
    /// Reasons that differ in numbers and names only are of one kind.
    shape: String,
    first: Nanos,
    last: Nanos,
    kind: Kind,
}

/// The memory of refusals.
#[derive(Debug, Default)]
pub struct Refused(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    /// The last seen is at the end.
    entries: VecDeque<Entry>,
    forgotten: u64,
}

/// All that is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RefusedList)]
pub struct Remembered {
    /// The last seen first.
    pub refused: Vec<Kind>,
    /// Kinds that made room for others.
    pub forgotten_kinds: u64,
}

impl Refused {
    /// Notes `count` refusals. Whether they are news: of a kind that was not seen for a while.
    pub fn note(
        &self,
        way: Way,
        reason: &str,
        count: u64,
        sender: Sender,
        example: Option<&str>,
        now: Nanos,
    ) -> bool {
        if count == 0 {
            return false;
        }
        let shape = shape(reason);
        let reason = shown(reason, MAX_REASON_BYTES);
        let example = example.map(example::of);
        let fit = |name: String| fit(&name, MAX_NAME_BYTES);
        let (sender, service) = (sender.agent.map(fit), sender.service.map(fit));
        let mut memory = self.0.lock();
        let known = memory
            .entries
            .iter()
            .position(|entry| entry.kind.way == way && entry.shape == shape);
        let found = known.and_then(|at| memory.entries.remove(at));
        let (entry, news) = match found {
            Some(mut entry) => {
                let news = now.saturating_sub(entry.last) > NEWS_AFTER;
                entry.last = now;
                entry.kind.reason = reason;
                entry.kind.count = entry.kind.count.saturating_add(count);
                entry.kind.sender = sender.or(entry.kind.sender);
                entry.kind.service = service.or(entry.kind.service);
                entry.kind.example = example.or(entry.kind.example);
                (entry, news)
            }
            None => {
                if memory.entries.len() >= MAX_KINDS {
                    memory.entries.pop_front();
                    memory.forgotten += 1;
                }
                let kind = Kind {
                    way,
                    reason,
                    count,
                    first_seen: String::new(),
                    last_seen: String::new(),
                    sender,
                    service,
                    example,
                };
                let entry = Entry {
                    shape,
                    first: now,
                    last: now,
                    kind,
                };
                (entry, true)
            }
        };
        memory.entries.push_back(entry);
        news
    }

    /// What is remembered.
    pub fn remembered(&self) -> Remembered {
        let memory = self.0.lock();
        let told = |entry: &Entry| Kind {
            first_seen: rfc3339(entry.first),
            last_seen: rfc3339(entry.last),
            ..entry.kind.clone()
        };
        Remembered {
            refused: memory.entries.iter().rev().map(told).collect(),
            forgotten_kinds: memory.forgotten,
        }
    }
}

/// A reason without its numbers and without what stands in backticks or quotes.
fn shape(reason: &str) -> String {
    let mut shape = String::new();
    let mut quote = None;
    for character in reason.chars().take(MAX_REASON_BYTES) {
        match quote {
            Some(open) if open == character => quote = None,
            Some(_) => {}
            None if matches!(character, '`' | '"') => quote = Some(character),
            None if character.is_ascii_digit() => {
                if !shape.ends_with('#') {
                    shape.push('#');
                }
            }
            None => shape.push(character),
        }
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(refused: &Refused, reason: &str, now: Nanos) -> bool {
        let example = Some("cpu,host=a usage=x");
        refused.note(
            Way::LineProtocol,
            reason,
            2,
            Sender::default(),
            example,
            now,
        )
    }

    #[test]
    fn reasons_that_differ_in_names_and_numbers_are_of_one_kind() {
        let refused = Refused::default();
        assert!(note(&refused, "field `a` has the value `1`", 10));
        assert!(!note(&refused, "field `b` has the value `x y`", 20));
        assert!(note(&refused, "the time lies 12 s ahead", 30));
        let remembered = refused.remembered();
        let kinds: Vec<_> = remembered
            .refused
            .iter()
            .map(|kind| (&*kind.reason, kind.count))
            .collect();
        let expected = [
            ("the time lies 12 s ahead", 2),
            ("field `b` has the value `x y`", 4),
        ];
        assert_eq!(kinds, expected);
        assert_eq!(remembered.refused[1].first_seen, "1970-01-01T00:00:00.000Z");
        assert!(note(&refused, "the time lies 9 s ahead", 31 + NEWS_AFTER));
    }

    #[test]
    fn senders_that_invent_reasons_take_no_unbounded_memory() {
        let refused = Refused::default();
        for n in 0..3 * MAX_KINDS {
            let name = ["x".repeat(n), "y".repeat(10_000)].concat();
            refused.note(Way::Events, &name, 1, Sender::default(), Some(&name), 0);
        }
        let remembered = refused.remembered();
        assert_eq!(remembered.refused.len(), MAX_KINDS);
        assert_eq!(remembered.forgotten_kinds, 2 * MAX_KINDS as u64);
        assert!(
            remembered
                .refused
                .iter()
                .all(|kind| kind.reason.len() <= MAX_REASON_BYTES + 3)
        );
    }
}
