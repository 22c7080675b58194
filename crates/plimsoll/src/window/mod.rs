//! All observations of an interval: plain data that merges exactly.
//!
//! A [`Window`] of 10 s is what the registry hands out, what the ring keeps, what is judged, exported and stored. The
//! cumulative view for a scrape has the same type and begins with the monitor.

mod gauge;
mod keys;
mod resources;
mod slow;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use gauge::Gauge;
pub use keys::{FunctionKey, FunctionOutcome, MetricKey, RequestKey};
pub use resources::Resources;
pub use slow::SlowRequests;

use crate::histogram::Histogram;

/// What a service did between two instants.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Window {
    /// First instant, nanoseconds since the Unix epoch (UTC).
    pub start_unix_ns: i64,
    /// End, exclusive, nanoseconds since the Unix epoch (UTC).
    pub end_unix_ns: i64,
    /// Requests by route, method, status.
    pub requests: BTreeMap<RequestKey, RequestSeries>,
    /// The HTTP server as a whole.
    pub server: Server,
    /// Tracked functions; seconds.
    pub functions: BTreeMap<FunctionKey, Histogram>,
    /// The service's own counters: what was added in the interval.
    pub counters: BTreeMap<MetricKey, u64>,
    /// The service's own gauges.
    pub gauges: BTreeMap<MetricKey, Gauge>,
    /// The service's own timers; seconds.
    pub timers: BTreeMap<MetricKey, Histogram>,
    /// Process and machine; absent when nothing was sampled.
    pub resources: Option<Resources>,
    /// What the bounds of the recording did not let in.
    pub dropped: Dropped,
}

/// Requests of one route, method and status.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestSeries {
    /// Seconds to the response head. Its count is the number of requests.
    pub duration: Histogram,
    /// Seconds to the last byte of the body, of requests whose body came to an end in the interval.
    pub body_duration: Histogram,
    /// Bodies sent to their end.
    pub ended: u64,
    /// Requests that the client gave up, before or during the body.
    pub cancelled: u64,
    /// Bodies that broke off with an error.
    pub failed: u64,
    /// A request of the interval whose trace is known.
    pub exemplar: Option<Exemplar>,
}

/// One request picked out as an example of its series.
#[derive(Clone, Debug, PartialEq)]
pub struct Exemplar {
    /// 16 bytes as 32 hexadecimal digits (W3C Trace Context).
    pub trace_id: Arc<str>,
    /// Seconds to the response head.
    pub value: f64,
    /// Nanoseconds since the Unix epoch (UTC).
    pub at_unix_ns: i64,
}

/// The HTTP server as a whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Server {
    /// Requests begun and not yet ended (bodies included).
    pub active_requests: Gauge,
    /// Requests waiting for a handler.
    pub queue_size: Gauge,
    /// Seconds that requests waited for a handler.
    pub queue_wait: Histogram,
    /// Requests that began in the 60 s before the end of the window.
    pub requests_per_minute: Gauge,
    /// Events counted in the 60 s before the end of the window.
    pub events_per_minute: Gauge,
    /// Open connections.
    pub connections_active: Gauge,
    /// Connections accepted.
    pub connections_opened: u64,
    /// Connections that the peer reset.
    pub connections_reset: u64,
    /// Connections that ended with another error.
    pub connections_aborted: u64,
}

/// What was not recorded, or only under a collective label, because a bound was reached.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dropped {
    /// Requests counted under the route `<other>`.
    pub routes: u64,
    /// Requests counted under the error type `<other>`.
    pub error_types: u64,
    /// Requests counted under the load test `<other>`.
    pub runs: u64,
    /// Requests whose series found no room.
    pub series: u64,
    /// Values of the service's own metrics and functions that found no room.
    pub metrics: u64,
    /// Windows that could not be exported in time.
    pub windows: u64,
}

impl Window {
    /// A window of the given interval in which nothing happened.
    pub fn empty(start_unix_ns: i64, end_unix_ns: i64) -> Self {
        Self {
            start_unix_ns,
            end_unix_ns,
            ..Self::default()
        }
    }

    /// Adds what `other` observed; afterwards this window spans both.
    ///
    /// Counts and histograms add up exactly, gauges keep mean, extremes and the later last value.
    pub fn merge(&mut self, other: &Window) {
        self.start_unix_ns = self.start_unix_ns.min(other.start_unix_ns);
        self.end_unix_ns = self.end_unix_ns.max(other.end_unix_ns);
        merge_map(&mut self.requests, &other.requests, RequestSeries::merge);
        self.server.merge(&other.server);
        merge_map(&mut self.functions, &other.functions, Histogram::merge);
        merge_map(&mut self.counters, &other.counters, |mine, theirs| {
            *mine += theirs
        });
        merge_map(&mut self.gauges, &other.gauges, Gauge::merge);
        merge_map(&mut self.timers, &other.timers, Histogram::merge);
        if let Some(theirs) = &other.resources {
            self.resources.get_or_insert_default().merge(theirs);
        }
        self.dropped.merge(&other.dropped);
    }

    /// About how much memory the window takes.
    pub fn size_bytes(&self) -> usize {
        const ENTRY: usize = 64;
        let histograms = |map: usize, histogram: &Histogram| map + histogram.size_bytes() + ENTRY;
        let requests = self.requests.values().map(|series| {
            let shapes = series.duration.size_bytes() + series.body_duration.size_bytes();
            size_of::<(RequestKey, RequestSeries)>() + shapes + ENTRY
        });
        size_of::<Self>()
            + requests.sum::<usize>()
            + self.functions.values().fold(0, histograms)
            + self.timers.values().fold(0, histograms)
            + self.counters.len() * (size_of::<(MetricKey, u64)>() + ENTRY)
            + self.gauges.len() * (size_of::<(MetricKey, Gauge)>() + ENTRY)
    }

    /// Length in seconds.
    pub fn seconds(&self) -> f64 {
        (self.end_unix_ns - self.start_unix_ns) as f64 / 1e9
    }

    /// Number of requests, load tests left out.
    pub fn request_count(&self) -> u64 {
        self.requests
            .iter()
            .filter(|(key, _)| key.run.is_none())
            .map(|(_, series)| series.duration.count)
            .sum()
    }

    /// Share of finished requests that failed: 5xx, panics, and bodies that broke off; `None` without requests. 4xx and
    /// cancelled requests are not errors. Load tests are left out.
    pub fn error_rate(&self) -> Option<f64> {
        let (mut finished, mut errors) = (0, 0);
        for (key, series) in self.requests.iter().filter(|(key, _)| key.run.is_none()) {
            let answered = series.duration.count;
            finished += answered;
            errors += if key.status >= 500 {
                answered
            } else {
                series.failed.min(answered)
            };
        }
        (finished > 0).then(|| errors as f64 / finished as f64)
    }
}

fn merge_map<K: Ord + Clone, V: Default>(
    mine: &mut BTreeMap<K, V>,
    theirs: &BTreeMap<K, V>,
    merge: impl Fn(&mut V, &V),
) {
    for (key, value) in theirs {
        match mine.get_mut(key) {
            Some(present) => merge(present, value),
            None => merge(mine.entry(key.clone()).or_default(), value),
        }
    }
}

impl RequestSeries {
    /// Adds what `other` counted.
    pub fn merge(&mut self, other: &RequestSeries) {
        self.duration.merge(&other.duration);
        self.body_duration.merge(&other.body_duration);
        self.ended += other.ended;
        self.cancelled += other.cancelled;
        self.failed += other.failed;
        let age =
            |exemplar: &Option<Exemplar>| exemplar.as_ref().map(|exemplar| exemplar.at_unix_ns);
        if age(&other.exemplar) > age(&self.exemplar) {
            self.exemplar = other.exemplar.clone();
        }
    }
}

impl Server {
    fn merge(&mut self, other: &Server) {
        self.active_requests.merge(&other.active_requests);
        self.queue_size.merge(&other.queue_size);
        self.queue_wait.merge(&other.queue_wait);
        self.requests_per_minute.merge(&other.requests_per_minute);
        self.events_per_minute.merge(&other.events_per_minute);
        self.connections_active.merge(&other.connections_active);
        self.connections_opened += other.connections_opened;
        self.connections_reset += other.connections_reset;
        self.connections_aborted += other.connections_aborted;
    }
}

impl Dropped {
    /// Each count under the value of the label `what`.
    pub(crate) fn by_what(&self) -> [(&'static str, u64); 6] {
        [
            ("route", self.routes),
            ("error_type", self.error_types),
            ("run", self.runs),
            ("series", self.series),
            ("metric", self.metrics),
            ("window", self.windows),
        ]
    }

    fn merge(&mut self, other: &Dropped) {
        self.routes += other.routes;
        self.error_types += other.error_types;
        self.runs += other.runs;
        self.series += other.series;
        self.metrics += other.metrics;
        self.windows += other.windows;
    }
}

#[cfg(test)]
mod tests;
