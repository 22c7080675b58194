//! The spans of the last minutes, as far as others need them: which request a query belongs to, which span came before.
//!
//! Spans of one trace come in any order and in several exports. Of each a few bytes are remembered for a while, in
//! memory only; when the memory is full the oldest half is forgotten, and what would have needed it stays unknown.

use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};

use super::rows::Waiting;
use crate::store::table::Nanos;

/// A span of a trace, or of none (0).
pub(super) type SpanKey = u64;

/// Spans of one generation; there are two.
const SPANS: usize = 250_000;
/// Rows whose caller is not known yet, of one generation.
const WAITING: usize = 10_000;
/// How long a generation takes spans in.
const GENERATION: Nanos = 300 * 1_000_000_000;
/// Spans above each other that are looked through.
const MAX_DEPTH: usize = 64;

/// Who had a query asked.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Caller {
    pub(super) route: Arc<str>,
    pub(super) method: Arc<str>,
}

/// What is remembered of a span.
#[derive(Clone, Debug)]
pub(super) struct Remembered {
    pub(super) parent: SpanKey,
    pub(super) role: Role,
}

/// What a span is to those below it.
#[derive(Clone, Debug)]
pub(super) enum Role {
    /// A part of what is above it.
    Part,
    /// It asked a database; what is below it is the same query once more.
    Query,
    /// It answers a request.
    Request(Arc<Caller>),
    /// Something began with it that is no request.
    Entry,
}

/// Who called.
#[derive(Clone, Debug)]
pub(super) enum Found {
    Caller(Arc<Caller>),
    /// Nobody: a job, a start.
    Nobody,
    /// This span must come first.
    Missing(SpanKey),
}

/// Spans, by their keys.
pub(super) type Spans = HashMap<SpanKey, Remembered, RandomState>;

#[derive(Debug, Default)]
pub(super) struct Traces {
    spans: [Spans; 2],
    /// Spans above queries that are counted.
    above_queries: [HashSet<SpanKey, RandomState>; 2],
    waiting: [HashMap<SpanKey, Vec<Waiting>, RandomState>; 2],
    since: Nanos,
}

impl Traces {
    pub(super) fn get(&self, key: SpanKey) -> Option<&Remembered> {
        self.spans.iter().find_map(|spans| spans.get(&key))
    }

    /// Whether a query below this span was counted.
    pub(super) fn is_above_query(&self, key: SpanKey) -> bool {
        self.above_queries.iter().any(|keys| keys.contains(&key))
    }

    /// Climbs from `key` through the spans of an export and those remembered.
    pub(super) fn caller(&self, export: &Spans, mut key: SpanKey) -> Found {
        for _ in 0..MAX_DEPTH {
            if key == 0 {
                return Found::Nobody;
            }
            let Some(span) = export.get(&key).or_else(|| self.get(key)) else {
                return Found::Missing(key);
            };
            match &span.role {
                Role::Request(caller) => return Found::Caller(caller.clone()),
                Role::Entry => return Found::Nobody,
                Role::Part | Role::Query => key = span.parent,
            }
        }
        Found::Nobody
    }

    /// Remembers the spans of an export that is on disk.
    pub(super) fn remember(&mut self, export: Spans, now: Nanos) {
        if self.spans[0].len() + export.len() > SPANS || now - self.since > GENERATION {
            self.since = now;
            self.spans.swap(0, 1);
            self.above_queries.swap(0, 1);
            self.waiting.swap(0, 1);
            // Emptied and not made anew: the next generation is about as large.
            self.spans[0].clear();
            self.above_queries[0].clear();
            self.waiting[0].clear();
        }
        let queries = export
            .values()
            .filter(|span| matches!(span.role, Role::Query) && span.parent != 0);
        self.above_queries[0].extend(queries.map(|span| span.parent));
        self.spans[0].extend(export);
    }

    /// Whether there is room for one more row that waits for its caller.
    pub(super) fn has_room(&self) -> bool {
        self.waiting[0].len() < WAITING
    }

    /// Remembers a row that waits for a span.
    pub(super) fn wait(&mut self, waiting: Waiting) {
        self.waiting[0]
            .entry(waiting.key)
            .or_default()
            .push(waiting);
    }

    /// Takes out the rows that wait for a span of an export.
    pub(super) fn arrived(&mut self, export: &Spans) -> Vec<Waiting> {
        let mut found = Vec::new();
        for waiting in self
            .waiting
            .iter_mut()
            .filter(|waiting| !waiting.is_empty())
        {
            found.extend(
                export
                    .keys()
                    .filter_map(|key| waiting.remove(key))
                    .flatten(),
            );
        }
        found
    }

    /// Spans and rows in memory.
    #[cfg(test)]
    pub(super) fn len(&self) -> (usize, usize) {
        let spans = self.spans.iter().map(HashMap::len).sum();
        let waiting = self
            .waiting
            .iter()
            .flat_map(HashMap::values)
            .map(Vec::len)
            .sum();
        (spans, waiting)
    }
}
