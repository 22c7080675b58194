//! Rows on their way into columns.

use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::store::schema::Type;
use crate::store::table::{Column, Kind, Nanos, SeriesId, Table, Values};

use super::number::Number;
use super::scan::{self, Value};

/// A [`Table`] that grows line by line.
pub(super) struct TableBuilder {
    /// The measurement as the text writes it.
    pub(super) raw: Box<[u8]>,
    pub(super) measurement: Arc<str>,
    /// Rows of other times are refused.
    pub(super) bounds: RangeInclusive<Nanos>,
    series: Vec<SeriesId>,
    times: Vec<Nanos>,
    pub(super) columns: Vec<ColumnBuilder>,
    capacity: usize,
}

/// A [`Column`] that grows; shorter than its table where the last rows lack the field.
pub(super) struct ColumnBuilder {
    /// The name as the text writes it, and `=`.
    pub(super) raw: Box<[u8]>,
    pub(super) name: Arc<str>,
    kind: Kind,
    values: Values,
    len: usize,
    present: Option<Vec<bool>>,
}

/// The value's type is not the column's.
pub(super) struct OtherType;

impl TableBuilder {
    pub(super) fn new(
        raw: &[u8],
        measurement: Arc<str>,
        bounds: RangeInclusive<Nanos>,
        capacity: usize,
    ) -> Self {
        Self {
            raw: raw.into(),
            measurement,
            bounds,
            series: Vec::with_capacity(capacity),
            times: Vec::with_capacity(capacity),
            columns: Vec::new(),
            capacity,
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.times.len()
    }

    /// Values and gaps together: what memory pays for.
    pub(super) fn cells(&self) -> usize {
        self.rows() * self.columns.len()
    }

    pub(super) fn add_column(
        &mut self,
        raw: &[u8],
        name: Arc<str>,
        kind: Kind,
        value_type: Type,
    ) -> usize {
        let capacity = self.capacity;
        self.columns.push(ColumnBuilder {
            raw: raw.into(),
            name,
            kind,
            values: match value_type {
                Type::F64 => Values::F64(Vec::with_capacity(capacity)),
                Type::I64 => Values::I64(Vec::with_capacity(capacity)),
                Type::U64 => Values::U64(Vec::with_capacity(capacity)),
                Type::Bool => Values::Bool(Vec::with_capacity(capacity)),
                Type::String => Values::String(Vec::with_capacity(capacity)),
                Type::Histogram => Values::Histogram(Vec::new()),
            },
            len: 0,
            present: None,
        });
        self.columns.len() - 1
    }

    /// Puts a value of the row that is being read.
    #[inline]
    pub(super) fn put(&mut self, column: usize, value: Value<'_>) -> Result<(), OtherType> {
        let row = self.times.len();
        let column = &mut self.columns[column];
        if column.len != row {
            column.meet(row);
        }
        column.push(value)
    }

    /// Ends the row that is being read.
    #[inline]
    pub(super) fn end_row(&mut self, series: SeriesId, time: Nanos) {
        self.series.push(series);
        self.times.push(time);
    }

    /// Takes back what was put of the row that is being read.
    pub(super) fn undo_row(&mut self) {
        let rows = self.times.len();
        for column in &mut self.columns {
            column.cut(rows);
        }
    }

    pub(super) fn finish(mut self) -> Table {
        let rows = self.rows();
        for column in &mut self.columns {
            column.pad(rows);
        }
        // A column whose only lines were refused says nothing.
        self.columns.retain(|column| {
            column
                .present
                .as_ref()
                .is_none_or(|present| present.contains(&true))
        });
        let columns = self.columns.into_iter().map(|column| Column {
            name: column.name,
            kind: column.kind,
            values: column.values,
            present: column.present,
        });
        Table {
            measurement: self.measurement,
            series: self.series,
            times: self.times,
            columns: columns.collect(),
        }
    }
}

impl ColumnBuilder {
    /// Makes `row` the next to be pushed: gaps before it are filled, a value of it is taken back (the last of a line counts).
    #[cold]
    fn meet(&mut self, row: usize) {
        self.cut(row);
        self.pad(row);
    }

    fn pad(&mut self, rows: usize) {
        if self.len >= rows {
            return;
        }
        let present = self.present.get_or_insert_with(|| vec![true; self.len]);
        present.resize(rows, false);
        match &mut self.values {
            Values::F64(values) => values.resize(rows, 0.0),
            Values::I64(values) => values.resize(rows, 0),
            Values::U64(values) => values.resize(rows, 0),
            Values::Bool(values) => values.resize(rows, false),
            Values::String(values) => values.resize_with(rows, Arc::default),
            Values::Histogram(_) => unreachable!("lines carry no histograms"),
        }
        self.len = rows;
    }

    fn cut(&mut self, rows: usize) {
        if self.len <= rows {
            return;
        }
        match &mut self.values {
            Values::F64(values) => values.truncate(rows),
            Values::I64(values) => values.truncate(rows),
            Values::U64(values) => values.truncate(rows),
            Values::Bool(values) => values.truncate(rows),
            Values::String(values) => values.truncate(rows),
            Values::Histogram(values) => values.truncate(rows),
        }
        if let Some(present) = &mut self.present {
            present.truncate(rows);
        }
        self.len = rows;
    }

    #[inline]
    fn push(&mut self, value: Value<'_>) -> Result<(), OtherType> {
        match (&mut self.values, value) {
            (Values::F64(values), Value::Number(Number::Float(value))) => values.push(value),
            (Values::I64(values), Value::Number(Number::Integer(value))) => values.push(value),
            (Values::U64(values), Value::Number(Number::Unsigned(value))) => values.push(value),
            (Values::Bool(values), Value::Bool(value)) => values.push(value),
            (Values::String(values), Value::Text(raw)) => {
                let text = scan::unescape(raw, scan::IN_STRING);
                // Texts repeat (states, messages): a repeated one costs no allocation.
                let value = match values.last() {
                    Some(last) if **last == *text => last.clone(),
                    _ => Arc::from(text),
                };
                values.push(value);
            }
            _ => return Err(OtherType),
        }
        self.len += 1;
        if let Some(present) = &mut self.present {
            present.push(true);
        }
        Ok(())
    }
}

impl Value<'_> {
    /// The type of a field whose first value this is.
    pub(super) fn value_type(&self) -> Type {
        match self {
            Value::Number(Number::Float(_)) => Type::F64,
            Value::Number(Number::Integer(_)) => Type::I64,
            Value::Number(Number::Unsigned(_)) => Type::U64,
            Value::Bool(_) => Type::Bool,
            Value::Text(_) => Type::String,
        }
    }
}
