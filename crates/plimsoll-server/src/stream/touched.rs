//! What was written since the last look, noted while somebody listens.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::hub::Hub;
use super::told::Change;
use crate::api::v1::events;
use crate::store::table::{Batch, Column, Nanos, SeriesId, Table, Values};

/// The measurement that windows are made of.
const REQUESTS: &str = "http_requests";
/// Most rows whose series are noted between two looks; beyond them all services count as touched.
const MOST_ROWS: usize = 1_000_000;
/// Most events noted between two looks; others are only counted.
const MOST_EVENTS: usize = 1_000;

/// What a batch is about to write; told when it is on disk.
#[derive(Debug, Default)]
pub struct Notice {
    requests: Option<Rows>,
    events: Vec<NewEvent>,
    events_skipped: u64,
}

/// Rows of requests.
#[derive(Debug)]
pub(super) struct Rows {
    /// Series of each row; `None`: of any.
    pub(super) series: Option<Vec<SeriesId>>,
    pub(super) first: Nanos,
    pub(super) last: Nanos,
}

/// An event as it was written.
#[derive(Debug)]
pub(super) struct NewEvent {
    pub(super) series: SeriesId,
    pub(super) time: Nanos,
    pub(super) state: Option<Arc<str>>,
    pub(super) value: Option<f64>,
    pub(super) attributes: Option<Arc<str>>,
}

/// Everything since the last look.
#[derive(Debug, Default)]
pub(super) struct Touched {
    pub(super) requests: Vec<Rows>,
    rows: usize,
    pub(super) events: Vec<NewEvent>,
    pub(super) events_skipped: u64,
    pub(super) changes: Vec<Change>,
}

impl Hub {
    /// Tells a change of the server itself, if anybody listens. For what happens seldom.
    pub fn announce(&self, change: Change) {
        if self.is_listening() {
            self.touched.lock().changes.push(change);
        }
    }

    /// What to tell of a batch once it is written; `None` while nobody listens. Copies numbers only: what they mean is found
    /// out later, by the task that makes events.
    pub fn notice(&self, batch: &Batch) -> Option<Notice> {
        if !self.is_listening() {
            return None;
        }
        let mut notice = Notice::default();
        for table in &batch.tables {
            match &*table.measurement {
                REQUESTS => notice.requests = Rows::of(table),
                events::MEASUREMENT => notice.add_events(table),
                _ => {}
            }
        }
        Some(notice)
    }

    /// The batch is on disk.
    pub fn tell(&self, notice: Option<Notice>) {
        let Some(notice) = notice else { return };
        let mut touched = self.touched.lock();
        if let Some(rows) = notice.requests {
            touched.add(rows);
        }
        let room = MOST_EVENTS.saturating_sub(touched.events.len());
        let over = notice.events.len().saturating_sub(room);
        touched.events_skipped += notice.events_skipped + over as u64;
        touched.events.extend(notice.events.into_iter().take(room));
    }
}

impl Notice {
    fn add_events(&mut self, table: &Table) {
        let taken = table.times.len().min(MOST_EVENTS);
        self.events_skipped += (table.times.len() - taken) as u64;
        let column = |name: &str| table.columns.iter().find(|column| *column.name == *name);
        let state = column(events::STATE);
        let (value, attributes) = (column(events::VALUE), column(events::ATTRIBUTES));
        self.events.extend((0..taken).map(|row| NewEvent {
            series: table.series[row],
            time: table.times[row],
            state: state.and_then(|column| text(column, row)),
            value: value.and_then(|column| number(column, row)),
            attributes: attributes.and_then(|column| text(column, row)),
        }));
    }
}

impl Rows {
    fn of(table: &Table) -> Option<Self> {
        Some(Self {
            first: *table.times.iter().min()?,
            last: *table.times.iter().max()?,
            series: Some(table.series.clone()),
        })
    }

    /// The different series of the rows.
    pub(super) fn distinct(&self) -> Option<Vec<SeriesId>> {
        let series: BTreeSet<SeriesId> = self.series.as_ref()?.iter().copied().collect();
        Some(series.into_iter().collect())
    }
}

impl Touched {
    fn add(&mut self, mut rows: Rows) {
        let count = rows.series.as_ref().map_or(0, Vec::len);
        if self.rows + count > MOST_ROWS {
            rows.series = None;
        } else {
            self.rows += count;
        }
        match self.requests.last_mut() {
            // Rows of any series make one.
            Some(last) if last.series.is_none() && rows.series.is_none() => {
                last.first = last.first.min(rows.first);
                last.last = last.last.max(rows.last);
            }
            _ => self.requests.push(rows),
        }
    }
}

fn is_there(column: &Column, row: usize) -> bool {
    column.present.as_ref().is_none_or(|present| present[row])
}

fn text(column: &Column, row: usize) -> Option<Arc<str>> {
    match &column.values {
        Values::String(texts) if is_there(column, row) => Some(texts[row].clone()),
        _ => None,
    }
}

fn number(column: &Column, row: usize) -> Option<f64> {
    match &column.values {
        Values::F64(numbers) if is_there(column, row) => Some(numbers[row]),
        _ => None,
    }
}
