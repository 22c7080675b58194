//! Rows that are on disk in the journal and not yet in blocks: lists of unchanging runs, so that readers hold no lock.

use std::sync::{Arc, Weak};
use std::time::Instant;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use parking_lot::RwLock;

use super::sort;
use super::table::{Batch, Nanos, SeriesId, Table};

/// So many runs of a size become one of the next.
const FAN_IN: usize = 8;

/// A run of so many rows grows no more: joining larger ones would hold up the writers.
const MAX_RUN_ROWS: usize = 100_000;

/// Rows of one measurement in memory, sorted by series number and time; of equal ones the later stands later.
#[derive(Clone, Debug)]
pub struct Run {
    /// The seal they will get: a higher one overwrites a lower.
    pub seal: u64,
    /// The rows.
    pub table: Arc<Table>,
    /// Earliest time.
    pub first: Nanos,
    /// Latest time.
    pub last: Nanos,
    level: u8,
    _read: Arc<Reading>,
}

/// All rows of one segment of the journal.
#[derive(Debug)]
pub(crate) struct Memtable {
    /// The segment's number, and the seal's.
    pub(crate) number: u64,
    contents: RwLock<Contents>,
    read: Arc<Reading>,
}

/// Lives as long as the memtable or a run of it that somebody reads.
#[derive(Debug)]
pub(crate) struct Reading;

#[derive(Debug, Default)]
struct Contents {
    runs: HashMap<Arc<str>, Vec<Run>, RandomState>,
    rows: usize,
    bytes: usize,
    since: Option<Instant>,
}

impl Memtable {
    pub(crate) fn new(number: u64) -> Memtable {
        Memtable {
            number,
            contents: RwLock::default(),
            read: Arc::new(Reading),
        }
    }

    /// Makes the rows of batches visible, each batch at once.
    pub(crate) fn insert(&self, batches: impl IntoIterator<Item = Batch>) {
        let runs: Vec<Run> = batches
            .into_iter()
            .flat_map(|batch| batch.tables)
            .filter_map(|table| Run::new(self.number, table, &self.read))
            .collect();
        let mut contents = self.contents.write();
        contents.since.get_or_insert_with(Instant::now);
        for run in runs {
            contents.rows += run.table.rows();
            contents.bytes += run.table.memory();
            contents
                .runs
                .entry(run.table.measurement.clone())
                .or_default()
                .push(run);
        }
    }

    /// Joins small runs. Only who inserts may call this, one at a time.
    pub(crate) fn tidy(&self) {
        while let Some((measurement, some)) = self.ripe() {
            let joined = join(&some);
            let mut contents = self.contents.write();
            if let Some(runs) = contents.runs.get_mut(&measurement) {
                runs.truncate(runs.len() - some.len());
                runs.push(joined);
            }
        }
    }

    fn ripe(&self) -> Option<(Arc<str>, Vec<Run>)> {
        let contents = self.contents.read();
        contents
            .runs
            .iter()
            .find_map(|(measurement, runs)| Some((measurement.clone(), ripe(runs)?.to_vec())))
    }

    /// The runs of one measurement, in the order of their arrival.
    pub(crate) fn runs(&self, measurement: &str) -> Vec<Run> {
        self.contents
            .read()
            .runs
            .get(measurement)
            .cloned()
            .unwrap_or_default()
    }

    /// The measurements that have rows here.
    pub(crate) fn measurements(&self) -> Vec<Arc<str>> {
        self.contents.read().runs.keys().cloned().collect()
    }

    /// Earliest and latest time; `None` without rows.
    pub(crate) fn time_range(&self) -> Option<(Nanos, Nanos)> {
        let contents = self.contents.read();
        let runs = contents.runs.values().flatten();
        runs.map(|run| (run.first, run.last))
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// The series that have rows here.
    pub(crate) fn series(&self, into: &mut HashSet<SeriesId, RandomState>) {
        let contents = self.contents.read();
        for run in contents.runs.values().flatten() {
            let chunks = run.table.series.chunk_by(|one, next| one == next);
            into.extend(chunks.map(|same| same[0]));
        }
    }

    /// Whether somebody has it or runs of it.
    pub(crate) fn reading(&self) -> Weak<Reading> {
        Arc::downgrade(&self.read)
    }

    pub(crate) fn rows(&self) -> usize {
        self.contents.read().rows
    }

    pub(crate) fn bytes(&self) -> usize {
        self.contents.read().bytes
    }

    /// When the first row came.
    pub(crate) fn since(&self) -> Option<Instant> {
        self.contents.read().since
    }
}

impl Run {
    fn new(seal: u64, table: Table, read: &Arc<Reading>) -> Option<Run> {
        let (first, last) = table.time_range()?;
        let table = match sort::order(&table, |series| series) {
            Some(order) => table.gather(&order),
            None => table,
        };
        Some(Run {
            seal,
            table: Arc::new(table),
            first,
            last,
            level: 0,
            _read: read.clone(),
        })
    }
}

/// The last runs, if they are many of one size.
fn ripe(runs: &[Run]) -> Option<&[Run]> {
    let tail = &runs[runs.len().checked_sub(FAN_IN)?..];
    let rows: usize = tail.iter().map(|run| run.table.rows()).sum();
    (rows <= MAX_RUN_ROWS && tail.iter().all(|run| run.level == tail[0].level)).then_some(tail)
}

fn join(runs: &[Run]) -> Run {
    let tables: Vec<_> = runs.iter().map(|run| run.table.clone()).collect();
    let level = runs.iter().map(|run| run.level).max().unwrap_or(0) + 1;
    let mut joined =
        Run::new(runs[0].seal, sort::concat(&tables), &runs[0]._read).expect("runs have rows");
    joined.level = level;
    joined
}
