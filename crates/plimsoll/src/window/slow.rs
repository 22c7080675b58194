//! Requests that took longer than they should.

use std::time::Duration;

use super::{RequestKey, RequestSeries, Window};

/// Slow requests of one route and method, load tests left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlowRequests<'a> {
    /// As in [`RequestKey::route`].
    pub route: &'a str,
    /// As in [`RequestKey::method`].
    pub method: &'static str,
    /// Requests whose response head took longer than the threshold.
    pub slow: u64,
    /// All requests.
    pub requests: u64,
}

impl Window {
    /// The slow requests of each route and method, those without any included; by route, then method.
    ///
    /// They are counted from the histograms, which costs a request nothing: one within 1.1 % of `threshold` may count on
    /// the wrong side of it. Thresholds of 0.5 s, 1 s, 2 s and the like are exact
    /// ([`Histogram::count_above`](crate::histogram::Histogram::count_above)).
    pub fn slow_requests(&self, threshold: Duration) -> Vec<SlowRequests<'_>> {
        let mut found: Vec<SlowRequests<'_>> = Vec::new();
        for (key, series) in self.requests.iter().filter(|(key, _)| key.run.is_none()) {
            let of = SlowRequests::of(key, series, threshold);
            match found.last_mut() {
                Some(last) if (last.route, last.method) == (of.route, of.method) => {
                    last.slow += of.slow;
                    last.requests += of.requests;
                }
                _ => found.push(of),
            }
        }
        found
    }
}

impl<'a> SlowRequests<'a> {
    fn of(key: &'a RequestKey, series: &RequestSeries, threshold: Duration) -> Self {
        Self {
            route: &key.route,
            method: key.method,
            slow: series.duration.count_above(threshold.as_secs_f64()),
            requests: series.duration.count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(window: &mut Window, route: &str, method: &'static str, status: u16, secs: &[f64]) {
        let key = RequestKey {
            route: route.into(),
            method,
            status,
            error_type: None,
            run: None,
        };
        let series = window.requests.entry(key).or_default();
        secs.iter().for_each(|&secs| series.duration.record(secs));
    }

    fn slow(window: &Window, threshold: Duration) -> Vec<(&str, &str, u64, u64)> {
        let found = window.slow_requests(threshold).into_iter();
        found
            .map(|of| (of.route, of.method, of.slow, of.requests))
            .collect()
    }

    #[test]
    fn slow_requests_of_all_statuses_add_up_by_route_and_method() {
        let mut window = Window::empty(0, 1);
        add(&mut window, "/a", "GET", 200, &[0.1, 0.6, 3.0]);
        add(&mut window, "/a", "GET", 500, &[7.0]);
        add(&mut window, "/a", "POST", 201, &[0.51]);
        add(&mut window, "/b", "GET", 499, &[0.2]);
        let half = Duration::from_millis(500);
        assert_eq!(
            slow(&window, half),
            [
                ("/a", "GET", 3, 4),
                ("/a", "POST", 1, 1),
                ("/b", "GET", 0, 1)
            ]
        );
    }

    #[test]
    fn a_request_as_long_as_the_threshold_is_not_slow() {
        let mut window = Window::empty(0, 1);
        add(&mut window, "/a", "GET", 200, &[1.0, 1.000_001]);
        assert_eq!(slow(&window, Duration::from_secs(1)), [("/a", "GET", 1, 2)]);
    }

    #[test]
    fn load_tests_are_not_slow() {
        let mut window = Window::empty(0, 1);
        add(&mut window, "/a", "GET", 200, &[9.0]);
        let (mut key, series) = window.requests.pop_first().unwrap();
        key.run = Some("spike".into());
        window.requests.insert(key, series);
        assert_eq!(slow(&window, Duration::from_secs(1)), []);
    }
}
