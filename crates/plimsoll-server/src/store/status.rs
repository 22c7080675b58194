//! How a store is doing.

use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;

use plimsoll::histogram::Histogram;

use super::Store;
use super::damage::Damage;
use super::tier::Tier;

/// How a [`Store`] is doing.
#[derive(Clone, Debug, Default)]
pub struct StoreStatus {
    /// Rows in memory and in the journal, not sealed yet.
    pub unsealed_rows: u64,
    /// Rows in the raw day files, repeated ones counted as often as they were written.
    pub sealed_rows: u64,
    /// Rows acknowledged since the start.
    pub appended_rows: u64,
    /// Bytes of all files.
    pub disk_bytes: u64,
    /// Of these, in the journal.
    pub journal_bytes: u64,
    /// Segments of the journal.
    pub segments: usize,
    /// Series that are being written.
    pub active_series: usize,
    /// Most of these.
    pub max_series: usize,
    /// Number of the last seal.
    pub last_seal: Option<u64>,
    /// What was found broken since the start.
    pub damage: Vec<Damage>,
    /// Batches refused because the disk was full.
    pub refused_disk_full: u64,
    /// Batches refused for another failure of the disk.
    pub refused_unavailable: u64,
    /// Files dropped to keep within the largest size.
    pub dropped_files: u64,
    /// Whether the last write failed for lack of room.
    pub disk_full: bool,
}

impl Store {
    /// How long the journal's writes took, their syncs included, since this was last asked; seconds.
    pub fn take_write_secs(&self) -> Histogram {
        self.journal.take_write_secs()
    }
}

impl Store {
    /// Bytes of all files.
    pub(super) fn size(&self) -> u64 {
        size_of(&self.config.dir)
    }

    /// How it is doing.
    pub fn status(&self) -> StoreStatus {
        let (memtables, sealed) = (self.memory.all(), self.files.of(Tier::Raw));
        StoreStatus {
            unsealed_rows: memtables.iter().map(|table| table.rows() as u64).sum(),
            appended_rows: self.counts.appended_rows.load(Ordering::Relaxed),
            disk_bytes: self.size(),
            journal_bytes: size_of(&self.config.dir.join("journal")),
            segments: memtables.len(),
            active_series: self.series.len(),
            max_series: self.config.max_series,
            sealed_rows: sealed
                .iter()
                .flat_map(|file| file.commits().to_vec())
                .map(|commit| commit.rows)
                .sum(),
            last_seal: self.sealer.last_seal(),
            damage: self.damage.all(),
            refused_disk_full: self.counts.disk_full.load(Ordering::Relaxed),
            refused_unavailable: self.counts.unavailable.load(Ordering::Relaxed),
            dropped_files: self.counts.dropped_files.load(Ordering::Relaxed),
            disk_full: self.counts.is_full.load(Ordering::Relaxed),
        }
    }
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
