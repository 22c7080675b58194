//! Rows of series after series, cut into blocks.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use crate::store::block::SortedRows;
use crate::store::read::merge::Rows;
use crate::store::seal::BLOCK_ROWS;
use crate::store::table::{Column, Nanos, Values};

/// A block that is being filled.
pub(super) struct Filling {
    measurement: Arc<str>,
    series: Vec<(Arc<[u8]>, u32)>,
    times: Vec<Nanos>,
    columns: Vec<Option<Column>>,
}

impl Filling {
    pub(super) fn new(measurement: Arc<str>, columns: usize) -> Self {
        Self {
            measurement,
            series: Vec::new(),
            times: Vec::new(),
            columns: vec![None; columns],
        }
    }

    /// Adds rows, and hands over each block that is full.
    pub(super) fn add(
        &mut self,
        key: &Arc<[u8]>,
        rows: &Rows<'_>,
        mut full: impl FnMut(&SortedRows) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut from = rows.range.start;
        while from < rows.range.end {
            let to = rows.range.end.min(from + BLOCK_ROWS - self.times.len());
            match self.series.last_mut() {
                Some((last, count)) if last == key => *count += (to - from) as u32,
                _ => self.series.push((key.clone(), (to - from) as u32)),
            }
            let before = self.times.len();
            self.times.extend_from_slice(&rows.times[from..to]);
            for (target, source) in self.columns.iter_mut().zip(rows.columns) {
                match (target, source) {
                    (Some(target), Some(source)) => extend(target, source, from..to),
                    (Some(target), None) => pad(target, before + to - from),
                    (none, Some(source)) => {
                        extend(none.insert(absent(source, before)), source, from..to)
                    }
                    (None, None) => {}
                }
            }
            if self.times.len() >= BLOCK_ROWS {
                self.finish(&mut full)?;
            }
            from = to;
        }
        Ok(())
    }

    pub(super) fn finish(
        &mut self,
        mut last: impl FnMut(&SortedRows) -> io::Result<()>,
    ) -> io::Result<()> {
        let columns = self.columns.iter_mut().filter_map(Option::take).collect();
        let rows = SortedRows {
            measurement: self.measurement.clone(),
            series: std::mem::take(&mut self.series),
            times: std::mem::take(&mut self.times),
            columns,
        };
        if rows.times.is_empty() {
            Ok(())
        } else {
            last(&rows)
        }
    }
}

/// A column like `like` of `rows` rows that all lack it.
fn absent(like: &Column, rows: usize) -> Column {
    let values = Values::absent(like.values.value_type(), rows);
    let present = (rows > 0).then(|| vec![false; rows]);
    Column {
        name: like.name.clone(),
        kind: like.kind,
        values,
        present,
    }
}

/// Absent values up to `rows`.
fn pad(column: &mut Column, rows: usize) {
    let there = column.values.len();
    column
        .values
        .append(&Values::absent(column.values.value_type(), rows - there));
    column
        .present
        .get_or_insert_with(|| vec![true; there])
        .resize(rows, false);
}

fn extend(column: &mut Column, source: &Column, rows: Range<usize>) {
    let there = column.values.len();
    column.values.append_rows(&source.values, rows.clone());
    match (&mut column.present, &source.present) {
        (Some(all), Some(some)) => all.extend_from_slice(&some[rows]),
        (Some(all), None) => all.resize(there + rows.len(), true),
        (none, Some(some)) => *none = Some([&vec![true; there], &some[rows]].concat()),
        (None, None) => {}
    }
}
