//! Rollup rows read back into cells, and cells written as rollup columns.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll::histogram::Histogram;

use super::cell::{Cell, Needs, sketch, value_at};
use super::number::Number;
use super::summary::Summary;
use super::{Aggregation, is_present};
use crate::store::calendar::MINUTE;
use crate::store::query::Value;
use crate::store::read::merge::Rows;
use crate::store::schema::{Field, Type};
use crate::store::table::{Column, Kind, Values};

/// What a rollup keeps of a field in a bucket, each as a column named `FIELD.STATISTIC`.
///
/// Where the bucket saw one value, only the sum is kept (and the last of a boolean or cumulative field). Ten minutes keep
/// no last number: raw rows and hours do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Statistic {
    /// Number of values, unless 1.
    Count,
    /// Sum, of a cumulative field its increase.
    Sum,
    Min,
    Max,
    /// As sent.
    Last,
    /// Highest per-minute rate, per second.
    Peak,
    /// Distribution. Of single values without sum, minimum and maximum, which have columns.
    Histogram,
}

impl Statistic {
    pub(crate) const ALL: [Statistic; 7] = [
        Statistic::Count,
        Statistic::Sum,
        Statistic::Min,
        Statistic::Max,
        Statistic::Last,
        Statistic::Peak,
        Statistic::Histogram,
    ];

    /// Whether the column is read for what a query needs.
    fn is_needed(self, needs: Needs, of: Option<Type>) -> bool {
        let of_histogram = of == Some(Type::Histogram);
        match self {
            Statistic::Count | Statistic::Sum => !of_histogram,
            Statistic::Min | Statistic::Max => {
                (needs.summary || needs.values || needs.histogram) && !of_histogram
            }
            Statistic::Last => needs.last || of == Some(Type::String),
            Statistic::Peak => needs.peak,
            Statistic::Histogram => of_histogram || needs.values || needs.histogram,
        }
    }

    /// The column's name.
    pub(crate) fn column(self, field: &str) -> Arc<str> {
        Arc::from(format!("{field}.{}", self.suffix()))
    }

    fn suffix(self) -> &'static str {
        match self {
            Statistic::Count => "count",
            Statistic::Sum => "sum",
            Statistic::Min => "min",
            Statistic::Max => "max",
            Statistic::Last => "last",
            Statistic::Peak => "peak",
            Statistic::Histogram => "hist",
        }
    }
}

/// The fields that rollup columns stand for: what is still known of them when their raw rows are gone.
pub(crate) fn rolled_fields(columns: &BTreeMap<Arc<str>, Field>) -> BTreeMap<Arc<str>, Field> {
    let statistic_of = |column: &str| {
        let (name, suffix) = column.rsplit_once('.')?;
        let mut all = Statistic::ALL.into_iter();
        Some((name.to_owned(), all.find(|one| one.suffix() == suffix)?))
    };
    let mut by_name: BTreeMap<String, [Option<Field>; Statistic::ALL.len()]> = BTreeMap::new();
    for (column, field) in columns {
        if let Some((name, statistic)) = statistic_of(column) {
            by_name.entry(name).or_default()[statistic as usize] = Some(*field);
        }
    }
    let field_of = |(name, statistics): (String, [Option<Field>; Statistic::ALL.len()])| {
        let of = |statistic: Statistic| statistics[statistic as usize];
        let last = of(Statistic::Last);
        let is_bool = last.is_some_and(|last| last.value_type == Type::Bool);
        let field = last
            .filter(|_| is_bool)
            .or(of(Statistic::Sum))
            .or(last)
            .or(of(Statistic::Histogram))?;
        Some((Arc::from(name), field))
    };
    by_name.into_iter().filter_map(field_of).collect()
}

/// The rollup columns of one field, where the rows have them.
struct Statistics<'a> {
    columns: &'a [Option<&'a Column>],
}

impl Statistics<'_> {
    fn column(&self, statistic: Statistic) -> Option<&Column> {
        self.columns[statistic as usize]
    }

    fn number(&self, statistic: Statistic, at: usize) -> Option<Number> {
        let column = self.column(statistic)?;
        if !is_present(column, at) {
            return None;
        }
        match &column.values {
            Values::F64(values) => Some(Number::F64(values[at])),
            Values::I64(values) => Some(Number::I64(values[at].into())),
            Values::U64(values) => Some(Number::U64(values[at].into())),
            Values::Bool(_) | Values::String(_) | Values::Histogram(_) => None,
        }
    }

    fn value(&self, statistic: Statistic, at: usize) -> Option<Value> {
        let value = value_at(self.column(statistic)?, at);
        (value != Value::Null).then_some(value)
    }

    fn histogram(&self, at: usize) -> Option<&Histogram> {
        let column = self.column(Statistic::Histogram)?;
        match &column.values {
            Values::Histogram(values) if is_present(column, at) => Some(&values[at]),
            _ => None,
        }
    }

    fn summary(&self, at: usize) -> Option<Summary> {
        let count = match self.number(Statistic::Count, at) {
            Some(Number::U64(count)) => count as u64,
            _ => 1,
        };
        let Some(sum) = self.number(Statistic::Sum, at) else {
            return match self.histogram(at) {
                Some(histogram) if !histogram.is_empty() => Some(Summary {
                    count: histogram.count,
                    sum: Number::F64(histogram.sum),
                    min: Number::F64(histogram.min),
                    max: Number::F64(histogram.max),
                }),
                // Of strings all that adds up is how many there were.
                None if matches!(self.value(Statistic::Last, at), Some(Value::String(_))) => {
                    Some(Summary {
                        count,
                        ..Summary::of(Number::F64(f64::NAN))
                    })
                }
                _ => None,
            };
        };
        let or_sum = |number: Option<Number>| number.unwrap_or(sum);
        let (min, max) = (
            or_sum(self.number(Statistic::Min, at)),
            or_sum(self.number(Statistic::Max, at)),
        );
        Some(Summary {
            count,
            sum,
            min,
            max,
        })
    }

    /// Whether the single value of the bucket is known exactly.
    fn single(&self, at: usize) -> Option<Number> {
        match self.number(Statistic::Count, at) {
            None => self.number(Statistic::Sum, at),
            Some(_) => None,
        }
    }
}

impl Aggregation {
    /// The columns that rollup rows must come with, in this order; those that are of no use are left out (empty).
    /// `type_of` tells a field's type.
    pub(crate) fn rollup_names(&self, type_of: impl Fn(&str) -> Option<Type>) -> Vec<Arc<str>> {
        let nothing: Arc<str> = Arc::from("");
        let column = |field: &super::Field, statistic: Statistic| {
            let needed = statistic.is_needed(field.needs, type_of(&field.name));
            if needed {
                statistic.column(&field.name)
            } else {
                nothing.clone()
            }
        };
        let fields = self.fields.iter();
        fields
            .flat_map(|field| Statistic::ALL.map(|statistic| column(field, statistic)))
            .collect()
    }

    /// Adds rollup rows of one series, with the columns of [`Aggregation::rollup_names`].
    pub(crate) fn add_rollups(&mut self, group: u32, rows: &Rows<'_>) {
        for at in rows.range.clone() {
            let time = rows.times[at];
            let (bucket, _) = self.buckets.around(time);
            for field in 0..self.fields.len() {
                let count = Statistic::ALL.len();
                let statistics = Statistics {
                    columns: &rows.columns[field * count..(field + 1) * count],
                };
                let Some(summary) = statistics.summary(at) else {
                    self.add_last_alone(group, bucket, field, &statistics, at, time);
                    continue;
                };
                let needs = self.fields[field].needs;
                let histogram = statistics.histogram(at);
                self.fields[field].is_histogram |=
                    histogram.is_some() && statistics.column(Statistic::Sum).is_none();
                let scale = self.sketch_scale;
                let cell = self.cell(group, bucket, field);
                if needs.summary {
                    cell.add_summary(&summary);
                }
                if needs.last {
                    cell.add_last(time, || {
                        statistics
                            .value(Statistic::Last, at)
                            .unwrap_or_else(|| summary.sum.value())
                    });
                }
                if needs.peak {
                    let single = || {
                        statistics
                            .single(at)
                            .map(|sum| sum.as_f64() * 1e9 / MINUTE as f64)
                    };
                    let peak = statistics.number(Statistic::Peak, at).map(Number::as_f64);
                    if let Some(peak) = peak.or_else(|| statistics.is_rate().then(single).flatten())
                    {
                        cell.add_rate(time, peak);
                    }
                }
                if needs.values || needs.histogram {
                    match (histogram, statistics.single(at)) {
                        (Some(histogram), _) if statistics.column(Statistic::Sum).is_some() => {
                            cell.add_bare_histogram(histogram, &summary);
                        }
                        (Some(histogram), _) => cell.add_histogram(histogram),
                        (None, Some(value)) => cell.add_single(value.as_f64(), needs, scale),
                        (None, None) => {}
                    }
                }
            }
        }
    }

    /// The first sample of a cumulative stream adds nothing up, but is the last.
    fn add_last_alone(
        &mut self,
        group: u32,
        bucket: i64,
        field: usize,
        statistics: &Statistics<'_>,
        at: usize,
        time: i64,
    ) {
        if self.fields[field].needs.last
            && let Some(value) = statistics.value(Statistic::Last, at)
        {
            self.cell(group, bucket, field).add_last(time, || value);
        }
    }
}

impl Statistics<'_> {
    /// Whether the field is one that happens, rather than a state: its sum column says so.
    fn is_rate(&self) -> bool {
        self.column(Statistic::Sum)
            .is_some_and(|column| column.kind != Kind::Gauge)
    }
}

impl Cell {
    /// Takes in one value that a rollup kept.
    fn add_single(&mut self, value: f64, needs: Needs, scale: i8) {
        if needs.histogram || self.histogram.is_some() {
            self.histogram
                .get_or_insert_with(|| Box::new(sketch(scale)))
                .record(value);
        } else {
            self.values.push(value);
        }
    }
}
