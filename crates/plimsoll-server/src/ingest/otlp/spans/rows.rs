//! From observations to rows: what is alike and ended in the same ten seconds is one row of an export.
//!
//! The time of a row follows from the spans in it: the latest end, less up to a millisecond that their identifiers
//! give. So the same export makes the same rows each time that it comes, and two exports do not meet in one row.

use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use plimsoll::histogram::Histogram;

use super::super::attributes::Tags;
use super::super::points::{Point, PointValue};
use super::names::{Named, Names};
use super::observation::Observation;
use super::traces::{Caller, Found, SpanKey};
use crate::store::table::{Kind, Nanos};

/// Ends within one of these share a row.
const WINDOW: Nanos = 10 * 1_000_000_000;
/// By how much the time of a row may stand before the latest end in it.
const SPREAD: u64 = 1_000_000;
/// The route of queries whose request did not come.
const UNKNOWN: &str = "<unknown>";

/// The times of observations that are alike.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub(super) duration: Histogram,
    pub(super) last_end: Nanos,
    /// Sum of what names the spans.
    names: u64,
}

impl Group {
    pub(super) fn add(&mut self, key: SpanKey, end: Nanos, secs: f64) {
        self.duration.record(secs);
        self.last_end = self.last_end.max(end);
        self.names = self.names.wrapping_add(key);
    }

    fn join(&mut self, other: &Group) {
        self.duration.merge(&other.duration);
        self.last_end = self.last_end.max(other.last_end);
        self.names = self.names.wrapping_add(other.names);
    }

    fn time(&self) -> Nanos {
        self.last_end - (self.names % SPREAD) as Nanos
    }
}

/// What tells groups of an export apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct GroupKey<'a> {
    pub(super) resource: usize,
    pub(super) observation: Observation<'a>,
    pub(super) caller: Option<Arc<Caller>>,
    /// The span that must come before the caller is known; 0: none.
    pub(super) waits_for: SpanKey,
    pub(super) window: Nanos,
}

impl<'a> GroupKey<'a> {
    pub(super) fn new(resource: usize, observation: Observation<'a>, end: Nanos) -> Self {
        Self {
            resource,
            observation,
            caller: None,
            waits_for: 0,
            window: end.div_euclid(WINDOW),
        }
    }

    pub(super) fn called_by(&mut self, found: Found) {
        match found {
            Found::Caller(caller) => self.caller = Some(caller),
            Found::Nobody => {}
            Found::Missing(key) => self.waits_for = key,
        }
    }
}

/// One row.
#[derive(Clone, Debug)]
pub(in super::super) struct SpanRow {
    measurement: &'static str,
    tags: Vec<(&'static str, Arc<str>)>,
    time: Nanos,
    duration: Histogram,
}

/// A row whose caller is not known yet.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    /// The span that it waits for.
    pub(super) key: SpanKey,
    pub(super) row: SpanRow,
}

impl SpanRow {
    /// How many spans it counts.
    pub(in super::super) fn spans(&self) -> usize {
        usize::try_from(self.duration.count).unwrap_or(usize::MAX)
    }

    /// As the batch takes it.
    ///
    /// # Errors
    /// A tag that is too long.
    pub(in super::super) fn point(&self) -> Result<Point<'_>, String> {
        let mut tags = Tags::default();
        for (name, value) in &self.tags {
            tags.add(*name, &**value)?;
        }
        Ok(Point {
            measurement: self.measurement.into(),
            field: "duration",
            kind: Kind::Delta,
            tags,
            time: self.time,
            start: None,
            value: PointValue::Histogram(self.duration.clone()),
        })
    }

    /// The row under its caller, and the one that takes back what was written before its caller was known.
    pub(super) fn with_caller(&self, caller: Option<&Caller>) -> [SpanRow; 2] {
        let before = SpanRow {
            duration: Histogram::new(),
            ..self.clone()
        };
        let mut after = self.clone();
        after
            .tags
            .retain(|(name, _)| !matches!(*name, "route" | "method"));
        if let Some(caller) = caller {
            after.tags.push(("route", caller.route.clone()));
            after.tags.push(("method", caller.method.clone()));
        }
        [before, after]
    }
}

/// Gives the groups of an export their tags. Those that are alike once names are bounded become one row.
pub(super) fn rows(
    groups: HashMap<GroupKey<'_>, Group, RandomState>,
    resources: &[Vec<(&'static str, Arc<str>)>],
    names: &mut Names,
    now: Nanos,
) -> Vec<(SpanRow, SpanKey)> {
    type Alike = (&'static str, Vec<(&'static str, Arc<str>)>, SpanKey, Nanos);
    let mut rows: HashMap<Alike, Group, RandomState> = HashMap::default();
    for (key, group) in groups {
        let mut tags = resources[key.resource].clone();
        let service = tags.iter().find(|(name, _)| *name == "service");
        let service = service.map_or("".into(), |(_, service)| service.clone());
        let mut bounded = |named, text: &str| names.bounded(&service, named, text, now);
        let measurement = match &key.observation {
            Observation::Request {
                method,
                route,
                status,
                error_type,
                run,
            } => {
                tags.push(("method", (*method).into()));
                tags.push(("route", bounded(Named::Route, route)));
                push_status(&mut tags, *status);
                tags.push(("error_type", bounded(Named::ErrorType, error_type)));
                tags.push(("run", bounded(Named::Run, run)));
                "http_requests"
            }
            Observation::Query {
                system,
                namespace,
                statement,
                error_type,
            } => {
                tags.push(("db_system", bounded(Named::System, system)));
                tags.push(("db_name", bounded(Named::System, namespace)));
                tags.push(("statement", bounded(Named::Statement, statement)));
                tags.push(("error_type", bounded(Named::ErrorType, error_type)));
                if let Some(caller) = &key.caller {
                    tags.push(("route", caller.route.clone()));
                    tags.push(("method", caller.method.clone()));
                } else if key.waits_for != 0 {
                    tags.push(("route", UNKNOWN.into()));
                }
                "db_queries"
            }
            Observation::Call {
                peer,
                method,
                status,
                error_type,
            } => {
                tags.push(("peer", bounded(Named::Peer, peer)));
                tags.push(("method", bounded(Named::Procedure, method)));
                push_status(&mut tags, *status);
                tags.push(("error_type", bounded(Named::ErrorType, error_type)));
                "outgoing_calls"
            }
            Observation::Message {
                system,
                destination,
                operation,
                error_type,
            } => {
                tags.push(("messaging_system", bounded(Named::System, system)));
                tags.push(("destination", bounded(Named::Destination, destination)));
                tags.push(("operation", bounded(Named::System, operation)));
                tags.push(("error_type", bounded(Named::ErrorType, error_type)));
                "messages"
            }
        };
        tags.retain(|(_, value)| !value.is_empty());
        let alike = (measurement, tags, key.waits_for, key.window);
        match rows.get_mut(&alike) {
            Some(known) => known.join(&group),
            None => {
                rows.insert(alike, group);
            }
        }
    }
    let row = |((measurement, tags, waits_for, _), group): (Alike, Group)| {
        let time = group.time();
        let row = SpanRow {
            measurement,
            tags,
            time,
            duration: group.duration,
        };
        (row, waits_for)
    };
    rows.into_iter().map(row).collect()
}

fn push_status(tags: &mut Vec<(&'static str, Arc<str>)>, status: Option<u16>) {
    if let Some(status) = status {
        tags.push(("status", status.to_string().into()));
    }
}
