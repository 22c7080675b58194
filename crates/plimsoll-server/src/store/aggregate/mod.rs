//! Rows and rollups added up by group and bucket, while they are read.

pub(crate) mod cell;
pub(crate) mod cumulative;
pub(crate) mod number;
mod rates;
pub(crate) mod rollups;
pub(crate) mod summary;
pub(crate) mod written;

use std::sync::Arc;

use hashbrown::HashMap;
use plimsoll::histogram::Histogram;

use super::calendar::Buckets;
use super::query::{Aggregate, AnswerSeries, FieldQuery, Value};
use super::read::merge::Rows;
use super::schema::CUMULATIVE;
use super::table::{Column, Kind, Nanos, Values};
use cell::{Cell, Needs, value_at};
use cumulative::Carry;
use rates::add_rates;

/// Most single values that are kept for exact percentiles (64 MB); beyond, they become histograms at
/// [`Histogram::SCALE`].
const MAX_KEPT_VALUES: usize = 8_000_000;

/// Most cells of one query: about 250 MB.
pub(crate) const MAX_CELLS: usize = 1_000_000;

/// The buckets of one query being filled.
pub(crate) struct Aggregation {
    buckets: Buckets,
    start: Nanos,
    end: Nanos,
    /// Raw rows before this only tell cumulative fields where to count from.
    from: Nanos,
    fields: Vec<Field>,
    /// Where the cells of a group and bucket begin in `cells`; there is one for each field.
    at: HashMap<(u32, Nanos), u32, foldhash::fast::RandomState>,
    cells: Vec<Cell>,
    carries: HashMap<(u32, u32), Carry, foldhash::fast::RandomState>,
    kept_values: usize,
    sketch_scale: i8,
}

struct Field {
    name: Arc<str>,
    needs: Needs,
    is_histogram: bool,
    /// A state taken as a total: what its rate is made of.
    as_total: bool,
}

impl Aggregation {
    /// For the fields of a query over `start..end`. `is_state` tells of which of them the rate is that of a total.
    pub(crate) fn new(
        fields: &[FieldQuery],
        is_state: impl Fn(&str) -> bool,
        buckets: Buckets,
        start: Nanos,
        end: Nanos,
    ) -> Self {
        let mut aggregation = Self::empty(buckets, start, end);
        for asked in fields {
            let as_total = asked.aggregate == Aggregate::Rate && is_state(&asked.name);
            let at = aggregation
                .position(&asked.name, as_total)
                .unwrap_or_else(|| {
                    aggregation.push(Arc::from(asked.name.as_str()), Needs::default());
                    aggregation.fields.len() - 1
                });
            aggregation.fields[at].needs.include(asked.aggregate);
            aggregation.fields[at].as_total = as_total;
        }
        aggregation
    }

    /// Whether what rows add to those before them counts, of any field that is a state.
    pub(crate) fn has_states_as_totals(&self) -> bool {
        self.fields.iter().any(|field| field.as_total)
    }

    /// For everything that a rollup keeps of these fields; histograms of single values get `sketch_scale`.
    pub(crate) fn for_rollup(
        fields: impl IntoIterator<Item = (Arc<str>, Needs)>,
        buckets: Buckets,
        start: Nanos,
        end: Nanos,
        sketch_scale: i8,
    ) -> Self {
        let mut aggregation = Self {
            sketch_scale,
            ..Self::empty(buckets, start, end)
        };
        fields
            .into_iter()
            .for_each(|(name, needs)| aggregation.push(name, needs));
        aggregation
    }

    fn empty(buckets: Buckets, start: Nanos, end: Nanos) -> Self {
        Self {
            buckets,
            start,
            end,
            from: start,
            fields: Vec::new(),
            at: HashMap::default(),
            cells: Vec::new(),
            carries: HashMap::default(),
            kept_values: 0,
            sketch_scale: Histogram::SCALE,
        }
    }

    fn push(&mut self, name: Arc<str>, needs: Needs) {
        self.fields.push(Field {
            name,
            needs,
            is_histogram: false,
            as_total: false,
        });
    }

    fn position(&self, name: &str, as_total: bool) -> Option<usize> {
        self.fields
            .iter()
            .position(|field| &*field.name == name && field.as_total == as_total)
    }

    /// Which field answers what is asked.
    fn position_of(&self, asked: &FieldQuery) -> Option<usize> {
        (asked.aggregate == Aggregate::Rate)
            .then(|| self.position(&asked.name, true))
            .flatten()
            .or_else(|| self.position(&asked.name, false))
    }

    /// The fields that rows must come with, in this order.
    pub(crate) fn field_names(&self) -> Vec<Arc<str>> {
        self.fields.iter().map(|field| field.name.clone()).collect()
    }

    /// Begins a part of the range whose raw rows come next, from this time on.
    pub(crate) fn begin_raw(&mut self, from: Nanos) {
        self.from = from;
        self.carries.clear();
    }

    /// Adds raw rows of one series, which come in ascending time. Rows before the part that was begun only tell
    /// cumulative fields where to count from.
    pub(crate) fn add_rows(&mut self, series: u32, group: u32, rows: &Rows<'_>) {
        if self.is_full() {
            return;
        }
        for field in 0..self.fields.len() {
            let Some(column) = rows.columns[field] else {
                continue;
            };
            self.fields[field].is_histogram |= matches!(column.values, Values::Histogram(_));
            if column.kind == Kind::Cumulative || self.fields[field].as_total {
                let carry = self.carries.entry((series, field as u32)).or_default();
                let increases = carry.increases(rows.times, column, rows.range.clone());
                let over = Some(&increases.over[..]);
                let part = Part {
                    column: &increases.column,
                    over,
                    shift: rows.range.start,
                    as_sent: column,
                };
                self.add_column(group, field, rows, part);
            } else {
                self.add_column(
                    group,
                    field,
                    rows,
                    Part {
                        column,
                        over: None,
                        shift: 0,
                        as_sent: column,
                    },
                );
            }
        }
        if self.kept_values > MAX_KEPT_VALUES {
            self.cells
                .iter_mut()
                .for_each(|cell| cell.compact(Histogram::SCALE));
            self.kept_values = 0;
        }
    }

    fn add_column(&mut self, group: u32, field: usize, rows: &Rows<'_>, part: Part<'_>) {
        let needs = self.fields[field].needs;
        let mut from = rows.range.start
            + rows.times[rows.range.clone()].partition_point(|&time| time < self.from);
        while from < rows.range.end {
            let (start, end) = self.buckets.around(rows.times[from]);
            let to = from + rows.times[from..rows.range.end].partition_point(|&time| time < end);
            let slice = from - part.shift..to - part.shift;
            let scale = self.sketch_scale;
            let cell = self.cell(group, start, field);
            let kept = cell.values.len();
            cell.add_rows(needs, scale, part.column, slice.clone());
            let more = cell.values.len() - kept;
            if needs.last
                && let Some(at) = (from..to).rev().find(|&at| is_present(part.as_sent, at))
            {
                cell.add_last(rows.times[at], || value_at(part.as_sent, at));
            }
            if needs.peak {
                add_rates(
                    cell,
                    &rows.times[from..to],
                    part.over,
                    part.column,
                    slice,
                    end.saturating_sub(start),
                );
            }
            self.kept_values += more;
            from = to;
        }
    }

    /// Whether there are so many cells that the query must be given up.
    pub(crate) fn is_full(&self) -> bool {
        self.cells.len() > MAX_CELLS
    }

    fn cell(&mut self, group: u32, bucket: Nanos, field: usize) -> &mut Cell {
        let fields = self.fields.len();
        let cells = &mut self.cells;
        let at = *self.at.entry((group, bucket)).or_insert_with(|| {
            cells.resize_with(cells.len() + fields, Cell::default);
            (cells.len() - fields) as u32
        });
        &mut self.cells[at as usize + field]
    }

    /// What was added up: for every group its buckets in ascending time with one cell for each field. Begins anew.
    pub(crate) fn drain(&mut self) -> Vec<Group> {
        let fields = self.fields.len();
        let mut order: Vec<((u32, Nanos), u32)> = self.at.drain().collect();
        order.sort_unstable();
        let mut groups: Vec<Group> = Vec::new();
        for ((group, bucket), at) in order {
            let cells = &mut self.cells[at as usize..at as usize + fields];
            let row = cells.iter_mut().map(std::mem::take).collect();
            match groups.last_mut() {
                Some((last, rows)) if *last == group => rows.push((bucket, row)),
                _ => groups.push((group, vec![(bucket, row)])),
            }
        }
        self.cells.clear();
        self.kept_values = 0;
        groups
    }

    /// Which field each field of totals belongs to that is read but not asked for.
    fn totals(&self, asked: &[FieldQuery]) -> Vec<(usize, usize)> {
        let is_asked = |name: &str| asked.iter().any(|field| field.name == name);
        let totals = self.fields.iter().enumerate();
        let totals = totals.filter(|(_, field)| !is_asked(&field.name));
        totals
            .filter_map(|(at, field)| {
                Some((
                    self.position(field.name.strip_suffix(CUMULATIVE)?, false)?,
                    at,
                ))
            })
            .collect()
    }

    /// The answer's series, oldest rows first, by the tags of each group, and the largest relative error of a
    /// percentile. Buckets in which no asked field has a value are left out.
    pub(crate) fn finish(
        mut self,
        asked: &[FieldQuery],
        tags: &[GroupTags],
    ) -> (Vec<AnswerSeries>, f64) {
        let positions: Vec<(usize, Aggregate)> = asked
            .iter()
            .filter_map(|field| Some((self.position_of(field)?, field.aggregate)))
            .collect();
        let totals = self.totals(asked);
        for &(field, total) in &totals {
            self.fields[field].is_histogram |= self.fields[total].is_histogram;
        }
        let is_histogram: Vec<bool> = self.fields.iter().map(|field| field.is_histogram).collect();
        let (buckets, start, end) = (self.buckets.clone(), self.start, self.end);
        let mut error_bound = 0.0f64;
        let mut series = Vec::new();
        for (group, rows) in self.drain() {
            let mut answer = AnswerSeries {
                tags: tags[group as usize].clone(),
                times: Vec::with_capacity(rows.len()),
                columns: vec![Vec::with_capacity(rows.len()); positions.len()],
            };
            for (time, mut cells) in rows {
                for &(field, total) in &totals {
                    let total = std::mem::take(&mut cells[total]);
                    cells[field].join(total);
                }
                let (from, to) = buckets.around(time);
                let seconds = to.min(end).saturating_sub(from.max(start)) as f64 / 1e9;
                let values: Vec<Value> = positions
                    .iter()
                    .map(|&(field, aggregate)| {
                        if let Aggregate::Percentile(q) = aggregate {
                            error_bound = cells[field]
                                .percentile(q)
                                .map_or(error_bound, |(_, off)| error_bound.max(off));
                        }
                        cells[field].value(aggregate, seconds, is_histogram[field])
                    })
                    .collect();
                if values.iter().all(|value| *value == Value::Null) {
                    continue;
                }
                answer.times.push(time);
                answer
                    .columns
                    .iter_mut()
                    .zip(values)
                    .for_each(|(column, value)| column.push(value));
            }
            if !answer.times.is_empty() {
                series.push(answer);
            }
        }
        (series, error_bound)
    }
}

/// A group's number and its buckets, each with one cell for each field.
pub(crate) type Group = (u32, Vec<(Nanos, Vec<Cell>)>);

/// Tags that tell a group apart.
pub(crate) type GroupTags = Vec<(Arc<str>, Arc<str>)>;

/// One column of the rows being added: what is added up, and what was sent.
struct Part<'a> {
    column: &'a Column,
    /// Rows that `column` begins after those of `as_sent`.
    shift: usize,
    as_sent: &'a Column,
    /// Over which time each row of `column` came about, of a cumulative field.
    over: Option<&'a [Nanos]>,
}

fn is_present(column: &Column, at: usize) -> bool {
    column.present.as_ref().is_none_or(|present| present[at])
}

#[cfg(test)]
mod tests;
