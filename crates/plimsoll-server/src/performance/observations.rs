//! Queries, outgoing calls and messages of a period, by the tags that tell them apart.

use std::collections::BTreeMap;

use plimsoll::histogram::Histogram;

use super::{Period, Scope, field, query, tag_of};
use crate::reading::Reading;
use crate::store::query::{Aggregate, Value};
use crate::store::read::error::QueryError;

/// Observations that are alike.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// Their durations in seconds.
    pub duration: Histogram,
    /// How many failed.
    pub errors: u64,
}

/// The observations of `measurement`, by the values of `tags`; absent tags are empty.
///
/// # Errors
/// When the period has too much to be read at once.
pub fn observed<const N: usize>(
    reading: &mut Reading<'_>,
    scope: &Scope,
    period: Period,
    measurement: &str,
    tags: [&'static str; N],
) -> Result<BTreeMap<[String; N], Observed>, QueryError> {
    let mut group_by = tags.to_vec();
    group_by.push("error_type");
    let mut ask = query(measurement, period, &group_by, scope.filter());
    ask.fields = vec![field("duration", Aggregate::Distribution)];
    let mut found: BTreeMap<[String; N], Observed> = BTreeMap::new();
    for series in reading.ask(&ask)? {
        let mut duration = Histogram::new();
        for value in &series.columns[0] {
            if let Value::Histogram(histogram) = value {
                duration.merge(histogram);
            }
        }
        if duration.is_empty() {
            continue;
        }
        let key = tags.map(|tag| tag_of(&series.tags, tag).to_owned());
        let observed = found.entry(key).or_default();
        if !tag_of(&series.tags, "error_type").is_empty() {
            observed.errors += duration.count;
        }
        observed.duration.merge(&duration);
    }
    Ok(found)
}
