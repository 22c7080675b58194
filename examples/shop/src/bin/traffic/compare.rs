//! The counts and timings taken here beside those that Plimsoll has of the same requests.
//!
//! Counts must be equal, for each method, route and status. The p95 of a line that took long enough must be that of each of the two
//! other clocks, within a bucket of Plimsoll's histogram:
//!
//! - The shop's stopwatch times the same stretch, from the request's arrival to the head of the answer.
//! - The customer's own clock, in another process, times the way there and back as well. How long that takes is known from the requests
//!   that ask the shop for nothing, those of no route: the p95 of their time may be missing from what Plimsoll says, and not more.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::customer::{Customer, NO_ROUTE};
use crate::tally::{Report, RouteReport};

/// What the server answers for the shop's routes.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Measured {
    routes: Vec<Route>,
}

#[derive(Debug, Deserialize)]
struct Route {
    method: String,
    route: String,
    /// Absent when no answer had one.
    status: Option<u16>,
    total_requests: u64,
    p95_seconds: Option<f64>,
}

/// How both agree.
#[derive(Debug)]
pub(crate) struct Comparison {
    pub(crate) agrees: bool,
    /// A table for people.
    pub(crate) text: String,
    pub(crate) compared: Compared,
}

/// How much was compared.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Compared {
    /// Routes whose p95 was compared with that of the shop's stopwatch.
    pub(crate) routes_by_stopwatch: usize,
    /// Routes whose p95 was compared with that of the customers' clock.
    pub(crate) routes_by_customers: usize,
    /// What the customers' clock was allowed for the way: the p95 of requests that ask for nothing.
    pub(crate) way_secs: Option<f32>,
}

/// As wide as a bucket of Plimsoll's histogram: 2^(1/32) - 1.
const TOLERANCE: f64 = 0.022;
/// Where the stopwatch's own microseconds no longer matter.
const SLOW_FOR_STOPWATCH_SECS: f64 = 0.003;
/// Where the way there and back is a few percent.
const SLOW_FOR_CUSTOMER_SECS: f64 = 0.100;
/// From so many requests on the p95 is not just the longest. All clocks see the same ones, so more are not needed.
const MANY_ENOUGH: u64 = 20;

/// Compares with what the server has of the last minutes, when it has as many requests as were sent, or after `patience`.
///
/// # Errors
/// When the server does not answer, or does not know the shop.
pub(crate) async fn compare(
    server: &str,
    report: &Report,
    minutes: u64,
    patience: Duration,
) -> anyhow::Result<Comparison> {
    let server = Customer::new(server)?;
    let path = format!("/api/performance/routes?service=shop&minutes={minutes}");
    let started = Instant::now();
    loop {
        // Before the first export arrives the server knows no such service.
        let comparison = ask(&server, &path)
            .await
            .map(|measured| beside(report, &measured));
        let is_over = started.elapsed() > patience;
        if is_over
            || comparison
                .as_ref()
                .is_ok_and(|comparison| comparison.agrees)
        {
            return comparison;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn ask(server: &Customer, path: &str) -> anyhow::Result<Measured> {
    let answer = server.read(path).await?;
    serde_json::from_slice(&answer).with_context(|| {
        format!(
            "cannot read the answer of {path}: {}",
            String::from_utf8_lossy(&answer)
        )
    })
}

/// One line of each side, where it has one.
type Both<'a> = (Option<&'a RouteReport>, Option<&'a Route>);

fn beside(report: &Report, measured: &Measured) -> Comparison {
    let mut lines: BTreeMap<(&str, &str, u16), Both<'_>> = BTreeMap::new();
    for own in &report.routes {
        lines
            .entry((&own.route, &own.method, own.status))
            .or_default()
            .0 = Some(own);
    }
    for found in &measured.routes {
        let key = (
            &*found.route,
            &*found.method,
            found.status.unwrap_or_default(),
        );
        lines.entry(key).or_default().1 = Some(found);
    }
    let way_secs = way_secs(report);
    let mut comparison = Comparison {
        agrees: true,
        text: String::new(),
        compared: Compared::default(),
    };
    comparison.line(
        true,
        format_args!(
            "{:<34} {:>8} {:>8} {:>11} {:>10} {:>10}",
            "p95 in ms", "sent", "measured", "at customer", "stopwatch", "measured"
        ),
    );
    let (mut by_stopwatch, mut by_customers) = (BTreeSet::new(), BTreeSet::new());
    for ((route, method, status), (own, found)) in lines {
        let name = format!("{method} {route} {status}");
        let sent = own.map_or(0, |own| own.requests as u64);
        let counted = found.map_or(0, |found| found.total_requests);
        let customers_secs = own.map_or(f64::NAN, |own| f64::from(own.p95_secs));
        let stopwatch_secs = own
            .and_then(|own| own.stopwatch_p95_secs)
            .map_or(f64::NAN, f64::from);
        // A percentile that is missing is NaN, and no NaN is within a tolerance.
        let found_secs = found
            .and_then(|found| found.p95_seconds)
            .unwrap_or(f64::NAN);
        let mut agrees = sent == counted;
        let mut compared = String::new();
        if sent >= MANY_ENOUGH && stopwatch_secs >= SLOW_FOR_STOPWATCH_SECS {
            by_stopwatch.insert((method, route));
            agrees &= is_beside(found_secs, stopwatch_secs, 0.0);
            let off = (found_secs / stopwatch_secs - 1.0) * 1e2;
            let _ = write!(compared, " ({off:+.1} % of the stopwatch's)");
        }
        if let Some(way_secs) = way_secs.map(f64::from)
            && sent >= MANY_ENOUGH
            && customers_secs >= SLOW_FOR_CUSTOMER_SECS
        {
            by_customers.insert((method, route));
            agrees &= is_beside(found_secs, customers_secs, way_secs);
            let off = (found_secs / customers_secs - 1.0) * 1e2;
            let _ = write!(compared, " ({off:+.1} % of the customer's)");
        }
        comparison.line(
            agrees,
            format_args!(
                "{name:<34} {sent:>8} {counted:>8} {:>11.2} {:>10.2} {:>10.2}{compared}",
                customers_secs * 1e3,
                stopwatch_secs * 1e3,
                found_secs * 1e3
            ),
        );
    }
    comparison.compared = Compared {
        routes_by_stopwatch: by_stopwatch.len(),
        routes_by_customers: by_customers.len(),
        way_secs,
    };
    comparison.says_how_much();
    comparison
}

/// The p95 of the requests that ask for nothing, if there were enough of them.
fn way_secs(report: &Report) -> Option<f32> {
    let mut lines = report.routes.iter();
    let of_no_route = lines.find(|line| line.route == NO_ROUTE)?;
    (of_no_route.requests as u64 >= MANY_ENOUGH).then_some(of_no_route.p95_secs)
}

/// Whether Plimsoll's time is another clock's, which may have counted `way_secs` more.
fn is_beside(found_secs: f64, other_secs: f64, way_secs: f64) -> bool {
    let shortest_secs = (other_secs - way_secs) * (1.0 - TOLERANCE);
    (shortest_secs..=other_secs * (1.0 + TOLERANCE)).contains(&found_secs)
}

impl Comparison {
    fn line(&mut self, agrees: bool, text: fmt::Arguments<'_>) {
        self.agrees &= agrees;
        let mark = if agrees { "" } else { "  <- differs" };
        let _ = writeln!(self.text, "{text}{mark}");
    }

    fn says_how_much(&mut self) {
        let Compared {
            routes_by_stopwatch,
            routes_by_customers,
            way_secs,
        } = self.compared;
        let _ = write!(
            self.text,
            "p95 within {:.1} %: of {routes_by_stopwatch} routes by the shop's stopwatch, of {routes_by_customers} by the customers' clock",
            TOLERANCE * 1e2
        );
        let _ = match way_secs {
            Some(secs) => writeln!(self.text, " and {:.2} ms for the way", secs * 1e3),
            None => writeln!(self.text, " (too few requests told how long the way takes)"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(method: &str, route: &str, status: u16, requests: usize, p95_secs: f32) -> RouteReport {
        RouteReport {
            method: method.into(),
            route: route.into(),
            status,
            requests,
            left_early: 0,
            p50_secs: 0.0,
            p95_secs,
            p99_secs: 0.0,
            stopwatch_p95_secs: None,
        }
    }

    /// Checkouts, and requests of no route whose p95 is 4 ms.
    fn report(requests: usize, p95_secs: f32, stopwatch_p95_secs: Option<f32>) -> Report {
        let mut checkout = line("POST", "/checkout", 201, requests, p95_secs);
        checkout.stopwatch_p95_secs = stopwatch_p95_secs;
        Report {
            requests: requests + 50,
            routes: vec![checkout, line("GET", NO_ROUTE, 404, 50, 0.004)],
            ..Report::default()
        }
    }

    fn measured(total_requests: u64, p95_seconds: f64) -> Measured {
        let route = |method: &str, route: &str, status, total_requests, p95_seconds| Route {
            method: method.into(),
            route: route.into(),
            status: Some(status),
            total_requests,
            p95_seconds: Some(p95_seconds),
        };
        Measured {
            routes: vec![
                route("POST", "/checkout", 201, total_requests, p95_seconds),
                route("GET", NO_ROUTE, 404, 50, 0.000_1),
            ],
        }
    }

    #[test]
    fn one_request_more_or_less_differs() {
        let report = report(500, 0.3, None);
        assert!(beside(&report, &measured(500, 0.3)).agrees);
        assert!(!beside(&report, &measured(499, 0.3)).agrees);
        assert!(!beside(&report, &measured(501, 0.3)).agrees);
        assert!(!beside(&report, &Measured::default()).agrees);
    }

    #[test]
    fn the_stopwatch_may_be_off_by_a_bucket_either_way() {
        let report = report(500, 0.3, Some(0.3));
        for (found, agrees) in [(0.294, true), (0.306, true), (0.293, false), (0.307, false)] {
            assert_eq!(
                beside(&report, &measured(500, found)).agrees,
                agrees,
                "{found}"
            );
        }
    }

    /// 0.3 s and a bucket more, or 4 ms and a bucket less: 0.3066 s and 0.2895 s.
    #[test]
    fn the_customers_clock_may_have_the_way_in_addition() {
        let report = report(500, 0.3, None);
        for (found, agrees) in [(0.290, true), (0.306, true), (0.289, false), (0.307, false)] {
            assert_eq!(
                beside(&report, &measured(500, found)).agrees,
                agrees,
                "{found}"
            );
        }
    }

    #[test]
    fn both_clocks_are_compared_where_there_are_both() {
        assert!(beside(&report(500, 0.303, Some(0.3)), &measured(500, 0.302)).agrees);
        assert!(!beside(&report(500, 0.303, Some(0.31)), &measured(500, 0.302)).agrees);
        assert!(!beside(&report(500, 0.35, Some(0.3)), &measured(500, 0.302)).agrees);
    }

    #[test]
    fn how_much_was_compared_is_told() {
        let compared = beside(&report(500, 0.3, Some(0.3)), &measured(500, 0.3)).compared;
        let expected = Compared {
            routes_by_stopwatch: 1,
            routes_by_customers: 1,
            way_secs: Some(0.004),
        };
        assert_eq!(compared, expected);
    }

    #[test]
    fn percentiles_of_fast_routes_and_of_few_requests_are_not_compared() {
        let fast = beside(&report(500, 0.001, Some(0.001)), &measured(500, 0.000_5));
        let few = beside(&report(19, 0.3, Some(0.3)), &measured(19, 0.1));
        for comparison in [fast, few] {
            let compared = comparison.compared;
            assert!(comparison.agrees);
            assert_eq!(
                (compared.routes_by_stopwatch, compared.routes_by_customers),
                (0, 0)
            );
        }
    }
}
