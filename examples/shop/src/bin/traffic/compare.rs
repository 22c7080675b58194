//! The counts and timings taken here beside those that Plimsoll has of the same requests.
//!
//! Counts must be equal, for each method, route and status. Timings must be within a bucket of Plimsoll's histogram where comparing them is fair:
//! there are many, and both mean the same. Plimsoll times from the request's arrival in the shop to the head of the answer, and so does
//! the shop's stopwatch, which is compared for whatever takes 5 ms and more. A customer's time has in addition the way there and back: below a millisecond on an
//! idle machine, more where programs wait for a processor. It is compared in the stopwatch's absence, for whatever takes 50 ms and more.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::Deserialize;

use crate::customer::Customer;
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
}

/// As wide as a bucket of Plimsoll's histogram: 2^(1/32) - 1.
const TOLERANCE: f64 = 0.022;
const SLOW_FOR_STOPWATCH_SECS: f64 = 0.005;
const SLOW_FOR_CUSTOMER_SECS: f64 = 0.050;
const MANY_ENOUGH: u64 = 200;

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
    let mut comparison = Comparison {
        agrees: true,
        text: String::new(),
    };
    comparison.line(
        true,
        format_args!(
            "{:<34} {:>8} {:>8} {:>11} {:>10} {:>10}",
            "p95 in ms", "sent", "measured", "at customer", "stopwatch", "measured"
        ),
    );
    for ((route, method, status), (own, found)) in lines {
        let name = format!("{method} {route} {status}");
        let sent = own.map_or(0, |own| own.requests as u64);
        let counted = found.map_or(0, |found| found.total_requests);
        let customers_secs = own.map_or(f64::NAN, |own| f64::from(own.p95_secs));
        let stopwatch_secs = own
            .and_then(|own| own.stopwatch_p95_secs)
            .map_or(f64::NAN, f64::from);
        let found_secs = found
            .and_then(|found| found.p95_seconds)
            .unwrap_or(f64::NAN);
        let (own_secs, slow_enough_secs) = if stopwatch_secs.is_nan() {
            (customers_secs, SLOW_FOR_CUSTOMER_SECS)
        } else {
            (stopwatch_secs, SLOW_FOR_STOPWATCH_SECS)
        };
        let off = found_secs / own_secs - 1.0;
        let fair = own_secs >= slow_enough_secs && sent >= MANY_ENOUGH;
        let compared = if fair {
            format!(" ({:+.1} %)", off * 1e2)
        } else {
            String::new()
        };
        comparison.line(
            // A percentile that is missing is NaN, and no NaN is within the tolerance.
            sent == counted && (!fair || off.abs() <= TOLERANCE),
            format_args!(
                "{name:<34} {sent:>8} {counted:>8} {:>11.2} {:>10.2} {:>10.2}{compared}",
                customers_secs * 1e3,
                stopwatch_secs * 1e3,
                found_secs * 1e3
            ),
        );
    }
    comparison
}

impl Comparison {
    fn line(&mut self, agrees: bool, text: fmt::Arguments<'_>) {
        self.agrees &= agrees;
        let mark = if agrees { "" } else { "  <- differs" };
        let _ = writeln!(self.text, "{text}{mark}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(requests: usize, p95_secs: f32) -> Report {
        let line = RouteReport {
            method: "POST".into(),
            route: "/checkout".into(),
            status: 201,
            requests,
            left_early: 0,
            p50_secs: 0.1,
            p95_secs,
            p99_secs: 0.4,
            stopwatch_p95_secs: None,
        };
        Report {
            requests,
            routes: vec![line],
            ..Report::default()
        }
    }

    fn measured(total_requests: u64, p95_seconds: f64) -> Measured {
        let route = Route {
            method: "POST".into(),
            route: "/checkout".into(),
            status: Some(201),
            total_requests,
            p95_seconds: Some(p95_seconds),
        };
        Measured {
            routes: vec![route],
        }
    }

    #[test]
    fn equal_counts_and_close_percentiles_agree() {
        assert!(beside(&report(500, 0.3), &measured(500, 0.306)).agrees);
    }

    #[test]
    fn one_request_more_or_less_differs() {
        assert!(!beside(&report(500, 0.3), &measured(499, 0.3)).agrees);
        assert!(!beside(&report(500, 0.3), &measured(501, 0.3)).agrees);
        assert!(!beside(&report(500, 0.3), &Measured::default()).agrees);
    }

    #[test]
    fn a_percentile_beyond_a_bucket_differs() {
        assert!(!beside(&report(500, 0.3), &measured(500, 0.308)).agrees);
    }

    #[test]
    fn where_there_is_a_stopwatch_it_is_compared() {
        let mut on_a_busy_machine = report(500, 0.35);
        on_a_busy_machine.routes[0].stopwatch_p95_secs = Some(0.3);
        assert!(beside(&on_a_busy_machine, &measured(500, 0.302)).agrees);
        assert!(!beside(&on_a_busy_machine, &measured(500, 0.348)).agrees);
    }

    #[test]
    fn percentiles_of_fast_routes_are_not_compared() {
        assert!(beside(&report(500, 0.001), &measured(500, 0.000_5)).agrees);
    }
}
