//! How a store is doing.

use plimsoll::histogram::Histogram;

use super::Store;
use super::damage::Damage;

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
