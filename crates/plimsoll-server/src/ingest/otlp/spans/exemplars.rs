//! A few requests of each route that are worth looking at: the slowest, and those that failed last. In memory only.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use parking_lot::Mutex;
use serde::Serialize;

use super::sent::Sent;
use super::traces::Caller;
use crate::services::rfc3339;
use crate::store::table::Nanos;

/// The slowest kept of each route.
pub const SLOWEST: usize = 3;
/// The last failures kept of each route.
pub const FAILED: usize = 5;
/// How long a request counts as one of the slowest.
pub const KEPT: Nanos = 15 * 60 * 1_000_000_000;
/// Routes of all services; further ones have no exemplars.
const MAX_PLACES: usize = 5_000;

/// A route and a method of a service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) service: Arc<str>,
    pub(super) caller: Arc<Caller>,
}

/// One request, by its trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Exemplar {
    trace_id: [u8; 16],
    span_id: [u8; 8],
    end: Nanos,
    nanos: u64,
    failed: bool,
}

impl Exemplar {
    pub(super) fn of(span: &Sent<'_>) -> Self {
        Self {
            trace_id: span.trace_id.first_chunk().copied().unwrap_or_default(),
            span_id: span.span_id.first_chunk().copied().unwrap_or_default(),
            end: Nanos::try_from(span.end).unwrap_or(Nanos::MAX),
            nanos: span.end - span.start,
            failed: span.is_failed,
        }
    }

    /// Of one export only one request of a route is noted: one that failed, else the slowest.
    pub(super) fn tells_more_than(&self, other: &Self) -> bool {
        (self.failed, self.nanos) >= (other.failed, other.nanos)
    }
}

#[derive(Debug, Default)]
struct Kept {
    slowest: Vec<Exemplar>,
    failed: VecDeque<Exemplar>,
}

/// The exemplars of all routes.
#[derive(Debug, Default)]
pub struct Exemplars(Mutex<HashMap<Place, Kept, RandomState>>);

/// An exemplar as the API shows it.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = Exemplar)]
pub struct Shown {
    /// The service.
    pub service: String,
    /// The route.
    pub route: String,
    /// The method.
    pub method: String,
    /// W3C trace id, 32 hexadecimal digits.
    pub trace_id: String,
    /// W3C span id, 16 hexadecimal digits.
    pub span_id: String,
    /// When it ended, RFC 3339.
    pub time: String,
    /// How long it took, in seconds.
    pub duration_seconds: f64,
    /// Whether its sender says that it failed.
    pub failed: bool,
}

/// Whose exemplars are asked for; all where nothing is said.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// Of this service only.
    pub service: Option<&'a str>,
    /// Of this method only.
    pub method: Option<&'a str>,
    /// Of this route only.
    pub route: Option<&'a str>,
}

impl Asked<'_> {
    fn is_about(self, place: &Place) -> bool {
        let is = |asked: Option<&str>, known: &str| asked.is_none_or(|asked| asked == known);
        is(self.service, &place.service)
            && is(self.method, &place.caller.method)
            && is(self.route, &place.caller.route)
    }
}

impl Exemplars {
    pub(super) fn note(&self, place: Place, exemplar: Exemplar, now: Nanos) {
        let mut places = self.0.lock();
        if places.len() >= MAX_PLACES && !places.contains_key(&place) {
            places.retain(|_, kept| kept.slowest.iter().any(|one| now - one.end < KEPT));
            if places.len() >= MAX_PLACES {
                return;
            }
        }
        let kept = places.entry(place).or_default();
        if exemplar.failed {
            kept.failed.truncate(FAILED - 1);
            kept.failed.push_front(exemplar.clone());
        }
        kept.slowest
            .retain(|one| now - one.end < KEPT && *one != exemplar);
        kept.slowest.push(exemplar);
        kept.slowest.sort_by_key(|one| std::cmp::Reverse(one.nanos));
        kept.slowest.truncate(SLOWEST);
    }

    /// Method and route of all that there are of a service.
    pub fn routes_of(&self, service: &str) -> BTreeSet<(String, String)> {
        let places = self.0.lock();
        let of_service = places.keys().filter(|place| *place.service == *service);
        let named = of_service
            .map(|Place { caller, .. }| (caller.method.to_string(), caller.route.to_string()));
        named.collect()
    }

    /// Those that are asked for, at most `limit`, the slowest first; of equally slow ones the latest.
    pub fn shown(&self, asked: Asked<'_>, limit: usize) -> Vec<Shown> {
        let places = self.0.lock();
        let mut found: Vec<Shown> = places
            .iter()
            .filter(|(place, _)| asked.is_about(place))
            .flat_map(|(place, kept)| {
                let failed = kept.failed.iter().filter(|one| !kept.slowest.contains(one));
                kept.slowest
                    .iter()
                    .chain(failed)
                    .map(|one| shown(place, one))
            })
            .collect();
        found.sort_by(|one, other| {
            (other.duration_seconds.total_cmp(&one.duration_seconds))
                .then_with(|| other.time.cmp(&one.time))
                .then_with(|| one.trace_id.cmp(&other.trace_id))
        });
        found.truncate(limit);
        found
    }
}

fn shown(place: &Place, exemplar: &Exemplar) -> Shown {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Shown {
        service: place.service.to_string(),
        route: place.caller.route.to_string(),
        method: place.caller.method.to_string(),
        trace_id: hex(&exemplar.trace_id),
        span_id: hex(&exemplar.span_id),
        time: rfc3339(exemplar.end),
        duration_seconds: exemplar.nanos as f64 / 1e9,
        failed: exemplar.failed,
    }
}
