//! What the store knows of services over a period: the numbers behind `/api/performance/*` and `performance_metrics`.

pub mod history;
pub mod levels;
pub mod minutes;
pub mod observations;
pub mod requests;
pub mod resources;
pub mod series;
mod source;
pub mod states;
pub mod stretches;
#[cfg(test)]
mod tests;
mod told;
pub mod used;

use crate::reading::NO_LIMIT;
use crate::store::query::{Aggregate, Condition, FieldQuery, Order, Query, TagFilter, Value};
use crate::store::table::Nanos;

/// The service that the server itself is.
pub const OWN_SERVICE: &str = "plimsoll";

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// First nanosecond.
    pub start: Nanos,
    /// First nanosecond after it.
    pub end: Nanos,
}

/// Of which services is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All that are observed: not the server itself.
    Observed,
    /// All, the server included.
    All,
    /// One.
    Service(String),
}

impl Period {
    /// The `minutes` up to `now`, which is included.
    pub fn minutes_before(now: Nanos, minutes: u32) -> Self {
        let end = now.saturating_add(1);
        Self {
            start: end.saturating_sub(Nanos::from(minutes) * MINUTE),
            end,
        }
    }

    /// Length in minutes.
    pub fn minutes(&self) -> f64 {
        (self.end - self.start) as f64 / MINUTE as f64
    }
}

/// A minute in the store's unit.
pub(crate) const MINUTE: Nanos = 60 * 1_000_000_000;

impl Scope {
    pub(crate) fn includes(&self, service: &str) -> bool {
        match self {
            Scope::Observed => service != OWN_SERVICE,
            Scope::All => true,
            Scope::Service(name) => name == service,
        }
    }

    fn filter(&self) -> Vec<TagFilter> {
        let condition = match self {
            Scope::Observed => Condition::NotEqual(OWN_SERVICE.to_owned()),
            Scope::All => return Vec::new(),
            Scope::Service(name) => Condition::Equal(name.clone()),
        };
        vec![tag("service", condition)]
    }
}

fn tag(tag: &str, condition: Condition) -> TagFilter {
    TagFilter {
        tag: tag.to_owned(),
        condition,
    }
}

/// A question about a measurement.
fn query(measurement: &str, period: Period, group_by: &[&str], filter: Vec<TagFilter>) -> Query {
    Query {
        measurement: measurement.to_owned(),
        fields: Vec::new(),
        filter,
        group_by: group_by.iter().map(|tag| (*tag).to_owned()).collect(),
        start: period.start,
        end: period.end,
        step: None,
        limit: NO_LIMIT,
        order: Order::Ascending,
    }
}

fn field(name: &str, aggregate: Aggregate) -> FieldQuery {
    FieldQuery {
        name: name.to_owned(),
        aggregate,
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::F64(value) => Some(*value),
        Value::I64(value) => Some(*value as f64),
        Value::U64(value) => Some(*value as f64),
        _ => None,
    }
}

/// Sum of values of which some may be missing; `None` when all are.
fn total<'a>(values: impl IntoIterator<Item = &'a Value>) -> Option<f64> {
    values.into_iter().filter_map(number).reduce(|a, b| a + b)
}

fn count(value: &Value) -> u64 {
    number(value).map_or(0, |count| count.max(0.0).round() as u64)
}

/// The value of a tag in an answer's series; empty when it has none.
fn tag_of<'a>(tags: &'a [(std::sync::Arc<str>, std::sync::Arc<str>)], name: &str) -> &'a str {
    tags.iter()
        .find(|(tag, _)| **tag == *name)
        .map_or("", |(_, value)| value)
}
