//! Requests over time, every one counted once: what charts are drawn from.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use plimsoll::performance::RequestTotals;

use super::{MINUTE, Period, Scope, count, field, query, source, tag, tag_of};
use crate::reading::Reading;
use crate::store::query::{Aggregate, Condition, Value};
use crate::store::read::error::QueryError;
use crate::store::table::Nanos;

/// Length of the library's windows: their rows have the time of their end, a multiple of it.
const WINDOW: Nanos = 10 * 1_000_000_000;

/// What a line is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Services.
    Service,
    /// Routes and methods of services.
    Route,
}

/// What tells lines apart; route and method are empty where lines are of services.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineKey {
    /// The service's name.
    pub service: String,
    /// Route template, `<unmatched>` or `<other>`.
    pub route: String,
    /// Method.
    pub method: String,
}

impl By {
    /// The line that requests of a route belong to.
    pub fn key(self, service: String, route: String, method: String) -> LineKey {
        match self {
            By::Service => LineKey {
                service,
                ..LineKey::default()
            },
            By::Route => LineKey {
                service,
                route,
                method,
            },
        }
    }
}

/// Buckets of the same width, aligned to the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buckets {
    /// Start of the first one.
    pub start: Nanos,
    /// Width of each.
    pub step: Nanos,
    /// How many there are.
    pub count: usize,
    /// Width of what is known of the last one, which may not be over.
    pub last: Nanos,
}

/// Requests of one line, in the order of the buckets. `None`: nothing was heard of the service, which is a gap.
pub type Line = Vec<Option<RequestTotals>>;

impl Buckets {
    /// The buckets that cover a period which ends at `now` or before. A last one of which less than half is known is left out.
    pub fn over(period: Period, step: Nanos, now: Nanos) -> Self {
        let start = period.start.div_euclid(step) * step;
        let end = period.end.max(start + 1);
        let mut count = (end - start).div_euclid(step) + Nanos::from((end - start) % step != 0);
        // The row of a window stands at its end: those of a bucket begin a window before it.
        let known = |bucket: Nanos| {
            let heard_until = now.div_euclid(WINDOW) * WINDOW + WINDOW;
            (heard_until - (start + bucket * step)).clamp(0, step)
        };
        if count > 1 && known(count - 1) * 2 < step {
            count -= 1;
        }
        Self {
            start,
            step,
            count: usize::try_from(count).unwrap_or_default(),
            last: known(count - 1).max(1),
        }
    }

    /// What all of them cover.
    pub fn period(&self) -> Period {
        Period {
            start: self.start,
            end: self.time(self.count),
        }
    }

    /// When a bucket begins.
    pub fn time(&self, bucket: usize) -> Nanos {
        self.start + Nanos::try_from(bucket).unwrap_or_default() * self.step
    }

    /// Minutes of a bucket that are known.
    pub fn minutes(&self, bucket: usize) -> f64 {
        let known = if bucket + 1 == self.count {
            self.last
        } else {
            self.step
        };
        known as f64 / MINUTE as f64
    }

    fn at(&self, time: Nanos) -> Option<usize> {
        let bucket = usize::try_from((time - self.start).div_euclid(self.step)).ok()?;
        (bucket < self.count).then_some(bucket)
    }
}

/// Lines of requests; load tests are left out.
///
/// # Errors
/// When the period has too much to be read at once.
pub fn series(
    reading: &mut Reading<'_>,
    scope: &Scope,
    buckets: Buckets,
    by: By,
) -> Result<BTreeMap<LineKey, Line>, QueryError> {
    let mut counted_in: BTreeMap<LineKey, BTreeMap<usize, RequestTotals>> = BTreeMap::new();
    for (key, line) in counted(reading, scope, buckets.period(), buckets.step, by)? {
        let in_buckets = counted_in.entry(key).or_default();
        for (time, totals) in line {
            let Some(bucket) = buckets.at(time) else {
                continue;
            };
            match in_buckets.entry(bucket) {
                Entry::Vacant(free) => _ = free.insert(totals),
                Entry::Occupied(mut known) => known.get_mut().merge(&totals),
            }
        }
    }
    let samples = samples(reading, scope, buckets)?;
    let mut of_service: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (key, line) in &counted_in {
        of_service
            .entry(key.service.clone())
            .or_default()
            .extend(line.keys());
    }
    let heard: BTreeMap<String, Vec<bool>> = of_service
        .into_iter()
        .map(|(service, requests)| {
            let heard = heard(&requests, samples.get(&service), buckets.count);
            (service, heard)
        })
        .collect();
    let filled = counted_in.into_iter().map(|(key, mut line)| {
        let heard = &heard[&key.service];
        let points = (0..buckets.count)
            .map(|bucket| {
                let totals = line.remove(&bucket);
                totals.or_else(|| heard[bucket].then(RequestTotals::default))
            })
            .collect();
        (key, points)
    });
    Ok(filled.collect())
}

/// Requests by line and by the start of the bucket of `step` that they lie in; load tests are left out. A step of a day or a
/// week follows the calendar of the store's time zone.
///
/// # Errors
/// When the period has too much to be read at once.
pub(super) fn counted(
    reading: &mut Reading<'_>,
    scope: &Scope,
    period: Period,
    step: Nanos,
    by: By,
) -> Result<BTreeMap<LineKey, BTreeMap<Nanos, RequestTotals>>, QueryError> {
    let mut tags = vec!["service", "status"];
    if by == By::Route {
        tags.extend(["route", "method"]);
    }
    let mut found: BTreeMap<LineKey, BTreeMap<Nanos, RequestTotals>> = BTreeMap::new();
    for mut piece in source::pieces(reading, scope, period)? {
        piece
            .filter
            .push(tag("run", Condition::Equal(String::new())));
        let mut ask = query("http_requests", piece.period, &tags, piece.filter);
        ask.step = Some(step);
        ask.fields = vec![
            field("duration", Aggregate::Distribution),
            field("failed", Aggregate::Sum),
            field("cancelled", Aggregate::Sum),
        ];
        for series in reading.ask(&ask)? {
            let text = |name| tag_of(&series.tags, name).to_owned();
            let key = by.key(text("service"), text("route"), text("method"));
            let status = text("status").parse().unwrap_or(0);
            let line = found.entry(key).or_default();
            for (row, &time) in series.times.iter().enumerate() {
                let Value::Histogram(duration) = &series.columns[0][row] else {
                    continue;
                };
                let [failed, cancelled] =
                    [1, 2].map(|column: usize| count(&series.columns[column][row]));
                line.entry(time)
                    .or_default()
                    .add(status, duration, failed, cancelled);
            }
        }
    }
    Ok(found)
}

/// In which buckets each service told how much memory it has, which a running one always does.
fn samples(
    reading: &mut Reading<'_>,
    scope: &Scope,
    buckets: Buckets,
) -> Result<BTreeMap<String, BTreeSet<usize>>, QueryError> {
    let mut ask = query("process", buckets.period(), &["service"], scope.filter());
    ask.step = Some(buckets.step);
    ask.fields = vec![field("memory_rss", Aggregate::Count)];
    let mut samples: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for series in reading.ask(&ask)? {
        let of_service = samples
            .entry(tag_of(&series.tags, "service").to_owned())
            .or_default();
        let rows = series.times.iter().zip(&series.columns[0]);
        of_service.extend(
            rows.filter(|(_, samples)| count(samples) > 0)
                .filter_map(|(&time, _)| buckets.at(time)),
        );
    }
    Ok(samples)
}

/// In which buckets a service was there, with requests or without. Between two samples at their usual distance it was; one
/// that sends none was there from its first request to its last.
pub(super) fn heard(
    requests: &BTreeSet<usize>,
    samples: Option<&BTreeSet<usize>>,
    count: usize,
) -> Vec<bool> {
    let mut heard = vec![false; count];
    let all: Vec<usize> = match samples {
        Some(samples) => requests.union(samples).copied().collect(),
        None => requests.iter().copied().collect(),
    };
    let mut distances: Vec<_> = all.windows(2).map(|pair| pair[1] - pair[0]).collect();
    distances.sort_unstable();
    let usual = distances.get(distances.len() / 2).copied().unwrap_or(1);
    for pair in all.windows(2) {
        let near = samples.is_none() || pair[1] - pair[0] < 2 * usual;
        if near {
            heard[pair[0]..pair[1]].fill(true);
        }
    }
    for bucket in all {
        heard[bucket] = true;
    }
    heard
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Nanos = 1_000_000_000;

    fn there(requests: &[usize], samples: Option<&[usize]>) -> String {
        let set = |buckets: &[usize]| buckets.iter().copied().collect::<BTreeSet<_>>();
        let samples = samples.map(set);
        heard(&set(requests), samples.as_ref(), 10)
            .into_iter()
            .map(|heard| if heard { 'x' } else { '.' })
            .collect()
    }

    #[test]
    fn a_service_that_samples_has_a_gap_where_it_did_not() {
        let samples = [0, 1, 2, 6, 7, 8];
        assert_eq!(there(&[1], Some(&samples)), "xxx...xxx.");
        // Samples of every second bucket leave no gaps between them.
        assert_eq!(there(&[0], Some(&[0, 2, 4, 8])), "xxxxx...x.");
    }

    #[test]
    fn without_samples_a_service_was_there_between_its_requests() {
        assert_eq!(there(&[2, 7], None), "..xxxxxx..");
        assert_eq!(there(&[], None), "..........");
    }

    #[test]
    fn buckets_are_aligned_and_the_last_is_as_wide_as_it_is_known() {
        let period = Period {
            start: 65 * SECOND,
            end: 155 * SECOND + 1,
        };
        // At 155 s the window up to 150 s has come: of the bucket from 150 s that is the first third.
        let buckets = Buckets::over(period, 30 * SECOND, 155 * SECOND);
        assert_eq!((buckets.start, buckets.count), (60 * SECOND, 3));
        assert_eq!(buckets.minutes(2), 0.5);
        // At 165 s the one up to 160 s has come as well, two thirds.
        let period = Period {
            end: 165 * SECOND,
            ..period
        };
        let buckets = Buckets::over(period, 30 * SECOND, 165 * SECOND);
        assert_eq!(buckets.count, 4);
        assert!((buckets.minutes(3) - 20.0 / 60.0).abs() < 1e-12);
        assert_eq!(buckets.at(181 * SECOND), None);
        assert_eq!(buckets.at(59 * SECOND), None);
    }
}
