//! Picking, gathering and joining typed values.

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use plimsoll::histogram::{Exponential, Histogram, Layout};

use super::schema::Type;
use super::table::{Column, Kind, Values};

static NO_STRING: LazyLock<Arc<str>> = LazyLock::new(|| Arc::from(""));
static NO_HISTOGRAM: LazyLock<Arc<Histogram>> = LazyLock::new(|| {
    let layout = Layout::Exponential(Exponential::default());
    Arc::new(Histogram {
        layout,
        count: 0,
        sum: 0.0,
        min: f64::INFINITY,
        max: f64::NEG_INFINITY,
    })
});

macro_rules! each {
    ($values:expr, $list:ident => $made:expr) => {
        match $values {
            Values::F64($list) => Values::F64($made),
            Values::I64($list) => Values::I64($made),
            Values::U64($list) => Values::U64($made),
            Values::Bool($list) => Values::Bool($made),
            Values::String($list) => Values::String($made),
            Values::Histogram($list) => Values::Histogram($made),
        }
    };
}

impl Values {
    /// `count` defaults of a type: what absent values are.
    pub fn absent(value_type: Type, count: usize) -> Values {
        match value_type {
            Type::F64 => Values::F64(vec![0.0; count]),
            Type::I64 => Values::I64(vec![0; count]),
            Type::U64 => Values::U64(vec![0; count]),
            Type::Bool => Values::Bool(vec![false; count]),
            Type::String => Values::String(vec![NO_STRING.clone(); count]),
            Type::Histogram => Values::Histogram(vec![NO_HISTOGRAM.clone(); count]),
        }
    }

    /// How many values.
    pub fn len(&self) -> usize {
        match self {
            Values::F64(list) => list.len(),
            Values::I64(list) => list.len(),
            Values::U64(list) => list.len(),
            Values::Bool(list) => list.len(),
            Values::String(list) => list.len(),
            Values::Histogram(list) => list.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values at these rows, in this order.
    #[allow(
        clippy::clone_on_copy,
        reason = "one line for types that are copied and types that are not"
    )]
    pub fn gather(&self, rows: &[u32]) -> Values {
        each!(self, list => rows.iter().map(|&row| list[row as usize].clone()).collect())
    }

    /// The values where `present` says so.
    #[allow(
        clippy::clone_on_copy,
        reason = "one line for types that are copied and types that are not"
    )]
    pub(crate) fn kept(&self, present: &[bool]) -> Values {
        each!(self, list => list.iter().zip(present).filter(|(_, is)| **is).map(|(value, _)| value.clone()).collect())
    }

    /// The values moved to where `present` says so, defaults between them.
    pub(crate) fn spread(self, present: &[bool]) -> Values {
        let mut spread = Values::absent(self.value_type(), 0);
        let gap = Values::absent(self.value_type(), 1);
        let mut taken = 0;
        spread.reserve(present.len());
        for &is in present {
            if is {
                spread.push_from(&self, taken);
                taken += 1;
            } else {
                spread.push_from(&gap, 0);
            }
        }
        spread
    }

    /// Adds one value of another list of the same type.
    pub(crate) fn push_from(&mut self, other: &Values, row: usize) {
        match (self, other) {
            (Values::F64(list), Values::F64(other)) => list.push(other[row]),
            (Values::I64(list), Values::I64(other)) => list.push(other[row]),
            (Values::U64(list), Values::U64(other)) => list.push(other[row]),
            (Values::Bool(list), Values::Bool(other)) => list.push(other[row]),
            (Values::String(list), Values::String(other)) => list.push(other[row].clone()),
            (Values::Histogram(list), Values::Histogram(other)) => list.push(other[row].clone()),
            _ => unreachable!("a field has one type"),
        }
    }

    /// Adds all values of another list of the same type.
    pub(crate) fn append(&mut self, other: &Values) {
        match (self, other) {
            (Values::F64(list), Values::F64(other)) => list.extend_from_slice(other),
            (Values::I64(list), Values::I64(other)) => list.extend_from_slice(other),
            (Values::U64(list), Values::U64(other)) => list.extend_from_slice(other),
            (Values::Bool(list), Values::Bool(other)) => list.extend_from_slice(other),
            (Values::String(list), Values::String(other)) => list.extend_from_slice(other),
            (Values::Histogram(list), Values::Histogram(other)) => list.extend_from_slice(other),
            _ => unreachable!("a field has one type"),
        }
    }

    /// Adds these values of another list of the same type.
    pub(crate) fn append_rows(&mut self, other: &Values, rows: Range<usize>) {
        match (self, other) {
            (Values::F64(list), Values::F64(other)) => list.extend_from_slice(&other[rows]),
            (Values::I64(list), Values::I64(other)) => list.extend_from_slice(&other[rows]),
            (Values::U64(list), Values::U64(other)) => list.extend_from_slice(&other[rows]),
            (Values::Bool(list), Values::Bool(other)) => list.extend_from_slice(&other[rows]),
            (Values::String(list), Values::String(other)) => list.extend_from_slice(&other[rows]),
            (Values::Histogram(list), Values::Histogram(other)) => {
                list.extend_from_slice(&other[rows]);
            }
            _ => unreachable!("a field has one type"),
        }
    }

    pub(crate) fn reserve(&mut self, count: usize) {
        match self {
            Values::F64(list) => list.reserve(count),
            Values::I64(list) => list.reserve(count),
            Values::U64(list) => list.reserve(count),
            Values::Bool(list) => list.reserve(count),
            Values::String(list) => list.reserve(count),
            Values::Histogram(list) => list.reserve(count),
        }
    }
}

/// One field in several tables, to pick values from.
#[derive(Debug)]
pub(crate) struct Picker<'a> {
    name: Arc<str>,
    kind: Kind,
    value_type: Type,
    /// By table.
    columns: Vec<Option<&'a Column>>,
    sparse: bool,
}

impl<'a> Picker<'a> {
    /// `None` when no table has the field. All that have it have it in one type.
    pub(crate) fn new(columns: Vec<Option<&'a Column>>) -> Option<Picker<'a>> {
        let last = columns.iter().rev().flatten().next()?;
        let value_type = last.values.value_type();
        let sparse = columns
            .iter()
            .any(|column| column.is_none_or(|column| column.present.is_some()));
        Some(Picker {
            name: last.name.clone(),
            kind: last.kind,
            value_type,
            columns,
            sparse,
        })
    }

    /// The field's values at these places (table, row); `None` when none of them has it.
    pub(crate) fn pick(&self, places: &[(u32, u32)]) -> Option<Column> {
        let present: Option<Vec<bool>> = self.sparse.then(|| {
            let has = |&(table, row): &(u32, u32)| {
                self.columns[table as usize].is_some_and(|column| {
                    column
                        .present
                        .as_ref()
                        .is_none_or(|present| present[row as usize])
                })
            };
            places.iter().map(has).collect()
        });
        let some = present
            .as_ref()
            .is_none_or(|present| present.contains(&true));
        let present = present.filter(|present| present.contains(&false));
        some.then(|| Column {
            name: self.name.clone(),
            kind: self.kind,
            values: self.values(places),
            present,
        })
    }

    fn values(&self, places: &[(u32, u32)]) -> Values {
        macro_rules! picked {
            ($variant:path, $absent:expr) => {{
                let lists: Vec<&[_]> = self
                    .columns
                    .iter()
                    .map(|column| match column.map(|column| &column.values) {
                        Some($variant(list)) => &list[..],
                        _ => &[],
                    })
                    .collect();
                let value = |&(table, row): &(u32, u32)| {
                    lists[table as usize]
                        .get(row as usize)
                        .cloned()
                        .unwrap_or_else(|| $absent)
                };
                $variant(places.iter().map(value).collect())
            }};
        }
        match self.value_type {
            Type::F64 => picked!(Values::F64, 0.0),
            Type::I64 => picked!(Values::I64, 0),
            Type::U64 => picked!(Values::U64, 0),
            Type::Bool => picked!(Values::Bool, false),
            Type::String => picked!(Values::String, NO_STRING.clone()),
            Type::Histogram => picked!(Values::Histogram, NO_HISTOGRAM.clone()),
        }
    }
}
