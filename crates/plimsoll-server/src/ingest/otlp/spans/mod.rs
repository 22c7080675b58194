//! Spans as rows of the store: requests, queries, outgoing calls and messages are counted, no span is kept.
//!
//! The attributes of a span ([`facts`]) tell what it measured ([`observation`]); the spans of its trace ([`traces`]) tell
//! which request a query belongs to; what is alike becomes a row ([`rows`]). A span that comes again changes nothing: the
//! rows of an export that comes again are the same, and of one that was packed anew the spans are still known.

pub mod exemplars;
mod facts;
mod names;
mod observation;
mod path;
mod rows;
mod sent;
mod statement;
#[cfg(test)]
mod tests;
mod traces;

use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use parking_lot::Mutex;

use super::attributes::Tags;
use super::refusals::Refusals;
use super::wire::NoMessage;
use crate::services::Seen;
use crate::store::table::Nanos;
use exemplars::{Exemplar, Exemplars, Place};
use facts::Facts;
use names::{Named, Names};
use observation::Observation;
pub(super) use rows::SpanRow;
use rows::{Group, GroupKey, Waiting};
use sent::Sent;
use statement::{Dialect, Statements};
use traces::{Caller, Found, Remembered, Role, SpanKey, Spans, Traces};

/// Who measured.
pub(super) const SOURCE: &str = "span";

/// A statement of which nobody knows the dialect, without its literals: what is in quotes of either kind is one.
pub(crate) fn without_literals(statement: &str) -> String {
    statement::normalised(statement, Dialect::MySql)
}

/// What is known of spans between exports.
#[derive(Debug, Default)]
pub(super) struct SpanMemory {
    traces: Mutex<Traces>,
    names: Mutex<Names>,
    pub(super) exemplars: Exemplars,
}

/// An export, read.
#[derive(Debug, Default)]
pub(super) struct Mapped {
    /// Rows to write.
    pub(super) rows: Vec<SpanRow>,
    /// Those that are written now and again when their caller is known.
    waiting: Vec<Waiting>,
    /// Those from before that are written again now.
    settled: Vec<Waiting>,
    /// To be remembered when the rows are on disk.
    spans: Spans,
    exemplars: Vec<(Place, Exemplar)>,
    pub(super) seen: Vec<Seen>,
    /// Spans that cannot be counted.
    pub(super) refusals: Refusals,
}

impl SpanMemory {
    /// Reads an export; nothing is remembered yet.
    pub(super) fn map(&self, request: &ExportTraceServiceRequest, now: Nanos) -> Mapped {
        let mut export = Export::default();
        for resource in &request.resource_spans {
            let spans = resource.scope_spans.iter().flat_map(|scope| &scope.spans);
            let spans = spans.map(|span| Ok(Sent::of(span)));
            // What was decoded cannot fail any more.
            export
                .resource(resource.resource.as_ref(), spans)
                .unwrap_or_default();
        }
        export.into_rows(self, now)
    }

    /// The same where it lies in the bytes of a request.
    ///
    /// # Errors
    /// Bytes that are no such request.
    pub(super) fn map_bytes(&self, request: &[u8], now: Nanos) -> Result<Mapped, NoMessage> {
        let mut export = Export::default();
        let resources = sent::resources(request)?;
        for (resource, bytes) in &resources {
            let spans = sent::spans(bytes).map(|span| Sent::read(span?));
            export.resource(Some(resource), spans)?;
        }
        Ok(export.into_rows(self, now))
    }

    /// Remembers an export that is on disk. What comes back is written next, for its caller is known by now.
    pub(super) fn remember(&self, mapped: Mapped, now: Nanos) -> Vec<SpanRow> {
        for (place, exemplar) in mapped.exemplars {
            self.exemplars.note(place, exemplar, now);
        }
        let mut traces = self.traces.lock();
        // Another export may have come meanwhile, with what this one waits for or the other way round.
        let mut arrived = traces.arrived(&mapped.spans);
        traces.remember(mapped.spans, now);
        for waiting in mapped.waiting {
            match traces.get(waiting.key) {
                Some(_) => arrived.push(waiting),
                None => traces.wait(waiting),
            }
        }
        let (rows, waiting) = settle(&traces, &Spans::default(), &arrived);
        waiting.into_iter().for_each(|waiting| traces.wait(waiting));
        rows
    }

    /// Takes back what an export settled that did not come to disk.
    pub(super) fn forget(&self, mapped: Mapped) {
        let mut traces = self.traces.lock();
        mapped
            .settled
            .into_iter()
            .for_each(|waiting| traces.wait(waiting));
    }
}

/// The rows of those whose caller is known now, and those that wait for a span further up.
fn settle(traces: &Traces, export: &Spans, arrived: &[Waiting]) -> (Vec<SpanRow>, Vec<Waiting>) {
    let (mut rows, mut waiting) = (Vec::new(), Vec::new());
    for Waiting { key, row } in arrived {
        match traces.caller(export, *key) {
            Found::Caller(caller) => rows.extend(row.with_caller(Some(&caller))),
            Found::Nobody => rows.extend(row.with_caller(None)),
            Found::Missing(key) => waiting.push(Waiting {
                key,
                row: row.clone(),
            }),
        }
    }
    (rows, waiting)
}

/// A span whose place in its trace is looked at when all of the export are known.
struct Counted<'a> {
    key: SpanKey,
    resource: usize,
    span: Sent<'a>,
    observation: Observation<'a>,
}

/// What one request brings.
#[derive(Default)]
struct Export<'a> {
    resources: Vec<Vec<(&'static str, Arc<str>)>>,
    counted: Vec<Counted<'a>>,
    spans: Spans,
    statements: Statements<'a>,
    seen: Vec<Seen>,
    refusals: Refusals,
}

impl<'a> Export<'a> {
    fn resource(
        &mut self,
        resource: Option<&Resource>,
        spans: impl Iterator<Item = Result<(Sent<'a>, Facts<'a>), NoMessage>>,
    ) -> Result<(), NoMessage> {
        let tags = match Tags::of_resource(resource) {
            Ok(tags) => tags,
            Err(reason) => {
                for span in spans {
                    span?;
                    self.refusals.add(1, format!("resource {reason}"));
                }
                return Ok(());
            }
        };
        let text = |name| tags.get(name).unwrap_or_default().to_owned();
        self.seen.push(Seen {
            service: text("service"),
            instance: text("instance"),
            version: text("version"),
            revision: text("revision"),
            environment: text("environment"),
            source: SOURCE.to_owned(),
        });
        let named = ["service", "instance", "version", "revision", "environment"];
        let mut of_resource: Vec<(&'static str, Arc<str>)> = named
            .into_iter()
            .filter_map(|name| Some((name, tags.get(name)?.into())))
            .collect();
        of_resource.push(("source", SOURCE.into()));
        self.resources.push(of_resource);
        for span in spans {
            let (span, facts) = span?;
            if let Err(reason) = self.span(span, &facts) {
                self.refusals.add(1, format!("span {reason}"));
            }
        }
        Ok(())
    }

    fn span(&mut self, span: Sent<'a>, facts: &Facts<'a>) -> Result<(), String> {
        let key = key_of(span.trace_id, span.span_id);
        if key == 0 {
            return Err("has no trace_id or span_id".to_owned());
        }
        if span.end == 0 || span.start == 0 {
            return Err("has no start or no end".to_owned());
        }
        if span.end < span.start {
            return Err("ends before it starts".to_owned());
        }
        let observation = Observation::of(&span, facts, &mut self.statements);
        let role = match (&observation, SpanKind::try_from(span.kind)) {
            (Some(Observation::Query { .. }), _) => Role::Query,
            // Its bounded name is not known before the whole export is.
            (Some(Observation::Request { .. }), _) => Role::Entry,
            (_, Ok(SpanKind::Server | SpanKind::Consumer)) => Role::Entry,
            _ => Role::Part,
        };
        let parent = key_of(span.trace_id, span.parent_id);
        let known = self.spans.insert(key, Remembered { parent, role });
        if let (None, Some(observation)) = (known, observation) {
            self.counted.push(Counted {
                key,
                resource: self.resources.len() - 1,
                span,
                observation,
            });
        }
        Ok(())
    }

    fn into_rows(mut self, memory: &SpanMemory, now: Nanos) -> Mapped {
        self.name_callers(&mut memory.names.lock(), now);
        let mut exemplars: HashMap<Place, Exemplar, RandomState> = HashMap::default();
        let mut groups: HashMap<GroupKey<'a>, Group, RandomState> = HashMap::default();
        let mut mapped = Mapped::default();
        let mut traces = memory.traces.lock();
        for counted in std::mem::take(&mut self.counted) {
            let Some(found) = self.found(&traces, &counted) else {
                continue;
            };
            let nanos = counted.span.end - counted.span.start;
            let end = Nanos::try_from(counted.span.end).unwrap_or(Nanos::MAX);
            if let Some(place) = self.place(&counted) {
                let exemplar = Exemplar::of(&counted.span);
                match exemplars.get_mut(&place) {
                    Some(known) if known.tells_more_than(&exemplar) => {}
                    _ => {
                        exemplars.insert(place, exemplar);
                    }
                }
            }
            let mut key = GroupKey::new(counted.resource, counted.observation, end);
            key.called_by(found);
            groups
                .entry(key)
                .or_default()
                .add(counted.key, end, nanos as f64 / 1e9);
        }
        mapped.settled = traces.arrived(&self.spans);
        (mapped.rows, mapped.waiting) = settle(&traces, &self.spans, &mapped.settled);
        let room = traces.has_room();
        drop(traces);
        let mut names = memory.names.lock();
        let rows = rows::rows(groups, &self.resources, &mut names, now, &mut self.refusals);
        drop(names);
        for (row, waits_for) in rows {
            if waits_for != 0 && room {
                mapped.waiting.push(Waiting {
                    key: waits_for,
                    row: row.clone(),
                });
            }
            mapped.rows.push(row);
        }
        mapped.spans = self.spans;
        mapped.exemplars = exemplars.into_iter().collect();
        mapped.seen = self.seen;
        mapped.refusals = self.refusals;
        mapped
    }

    /// Requests get the names under which they are counted: queries below them are counted under the same.
    fn name_callers(&mut self, names: &mut Names, now: Nanos) {
        let mut callers: HashMap<(usize, &str, &str), Arc<Caller>, RandomState> =
            HashMap::default();
        for counted in &self.counted {
            let Observation::Request { method, route, .. } = &counted.observation else {
                continue;
            };
            let caller = callers
                .entry((counted.resource, method, route))
                .or_insert_with(|| {
                    let service = &self.resources[counted.resource][0].1;
                    Arc::new(Caller {
                        route: names.bounded(service, Named::Route, route, now),
                        method: (*method).into(),
                    })
                });
            if let Some(span) = self.spans.get_mut(&counted.key) {
                span.role = Role::Request(caller.clone());
            }
        }
    }

    /// Who had a query asked; `None` for a span that was counted before, or stands for a query that is counted already.
    fn found(&self, traces: &Traces, counted: &Counted<'a>) -> Option<Found> {
        if traces.get(counted.key).is_some() {
            return None;
        }
        let Observation::Query { .. } = counted.observation else {
            return Some(Found::Nobody);
        };
        let parent = self.spans.get(&counted.key).map_or(0, |span| span.parent);
        let above = self.spans.get(&parent).or_else(|| traces.get(parent));
        let is_below_query = above.is_some_and(|above| matches!(above.role, Role::Query));
        if is_below_query || traces.is_above_query(counted.key) {
            return None;
        }
        Some(traces.caller(&self.spans, parent))
    }

    fn place(&self, counted: &Counted<'a>) -> Option<Place> {
        match self.spans.get(&counted.key).map(|span| &span.role) {
            Some(Role::Request(caller)) => Some(Place {
                service: self.resources[counted.resource][0].1.clone(),
                caller: caller.clone(),
            }),
            _ => None,
        }
    }
}

/// A span's name in one word; 0 for none. The same in every process, for the time of a row follows from it.
fn key_of(trace: &[u8], span: &[u8]) -> SpanKey {
    let (Some(trace), Some(span)) = (trace.first_chunk::<16>(), span.first_chunk::<8>()) else {
        return 0;
    };
    let trace = u128::from_le_bytes(*trace);
    let span = u64::from_le_bytes(*span);
    if trace == 0 || span == 0 {
        return 0;
    }
    let high = mixed(
        (trace >> 64) as u64 ^ 0xa076_1d64_78bd_642f,
        trace as u64 ^ 0xe703_7ed1_a0b4_28db,
    );
    mixed(high ^ 0x8ebc_6af0_9c88_c6e3, span ^ 0x5899_65cc_7537_4cc3).max(1)
}

/// Identifiers should be random, but some only count up: the two halves of a product depend on every bit (wyhash).
fn mixed(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    (product >> 64) as u64 ^ product as u64
}
