//! From observations to rows: what is alike and ended in the same ten seconds is one row of an export.
//!
//! The time of a row follows from the spans in it: the latest end, less up to a millisecond that their identifiers
//! give. So the same export makes the same rows each time that it comes, and two exports do not meet in one row.

use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use plimsoll::histogram::Histogram;

use super::super::attributes::too_long;
use super::super::places::Place;
use super::super::points::{Point, PointValue};
use super::super::refusals::Refusals;
use super::names::{Named, Names};
use super::observation::Observation;
use super::traces::{Caller, Found, SpanKey};
use crate::store::key;
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

    fn spans(&self) -> usize {
        spans_in(&self.duration)
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
    /// The series, see [`key`].
    key: Box<[u8]>,
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
        spans_in(&self.duration)
    }

    /// As the batch takes it.
    pub(in super::super) fn into_point(self) -> (Place, Point) {
        let place = Place::new(self.measurement, "duration", self.key.into_vec());
        let point = Point {
            kind: Kind::Delta,
            time: self.time,
            start: None,
            value: PointValue::Histogram(self.duration),
        };
        (place, point)
    }

    /// The row under its caller, and the one that takes back what was written before its caller was known.
    pub(super) fn with_caller(&self, caller: Option<&Caller>) -> [SpanRow; 2] {
        let before = SpanRow {
            duration: Histogram::new(),
            ..self.clone()
        };
        let (measurement, mut tags) = key::decode(&self.key);
        tags.retain(|(name, _)| !matches!(&**name, "route" | "method"));
        if let Some(caller) = caller {
            tags.push(("route".into(), (&*caller.route).into()));
            tags.push(("method".into(), (&*caller.method).into()));
        }
        let after = SpanRow {
            key: key::encode(&measurement, &tags).into(),
            ..self.clone()
        };
        [before, after]
    }
}

/// Tags of a row.
type RowTags = Vec<(&'static str, Arc<str>)>;

/// Gives the groups of an export their tags. Those that are alike once names are bounded become one row.
pub(super) fn rows(
    groups: HashMap<GroupKey<'_>, Group, RandomState>,
    resources: &[RowTags],
    names: &mut Names,
    now: Nanos,
    refusals: &mut Refusals,
) -> Vec<(SpanRow, SpanKey)> {
    type Alike = (Box<[u8]>, SpanKey, Nanos);
    let mut rows: HashMap<Alike, (&'static str, Group), RandomState> =
        HashMap::with_capacity_and_hasher(groups.len(), RandomState::default());
    let mut tags = RowTags::new();
    for (key, group) in groups {
        tags.clone_from(&resources[key.resource]);
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
        if let Some(reason) = tags.iter().find_map(|(name, value)| too_long(name, value)) {
            refusals.add(group.spans(), format!("span {reason}"));
            continue;
        }
        tags.sort_unstable_by_key(|(name, _)| *name);
        let series = key::encode(measurement, &tags).into_boxed_slice();
        match rows.entry((series, key.waits_for, key.window)) {
            Entry::Occupied(known) => known.into_mut().1.join(&group),
            Entry::Vacant(new) => {
                new.insert((measurement, group));
            }
        }
    }
    let row = |((key, waits_for, _), (measurement, group)): (Alike, (&'static str, Group))| {
        let time = group.time();
        let row = SpanRow {
            measurement,
            key,
            time,
            duration: group.duration,
        };
        (row, waits_for)
    };
    rows.into_iter().map(row).collect()
}

/// How many spans a distribution of their durations counts.
fn spans_in(duration: &Histogram) -> usize {
    usize::try_from(duration.count).unwrap_or(usize::MAX)
}

fn push_status(tags: &mut RowTags, status: Option<u16>) {
    if let Some(status) = status {
        tags.push(("status", status.to_string().into()));
    }
}
