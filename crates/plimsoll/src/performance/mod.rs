//! The answer of `/api/performance/metrics`, for whoever has the counts: a service from its ring, the server from its store.
//!
//! Names without a unit have the units of the interface's first users: seconds, MB (2^20 bytes), ratios. What stands beside
//! them has the unit in its name.

pub mod analytics;
mod by_route;
pub mod judged;
pub mod load_line;
pub mod thresholds;

pub(crate) use by_route::by_route;

use serde::Serialize;

use crate::histogram::Histogram;

/// Bytes of an MB.
pub const MB: f64 = 1_048_576.0;
/// A request up to this long satisfies (the target of reading operations); up to four times as long it is tolerated.
pub const APDEX_SATISFIED_SECS: f64 = 0.5;

/// What happened in the minutes before `timestamp`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Metrics {
    /// End of the period, RFC 3339, UTC.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub timestamp: String,
    /// Length of the period.
    pub period_minutes: u32,
    /// Requests served.
    pub requests: Requests,
    /// Queries sent to databases.
    pub database: Database,
    /// Memory of the process, of several the largest one's.
    pub memory: Memory,
}

/// Requests of a period. Without any, counts are 0 and the rest is null.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Requests {
    /// Finished requests, those that clients gave up included.
    pub total_requests: u64,
    /// Mean to the response head, seconds.
    pub avg_response_time: Option<f64>,
    /// Longest, seconds; null where the sender did not tell it.
    pub max_response_time: Option<f64>,
    /// Shortest, seconds; null where the sender did not tell it.
    pub min_response_time: Option<f64>,
    /// Share of 5xx, panics and bodies that broke off.
    pub error_rate: Option<f64>,
    /// Number of these.
    pub errors: u64,
    /// Answers of 4xx, which are no errors; those given up by the client are counted apart.
    pub client_errors: u64,
    /// Requests that the client gave up.
    pub cancelled: u64,
    /// Requests per minute, averaged over the period.
    pub requests_per_minute: f64,
    /// Half of the requests took at most so long.
    pub p50_seconds: Option<f64>,
    /// 90 % of the requests took at most so long.
    pub p90_seconds: Option<f64>,
    /// 95 % of the requests took at most so long.
    pub p95_seconds: Option<f64>,
    /// 99 % of the requests took at most so long.
    pub p99_seconds: Option<f64>,
    /// 99.9 % of the requests took at most so long.
    pub p999_seconds: Option<f64>,
    /// Satisfied and half of the tolerated requests as a share of all ([`APDEX_SATISFIED_SECS`]); errors are neither,
    /// however fast they came (Apdex Technical Specification 1.1).
    pub apdex: Option<f64>,
}

/// Queries of a period. Without any, counts are 0 and the rest is null.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Database {
    /// Queries sent.
    pub total_queries: u64,
    /// Mean, seconds.
    pub avg_query_time: Option<f64>,
    /// Longest, seconds.
    pub max_query_time: Option<f64>,
    /// Queries that took longer than the threshold.
    pub slow_query_count: u64,
}

/// Memory over a period; null without samples.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Memory {
    /// Latest sample, MB.
    pub current_memory_mb: Option<f64>,
    /// Mean, MB.
    pub avg_memory_mb: Option<f64>,
    /// Highest, MB.
    pub max_memory_mb: Option<f64>,
    /// Latest samples of all instances added up, MB.
    pub sum_memory_mb: Option<f64>,
}

/// Requests being added up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestTotals {
    /// Seconds to the response head.
    pub duration: Histogram,
    /// 5xx, panics and bodies that broke off.
    pub errors: u64,
    /// 4xx, without those given up.
    pub client_errors: u64,
    /// Given up by the client, before or during the body.
    pub cancelled: u64,
    /// Satisfied and half of the tolerated requests.
    score: f64,
}

/// Status of a request that the client gave up before the response head.
const CLIENT_CLOSED: u16 = 499;

impl RequestTotals {
    /// Adds requests that ended with `status`; `failed` of their bodies broke off, `cancelled` were given up.
    pub fn add(&mut self, status: u16, duration: &Histogram, failed: u64, cancelled: u64) {
        self.duration.merge(duration);
        self.cancelled += cancelled;
        let failed = if status >= 500 {
            duration.count
        } else {
            failed.min(duration.count)
        };
        self.errors += failed;
        // Which durations are those of the failed bodies is not known: they are taken to be like the others.
        let apdex = duration.apdex(APDEX_SATISFIED_SECS).unwrap_or_default();
        self.score += apdex * (duration.count - failed) as f64;
        if (400..500).contains(&status) && status != CLIENT_CLOSED {
            self.client_errors += duration.count;
        }
    }

    /// Adds what `other` added up.
    pub fn merge(&mut self, other: &RequestTotals) {
        self.duration.merge(&other.duration);
        self.errors += other.errors;
        self.client_errors += other.client_errors;
        self.cancelled += other.cancelled;
        self.score += other.score;
    }

    /// Satisfied and half of the tolerated requests as a share of all; `None` without any.
    pub fn apdex(&self) -> Option<f64> {
        let all = self.duration.count;
        (all > 0).then(|| self.score / all as f64)
    }

    /// Share of errors among all finished requests; `None` without any.
    pub fn error_rate(&self) -> Option<f64> {
        let all = self.duration.count;
        (all > 0).then(|| self.errors as f64 / all as f64)
    }

    /// As the interface tells it, for requests of so many minutes.
    pub fn requests(&self, minutes: f64) -> Requests {
        let duration = &self.duration;
        let told = |value: f64| Some(value).filter(|value| value.is_finite());
        Requests {
            total_requests: duration.count,
            avg_response_time: duration.mean().and_then(told),
            max_response_time: told(duration.max),
            min_response_time: told(duration.min),
            error_rate: self.error_rate(),
            errors: self.errors,
            client_errors: self.client_errors,
            cancelled: self.cancelled,
            requests_per_minute: duration.count as f64 / minutes,
            p50_seconds: duration.percentile(0.5),
            p90_seconds: duration.percentile(0.9),
            p95_seconds: duration.percentile(0.95),
            p99_seconds: duration.percentile(0.99),
            p999_seconds: duration.percentile(0.999),
            apdex: self.apdex(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn durations(values: &[f64]) -> Histogram {
        let mut histogram = Histogram::new();
        values.iter().for_each(|&value| histogram.record(value));
        histogram
    }

    #[test]
    fn errors_are_5xx_and_broken_bodies_and_4xx_and_cancelled_stand_apart() {
        let mut totals = RequestTotals::default();
        totals.add(200, &durations(&[0.1; 6]), 1, 2);
        totals.add(404, &durations(&[0.1; 2]), 0, 0);
        totals.add(499, &durations(&[0.1]), 0, 1);
        totals.add(503, &durations(&[3.0]), 1, 0);
        let requests = totals.requests(5.0);
        assert_eq!(
            (requests.total_requests, requests.requests_per_minute),
            (10, 2.0)
        );
        assert_eq!((requests.errors, requests.error_rate), (2, Some(0.2)));
        assert_eq!((requests.client_errors, requests.cancelled), (2, 3));
        assert_eq!(
            (requests.min_response_time, requests.max_response_time),
            (Some(0.1), Some(3.0))
        );
        assert!((requests.avg_response_time.unwrap() - 0.39).abs() < 1e-9);
        assert!((requests.p50_seconds.unwrap() / 0.1 - 1.0).abs() < 0.011);
    }

    #[test]
    fn errors_frustrate_however_fast_they_come() {
        let mut failing = RequestTotals::default();
        failing.add(500, &durations(&[0.01; 7]), 0, 0);
        assert_eq!(failing.apdex(), Some(0.0));
        let mut mixed = RequestTotals::default();
        // 4 satisfied, 2 tolerated, 2 too slow, of the 8 a quarter broke off: (4 + 2/2) * 3/4 = 3.75.
        let answered = [0.1, 0.2, 0.3, 0.5, 0.6, 2.0, 2.1, 9.0];
        mixed.add(200, &durations(&answered), 2, 0);
        // 2 satisfied: no product of that name is an answer too.
        mixed.add(404, &durations(&[0.1; 2]), 0, 0);
        mixed.merge(&failing);
        // (3.75 + 2 + 0) / (8 + 2 + 7)
        assert!((mixed.apdex().unwrap() - 5.75 / 17.0).abs() < 1e-12);
        assert_eq!(mixed.requests(1.0).apdex, mixed.apdex());
    }

    #[test]
    fn without_requests_counts_are_zero_and_the_rest_is_null() {
        let requests = serde_json::to_value(RequestTotals::default().requests(5.0)).unwrap();
        assert_eq!(requests["total_requests"], 0);
        for name in [
            "avg_response_time",
            "max_response_time",
            "min_response_time",
            "error_rate",
            "p95_seconds",
            "apdex",
        ] {
            assert!(requests[name].is_null(), "{name} is {}", requests[name]);
        }
    }
}
