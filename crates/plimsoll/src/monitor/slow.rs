//! The log's word on slow requests.

use std::cmp::Reverse;
use std::time::Duration;

use crate::window::Window;

/// Most routes named for one window; the others share a line.
const MAX_NAMED: usize = 10;

/// Says which routes were slow in a closed window: once for each, those with the most slow requests first.
pub(super) fn warn(window: &Window, service: &str, threshold: Duration) {
    let threshold_secs = threshold.as_secs_f64();
    let mut routes = window.slow_requests(threshold);
    routes.retain(|of| of.slow > 0);
    routes.sort_by_key(|of| Reverse(of.slow));
    let (named, others) = routes.split_at(routes.len().min(MAX_NAMED));
    for of in named {
        let (route, method, count, requests) = (of.route, of.method, of.slow, of.requests);
        tracing::warn!(
            service,
            route,
            method,
            count,
            requests,
            threshold_secs,
            "{count} of {requests} requests of {method} {route} took longer than {threshold_secs} s"
        );
    }
    if !others.is_empty() {
        let (routes, count) = (others.len(), others.iter().map(|of| of.slow).sum::<u64>());
        tracing::warn!(
            service,
            routes,
            count,
            threshold_secs,
            "{count} requests of {routes} further routes took longer than {threshold_secs} s"
        );
    }
}
