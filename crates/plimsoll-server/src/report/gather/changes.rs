//! What happened: alerts, and versions that began to run.

use std::collections::BTreeMap;

use super::requests::{Routes, by_route};
use super::{GatherError, HOUR, kept_since};
use crate::meta::alerts::{self, Alert};
use crate::meta::deploys::Deployed;
use crate::performance::{MINUTE, Period, Scope};
use crate::reading::Reading;
use crate::report::contents::{Moment, ReportAlert, ReportAlerts, ReportDeploy, ReportDeployRoute};
use crate::state::AppState;
use crate::store::config::StoreConfig;
use crate::store::read::error::QueryError;
use crate::store::table::Nanos;

/// Most alerts that are looked at, and most that are listed.
const MOST_READ: usize = 10_000;
const MOST_ALERTS: usize = 50;
/// Most deploys that are looked at, and most that are listed.
const MOST_NOTED: usize = 1_000;
const MOST_DEPLOYS: usize = 10;
/// Most routes of a deploy.
const MOST_ROUTES: usize = 10;

/// What fired within a period.
pub(super) fn alerts(
    app: &AppState,
    service: &str,
    period: Period,
) -> Result<ReportAlerts, GatherError> {
    let asked = alerts::Asked {
        service: Some(service.to_owned()),
        since: Some(period.start),
        limit: MOST_READ,
        ..alerts::Asked::default()
    };
    let (found, total) = app.judging.meta().alerts(&asked)?;
    let mut by_severity = BTreeMap::new();
    for alert in &found {
        *by_severity.entry(alert.severity).or_default() += 1;
    }
    let fired = found.iter().map(|alert| (alert.fired, end(alert, period)));
    Ok(ReportAlerts {
        total,
        by_severity,
        firing_seconds: covered(fired.collect(), period) as f64 / 1e9,
        list: found
            .into_iter()
            .take(MOST_ALERTS)
            .map(|alert| shown(alert, period))
            .collect(),
    })
}

fn end(alert: &Alert, period: Period) -> Nanos {
    alert.resolved.unwrap_or(period.end)
}

/// How much of a period stretches cover that may overlap.
fn covered(mut stretches: Vec<(Nanos, Nanos)>, period: Period) -> Nanos {
    stretches.sort_unstable();
    let (mut sum, mut until) = (0, period.start);
    for (start, end) in stretches {
        let (start, end) = (start.max(until), end.min(period.end));
        sum += (end - start).max(0);
        until = until.max(end);
    }
    sum
}

fn shown(alert: Alert, period: Period) -> ReportAlert {
    // What was found is kept as it was told.
    let finding: serde_json::Value = serde_json::from_str(&alert.finding).unwrap_or_default();
    let cause = finding["cause"].as_str().unwrap_or_default().to_owned();
    ReportAlert {
        id: alert.id.to_string(),
        severity: alert.severity,
        fired_at: Moment(alert.fired),
        resolved_at: alert.resolved.map(Moment),
        seconds: (end(&alert, period) - alert.fired).max(0) as f64 / 1e9,
        resolved_by: alert.resolved_by,
        cause: match alert.message.contains(cause.trim()) {
            true => String::new(),
            false => cause,
        },
        message: alert.message,
        key: alert.key,
    }
}

/// The versions that began to run within a period, each beside the hour before it, and how many there were: the last
/// [`MOST_DEPLOYS`] are compared.
///
/// # Errors
/// When store or `meta.db` cannot be read.
pub(crate) fn deploys(
    app: &AppState,
    reading: &mut Reading<'_>,
    service: &str,
    period: Period,
) -> Result<(Vec<ReportDeploy>, usize), GatherError> {
    let mut found = app
        .judging
        .meta()
        .deploys(Some(service), period.start, MOST_NOTED)?;
    found.retain(|deploy| deploy.at < period.end);
    let total = found.len();
    let times: Vec<Nanos> = found.iter().map(|deploy| deploy.at).collect();
    let scope = Scope::Service(service.to_owned());
    let first = total.saturating_sub(MOST_DEPLOYS);
    let mut shown = Vec::new();
    for (at, deploy) in found.into_iter().enumerate().skip(first) {
        let near = Near {
            at: deploy.at,
            is_seen: deploy.source == "seen",
            before: at.checked_sub(1).map(|before| times[before]),
            after: times.get(at + 1).copied(),
        };
        let around = around(&near, reading.store().config(), period.end);
        shown.push(beside(reading, &scope, deploy, around)?);
    }
    Ok((shown, total))
}

/// A deploy among others.
struct Near {
    at: Nanos,
    /// Whether it was noted when its first rows came, and not when it was made.
    is_seen: bool,
    /// The deploys next to it.
    before: Option<Nanos>,
    after: Option<Nanos>,
}

/// The hours before and after a deploy, which end where another one is. `None` where rows are not known so finely any more.
fn around(near: &Near, config: &StoreConfig, end: Nanos) -> Option<(Period, Period)> {
    let at = near.at;
    let is_raw = at - 2 * HOUR >= kept_since(config.retention_of("http_requests"), end);
    let is_hourly = at - 2 * HOUR >= kept_since(config.hourly_retention, end);
    let hour = at.div_euclid(HOUR) * HOUR;
    // Rows stand at the end of what they count: the one that a deploy ends is of before. What showed a deploy is of after,
    // and may stand up to a minute before it.
    let (until, from) = match (is_raw, near.is_seen, is_hourly) {
        (true, false, _) => (at + 1, at + 1),
        (true, true, _) => (at - MINUTE + 1, at),
        // Of summaries the hour in which it happened is of both: it is left out.
        (false, _, true) => (hour, hour + HOUR),
        (false, _, false) => return None,
    };
    // The hour of another deploy is left out as a whole, too.
    let next_hour = |time: Nanos| match is_raw {
        true => time,
        false => (time.div_euclid(HOUR) + 1) * HOUR,
    };
    let this_hour = |time: Nanos| match is_raw {
        true => time,
        false => time.div_euclid(HOUR) * HOUR,
    };
    let start = until - HOUR;
    let start = near
        .before
        .map_or(start, |before| start.max(next_hour(before)));
    let last = (from + HOUR).min(end);
    let last = near.after.map_or(last, |after| last.min(this_hour(after)));
    let period = |start: Nanos, end: Nanos| Period {
        start,
        end: end.max(start),
    };
    Some((period(start, until), period(from, last)))
}

fn beside(
    reading: &mut Reading<'_>,
    scope: &Scope,
    deploy: Deployed,
    around: Option<(Period, Period)>,
) -> Result<ReportDeploy, QueryError> {
    let seconds = |period: Period| (period.end - period.start) as f64 / 1e9;
    let routes = match around {
        Some((before, after)) => compared(
            &by_route(reading, scope, before)?,
            &by_route(reading, scope, after)?,
        ),
        None => Vec::new(),
    };
    Ok(ReportDeploy {
        version: deploy.version,
        revision: deploy.revision,
        time: Moment(deploy.at),
        before_seconds: around.map(|(before, _)| seconds(before)),
        after_seconds: around.map(|(_, after)| seconds(after)),
        routes,
    })
}

fn compared(before: &Routes, after: &Routes) -> Vec<ReportDeployRoute> {
    let mut names: Vec<&(String, String)> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let count = |routes: &Routes, name| routes.get(name).map_or(0, |one| one.duration.count);
    let p95 = |routes: &Routes, name| routes.get(name)?.duration.percentile(0.95);
    let error_rate = |routes: &Routes, name| routes.get(name)?.error_rate();
    names.sort_by_key(|name| std::cmp::Reverse(count(before, *name) + count(after, *name)));
    let rows = names.into_iter().take(MOST_ROUTES);
    rows.map(|name| ReportDeployRoute {
        method: name.0.clone(),
        route: name.1.clone(),
        requests_before: count(before, name),
        requests_after: count(after, name),
        p95_before_seconds: p95(before, name),
        p95_after_seconds: p95(after, name),
        error_rate_before: error_rate(before, name),
        error_rate_after: error_rate(after, name),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::period::DAY;

    #[test]
    fn time_in_which_two_fire_counts_once_and_only_within_the_period() {
        let period = Period {
            start: 100,
            end: 200,
        };
        let stretches = vec![(150, 170), (90, 120), (110, 130), (190, 300), (10, 50)];
        // 100 to 130, 150 to 170, 190 to 200.
        assert_eq!(covered(stretches, period), 60);
        assert_eq!(covered(Vec::new(), period), 0);
    }

    #[test]
    fn a_deploy_is_compared_with_the_hour_before_it_and_never_across_another() {
        let config = StoreConfig::new("unused");
        let now = 500_000 * HOUR;
        let at = now - 90 * MINUTE;
        let near = |at, before, after| Near {
            at,
            is_seen: false,
            before,
            after,
        };
        let lengths = |before, after| {
            let (one, other) = around(&near(at, before, after), &config, now).unwrap();
            [one, other].map(|period| (period.end - period.start + 1) / MINUTE)
        };
        assert_eq!(lengths(None, None), [60, 60]);
        let others = lengths(Some(at - 20 * MINUTE), Some(at + 5 * MINUTE));
        assert_eq!(others, [20, 5]);
        // One that its rows showed: they stand in the minute before it.
        let seen = Near {
            is_seen: true,
            ..near(at, None, None)
        };
        let (before, after) = around(&seen, &config, now).unwrap();
        assert_eq!((before.end, after.start), (at - MINUTE + 1, at));
        // Summaries of hours: the hour of the deploy is of neither.
        let old = near(now - 20 * DAY + HOUR / 2, None, None);
        let (before, after) = around(&old, &config, now).unwrap();
        assert_eq!(
            (before.start, before.end),
            (now - 20 * DAY - HOUR, now - 20 * DAY)
        );
        assert_eq!(
            (after.start, after.end),
            (now - 20 * DAY + HOUR, now - 20 * DAY + 2 * HOUR)
        );
        assert_eq!(
            around(&near(now - 40 * DAY, None, None), &config, now),
            None
        );
    }
}
