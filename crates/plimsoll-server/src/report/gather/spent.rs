//! What took time and what was used: statements, outgoing calls, resources.

use std::collections::BTreeMap;

use plimsoll::standards::Limit;

use crate::performance::observations::{Observed, observed};
use crate::performance::used::Use;
use crate::performance::{Period, Scope};
use crate::reading::Reading;
use crate::report::contents::{ReportCall, ReportDurations, ReportResource, ReportStatement};
use crate::store::read::error::QueryError;

/// Most statements, and most calls, of a report.
const MOST: usize = 10;

/// The statements that took most time, and how many there are.
pub(super) fn statements(
    reading: &mut Reading<'_>,
    scope: &Scope,
    period: Period,
) -> Result<(Vec<ReportStatement>, usize), QueryError> {
    let tags = ["statement", "db_system", "method", "route"];
    let mut sums: BTreeMap<(String, String), (Observed, f64, Option<String>)> = BTreeMap::new();
    for ([statement, system, method, route], seen) in
        observed(reading, scope, period, "db_queries", tags)?
    {
        let (sum, most, asked_by) = sums.entry((statement, system)).or_default();
        sum.duration.merge(&seen.duration);
        sum.errors += seen.errors;
        if !route.is_empty() && seen.duration.sum > *most {
            *most = seen.duration.sum;
            *asked_by = Some(format!("{method} {route}").trim().to_owned());
        }
    }
    let total = sums.len();
    let rows =
        sums.into_iter().map(
            |((statement, db_system), (sum, _, asked_by))| ReportStatement {
                statement,
                db_system,
                asked_by,
                durations: durations(&sum),
            },
        );
    Ok((longest(rows.collect(), |row| &row.durations), total))
}

/// The calls that took most time, and how many kinds of them there are.
pub(super) fn calls(
    reading: &mut Reading<'_>,
    scope: &Scope,
    period: Period,
) -> Result<(Vec<ReportCall>, usize), QueryError> {
    let found = observed(reading, scope, period, "outgoing_calls", ["peer", "method"])?;
    let total = found.len();
    let rows = found.into_iter().map(|([peer, method], seen)| ReportCall {
        peer,
        method,
        durations: durations(&seen),
    });
    Ok((longest(rows.collect(), |row| &row.durations), total))
}

/// A resource beside its line.
pub(super) fn resource(used: Use) -> ReportResource {
    let most = used.used.max.or(used.used.mean);
    ReportResource {
        mean: used.used.mean,
        max: used.used.max,
        max_ratio: most
            .map(|most| Limit::Ceiling(used.line).ratio(most))
            .filter(|ratio| ratio.is_finite()),
        line: used.line,
        unit: used.unit,
        key: used.key,
        name: used.name,
    }
}

fn durations(seen: &Observed) -> ReportDurations {
    ReportDurations {
        count: seen.duration.count,
        errors: seen.errors,
        mean_seconds: seen.duration.mean().filter(|mean| mean.is_finite()),
        p95_seconds: seen.duration.percentile(0.95),
        total_seconds: seen.duration.sum,
    }
}

fn longest<T>(mut rows: Vec<T>, durations: fn(&T) -> &ReportDurations) -> Vec<T> {
    let total = |row: &T| durations(row).total_seconds;
    rows.sort_by(|one, other| total(other).total_cmp(&total(one)));
    rows.truncate(MOST);
    rows
}
