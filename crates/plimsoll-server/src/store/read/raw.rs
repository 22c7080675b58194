//! Rows as they are.

use std::sync::Arc;

use super::merge::Rows;
use crate::store::aggregate::GroupTags;
use crate::store::aggregate::cell::value_at;
use crate::store::query::{AnswerSeries, Order, Value};
use crate::store::table::Nanos;

/// The rows found so far, not many more than are asked for.
pub(crate) struct RawRows {
    rows: Vec<(Nanos, u32, Vec<Value>)>,
    limit: usize,
    order: Order,
}

impl RawRows {
    pub(crate) fn new(limit: usize, order: Order) -> Self {
        Self {
            rows: Vec::new(),
            limit,
            order,
        }
    }

    /// Adds rows of a group; a row that has none of the asked fields is left out.
    pub(crate) fn add(&mut self, group: u32, rows: &Rows<'_>) {
        for at in rows.range.clone() {
            let value =
                |column: &Option<&_>| column.map_or(Value::Null, |column| value_at(column, at));
            let values: Vec<Value> = rows.columns.iter().map(value).collect();
            if values.iter().any(|value| *value != Value::Null) {
                self.rows.push((rows.times[at], group, values));
            }
            if self.rows.len() > 2 * self.limit.saturating_add(1000) {
                self.prune();
            }
        }
    }

    /// Whether rows further on in the order cannot come into the answer.
    pub(crate) fn is_enough(&self) -> bool {
        self.rows.len() > self.limit
    }

    /// One more than the limit stays, so that the cut is seen.
    fn prune(&mut self) {
        let last = self.limit;
        match self.order {
            Order::Ascending => self.rows.select_nth_unstable_by_key(last, |row| row.0),
            Order::Descending => self
                .rows
                .select_nth_unstable_by_key(last, |row| std::cmp::Reverse(row.0)),
        };
        self.rows.truncate(last + 1);
    }

    pub(crate) fn finish(mut self, fields: usize, tags: &[GroupTags]) -> Vec<AnswerSeries> {
        self.rows.sort_by_key(|&(time, group, _)| (group, time));
        let mut series: Vec<(u32, AnswerSeries)> = Vec::new();
        for (time, group, values) in self.rows {
            if series.last().is_none_or(|(last, _)| *last != group) {
                let tags = tags[group as usize]
                    .iter()
                    .map(|(tag, value)| (Arc::clone(tag), Arc::clone(value)))
                    .collect();
                series.push((
                    group,
                    AnswerSeries {
                        tags,
                        times: Vec::new(),
                        columns: vec![Vec::new(); fields],
                    },
                ));
            }
            let (_, last) = series.last_mut().expect("one was pushed");
            last.times.push(time);
            last.columns
                .iter_mut()
                .zip(values)
                .for_each(|(column, value)| column.push(value));
        }
        series.into_iter().map(|(_, series)| series).collect()
    }
}
