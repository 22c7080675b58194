//! Events made of what was written: the windows that it changed, read from the store, and what happened.

use std::collections::{BTreeMap, BTreeSet};

use super::told::{Change, RouteWindow, StreamData, Window};
use super::touched::{NewEvent, Rows, Touched};
use crate::api::v1::events::{ENTITY_ID, EVENT_TYPE};
use crate::api::v1::events_read::Happened;
use crate::performance::requests::{RequestCounts, RequestKey, requests};
use crate::performance::{Period, Scope};
use crate::reading::Reading;
use crate::services::rfc3339;
use crate::store::Store;
use crate::store::key;
use crate::store::read::error::QueryError;
use crate::store::table::Nanos;

/// Length of a window.
const LENGTH: Nanos = 10_000_000_000;
/// Windows told at a time, the newest; older rows are history.
const MOST_WINDOWS: i64 = 6;
/// Most routes of a window.
const MOST_ROUTES: usize = 1_000;

/// The services whose rows came; `None`: any.
type Services = Option<BTreeSet<String>>;

/// What was touched, as events. Blocking.
///
/// # Errors
/// When the store cannot be read; what was touched is not told then.
pub(super) fn told(store: &Store, touched: Touched) -> Result<Vec<StreamData>, QueryError> {
    let mut told = Vec::new();
    let mut windows: BTreeMap<i64, Services> = BTreeMap::new();
    let newest = touched
        .requests
        .iter()
        .map(|rows| window_of(rows.last))
        .max();
    for rows in &touched.requests {
        let services = services(store, rows);
        let oldest = newest.unwrap_or_default() - MOST_WINDOWS + 1;
        let (first, last) = (window_of(rows.first), window_of(rows.last));
        if first < oldest {
            told.push(StreamData::Change(history(rows, services.as_ref())));
        }
        for window in first.max(oldest)..=last {
            let of = windows
                .entry(window)
                .or_insert_with(|| Some(BTreeSet::new()));
            match (of, &services) {
                (Some(of), Some(services)) => of.extend(services.iter().cloned()),
                (of, _) => *of = None,
            }
        }
    }
    for (window, services) in windows {
        told.extend(
            read(store, window, &services)?
                .into_iter()
                .map(StreamData::Window),
        );
    }
    told.extend(
        touched
            .events
            .iter()
            .map(|event| StreamData::Event(happened(store, event))),
    );
    if touched.events_skipped > 0 {
        let count = touched.events_skipped;
        told.push(StreamData::Change(Change::EventsSkipped { count }));
    }
    Ok(told)
}

/// Number of the window that a row belongs to: a window ends with the moment that is a multiple of its length, for what is
/// counted over a window is written with its end.
fn window_of(time: Nanos) -> i64 {
    time.saturating_sub(1).div_euclid(LENGTH)
}

fn services(store: &Store, rows: &Rows) -> Services {
    let series = store.series().resolve_all(&rows.distinct()?);
    let names = series
        .iter()
        .map(|series| key::tag_value(&series.key, "service").into_owned());
    Some(names.filter(|name| !name.is_empty()).collect())
}

fn history(rows: &Rows, services: Option<&BTreeSet<String>>) -> Change {
    let only = services.filter(|services| services.len() == 1);
    Change::History {
        service: only.and_then(|services| services.first().cloned()),
        start: rfc3339(rows.first),
        end: rfc3339(rows.last),
    }
}

fn read(store: &Store, window: i64, services: &Services) -> Result<Vec<Window>, QueryError> {
    let start = window.saturating_mul(LENGTH);
    let end = start.saturating_add(LENGTH);
    let period = Period {
        start: start + 1,
        end: end.saturating_add(1),
    };
    let scope = match services
        .as_ref()
        .map(|services| (services.len(), services.first()))
    {
        Some((0, _)) => return Ok(Vec::new()),
        Some((1, Some(service))) => Scope::Service(service.clone()),
        _ => Scope::All,
    };
    let mut found: BTreeMap<String, Vec<RouteWindow>> = BTreeMap::new();
    for (key, counts) in requests(&mut Reading::of(store), &scope, period)? {
        if services
            .as_ref()
            .is_none_or(|services| services.contains(&key.service))
        {
            found
                .entry(key.service.clone())
                .or_default()
                .push(route(key, &counts));
        }
    }
    let windows = found.into_iter().map(|(service, mut routes)| {
        routes.sort_by_key(|route| std::cmp::Reverse(route.count));
        let truncated = routes.len() > MOST_ROUTES;
        routes.truncate(MOST_ROUTES);
        Window {
            service,
            start: rfc3339(start),
            end: rfc3339(end),
            routes,
            truncated,
        }
    });
    Ok(windows.collect())
}

fn route(key: RequestKey, counts: &RequestCounts) -> RouteWindow {
    let duration = &counts.totals.duration;
    RouteWindow {
        route: key.route,
        method: key.method,
        status: key.status,
        count: duration.count,
        errors: counts.totals.errors,
        p50_seconds: duration.percentile(0.5),
        p95_seconds: duration.percentile(0.95),
        p99_seconds: duration.percentile(0.99),
    }
}

fn happened(store: &Store, event: &NewEvent) -> Happened {
    let series = store.series().resolve(event.series);
    let tag =
        |name| Some(key::tag_value(&series.key, name).into_owned()).filter(|tag| !tag.is_empty());
    Happened::new(
        event.time,
        (tag(EVENT_TYPE), tag(ENTITY_ID)),
        (event.state.as_deref(), event.value),
        event.attributes.as_deref(),
    )
}
