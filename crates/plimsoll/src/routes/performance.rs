//! `/api/performance/metrics`: the last minutes in one look.

use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::problem::Problem;
use super::{Answered, json};
use crate::clock::Moment;
use crate::monitor::Monitor;
use crate::performance::{Database, MB, Memory, Metrics, RequestTotals};
use crate::window::{Gauge, Window};

/// Minutes shown unless asked otherwise.
const MINUTES: u32 = 5;
/// The ring holds an hour.
const MAX_MINUTES: u32 = 60;

#[derive(Debug, Deserialize)]
pub(super) struct Parameters {
    minutes: Option<String>,
    service: Option<String>,
}

/// Parameters as they came.
pub(super) type Asked = Result<Query<Parameters>, QueryRejection>;

impl Parameters {
    /// Minutes that are asked about, of this service.
    pub(super) fn read(parameters: Asked, monitor: &Monitor) -> Result<u32, Problem> {
        let Query(parameters) = parameters.map_err(|error| {
            Problem::bad_field("query", "", format!("cannot read the parameters: {error}"))
        })?;
        let own = &monitor.config().service;
        if let Some(service) = parameters.service.filter(|service| service != own) {
            let detail =
                format!("this is the service {own:?}; a server that gathers services knows others");
            return Err(Problem::bad_field("service", service, detail));
        }
        let Some(text) = parameters.minutes else {
            return Ok(MINUTES);
        };
        match text.parse() {
            Ok(minutes) if (1..=MAX_MINUTES).contains(&minutes) => Ok(minutes),
            _ => {
                let detail = format!("minutes must be a whole number from 1 to {MAX_MINUTES}");
                Err(Problem::bad_field("minutes", text, detail))
            }
        }
    }
}

pub(super) async fn metrics(State(monitor): State<Monitor>, parameters: Asked) -> Answered {
    let minutes = Parameters::read(parameters, &monitor)?;
    let now = Moment::now();
    let window = monitor.lately(now, minutes);
    let told = Told {
        metrics: answer(&window, now, minutes),
        slow_requests: slow(&window, monitor.config().thresholds.slow_request),
    };
    Ok(json(StatusCode::OK, &told))
}

/// The shape that every service and the server answer with, and what a service alone knows.
#[derive(Debug, Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    metrics: Metrics,
    slow_requests: Slow<'a>,
}

/// Requests whose response head took longer than the threshold.
#[derive(Debug, Serialize)]
struct Slow<'a> {
    threshold_seconds: f64,
    /// Of all routes.
    count: u64,
    /// Those that have any, the most first.
    routes: Vec<SlowRoute<'a>>,
}

#[derive(Debug, Serialize)]
struct SlowRoute<'a> {
    route: &'a str,
    method: &'static str,
    count: u64,
}

impl Monitor {
    /// The last minutes up to now, the window that is still open included.
    pub(super) fn lately(&self, now: Moment, minutes: u32) -> Window {
        let mut lately = self.inner.registry.open(now);
        for window in self
            .inner
            .ring
            .since(now.unix_ns - i64::from(minutes) * 60_000_000_000)
        {
            lately.merge(&window);
        }
        lately
    }
}

/// Load tests are left out.
fn answer(window: &Window, now: Moment, minutes: u32) -> Metrics {
    let mut totals = RequestTotals::default();
    for (key, series) in window.requests.iter().filter(|(key, _)| key.run.is_none()) {
        totals.add_series(key.status, series);
    }
    let memory = window
        .resources
        .as_ref()
        .map(|resources| &resources.process_memory);
    let timestamp = jiff::Timestamp::from_nanosecond(now.unix_ns.into()).unwrap_or_default();
    Metrics {
        timestamp: timestamp.to_string(),
        period_minutes: minutes,
        requests: totals.requests(minutes.into()),
        database: Database::default(),
        memory: memory.map(in_mb).unwrap_or_default(),
    }
}

fn slow(window: &Window, threshold: Duration) -> Slow<'_> {
    let found = window.slow_requests(threshold).into_iter();
    let mut routes: Vec<_> = found
        .filter(|of| of.slow > 0)
        .map(|of| SlowRoute {
            route: of.route,
            method: of.method,
            count: of.slow,
        })
        .collect();
    routes.sort_by_key(|route| std::cmp::Reverse(route.count));
    Slow {
        threshold_seconds: threshold.as_secs_f64(),
        count: routes.iter().map(|route| route.count).sum(),
        routes,
    }
}

fn in_mb(gauge: &Gauge) -> Memory {
    let current = gauge.current().map(|bytes| bytes / MB);
    Memory {
        current_memory_mb: current,
        avg_memory_mb: gauge.mean().map(|bytes| bytes / MB),
        max_memory_mb: gauge.current().map(|_| gauge.max / MB),
        sum_memory_mb: current,
    }
}
