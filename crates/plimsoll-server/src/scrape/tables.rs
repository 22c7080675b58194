//! The rows of one target, in columns that stay from one scrape to the next: a value that comes again costs one write.

use std::sync::Arc;

use plimsoll::histogram::{Explicit, Histogram, Layout};

use super::buckets::Buckets;
use super::refusals::Refusals;
use crate::store::aggregate::cumulative::LONGEST_HOLE;
use crate::store::schema::Type;
use crate::store::table::{Column, Kind, Nanos, SeriesId, Table, Values};

/// No sample has put a value there.
pub(super) const NOBODY: u32 = u32::MAX;

/// The rows of one measurement.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) measurement: Arc<str>,
    /// Whether the totals in here begin at zero with the process that tells them.
    pub(super) from_zero: bool,
    pub(super) series: Vec<SeriesId>,
    pub(super) columns: Vec<Cells>,
    /// Where samples bring times of their own: that of each row in this scrape, and the last one kept.
    times: Option<Vec<(Option<Nanos>, Nanos)>>,
    /// When the totals of each row began, and whether their zero is kept.
    starts: Vec<Option<(Nanos, bool)>>,
}

/// One field of them.
#[derive(Debug)]
pub(super) struct Cells {
    pub(super) name: Arc<str>,
    pub(super) kind: Kind,
    pub(super) values: CellValues,
    /// The scrape that put each value.
    pub(super) scrapes: Vec<u32>,
    /// The sample that each value comes from.
    pub(super) owners: Vec<u32>,
}

#[derive(Debug)]
pub(super) enum CellValues {
    F64(Vec<f64>),
    U64(Vec<u64>),
    Histogram(Vec<Option<Box<Buckets>>>),
}

/// What the rows of a scrape are written with.
#[derive(Clone, Copy)]
pub(super) struct Moment<'a> {
    /// Whether a row of a measurement may have this time.
    pub(super) may_have: &'a dyn Fn(&str, Nanos) -> bool,
    /// Number of the scrape.
    pub(super) scrape: u32,
    /// Its time.
    pub(super) time: Nanos,
    /// The time of the scrape before, if that was good and had the same process in view.
    pub(super) before: Option<Nanos>,
}

impl Rows {
    pub(super) fn new(measurement: Arc<str>, from_zero: bool) -> Self {
        Self {
            measurement,
            from_zero,
            series: Vec::new(),
            columns: Vec::new(),
            times: None,
            starts: Vec::new(),
        }
    }

    /// A further row. Its totals have no zero yet if `is_new`.
    pub(super) fn add_row(
        &mut self,
        series: SeriesId,
        is_new: bool,
        before: Option<Nanos>,
    ) -> usize {
        self.series.push(series);
        let zero = before.filter(|_| is_new && self.from_zero);
        self.starts.push(zero.map(|zero| (zero, false)));
        if let Some(times) = &mut self.times {
            times.push((None, Nanos::MIN));
        }
        let rows = self.series.len();
        for column in &mut self.columns {
            column.grow(rows);
        }
        rows - 1
    }

    /// The column of a field; made if need be.
    pub(super) fn column(&mut self, name: &str, kind: Kind, value_type: Type) -> usize {
        let known = self
            .columns
            .iter()
            .position(|column| &*column.name == name && column.value_type() == value_type);
        known.unwrap_or_else(|| {
            let mut column = Cells {
                name: name.into(),
                kind,
                values: match value_type {
                    Type::U64 => CellValues::U64(Vec::new()),
                    Type::Histogram => CellValues::Histogram(Vec::new()),
                    _ => CellValues::F64(Vec::new()),
                },
                scrapes: Vec::new(),
                owners: Vec::new(),
            };
            column.grow(self.series.len());
            self.columns.push(column);
            self.columns.len() - 1
        })
    }

    /// The floats of a column.
    #[inline]
    pub(super) fn set_number(
        &mut self,
        column: u32,
        row: u32,
        value: f64,
        scrape: u32,
    ) -> Result<(), &'static str> {
        let cells = &mut self.columns[column as usize];
        match &mut cells.values {
            CellValues::F64(values) => values[row as usize] = value,
            CellValues::U64(values) if (0.0..1.8e19).contains(&value) => {
                values[row as usize] = value.round() as u64;
            }
            _ => return Err("counts less than nothing, or more than 64 bits hold"),
        }
        cells.scrapes[row as usize] = scrape;
        Ok(())
    }

    /// Gives a row a time of its own; tells whether it is later than the last one.
    pub(super) fn set_time(&mut self, row: usize, time: Nanos) -> bool {
        let rows = self.series.len();
        let times = self
            .times
            .get_or_insert_with(|| vec![(None, Nanos::MIN); rows]);
        times[row].0 = Some(time);
        time > times[row].1
    }

    /// Remembers when the totals of a row began.
    pub(super) fn set_start(&mut self, row: usize, start: Nanos) {
        let is_known = matches!(self.starts[row], Some((known, _)) if known == start);
        if !is_known {
            self.starts[row] = Some((start, false));
        }
    }

    /// The rows of one scrape, those before them that tell where new totals began included.
    pub(super) fn take(
        &mut self,
        moment: Moment<'_>,
        layouts: &mut Vec<Arc<[f64]>>,
        refusals: &mut Refusals,
        tables: &mut Vec<Table>,
    ) {
        let histograms: Vec<_> = self
            .columns
            .iter_mut()
            .map(|column| column.histograms(moment.scrape, layouts, refusals, &self.measurement))
            .collect();
        let rows = self.series.len();
        let is_of_now = |row: usize| {
            let mut columns = self.columns.iter();
            columns.any(|column| column.scrapes[row] == moment.scrape)
        };
        let all = self.columns.iter().any(|column| {
            let mut scrapes = column.scrapes.iter();
            scrapes.all(|&scrape| scrape == moment.scrape)
        });
        let picked: Option<Vec<usize>> =
            (!all).then(|| (0..rows).filter(|&row| is_of_now(row)).collect());
        let count = picked.as_ref().map_or(rows, Vec::len);
        if count == 0 {
            return;
        }
        if let Some(zeros) = self.zeros(moment, &histograms) {
            tables.push(zeros);
        }
        let columns = self.columns.iter().zip(histograms);
        let columns = columns
            .filter_map(|(column, told)| {
                column.table_column(picked.as_deref(), moment.scrape, told)
            })
            .collect();
        let mut times = vec![moment.time; count];
        if let Some(own) = &mut self.times {
            for (at, time) in times.iter_mut().enumerate() {
                let row = picked.as_ref().map_or(at, |picked| picked[at]);
                if let Some(told) = own[row].0.take() {
                    *time = told;
                    own[row].1 = told;
                }
            }
        }
        tables.push(Table {
            measurement: self.measurement.clone(),
            series: match &picked {
                None => self.series.clone(),
                Some(picked) => picked.iter().map(|&row| self.series[row]).collect(),
            },
            times,
            columns,
        });
    }

    /// Zeros at the times when totals of this scrape began to grow.
    fn zeros(
        &mut self,
        moment: Moment<'_>,
        histograms: &[Option<Vec<Option<Arc<Histogram>>>>],
    ) -> Option<Table> {
        let mut rows = Vec::new();
        for (row, start) in self.starts.iter_mut().enumerate() {
            let Some((start, kept @ false)) = start else {
                continue;
            };
            let mut columns = self.columns.iter();
            let is_total = |column: &Cells| {
                column.kind == Kind::Cumulative && column.scrapes[row] == moment.scrape
            };
            if !columns.any(is_total) {
                continue;
            }
            *kept = true;
            // Of one that lay still for long, the scrape before tells that it stood at zero then.
            let lay_still = moment.time.saturating_sub(*start) > LONGEST_HOLE;
            let zero = moment
                .before
                .filter(|before| lay_still && before > start)
                .unwrap_or(*start);
            if zero < moment.time && (moment.may_have)(&self.measurement, zero) {
                rows.push((row, zero));
            }
        }
        if rows.is_empty() {
            return None;
        }
        let totals = self.columns.iter().zip(histograms);
        let totals = totals.filter(|(column, _)| column.kind == Kind::Cumulative);
        let columns = totals.map(|(column, told)| {
            let present: Vec<bool> = rows
                .iter()
                .map(|&(row, _)| match told {
                    Some(told) => told[row].is_some(),
                    None => column.scrapes[row] == moment.scrape,
                })
                .collect();
            Column {
                name: column.name.clone(),
                kind: column.kind,
                values: match told {
                    None => Values::absent(column.value_type(), rows.len()),
                    Some(told) => {
                        let empty = |row: usize| told[row].as_deref().map(empty_like);
                        let all = rows
                            .iter()
                            .map(|&(row, _)| Arc::new(empty(row).unwrap_or_default()));
                        Values::Histogram(all.collect())
                    }
                },
                present: present.contains(&false).then_some(present),
            }
        });
        Some(Table {
            measurement: self.measurement.clone(),
            series: rows.iter().map(|&(row, _)| self.series[row]).collect(),
            times: rows.iter().map(|&(_, zero)| zero).collect(),
            columns: columns.collect(),
        })
    }
}

impl Cells {
    pub(super) fn value_type(&self) -> Type {
        match self.values {
            CellValues::F64(_) => Type::F64,
            CellValues::U64(_) => Type::U64,
            CellValues::Histogram(_) => Type::Histogram,
        }
    }

    /// Whether the scrape has put anything there.
    pub(super) fn is_put(&self, row: usize, scrape: u32) -> bool {
        match &self.values {
            CellValues::Histogram(all) => all[row]
                .as_ref()
                .is_some_and(|buckets| buckets.is_seen(scrape)),
            _ => self.scrapes[row] == scrape,
        }
    }

    fn grow(&mut self, rows: usize) {
        match &mut self.values {
            CellValues::F64(values) => values.resize(rows, 0.0),
            CellValues::U64(values) => values.resize(rows, 0),
            CellValues::Histogram(values) => values.resize_with(rows, || None),
        }
        self.scrapes.resize(rows, 0);
        self.owners.resize(rows, NOBODY);
    }

    /// The histograms of a scrape by row, put together from their lines; `None` for other columns.
    fn histograms(
        &mut self,
        scrape: u32,
        layouts: &mut Vec<Arc<[f64]>>,
        refusals: &mut Refusals,
        measurement: &str,
    ) -> Option<Vec<Option<Arc<Histogram>>>> {
        let CellValues::Histogram(all) = &mut self.values else {
            return None;
        };
        let scrapes = &mut self.scrapes;
        let told = all.iter_mut().enumerate().map(|(row, buckets)| {
            let buckets = buckets.as_mut().filter(|buckets| buckets.is_seen(scrape))?;
            match buckets.histogram(scrape, layouts) {
                Ok(histogram) => {
                    scrapes[row] = scrape;
                    Some(Arc::new(histogram))
                }
                Err(reason) => {
                    refusals.add(reason, measurement.as_bytes());
                    None
                }
            }
        });
        Some(told.collect())
    }

    /// The values of the picked rows; `None` when this scrape has none of them.
    fn table_column(
        &self,
        picked: Option<&[usize]>,
        scrape: u32,
        told: Option<Vec<Option<Arc<Histogram>>>>,
    ) -> Option<Column> {
        let has = |row: usize| self.scrapes[row] == scrape;
        let present: Vec<bool> = match picked {
            None => self.scrapes.iter().map(|&seen| seen == scrape).collect(),
            Some(picked) => picked.iter().map(|&row| has(row)).collect(),
        };
        let some = present.contains(&true);
        let values = match (&self.values, told) {
            (CellValues::F64(values), _) => Values::F64(gathered(values, picked)),
            (CellValues::U64(values), _) => Values::U64(gathered(values, picked)),
            (CellValues::Histogram(_), told) => {
                let told = told.unwrap_or_default();
                let empty: Arc<Histogram> = Arc::default();
                let one = |row: usize| told[row].clone().unwrap_or_else(|| empty.clone());
                Values::Histogram(match picked {
                    None => (0..self.scrapes.len()).map(one).collect(),
                    Some(picked) => picked.iter().map(|&row| one(row)).collect(),
                })
            }
        };
        some.then(|| Column {
            name: self.name.clone(),
            kind: self.kind,
            values,
            present: present.contains(&false).then_some(present),
        })
    }
}

fn gathered<T: Copy>(values: &[T], picked: Option<&[usize]>) -> Vec<T> {
    match picked {
        None => values.to_vec(),
        Some(picked) => picked.iter().map(|&row| values[row]).collect(),
    }
}

/// The same bounds with nothing counted.
fn empty_like(histogram: &Histogram) -> Histogram {
    let layout = match &histogram.layout {
        Layout::Explicit(explicit) => Layout::Explicit(Explicit {
            bounds: explicit.bounds.clone(),
            counts: vec![0; explicit.counts.len()],
        }),
        other => other.clone(),
    };
    Histogram {
        layout,
        count: 0,
        sum: 0.0,
        min: f64::INFINITY,
        max: f64::NEG_INFINITY,
    }
}
