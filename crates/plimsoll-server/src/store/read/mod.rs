//! Queries answered from memory, blocks and rollups.

mod catalog;
mod cut;
pub mod error;
mod filter;
mod listing;
pub(crate) mod merge;
mod raw;
mod source;

use std::sync::Arc;

use super::Store;
use super::aggregate::Aggregation;
use super::aggregate::cumulative::LONGEST_HOLE;
use super::calendar::{Buckets, HOUR};
use super::query::{Aggregate, Answer, Order, Query};
use super::table::{Kind, Nanos};
use catalog::{Catalog, Grouping, Place};
use error::QueryError;
use filter::SeriesFilter;
use merge::Rows;
use raw::RawRows;
use source::{MemorySource, Source, scan};

impl Store {
    /// Answers a query. Blocking: it reads and decodes files.
    ///
    /// What nobody has written (a measurement, a field, a tag) gives an empty answer, for it may come.
    ///
    /// # Errors
    /// When the query cannot be answered as it stands; the message says what to change.
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
        if raw > 0 {
            self.rows(query)
        } else {
            self.aggregated(query)
        }
    }

    fn aggregated(&self, query: &Query) -> Result<Answer, QueryError> {
        let mut catalog = Catalog::new(
            SeriesFilter::new(&query.filter)?,
            Grouping::By(&query.group_by),
        );
        let buckets = Buckets::of(query.start, query.end, query.step, &self.config.time_zone);
        let mut aggregation = Aggregation::new(&query.fields, buckets, query.start, query.end);
        let start = query.start.saturating_sub(self.look_back(query));
        self.raw_rows(
            query,
            &aggregation.field_names(),
            start,
            query.end,
            &mut catalog,
            |place, group, rows| {
                aggregation.add_rows(place, group, rows);
            },
        )?;
        let mut answer = Answer::default();
        (answer.series, answer.error_bound) =
            aggregation.finish(&query.fields, &catalog.group_tags());
        answer.truncated = cut::cut(&mut answer.series, query.limit, query.order);
        Ok(answer)
    }

    /// How far before the range to look for the sample from which a cumulative field counts on.
    fn look_back(&self, query: &Query) -> Nanos {
        let kind = |name: &str| {
            self.schema
                .field(&query.measurement, name)
                .map(|field| field.kind)
        };
        let accumulates = query
            .fields
            .iter()
            .any(|field| kind(&field.name) == Some(Kind::Cumulative));
        if accumulates { LONGEST_HOLE } else { 0 }
    }

    fn rows(&self, query: &Query) -> Result<Answer, QueryError> {
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
        for (start, end) in windows(query.start, query.end, query.order) {
            self.raw_rows(
                query,
                &columns,
                start,
                end,
                &mut catalog,
                |_, group, rows| found.add(group, rows),
            )?;
            if found.is_enough() {
                break;
            }
        }
        let mut answer = Answer {
            series: found.finish(columns.len(), &catalog.group_tags()),
            ..Answer::default()
        };
        answer.truncated = cut::cut(&mut answer.series, query.limit, query.order);
        Ok(answer)
    }

    /// Shows `visit` the raw rows of matching series in a range, with number and group of the series.
    fn raw_rows(
        &self,
        query: &Query,
        columns: &[Arc<str>],
        start: Nanos,
        end: Nanos,
        catalog: &mut Catalog<'_>,
        mut visit: impl FnMut(Place, u32, &Rows<'_>),
    ) -> Result<(), QueryError> {
        let runs = self.runs(&query.measurement, start, end.saturating_sub(1));
        let memory = runs
            .into_iter()
            .map(|run| MemorySource::new(run, columns, &self.series, catalog));
        let sources: Vec<Source> = memory.map(Source::Memory).collect();
        let groups: Vec<u32> = catalog
            .matching()
            .iter()
            .map(|series| series.group)
            .collect();
        scan(
            &sources,
            0..groups.len() as Place,
            start,
            end,
            |place, rows| visit(place, groups[place as usize], rows),
        );
        Ok(())
    }
}

/// The range in pieces that grow, from the end that is asked for first: a few rows are found without reading it all.
fn windows(start: Nanos, end: Nanos, order: Order) -> impl Iterator<Item = (Nanos, Nanos)> {
    let (mut from, mut to, mut width) = (start, end, HOUR);
    std::iter::from_fn(move || {
        let window = match order {
            Order::Ascending => (from, from.saturating_add(width).min(to)),
            Order::Descending => (to.saturating_sub(width).max(from), to),
        };
        match order {
            Order::Ascending => from = window.1,
            Order::Descending => to = window.0,
        }
        width = width.saturating_mul(4);
        (window.0 < window.1).then_some(window)
    })
}

#[cfg(test)]
mod tests;
