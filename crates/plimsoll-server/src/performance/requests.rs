//! Requests by service, route, method and status.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll::performance::RequestTotals;

use super::{Period, Scope, count, field, query, source, tag, tag_of};
use crate::reading::Reading;
use crate::store::query::{Aggregate, Condition, Value};
use crate::store::read::error::QueryError;

/// What tells requests apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestKey {
    /// The service's name.
    pub service: String,
    /// Route template, `<unmatched>` or `<other>`.
    pub route: String,
    /// Method.
    pub method: String,
    /// Full status code; `None` when no answer had one.
    pub status: Option<u16>,
}

/// Requests of one key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestCounts {
    /// Counts and durations.
    pub totals: RequestTotals,
    /// Bodies sent to their end.
    pub ended: u64,
    /// Bodies that broke off.
    pub failed: u64,
    /// Requests by kind of error, where one was told.
    pub error_types: BTreeMap<String, u64>,
    /// Who measured.
    pub sources: Vec<String>,
}

/// The requests of a period; load tests are left out.
///
/// # Errors
/// When the period has too much to be read at once.
pub fn requests(
    reading: &mut Reading<'_>,
    scope: &Scope,
    period: Period,
) -> Result<BTreeMap<RequestKey, RequestCounts>, QueryError> {
    let tags = [
        "service",
        "route",
        "method",
        "status",
        "error_type",
        "source",
    ];
    let mut found: BTreeMap<RequestKey, RequestCounts> = BTreeMap::new();
    for mut piece in source::pieces(reading, scope, period)? {
        piece
            .filter
            .push(tag("run", Condition::Equal(String::new())));
        let mut ask = query("http_requests", piece.period, &tags, piece.filter);
        ask.fields = vec![field("duration", Aggregate::Distribution)];
        ask.fields
            .extend(["ended", "cancelled", "failed"].map(|name| field(name, Aggregate::Sum)));
        for series in reading.ask(&ask)? {
            let text = |name| tag_of(&series.tags, name).to_owned();
            let key = RequestKey {
                service: text("service"),
                route: text("route"),
                method: text("method"),
                status: tag_of(&series.tags, "status").parse().ok(),
            };
            let counts = found.entry(key.clone()).or_default();
            for row in 0..series.times.len() {
                let value = |column: usize| &series.columns[column][row];
                counts.add(
                    key.status,
                    value(0),
                    [value(1), value(2), value(3)],
                    &text("error_type"),
                );
            }
            let source = text("source");
            if !source.is_empty() && !counts.sources.contains(&source) {
                counts.sources.push(source);
            }
        }
    }
    found.retain(|_, counts| {
        counts.totals.duration.count > 0 || counts.ended > 0 || counts.totals.cancelled > 0
    });
    Ok(found)
}

impl RequestCounts {
    fn add(
        &mut self,
        status: Option<u16>,
        duration: &Value,
        outcomes: [&Value; 3],
        error_type: &str,
    ) {
        let duration = match duration {
            Value::Histogram(histogram) => histogram.clone(),
            _ => Arc::default(),
        };
        let [ended, cancelled, failed] = outcomes.map(count);
        self.ended += ended;
        self.failed += failed;
        // Some senders give a server error no type; its status says as much.
        let error_type = match status {
            Some(status) if error_type.is_empty() && status >= 500 => status.to_string(),
            _ => error_type.to_owned(),
        };
        if !error_type.is_empty() && duration.count > 0 {
            *self.error_types.entry(error_type).or_default() += duration.count;
        }
        self.totals
            .add(status.unwrap_or(0), &duration, failed, cancelled);
    }
}
