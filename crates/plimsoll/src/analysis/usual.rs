//! What is usual: how a route or service was at the same hours of days before, or, while it is young, in the last hour.

use serde::Serialize;

use crate::histogram::Histogram;

/// What a route did in one stretch of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stretch {
    /// Seconds of its answers.
    pub duration: Histogram,
    /// 5xx, panics and bodies that broke off.
    pub errors: u64,
    /// Length, minutes.
    pub minutes: f64,
}

/// Where it is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The same hours of days before.
    SameHours,
    /// The time before now, as there are too few days.
    LastHour,
}

/// What is usual of a route.
#[derive(Clone, Debug, PartialEq)]
pub struct Usual {
    /// Median of the stretches' p50, seconds.
    pub p50: f64,
    /// Median of the stretches' p95, seconds.
    pub p95: f64,
    /// Mean logarithm of the seconds: the median of the stretches' means.
    pub log_mean: f64,
    /// Standard deviation of the logarithms within a stretch: the median of the stretches'.
    pub log_deviation: f64,
    /// How far stretches differ from each other: 1.4826 times the median absolute deviation of their mean logarithms.
    pub log_drift: f64,
    /// Requests per minute: the median of the stretches.
    pub per_minute: f64,
    /// Of the quietest stretch.
    pub per_minute_low: f64,
    /// Of the busiest stretch.
    pub per_minute_high: f64,
    /// Median share of errors.
    pub error_rate: f64,
    /// How many stretches there were.
    pub stretches: usize,
    /// What they are.
    pub basis: Basis,
}

impl Usual {
    /// A route's p95 is past its own line at so many times what is usual.
    pub const FACTOR: f64 = 2.0;
    /// Days of the same hours that are enough.
    pub const DAYS: usize = 3;
    /// Requests in all stretches together, without which nothing is usual.
    pub const REQUESTS: u64 = 30;
    /// Minutes of the last hour that are enough.
    pub const MINUTES: f64 = 10.0;

    /// What the stretches have in common; `None` when they are too few: [`Usual::DAYS`] with requests, or
    /// [`Usual::MINUTES`] of the last hour, and [`Usual::REQUESTS`].
    pub fn of(stretches: &[Stretch], basis: Basis) -> Option<Self> {
        let with_requests: Vec<&Stretch> = stretches
            .iter()
            .filter(|stretch| stretch.duration.count > 0 && stretch.minutes > 0.0)
            .collect();
        let requests: u64 = with_requests
            .iter()
            .map(|stretch| stretch.duration.count)
            .sum();
        let minutes: f64 = stretches.iter().map(|stretch| stretch.minutes).sum();
        let enough = match basis {
            Basis::SameHours => with_requests.len() >= Self::DAYS,
            Basis::LastHour => minutes >= Self::MINUTES && !with_requests.is_empty(),
        };
        if !enough || requests < Self::REQUESTS {
            return None;
        }
        // Of a route that is asked once a minute a stretch alone says little: percentiles are those of all together then.
        let mut merged = Histogram::clone(&with_requests[0].duration);
        for stretch in &with_requests[1..] {
            merged.merge(&stretch.duration);
        }
        let sparse = requests / (with_requests.len() as u64) < Self::REQUESTS;
        let percentile = |q: f64| {
            let of_all = merged.percentile(q);
            let of_each = with_requests
                .iter()
                .filter_map(|stretch| stretch.duration.percentile(q));
            if sparse {
                of_all
            } else {
                median(of_each.collect())
            }
        };
        let logs: Vec<_> = with_requests
            .iter()
            .map(|stretch| stretch.duration.logarithms())
            .collect();
        let means: Vec<f64> = logs.iter().filter_map(|log| log.mean()).collect();
        let log_mean = median(means.clone())?;
        let distances = means.iter().map(|mean| (mean - log_mean).abs());
        let deviations = if sparse {
            vec![merged.logarithms().deviation()?]
        } else {
            logs.iter().filter_map(|log| log.deviation()).collect()
        };
        let per_minute = |stretch: &Stretch| stretch.duration.count as f64 / stretch.minutes;
        // Stretches without requests count here: a route that rests every night has its rest for usual.
        let rates: Vec<f64> = stretches
            .iter()
            .filter(|stretch| stretch.minutes > 0.0)
            .map(per_minute)
            .collect();
        let error_rate = |stretch: &&Stretch| stretch.errors as f64 / stretch.duration.count as f64;
        Some(Self {
            p50: percentile(0.5)?,
            p95: percentile(0.95)?,
            log_mean,
            log_deviation: median(deviations)?,
            log_drift: 1.4826 * median(distances.collect())?,
            per_minute: median(rates.clone())?,
            per_minute_low: rates.iter().copied().fold(f64::INFINITY, f64::min),
            per_minute_high: rates.iter().copied().fold(0.0, f64::max),
            error_rate: median(with_requests.iter().map(error_rate).collect())?,
            stretches: with_requests.len(),
            basis,
        })
    }

    /// The p95 beyond which the route is slower than usual, seconds: [`Usual::FACTOR`] times the usual one.
    pub fn limit(&self) -> f64 {
        Self::FACTOR * self.p95
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    super::robust::median(&mut values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(secs: &[f64], each: u64, errors: u64) -> Stretch {
        let mut duration = Histogram::new();
        secs.iter().for_each(|&secs| duration.record_n(secs, each));
        Stretch {
            duration,
            errors,
            minutes: 60.0,
        }
    }

    #[test]
    fn one_bad_day_does_not_change_what_is_usual() {
        let good = || hour(&[0.1, 0.2], 300, 0);
        let bad = hour(&[5.0, 9.0], 300, 500);
        let usual = Usual::of(&[good(), bad, good(), good()], Basis::SameHours).unwrap();
        assert!((usual.p95 / 0.2 - 1.0).abs() < 0.011, "{}", usual.p95);
        assert!((usual.p50 / 0.1 - 1.0).abs() < 0.011, "{}", usual.p50);
        assert_eq!((usual.error_rate, usual.per_minute), (0.0, 10.0));
        // ln of the geometric mean of 0.1 and 0.2.
        assert!((usual.log_mean - (0.1f64 * 0.2).sqrt().ln()).abs() < 0.011);
    }

    #[test]
    fn two_days_or_a_few_requests_are_not_enough() {
        let day = || hour(&[0.1], 100, 0);
        assert_eq!(Usual::of(&[day(), day()], Basis::SameHours), None);
        assert!(Usual::of(&[day(), day(), day()], Basis::SameHours).is_some());
        let thin = || hour(&[0.1], 9, 0);
        assert_eq!(Usual::of(&[thin(), thin(), thin()], Basis::SameHours), None);
        assert!(Usual::of(&[day()], Basis::LastHour).is_some());
        assert_eq!(Usual::of(&[], Basis::LastHour), None);
    }

    #[test]
    fn hours_without_requests_count_as_quiet() {
        let busy = || hour(&[0.1], 600, 0);
        let usual =
            Usual::of(&[busy(), busy(), busy(), hour(&[], 0, 0)], Basis::SameHours).unwrap();
        assert_eq!((usual.per_minute_low, usual.per_minute_high), (0.0, 10.0));
    }
}
