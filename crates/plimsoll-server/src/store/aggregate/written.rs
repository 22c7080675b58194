//! Cells written as rollup columns.

use std::sync::Arc;

use super::cell::Cell;
use super::number::Number;
use super::rollups::Statistic;
use super::summary::Summary;
use crate::store::decimal::sum_as_decimal;
use crate::store::query::Value;
use crate::store::schema::{Field, Type};
use crate::store::table::{Column, Kind, Values};

/// The rollup columns of one field, growing row by row.
pub(crate) struct RollupColumns {
    field: Field,
    columns: [Growing; Statistic::ALL.len()],
}

struct Growing {
    name: Arc<str>,
    kind: Kind,
    values: Option<Values>,
    present: Vec<bool>,
}

impl RollupColumns {
    pub(crate) fn new(name: &str, field: Field) -> Self {
        let columns = Statistic::ALL.map(|statistic| {
            // By these three it is known what the field is when its raw rows are gone.
            let kind = match statistic {
                Statistic::Sum | Statistic::Last | Statistic::Histogram => field.kind,
                _ => Kind::Gauge,
            };
            Growing {
                name: statistic.column(name),
                kind,
                values: None,
                present: Vec::new(),
            }
        });
        Self { field, columns }
    }

    /// Adds the row of one bucket.
    pub(crate) fn push(&mut self, cell: &mut Cell) {
        let mut row: [Value; Statistic::ALL.len()] = std::array::from_fn(|_| Value::Null);
        let mut set = |statistic: Statistic, value: Value| row[statistic as usize] = value;
        let count = cell.summary.map_or(0, |summary| summary.count);
        let last = || {
            cell.last
                .as_ref()
                .map_or(Value::Null, |(_, value)| value.clone())
        };
        match self.field.value_type {
            Type::String => {
                set(Statistic::Last, last());
                if count > 1 {
                    set(Statistic::Count, Value::U64(count));
                }
            }
            Type::Histogram => {
                let histogram = cell
                    .histogram
                    .take()
                    .filter(|histogram| !histogram.is_empty());
                set(
                    Statistic::Histogram,
                    histogram.map_or(Value::Null, |own| Value::Histogram(Arc::from(own))),
                );
                set(Statistic::Peak, cell.peak().map_or(Value::Null, Value::F64));
            }
            Type::F64 | Type::I64 | Type::U64 | Type::Bool => {
                let accumulates = self.field.kind == Kind::Cumulative;
                if let Some(summary) = &cell.summary {
                    set(Statistic::Sum, saturated(decimal_sum(summary)));
                    if count > 1 {
                        set(Statistic::Count, Value::U64(count));
                        set(Statistic::Min, saturated(summary.min));
                        set(Statistic::Max, saturated(summary.max));
                    }
                    if count > 1
                        && let Some(mut histogram) = cell.histogram.take()
                    {
                        // Told by columns of their own.
                        (histogram.sum, histogram.min, histogram.max) = (0.0, f64::NAN, f64::NAN);
                        set(Statistic::Histogram, Value::Histogram(Arc::from(histogram)));
                    }
                }
                if count > 1 || accumulates || self.field.value_type == Type::Bool {
                    set(Statistic::Last, last());
                }
                if count > 1 || accumulates {
                    set(Statistic::Peak, cell.peak().map_or(Value::Null, Value::F64));
                }
            }
        }
        self.columns
            .iter_mut()
            .zip(row)
            .for_each(|(column, value)| column.push(value));
    }

    /// Those columns in which any row has something.
    pub(crate) fn finish(self) -> impl Iterator<Item = Column> {
        self.columns.into_iter().filter_map(|column| {
            let present = column.present.contains(&false).then_some(column.present);
            Some(Column {
                name: column.name,
                kind: column.kind,
                values: column.values?,
                present,
            })
        })
    }
}

impl Growing {
    fn push(&mut self, value: Value) {
        let rows = self.present.len();
        self.present.push(value != Value::Null);
        macro_rules! grow {
            ($variant:ident, $value:expr, $default:expr) => {{
                let values = self
                    .values
                    .get_or_insert_with(|| Values::$variant(vec![$default; rows]));
                if let Values::$variant(values) = values {
                    values.push($value);
                }
            }};
        }
        match value {
            Value::F64(value) => grow!(F64, value, 0.0),
            Value::I64(value) => grow!(I64, value, 0),
            Value::U64(value) => grow!(U64, value, 0),
            Value::Bool(value) => grow!(Bool, value, false),
            Value::String(value) => grow!(String, value, Arc::from("")),
            Value::Histogram(value) => grow!(Histogram, value, Arc::default()),
            Value::Null => match &mut self.values {
                Some(Values::F64(values)) => values.push(0.0),
                Some(Values::I64(values)) => values.push(0),
                Some(Values::U64(values)) => values.push(0),
                Some(Values::Bool(values)) => values.push(false),
                Some(Values::String(values)) => values.push(Arc::from("")),
                Some(Values::Histogram(values)) => values.push(Arc::default()),
                None => {}
            },
        }
    }
}

fn decimal_sum(summary: &Summary) -> Number {
    match (summary.sum, summary.min, summary.max) {
        (Number::F64(sum), Number::F64(min), Number::F64(max)) => {
            Number::F64(sum_as_decimal(sum, summary.count, min, max))
        }
        _ => summary.sum,
    }
}

/// In the field's own type; a sum beyond it stays at its end.
fn saturated(number: Number) -> Value {
    match number {
        Number::F64(value) => Value::F64(value.clamp(f64::MIN, f64::MAX)),
        Number::I64(value) => Value::I64(value.clamp(i64::MIN.into(), i64::MAX.into()) as i64),
        Number::U64(value) => Value::U64(value.clamp(0, u64::MAX.into()) as u64),
    }
}
