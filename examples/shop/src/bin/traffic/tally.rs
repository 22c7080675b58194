//! Counts and timings of the answers, kept one by one so that every percentile is exact.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::compare::Compared;
use crate::customer::{Answered, Wish};

/// What came back so far.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    answers: BTreeMap<Key, Answers>,
    unanswered: u64,
    skipped: u64,
}

/// Method, route, status.
type Key = (String, &'static str, u16);

#[derive(Debug, Default)]
struct Answers {
    latencies_secs: Vec<f32>,
    stopwatch_secs: Vec<f32>,
    left_early: u64,
}

impl Tally {
    pub(crate) fn add(&self, wish: &Wish, outcome: anyhow::Result<Answered>) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Ok(answer) = outcome else {
            counted.unanswered += 1;
            return;
        };
        let key = (wish.method.to_string(), wish.route, answer.status.as_u16());
        let answers = counted.answers.entry(key).or_default();
        answers.latencies_secs.push(answer.latency.as_secs_f32());
        answers
            .stopwatch_secs
            .extend(answer.stopwatch_secs.map(|secs| secs as f32));
        answers.left_early += u64::from(!answer.ended);
    }

    pub(crate) fn add_skipped(&self, requests: u64) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .skipped += requests;
    }

    pub(crate) fn report(&self) -> Report {
        let counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let routes = counted
            .answers
            .iter()
            .map(|((method, route, status), answers)| {
                let mut latencies = answers.latencies_secs.clone();
                latencies.sort_by(f32::total_cmp);
                let mut stopwatch = answers.stopwatch_secs.clone();
                stopwatch.sort_by(f32::total_cmp);
                RouteReport {
                    method: method.clone(),
                    route: (*route).to_owned(),
                    status: *status,
                    requests: latencies.len(),
                    left_early: answers.left_early,
                    p50_secs: percentile(&latencies, 0.50),
                    p95_secs: percentile(&latencies, 0.95),
                    p99_secs: percentile(&latencies, 0.99),
                    stopwatch_p95_secs: (stopwatch.len() == latencies.len())
                        .then(|| percentile(&stopwatch, 0.95)),
                }
            });
        Report {
            requests: counted
                .answers
                .values()
                .map(|answers| answers.latencies_secs.len())
                .sum(),
            unanswered: counted.unanswered,
            skipped: counted.skipped,
            routes: routes.collect(),
            compared: None,
        }
    }
}

/// What was counted and timed, for [`Tally::report`].
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// Requests that were answered.
    pub(crate) requests: usize,
    /// Requests that were sent and got no answer.
    pub(crate) unanswered: u64,
    /// Requests that were not sent, because too many were under way.
    pub(crate) skipped: u64,
    /// One for each method, route and status.
    pub(crate) routes: Vec<RouteReport>,
    /// How much was compared with what Plimsoll measured; absent where nothing was.
    pub(crate) compared: Option<Compared>,
}

/// Requests that were answered alike.
#[derive(Debug, Serialize)]
pub(crate) struct RouteReport {
    pub(crate) method: String,
    pub(crate) route: String,
    pub(crate) status: u16,
    pub(crate) requests: usize,
    /// Those that did not take the whole body.
    pub(crate) left_early: u64,
    pub(crate) p50_secs: f32,
    pub(crate) p95_secs: f32,
    pub(crate) p99_secs: f32,
    /// By the shop's stopwatch; absent where not every answer had it.
    pub(crate) stopwatch_p95_secs: Option<f32>,
}

/// The smallest value that at least `share` of `sorted` do not exceed (nearest rank).
fn percentile(sorted: &[f32], share: f64) -> f32 {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted[rank.saturating_sub(1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Wikipedia's page on percentiles, nearest-rank method.
    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let sorted = [15.0, 20.0, 35.0, 40.0, 50.0];
        let found = [0.05, 0.30, 0.40, 0.50, 1.00].map(|share| percentile(&sorted, share));
        assert_eq!(found, [15.0, 20.0, 20.0, 35.0, 50.0]);
    }

    #[test]
    fn answers_are_counted_by_route_and_status() {
        let tally = Tally::default();
        let wish = Wish::draw(&mut fastrand::Rng::with_seed(1));
        for (status, ended) in [(200, true), (200, false), (404, true)] {
            let latency = std::time::Duration::from_millis(u64::from(status));
            let status = hyper::StatusCode::from_u16(status).unwrap();
            tally.add(
                &wish,
                Ok(Answered {
                    status,
                    latency,
                    stopwatch_secs: None,
                    ended,
                }),
            );
        }
        tally.add(&wish, Err(anyhow::anyhow!("connection reset")));
        let report = tally.report();
        let counts: Vec<_> = report
            .routes
            .iter()
            .map(|line| (line.status, line.requests, line.left_early))
            .collect();
        assert_eq!(counts, [(200, 2, 1), (404, 1, 0)]);
        assert_eq!((report.requests, report.unanswered), (3, 1));
        let slowest: Vec<_> = report.routes.iter().map(|line| line.p95_secs).collect();
        assert_eq!(slowest, [0.2, 0.404]);
    }
}
