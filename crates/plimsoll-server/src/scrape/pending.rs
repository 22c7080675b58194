//! Rows of scrapes on their way to the store: those of a few seconds are one write.

use std::sync::Arc;
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::store::table::{Batch, Column, Table, Values};

/// How long rows wait for others: names and keys are then written once for all of them.
const PATIENCE: Duration = Duration::from_secs(5);
/// So many rows do not wait.
const MANY_ROWS: usize = 100_000;
/// More are not taken while the store lags behind.
const MOST_ROWS: usize = 2_000_000;

/// What was scraped and is not on disk yet.
#[derive(Debug, Default)]
pub(super) struct Pending {
    tables: Vec<Table>,
    rows: usize,
    since: Option<Instant>,
}

impl Pending {
    /// Takes the rows of a scrape; all of them or, when there are too many already, none.
    pub(super) fn add(&mut self, tables: Vec<Table>, now: Instant) -> bool {
        let rows: usize = tables.iter().map(|table| table.times.len()).sum();
        if self.rows + rows > MOST_ROWS && self.rows > 0 {
            return false;
        }
        self.rows += rows;
        self.since.get_or_insert(now);
        self.tables.extend(tables);
        true
    }

    /// Whether it is time to write.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        let waited = self
            .since
            .is_some_and(|since| now.duration_since(since) >= PATIENCE);
        waited || self.rows >= MANY_ROWS
    }

    /// The oldest rows, as many as one write should have, one table for each measurement; empty when there are none.
    pub(super) fn take(&mut self) -> Batch {
        let mut taken = 0;
        let count = self.tables.iter().position(|table| {
            taken += table.times.len();
            taken >= MANY_ROWS
        });
        let count = count.map_or(self.tables.len(), |last| last + 1);
        self.rows -= taken;
        if count == self.tables.len() {
            self.since = None;
        }
        let mut places: HashMap<Arc<str>, usize, RandomState> = HashMap::default();
        let mut tables: Vec<Table> = Vec::new();
        for table in self.tables.drain(..count) {
            match places.get(&table.measurement) {
                Some(&at) => join(&mut tables[at], table),
                None => {
                    places.insert(table.measurement.clone(), tables.len());
                    tables.push(table);
                }
            }
        }
        Batch { tables }
    }
}

/// Adds the rows of `more` behind those of `table`.
fn join(table: &mut Table, more: Table) {
    let (before, added) = (table.times.len(), more.times.len());
    table.series.extend_from_slice(&more.series);
    table.times.extend_from_slice(&more.times);
    for column in &mut table.columns {
        let found = more.columns.iter().find(|other| same_field(column, other));
        match found {
            Some(other) => {
                extend_present(column, before, other.present.as_deref(), added);
                column.values.append(&other.values);
            }
            None => {
                extend_present(column, before, Some(&vec![false; added]), added);
                let absent = Values::absent(column.values.value_type(), added);
                column.values.append(&absent);
            }
        }
    }
    for mut column in more.columns {
        if table.columns.iter().any(|known| same_field(known, &column)) {
            continue;
        }
        let mut present = vec![false; before];
        match &column.present {
            Some(own) => present.extend_from_slice(own),
            None => present.resize(before + added, true),
        }
        let mut values = Values::absent(column.values.value_type(), before);
        values.append(&column.values);
        (column.values, column.present) = (values, Some(present));
        table.columns.push(column);
    }
}

fn same_field(one: &Column, other: &Column) -> bool {
    one.name == other.name && one.values.value_type() == other.values.value_type()
}

fn extend_present(column: &mut Column, before: usize, more: Option<&[bool]>, added: usize) {
    match (&mut column.present, more) {
        (None, None) => {}
        (present, more) => {
            let present = present.get_or_insert_with(|| vec![true; before]);
            match more {
                Some(more) => present.extend_from_slice(more),
                None => present.resize(before + added, true),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::table::{Kind, SeriesId};

    fn table(measurement: &str, series: &[u32], fields: &[(&str, &[f64])]) -> Table {
        let column = |(name, values): &(&str, &[f64])| Column {
            name: (*name).into(),
            kind: Kind::Gauge,
            values: Values::F64(values.to_vec()),
            present: None,
        };
        Table {
            measurement: measurement.into(),
            series: series.iter().copied().map(SeriesId).collect(),
            times: vec![7; series.len()],
            columns: fields.iter().map(column).collect(),
        }
    }

    #[test]
    fn rows_of_one_measurement_become_one_table() {
        let now = Instant::now();
        let mut pending = Pending::default();
        assert!(pending.add(
            vec![
                table("a", &[1], &[("x", &[1.0])]),
                table("b", &[2], &[("x", &[9.0])])
            ],
            now
        ));
        assert!(pending.add(vec![table("a", &[3, 4], &[("y", &[2.0, 3.0])])], now));
        assert!(pending.add(vec![table("a", &[1], &[("x", &[4.0]), ("y", &[5.0])])], now));
        assert!(!pending.is_due(now));
        assert!(pending.is_due(now + PATIENCE));
        let batch = pending.take();
        assert_eq!(batch.tables.len(), 2);
        let a = &batch.tables[0];
        assert_eq!(a.series, [1, 3, 4, 1].map(SeriesId));
        let column = |name: &str| {
            a.columns
                .iter()
                .find(|column| &*column.name == name)
                .unwrap()
        };
        let (x, y) = (column("x"), column("y"));
        assert!(matches!(&x.values, Values::F64(values) if values == &[1.0, 0.0, 0.0, 4.0]));
        assert_eq!(x.present, Some(vec![true, false, false, true]));
        assert!(matches!(&y.values, Values::F64(values) if values == &[0.0, 2.0, 3.0, 5.0]));
        assert_eq!(y.present, Some(vec![false, true, true, true]));
        assert!(pending.take().tables.is_empty());
    }

    #[test]
    fn a_store_that_lags_behind_makes_no_heap() {
        let now = Instant::now();
        let many = || vec![table("a", &vec![1; MOST_ROWS / 2 + 1], &[])];
        let mut pending = Pending::default();
        assert!(pending.add(many(), now));
        assert!(!pending.add(many(), now));
        assert!(pending.is_due(now));
    }

    #[test]
    fn many_rows_are_several_writes() {
        let now = Instant::now();
        let mut pending = Pending::default();
        for _ in 0..5 {
            assert!(pending.add(vec![table("a", &vec![1; MANY_ROWS / 2], &[])], now));
        }
        let mut rows = || -> usize {
            pending
                .take()
                .tables
                .iter()
                .map(|table| table.times.len())
                .sum()
        };
        assert_eq!(
            [rows(), rows(), rows(), rows()],
            [MANY_ROWS, MANY_ROWS, MANY_ROWS / 2, 0]
        );
        assert!(!pending.is_due(now + PATIENCE));
    }
}
