//! Queries answered from memory, blocks and rollups.

pub(crate) mod blocks;
pub(crate) mod catalog;
mod cut;
pub mod error;
pub(crate) mod filter;
mod listing;
pub(crate) mod merge;
pub(crate) mod plan;
mod raw;
pub(crate) mod source;
pub(crate) mod sources;
mod spans;
pub(crate) mod support;
mod totals;

use std::ops::Range;
use std::sync::Arc;

use super::Store;
use super::aggregate::cumulative::LONGEST_HOLE;
use super::aggregate::{Aggregation, MAX_CELLS};
use super::calendar::{Buckets, HOUR};
use super::damage::Damage;
use super::query::{Aggregate, Answer, Order, Query};
use super::table::Nanos;
use super::tier::Tier;
use catalog::{Catalog, Grouping};
use error::QueryError;
use filter::SeriesFilter;
use plan::plan;
use raw::RawRows;
use sources::Wanted;

impl Store {
    /// Answers a query. Blocking: it reads and decodes files.
    ///
    /// What nobody has written (a measurement, a field, a tag) gives an empty answer, for it may come.
    ///
    /// # Errors
    /// When the query cannot be answered as it stands; the message says what to change. When the disk fails.
    pub fn query(&self, query: &Query) -> Result<Answer, QueryError> {
        let raw = query
            .fields
            .iter()
            .filter(|field| field.aggregate == Aggregate::None)
            .count();
        if query.fields.is_empty() {
            return Err(QueryError::NoFields);
        }
        if raw > 0 && raw < query.fields.len() {
            return Err(QueryError::MixedRows);
        }
        if query.start >= query.end {
            return Ok(Answer::default());
        }
        let (mut answer, mut damage) = if raw > 0 {
            self.rows(query)?
        } else {
            self.aggregated(query)?
        };
        answer.truncated = cut::cut(&mut answer.series, query.limit, query.order);
        damage.extend(
            self.damage
                .of_rows(&query.measurement, &(query.start..query.end)),
        );
        damage.sort_by_key(|damage| (damage.path.clone(), damage.start));
        damage.dedup();
        answer.missing = damage.iter().map(Damage::to_string).collect();
        Ok(answer)
    }

    fn aggregated(&self, asked: &Query) -> Result<(Answer, Vec<Damage>), QueryError> {
        let query = &*self.with_totals(asked);
        let mut catalog = Catalog::new(
            SeriesFilter::new(&query.filter)?,
            Grouping::By(&query.group_by),
        );
        let zone = &self.config.time_zone;
        let buckets = Buckets::of(query.start, query.end, query.step, zone);
        let mut aggregation = Aggregation::new(
            &query.fields,
            |field| self.is_state(&query.measurement, field),
            buckets.clone(),
            query.start,
            query.end,
        );
        let times = self.with_rows(&(query.start..query.end));
        let hours = self.hours(&query.measurement, &times);
        let support = self.support(query, &mut catalog);
        let segments = plan(
            times,
            &buckets,
            &Buckets::Days(zone.clone()),
            &hours,
            |tier| support.of(tier),
        );
        let fields = aggregation.field_names();
        let rollups = aggregation
            .rollup_names(|field| Some(self.schema.field(&query.measurement, field)?.value_type));
        let look_back = match aggregation.has_states_as_totals() {
            true => LONGEST_HOLE,
            false => self.look_back(&query.measurement),
        };
        let mut damage = Vec::new();
        for segment in segments {
            let is_raw = segment.tier == Tier::Raw;
            let Range { start, end } = segment.times;
            let (columns, times) = match is_raw {
                true => (&fields, start.saturating_sub(look_back)..end),
                false => (&rollups, start..end),
            };
            let wanted = Wanted {
                measurement: &query.measurement,
                columns,
                times,
            };
            aggregation.begin_raw(start);
            damage.extend(self.read_rows(
                segment.tier,
                &wanted,
                &mut catalog,
                |place, series, rows| match is_raw {
                    true => aggregation.add_rows(place, series.group, rows),
                    false => aggregation.add_rollups(series.group, rows),
                },
            )?);
            if aggregation.is_full() {
                return Err(QueryError::TooManyBuckets {
                    limit: MAX_CELLS / fields.len(),
                });
            }
        }
        let (series, error_bound) = aggregation.finish(&asked.fields, &catalog.group_tags());
        Ok((
            Answer {
                series,
                error_bound,
                ..Answer::default()
            },
            damage,
        ))
    }

    fn rows(&self, asked: &Query) -> Result<(Answer, Vec<Damage>), QueryError> {
        let query = &*self.with_totals(asked);
        let grouping = if query.group_by.is_empty() {
            Grouping::Each
        } else {
            Grouping::By(&query.group_by)
        };
        let mut catalog = Catalog::new(SeriesFilter::new(&query.filter)?, grouping);
        let columns: Vec<Arc<str>> = query
            .fields
            .iter()
            .map(|field| Arc::from(field.name.as_str()))
            .collect();
        let mut found = RawRows::new(query.limit, query.order);
        let mut damage = Vec::new();
        for times in windows(self.with_rows(&(query.start..query.end)), query.order) {
            let wanted = Wanted {
                measurement: &query.measurement,
                columns: &columns,
                times,
            };
            let read = self.read_rows(Tier::Raw, &wanted, &mut catalog, |_, series, rows| {
                found.add(series.group, rows)
            })?;
            damage.extend(read);
            if found.is_enough() {
                break;
            }
        }
        let mut series = found.finish(columns.len(), &catalog.group_tags());
        Store::join_totals(query, asked.fields.len(), &mut series);
        Ok((
            Answer {
                series,
                ..Answer::default()
            },
            damage,
        ))
    }
}

/// The range in pieces that grow, from the end that is asked for first: a few rows are found without reading it all.
fn windows(times: Range<Nanos>, order: Order) -> impl Iterator<Item = Range<Nanos>> {
    let (mut from, mut to, mut width) = (times.start, times.end, HOUR);
    std::iter::from_fn(move || {
        let window = match order {
            Order::Ascending => from..from.saturating_add(width).min(to),
            Order::Descending => to.saturating_sub(width).max(from)..to,
        };
        match order {
            Order::Ascending => from = window.end,
            Order::Descending => to = window.start,
        }
        width = width.saturating_mul(4);
        (window.start < window.end).then_some(window)
    })
}

#[cfg(test)]
mod tests;
