//! The block store: journal, memtable, day files, rollups.
//!
//! A batch is appended to the journal and synced, then visible in a memtable ([`Store::append`]); a full memtable is
//! sealed into compressed blocks of its days' files. What is on disk and why is told in `docs/store-format.md`.

mod aggregate;
mod calendar;
mod column;
pub mod config;
pub mod damage;
pub mod error;
mod frame;
mod histograms;
mod journal;
pub mod key;
mod lock;
mod memory;
pub mod memtable;
mod numbers;
pub mod query;
pub mod read;
mod replay;
mod rows;
pub mod schema;
mod segment;
pub mod series;
mod sort;
pub mod status;
pub mod table;
mod values;
mod wire;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

pub use config::StoreConfig;
use config::nanos;
pub use damage::Damage;
pub use error::{AppendError, StoreError};
use journal::{Journal, Limits};
use lock::FolderLock;
use memory::Memory;
use memtable::Memtable;
pub use memtable::Run;
use schema::Schema;
use segment::Segment;
use series::SeriesIndex;
pub use status::StoreStatus;
use table::{Batch, Nanos};

/// Every row of every series, on disk when acknowledged.
#[derive(Debug)]
pub struct Store {
    config: StoreConfig,
    lock: FolderLock,
    series: SeriesIndex,
    schema: Schema,
    memory: Arc<Memory>,
    journal: Journal,
    damage: Mutex<Vec<Damage>>,
    counts: Counts,
}

#[derive(Debug, Default)]
struct Counts {
    appended_rows: AtomicU64,
    disk_full: AtomicU64,
    unavailable: AtomicU64,
    is_full: AtomicBool,
}

impl Store {
    /// Opens a folder, made if need be, and reads what its journal holds.
    ///
    /// # Errors
    /// When another process has it, a file is of a newer format, or the system refuses.
    pub fn open(config: StoreConfig, _now: Nanos) -> Result<Arc<Store>, StoreError> {
        let journal_dir = config.dir.join("journal");
        fs::create_dir_all(&journal_dir)
            .map_err(|source| StoreError::io("create", &journal_dir, source))?;
        let lock = FolderLock::take(&config.dir)?;
        let series = SeriesIndex::new(config.max_series);
        let schema = Schema::default();
        let mut damage = Vec::new();
        let mut memtables = Vec::new();
        let mut segment = None;
        let replayed = replay::replay(&journal_dir, &series, &schema)?;
        let last = replayed.last().map(|last| last.memtable.number);
        for one in replayed {
            for found in &one.damage {
                tracing::warn!(%found, "journal: {found}");
            }
            damage.extend(one.damage);
            let number = one.memtable.number;
            if one.usable && Some(number) == last {
                segment = Some(reopen(&journal_dir, number, one.length)?);
            }
            memtables.push(one.memtable);
        }
        let segment = match segment {
            Some(segment) => segment,
            None => {
                let number = last.map_or(1, |last| last + 1);
                memtables.push(Arc::new(Memtable::new(number)));
                let made = Segment::create(&journal_dir, number);
                made.map_err(|source| {
                    StoreError::io("create", &segment::path(&journal_dir, number), source)
                })?
            }
        };
        let memory = Arc::new(Memory::new(memtables));
        let limits = Limits {
            rows: config.seal_rows,
            bytes: config.seal_bytes,
        };
        let journal =
            Journal::start(journal_dir.clone(), segment, memory.clone(), limits, || {})
                .map_err(|source| StoreError::io("start the writer of", &journal_dir, source))?;
        let damage = Mutex::new(damage);
        Ok(Arc::new(Store {
            config,
            lock,
            series,
            schema,
            memory,
            journal,
            damage,
            counts: Counts::default(),
        }))
    }

    /// How it was opened.
    pub fn config(&self) -> &StoreConfig {
        &self.config
    }

    /// The series that are being written.
    pub fn series(&self) -> &SeriesIndex {
        &self.series
    }

    /// The fields with their types and kinds.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Tells whoever finds the folder locked where this server answers.
    pub fn announce(&self, url: &str) {
        if let Err(error) = self.lock.tell(Some(url)) {
            tracing::warn!(%error, "cannot write the address into the lock file");
        }
    }

    /// Times that rows of a measurement may have: within raw retention, and not far in the future.
    pub fn time_bounds(&self, measurement: &str, now: Nanos) -> std::ops::RangeInclusive<Nanos> {
        let past = nanos(self.config.retention_of(measurement));
        now.saturating_sub(past)..=now.saturating_add(nanos(self.config.future_bound))
    }

    /// [`Store::append_blocking`] off the runtime's threads. What was begun is finished even when this is dropped.
    ///
    /// # Errors
    /// As [`Store::append_blocking`].
    pub async fn append(self: &Arc<Self>, batch: Batch) -> Result<(), AppendError> {
        let store = self.clone();
        let written = tokio::task::spawn_blocking(move || store.append_blocking(batch));
        written
            .await
            .unwrap_or_else(|error| Err(AppendError::Unavailable(error.to_string())))
    }

    /// Writes a batch: when this returns, its rows are on disk and found by queries.
    ///
    /// # Errors
    /// Then nothing of it is kept, unless the process ends before it could be taken back.
    pub fn append_blocking(&self, mut batch: Batch) -> Result<(), AppendError> {
        batch.tables.retain(|table| table.rows() > 0);
        let mut rows = 0;
        for table in &mut batch.tables {
            table.check(&self.schema)?;
            rows += table.rows();
        }
        if rows == 0 {
            return Ok(());
        }
        let mut frame = frame::begin(rows * 32);
        rows::put(&mut frame, &batch, &self.series);
        if frame.len() > frame::MAX_PAYLOAD {
            return Err(AppendError::TooLarge {
                bytes: frame.len(),
                limit: frame::MAX_PAYLOAD,
            });
        }
        frame::finish(&mut frame, 0, frame::Kind::Batch);
        let appended = self.journal.append(frame, batch);
        let counter = match &appended {
            Ok(()) => {
                self.counts
                    .appended_rows
                    .fetch_add(rows as u64, Ordering::Relaxed);
                self.counts.is_full.store(false, Ordering::Relaxed);
                return Ok(());
            }
            Err(AppendError::DiskFull) => {
                self.counts.is_full.store(true, Ordering::Relaxed);
                &self.counts.disk_full
            }
            Err(_) => &self.counts.unavailable,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        appended
    }

    /// The rows in memory of a measurement that may lie in `first..=last`, oldest seal first.
    pub fn runs(&self, measurement: &str, first: Nanos, last: Nanos) -> Vec<Run> {
        let tables = self.memory.all();
        let runs = tables.iter().flat_map(|table| table.runs(measurement));
        runs.filter(|run| run.first <= last && run.last >= first)
            .collect()
    }

    /// How it is doing.
    pub fn status(&self) -> StoreStatus {
        let memtables = self.memory.all();
        StoreStatus {
            unsealed_rows: memtables.iter().map(|table| table.rows() as u64).sum(),
            appended_rows: self.counts.appended_rows.load(Ordering::Relaxed),
            disk_bytes: size_of(&self.config.dir),
            journal_bytes: size_of(&self.config.dir.join("journal")),
            segments: memtables.len(),
            active_series: self.series.len(),
            max_series: self.config.max_series,
            damage: self.damage.lock().clone(),
            refused_disk_full: self.counts.disk_full.load(Ordering::Relaxed),
            refused_unavailable: self.counts.unavailable.load(Ordering::Relaxed),
            disk_full: self.counts.is_full.load(Ordering::Relaxed),
            ..StoreStatus::default()
        }
    }

    /// Writes what waits; later writes are refused.
    pub fn close(&self) {
        self.journal.close();
    }
}

impl table::Table {
    /// Columns as long as the table, of the types that their fields have; they get their fields' kinds.
    fn check(&mut self, schema: &Schema) -> Result<(), AppendError> {
        let rows = self.rows();
        if self.series.len() != rows {
            return Err(AppendError::Uneven("series".into()));
        }
        for column in &mut self.columns {
            let present = column.present.as_ref().map_or(rows, Vec::len);
            if column.values.len() != rows || present != rows {
                return Err(AppendError::Uneven(column.name.to_string()));
            }
            let value_type = column.values.value_type();
            column.kind = schema.fix(&self.measurement, &column.name, value_type, column.kind)?;
        }
        Ok(())
    }
}

fn reopen(dir: &Path, number: u64, length: u64) -> Result<Segment, StoreError> {
    Segment::reopen(dir, number, length)
        .map_err(|source| StoreError::io("open", &segment::path(dir, number), source))
}

/// Bytes of all files below a folder; what vanishes meanwhile counts nothing.
fn size_of(dir: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(dir) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => size_of(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::table::{Column, Kind, Table, Values};
    use super::*;

    fn batch(store: &Store, times: &[Nanos]) -> Batch {
        let id = store.series().intern("cpu", &[("host", "a")]).unwrap();
        let values = Values::F64(times.iter().map(|&time| time as f64).collect());
        let column = Column {
            name: "idle".into(),
            kind: Kind::Gauge,
            values,
            present: None,
        };
        let series = vec![id; times.len()];
        let table = Table {
            measurement: "cpu".into(),
            series,
            times: times.to_vec(),
            columns: vec![column],
        };
        Batch {
            tables: vec![table],
        }
    }

    fn open(dir: &Path) -> Arc<Store> {
        Store::open(StoreConfig::new(dir), 0).unwrap()
    }

    #[test]
    fn what_is_acknowledged_is_there_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        store.append_blocking(batch(&store, &[1, 2, 3])).unwrap();
        store.append_blocking(batch(&store, &[4])).unwrap();
        drop(store);
        let store = open(dir.path());
        assert_eq!(store.status().unsealed_rows, 4);
        assert!(store.status().damage.is_empty());
        store.append_blocking(batch(&store, &[5])).unwrap();
        drop(store);
        assert_eq!(open(dir.path()).status().unsealed_rows, 5);
    }

    #[test]
    fn a_second_store_on_the_folder_hears_who_has_it() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        store.announce("http://127.0.0.1:1876");
        let refused = Store::open(StoreConfig::new(dir.path()), 0)
            .unwrap_err()
            .to_string();
        let expected = format!("process {}, http://127.0.0.1:1876", std::process::id());
        assert!(refused.contains(&expected), "{refused}");
    }

    #[test]
    fn a_value_of_another_type_is_refused_and_named() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        store.append_blocking(batch(&store, &[1])).unwrap();
        let mut wrong = batch(&store, &[2]);
        wrong.tables[0].columns[0].values = Values::Bool(vec![true]);
        let refused = store.append_blocking(wrong).unwrap_err().to_string();
        assert_eq!(
            refused,
            "field `idle` of `cpu` is a float, but this value is a boolean"
        );
        assert_eq!(store.status().unsealed_rows, 1);
    }
}
