//! Joining tables and putting their rows in order.

use std::sync::Arc;

use hashbrown::HashMap;

use super::table::{Column, Nanos, SeriesId, Table, Values};

impl Table {
    /// How many rows.
    pub fn rows(&self) -> usize {
        self.times.len()
    }

    /// Earliest and latest time; `None` without rows.
    pub fn time_range(&self) -> Option<(Nanos, Nanos)> {
        let first = *self.times.first()?;
        Some(
            self.times
                .iter()
                .fold((first, first), |(low, high), &time| {
                    (low.min(time), high.max(time))
                }),
        )
    }

    /// The rows at these places, in this order.
    pub fn gather(&self, rows: &[u32]) -> Table {
        let columns = self
            .columns
            .iter()
            .map(|column| column.gather(rows))
            .collect();
        Table {
            measurement: self.measurement.clone(),
            series: rows.iter().map(|&row| self.series[row as usize]).collect(),
            times: rows.iter().map(|&row| self.times[row as usize]).collect(),
            columns,
        }
    }

    /// Estimated bytes in memory.
    pub(crate) fn memory(&self) -> usize {
        self.rows() * 12 + self.columns.iter().map(Column::memory).sum::<usize>()
    }
}

impl Column {
    pub(crate) fn gather(&self, rows: &[u32]) -> Column {
        let present = self.present.as_ref();
        Column {
            name: self.name.clone(),
            kind: self.kind,
            values: self.values.gather(rows),
            present: present.map(|present| rows.iter().map(|&row| present[row as usize]).collect()),
        }
    }

    fn memory(&self) -> usize {
        let values = match &self.values {
            Values::F64(_) | Values::I64(_) | Values::U64(_) => self.values.len() * 8,
            Values::Bool(list) => list.len(),
            Values::String(list) => list.iter().map(|text| 32 + text.len()).sum(),
            // A handful of buckets each.
            Values::Histogram(list) => list.iter().map(|one| one.size_bytes()).sum(),
        };
        values + self.present.as_ref().map_or(0, Vec::len)
    }
}

/// One table of all rows in the order given; its columns are those that any of them has.
///
/// All must be of one measurement, and a field of one type in all of them.
pub(crate) fn concat(tables: &[Arc<Table>]) -> Table {
    let rows = tables.iter().map(|table| table.rows()).sum();
    let mut joined = Table {
        measurement: tables
            .first()
            .map_or_else(|| Arc::from(""), |table| table.measurement.clone()),
        series: Vec::with_capacity(rows),
        times: Vec::with_capacity(rows),
        columns: Vec::new(),
    };
    let mut places: HashMap<Arc<str>, usize, foldhash::fast::RandomState> = HashMap::default();
    for table in tables {
        let before = joined.times.len();
        joined.series.extend_from_slice(&table.series);
        joined.times.extend_from_slice(&table.times);
        for column in &table.columns {
            let place = *places.entry(column.name.clone()).or_insert_with(|| {
                let mut values = Values::absent(column.values.value_type(), 0);
                values.reserve(rows);
                joined.columns.push(Column {
                    name: column.name.clone(),
                    kind: column.kind,
                    values,
                    present: None,
                });
                joined.columns.len() - 1
            });
            let target = &mut joined.columns[place];
            pad(target, before);
            target.values.append(&column.values);
            match (&mut target.present, &column.present) {
                (Some(all), Some(some)) => all.extend_from_slice(some),
                (Some(all), None) => all.resize(before + table.rows(), true),
                (none, Some(some)) => *none = Some([vec![true; before], some.clone()].concat()),
                (None, None) => {}
            }
        }
    }
    for column in &mut joined.columns {
        pad(column, rows);
    }
    joined
}

/// Absent values up to `rows`.
fn pad(column: &mut Column, rows: usize) {
    let there = column.values.len();
    if there < rows {
        column
            .present
            .get_or_insert_with(|| vec![true; there])
            .resize(rows, false);
        column
            .values
            .append(&Values::absent(column.values.value_type(), rows - there));
    }
}

/// The order of rows by `rank` of their series, then time, then as they stand; `None` when that is how they stand.
pub(crate) fn order<R: Ord + Copy>(
    table: &Table,
    rank: impl Fn(SeriesId) -> R,
) -> Option<Vec<u32>> {
    let mut order: Vec<(R, Nanos, u32)> = table
        .series
        .iter()
        .zip(&table.times)
        .zip(0..)
        .map(|((&series, &time), row)| (rank(series), time, row))
        .collect();
    if order.is_sorted() {
        return None;
    }
    order.sort();
    Some(order.into_iter().map(|(_, _, row)| row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::table::Kind;

    fn table(series: &[u32], times: &[Nanos], name: &str, values: &[i64]) -> Arc<Table> {
        let column = Column {
            name: name.into(),
            kind: Kind::Gauge,
            values: Values::I64(values.to_vec()),
            present: None,
        };
        Arc::new(Table {
            measurement: "m".into(),
            series: series.iter().map(|&id| SeriesId(id)).collect(),
            times: times.to_vec(),
            columns: vec![column],
        })
    }

    #[test]
    fn joined_tables_have_all_columns() {
        let joined = concat(&[
            table(&[1], &[5], "a", &[10]),
            table(&[0, 1], &[7, 6], "b", &[20, 30]),
        ]);
        assert_eq!(joined.times, [5, 7, 6]);
        assert_eq!(joined.columns[0].present, Some(vec![true, false, false]));
        assert_eq!(joined.columns[1].present, Some(vec![false, true, true]));
        let sorted = joined.gather(&order(&joined, |id| id).unwrap());
        assert_eq!(sorted.times, [7, 5, 6]);
        assert!(matches!(&sorted.columns[1].values, Values::I64(values) if *values == [20, 0, 30]));
    }
}
