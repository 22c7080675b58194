//! Count, sum, minimum and maximum of a slice of a column.

use std::ops::Range;

use super::number::Number;
use crate::store::table::{Column, Values};

/// What a slice of rows adds up to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Summary {
    /// Number of values; of a histogram, of what it counted.
    pub(crate) count: u64,
    pub(crate) sum: Number,
    pub(crate) min: Number,
    pub(crate) max: Number,
}

impl Summary {
    /// Of one value.
    pub(crate) fn of(value: Number) -> Self {
        Self {
            count: 1,
            sum: value,
            min: value,
            max: value,
        }
    }

    pub(crate) fn merge(&mut self, other: &Summary) {
        self.count += other.count;
        self.sum = self.sum.add(other.sum);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// Of the rows `range` of `column`; `None` when none of them has the field. Strings are only counted.
    pub(crate) fn of_rows(column: &Column, range: Range<usize>) -> Option<Self> {
        let present = column
            .present
            .as_ref()
            .map(|present| &present[range.clone()]);
        match &column.values {
            Values::F64(values) => floats(&values[range], present),
            Values::I64(values) => integers(&values[range], present, Number::I64),
            Values::U64(values) => integers(&values[range], present, Number::U64),
            Values::Bool(values) => {
                let values: Vec<u64> = values[range]
                    .iter()
                    .map(|&value| u64::from(value))
                    .collect();
                integers(&values, present, Number::U64)
            }
            Values::String(values) => {
                let count = present.map_or(values[range].len(), |present| {
                    present.iter().filter(|&&p| p).count()
                });
                let nothing = Number::F64(f64::NAN);
                (count > 0).then_some(Self {
                    count: count as u64,
                    sum: nothing,
                    min: nothing,
                    max: nothing,
                })
            }
            Values::Histogram(values) => {
                let with = values[range]
                    .iter()
                    .enumerate()
                    .filter(|&(at, _)| present.is_none_or(|present| present[at]));
                let summaries =
                    with.filter(|(_, histogram)| !histogram.is_empty())
                        .map(|(_, histogram)| Self {
                            count: histogram.count,
                            sum: Number::F64(histogram.sum),
                            min: Number::F64(histogram.min),
                            max: Number::F64(histogram.max),
                        });
                summaries.reduce(|mut all, one| {
                    all.merge(&one);
                    all
                })
            }
        }
    }
}

fn floats(values: &[f64], present: Option<&[bool]>) -> Option<Summary> {
    let (mut count, mut sum, mut min, mut max) = (0, 0.0, f64::INFINITY, f64::NEG_INFINITY);
    let mut add = |value: f64| {
        count += 1;
        sum += value;
        min = if value < min { value } else { min };
        max = if value > max { value } else { max };
    };
    match present {
        None => values.iter().for_each(|&value| add(value)),
        Some(present) => values
            .iter()
            .zip(present)
            .filter(|&(_, &p)| p)
            .for_each(|(&value, _)| add(value)),
    }
    (count > 0).then_some(Summary {
        count,
        sum: Number::F64(sum),
        min: Number::F64(min),
        max: Number::F64(max),
    })
}

fn integers<T: Copy + Ord + Into<i128>>(
    values: &[T],
    present: Option<&[bool]>,
    number: fn(i128) -> Number,
) -> Option<Summary> {
    let with = values
        .iter()
        .enumerate()
        .filter(|&(at, _)| present.is_none_or(|present| present[at]));
    let (mut count, mut sum, mut ends) = (0, 0i128, None::<(T, T)>);
    for (_, &value) in with {
        count += 1;
        sum += value.into();
        ends = Some(ends.map_or((value, value), |(min, max)| {
            (min.min(value), max.max(value))
        }));
    }
    let (min, max) = ends?;
    Some(Summary {
        count,
        sum: number(sum),
        min: number(min.into()),
        max: number(max.into()),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::store::table::Kind;

    fn column(values: Values, present: Option<Vec<bool>>) -> Column {
        Column {
            name: Arc::from("f"),
            kind: Kind::Gauge,
            values,
            present,
        }
    }

    #[test]
    fn absent_values_do_not_count() {
        let floats = column(
            Values::F64(vec![5.0, 0.0, -2.0]),
            Some(vec![true, false, true]),
        );
        let expected = Summary {
            count: 2,
            sum: Number::F64(3.0),
            min: Number::F64(-2.0),
            max: Number::F64(5.0),
        };
        assert_eq!(Summary::of_rows(&floats, 0..3), Some(expected));
        assert_eq!(Summary::of_rows(&floats, 1..2), None);
    }

    #[test]
    fn the_largest_unsigned_values_add_up_exactly() {
        let column = column(Values::U64(vec![u64::MAX, u64::MAX]), None);
        let summary = Summary::of_rows(&column, 0..2).unwrap();
        assert_eq!(summary.sum, Number::U64(36_893_488_147_419_103_230));
    }

    #[test]
    fn booleans_count_how_often_they_are_true() {
        let column = column(Values::Bool(vec![true, false, true, true]), None);
        let summary = Summary::of_rows(&column, 0..4).unwrap();
        assert_eq!((summary.count, summary.sum), (4, Number::U64(3)));
    }
}
