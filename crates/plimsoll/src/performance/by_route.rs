//! Requests of a window by route and method.

use std::collections::BTreeMap;

use super::RequestTotals;
use crate::window::{RequestSeries, Window};

/// Requests by kind of error.
pub(crate) type ErrorTypes = BTreeMap<String, u64>;

impl RequestTotals {
    /// Adds a series of requests that ended with `status`.
    pub(crate) fn add_series(&mut self, status: u16, series: &RequestSeries) {
        self.add(status, &series.duration, series.failed, series.cancelled);
    }
}

/// By method and route, load tests left out.
pub(crate) fn by_route(window: &Window) -> BTreeMap<(&str, &str), (RequestTotals, ErrorTypes)> {
    let mut found: BTreeMap<_, (RequestTotals, ErrorTypes)> = BTreeMap::new();
    for (key, series) in window.requests.iter().filter(|(key, _)| key.run.is_none()) {
        let (totals, types) = found.entry((key.method, &*key.route)).or_default();
        totals.add_series(key.status, series);
        if let Some(error_type) = key.otel_error_type() {
            *types.entry(error_type.into_owned()).or_default() += series.duration.count;
        }
    }
    found
}
