//! The block store: journal, memtable, day files, rollups.
//!
//! A batch is appended to the journal and synced, then visible in a memtable ([`Store::append`]); a full memtable is
//! sealed into compressed blocks of its days' files. What is on disk and why is told in `docs/store-format.md`.

pub(crate) mod aggregate;
mod appender;
pub mod backup;
pub mod block;
pub(crate) mod calendar;
mod column;
pub mod commit;
mod compaction;
pub mod config;
pub mod damage;
pub mod day_file;
mod decimal;
pub mod error;
mod files;
mod frame;
mod histograms;
mod journal;
pub mod key;
pub mod keys;
mod likeness;
pub(crate) mod lock;
mod memory;
pub mod memtable;
mod numbers;
pub mod query;
pub mod read;
mod replay;
mod reserve;
mod retention;
mod rollup;
mod rows;
mod salvage;
pub mod schema;
mod seal;
mod sealer;
mod segment;
pub mod series;
mod sort;
pub mod status;
pub mod table;
#[cfg(test)]
mod tests;
pub mod tier;
mod upkeep;
mod values;
mod wire;
mod words;

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use parking_lot::{Mutex, RwLock};

pub use config::StoreConfig;
use config::nanos;
pub use damage::Damage;
use damage::DamageLog;
pub use day_file::{DayFile, View};
pub use error::{AppendError, StoreError};
use files::Files;
use journal::{Journal, Limits};
use lock::FolderLock;
pub use lock::Holder;
use memory::Memory;
use memtable::Memtable;
pub use memtable::Run;
use schema::Schema;
use sealer::Sealer;
use segment::Segment;
use series::SeriesIndex;
pub use status::StoreStatus;
use table::{Batch, Nanos};
pub use tier::Tier;

/// So many blocks are worth a seal at the end.
const FULL_BLOCKS: usize = 10;

/// Every row of every series, on disk when acknowledged.
#[derive(Debug)]
pub struct Store {
    config: StoreConfig,
    lock: FolderLock,
    series: Arc<SeriesIndex>,
    schema: Schema,
    memory: Arc<Memory>,
    files: Arc<Files>,
    journal: Journal,
    sealer: Arc<Sealer>,
    sealing: Mutex<Option<JoinHandle<()>>>,
    damage: Arc<DamageLog>,
    counts: Counts,
    unreadable_hours: Mutex<HashMap<commit::Hour, u64>>,
    unreadable_files: Mutex<HashMap<PathBuf, u64>>,
    /// Held while a batch is on its way to memory; alone, while series are forgotten.
    appending: RwLock<()>,
    /// Held while rollups, compaction and retention run.
    upkeep: Mutex<()>,
}

#[derive(Debug, Default)]
struct Counts {
    appended_rows: AtomicU64,
    disk_full: AtomicU64,
    unavailable: AtomicU64,
    is_full: AtomicBool,
    dropped_files: AtomicU64,
}

/// What a query reads: all rows of a measurement that may lie in its range, as they stood at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// In memory, oldest seal first.
    pub runs: Vec<Run>,
    /// In raw day files, the oldest first. Each has runs of blocks; a row may be in memory and in a file, then with
    /// the same seal and equal.
    pub files: Vec<View>,
}

impl Store {
    /// Opens a folder, made if need be, and reads what its journal holds.
    ///
    /// # Errors
    /// When another process has it, a file is of a newer format, or the system refuses.
    pub fn open(config: StoreConfig, now: Nanos) -> Result<Arc<Store>, StoreError> {
        let journal_dir = config.dir.join("journal");
        fs::create_dir_all(&journal_dir)
            .map_err(|source| StoreError::io("create", &journal_dir, source))?;
        let lock = FolderLock::take(&config.dir)?;
        let damage = Arc::new(DamageLog::default());
        let live = segment::list(&journal_dir)?.into_iter().collect();
        let files = Files::open(&config.dir, config.max_open_files, &live, damage.clone())?;
        let schema = Schema::of_files(&files, config.max_fields);
        let series = SeriesIndex::new(config.max_series);
        series.tick(now);
        let replayed = replay::replay(&journal_dir, &series, &schema)?;
        let last = replayed.last().map(|last| last.memtable.number);
        let sealed = files.all().iter().filter_map(|file| file.last_seal()).max();
        let (mut memtables, mut segment, mut damaged) = (Vec::new(), None, BTreeSet::new());
        for one in replayed {
            let number = one.memtable.number;
            if one.usable && Some(number) == last && sealed < last {
                segment = Some(reopen(&journal_dir, number, one.length)?);
            } else if one.damage.iter().any(|damage| !damage.unfinished) {
                damaged.insert(number);
            }
            one.damage
                .into_iter()
                .for_each(|found| damage.report(found));
            memtables.push(one.memtable);
        }
        let segment = match segment {
            Some(segment) => segment,
            None => {
                let number = last.max(sealed).map_or(1, |last| last + 1);
                memtables.push(Arc::new(Memtable::new(number)));
                let made = Segment::create(&journal_dir, number);
                made.map_err(|source| {
                    StoreError::io("create", &segment::path(&journal_dir, number), source)
                })?
            }
        };
        let (series, files, memory) = (
            Arc::new(series),
            Arc::new(files),
            Arc::new(Memory::new(memtables)),
        );
        let sealer = Sealer::new(
            memory.clone(),
            series.clone(),
            files.clone(),
            journal_dir.clone(),
            damaged,
        );
        let sealer = Arc::new(sealer);
        let limits = Limits {
            rows: config.seal_rows,
            bytes: config.seal_bytes,
        };
        let start = |source| StoreError::io("start the writers of", &journal_dir, source);
        let sealing = Mutex::new(Some(sealer.start().map_err(start)?));
        let journal = Journal::start(sealer.clone(), segment, limits).map_err(start)?;
        let counts = Counts::default();
        Ok(Arc::new(Store {
            config,
            lock,
            series,
            schema,
            memory,
            files,
            journal,
            sealer,
            sealing,
            damage,
            counts,
            unreadable_hours: Mutex::default(),
            unreadable_files: Mutex::default(),
            appending: RwLock::default(),
            upkeep: Mutex::default(),
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
        let _appending = self.appending.read();
        rows::put(&mut frame, &batch, &self.series)?;
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
    pub(crate) fn runs(&self, measurement: &str, first: Nanos, last: Nanos) -> Vec<Run> {
        let tables = self.memory.all();
        let runs = tables.iter().flat_map(|table| table.runs(measurement));
        runs.filter(|run| run.first <= last && run.last >= first)
            .collect()
    }

    /// Everything of a measurement that may lie in `first..=last`.
    ///
    /// # Errors
    /// When a file cannot be opened. Damage inside a file is no error: see [`View::block`].
    pub fn snapshot(
        &self,
        measurement: &str,
        first: Nanos,
        last: Nanos,
    ) -> Result<Snapshot, StoreError> {
        // Memory first: what is sealed meanwhile is then seen twice, and not missed.
        let runs = self.runs(measurement, first, last);
        let files = self.files.overlapping(Tier::Raw, first, last);
        let views = files
            .iter()
            .map(|file| file.view())
            .collect::<Result<_, _>>()?;
        Ok(Snapshot { runs, files: views })
    }

    /// The files of a tier, oldest first.
    pub fn day_files(&self, tier: Tier) -> Vec<Arc<DayFile>> {
        self.files.of(tier)
    }

    /// Seals everything now.
    ///
    /// # Errors
    /// When the system refuses; nothing is lost, and it is tried again.
    pub fn flush(&self) -> Result<(), StoreError> {
        let dir = &self.sealer.journal_dir;
        self.journal
            .freeze()
            .map_err(|source| StoreError::io("begin a segment in", dir, source))?;
        self.sealer.seal_all()
    }

    /// Writes what waits; later writes are refused.
    ///
    /// Rows that fill blocks are sealed, so that the next start has little to replay; fewer stay in the journal.
    pub fn close(&self) {
        let full = self.memory.active().rows() >= FULL_BLOCKS * seal::BLOCK_ROWS;
        if full && let Err(error) = self.flush() {
            tracing::warn!(%error, "cannot seal at the end, the rows stay in the journal");
        }
        self.journal.close();
        self.sealer.stop();
        if let Some(thread) = self.sealing.lock().take() {
            // A panic in there was reported by the panic hook.
            let _ = thread.join();
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close();
    }
}

fn reopen(dir: &Path, number: u64, length: u64) -> Result<Segment, StoreError> {
    Segment::reopen(dir, number, length)
        .map_err(|source| StoreError::io("open", &segment::path(dir, number), source))
}
