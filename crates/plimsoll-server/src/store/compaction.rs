//! Compaction: the many runs that seals brought to a file become one, sorted by series and time, without repeated rows.
//!
//! A file is written anew beside the old one, synced and put in its place, while readers go on with what they have. A
//! day's file is compacted once, when the day is over and rolled up; again only when much came late. So a row is
//! written three times: to the journal, by its seal, by its compaction.

mod filling;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::sync::Arc;

use super::Store;
use super::appender::Appender;
use super::calendar::HOUR;
use super::commit::Commit;
use super::day_file::{DayFile, View};
use super::error::StoreError;
use super::read::blocks::BlockSource;
use super::read::catalog::{Catalog, Grouping};
use super::read::filter::SeriesFilter;
use super::read::source::{Source, scan};
use super::table::Nanos;
use super::tier::Tier;
use filling::Filling;

/// How long after its end a period is given for late rows.
const GRACE: Nanos = HOUR;

/// Of a file that was compacted, the share that must have come since before it is done again.
const WORTH: u64 = 5;

/// Seals of a period that is not over, before they are joined: a reader opens a block of each.
const MANY_SEALS: usize = 48;

impl Store {
    /// Compacts the files that are worth it; returns how many. Blocking.
    ///
    /// # Errors
    /// When a file cannot be read or written; it stays as it was.
    pub(crate) fn compact(&self, now: Nanos) -> Result<usize, StoreError> {
        let mut compacted = 0;
        for file in self.files.all() {
            if self.is_worth_compacting(&file, now) && self.compact_file(&file)? {
                compacted += 1;
            }
        }
        Ok(compacted)
    }

    fn is_worth_compacting(&self, file: &DayFile, now: Nanos) -> bool {
        let commits = file.commits();
        let sizes = sizes(&commits, file.length());
        let largest = sizes.iter().copied().max().unwrap_or(0);
        let fragments = sizes.iter().sum::<u64>() - largest;
        let (start, end) = (file.period.start(), file.period.end());
        if commits.len() < 2 || self.is_unreadable(file) {
            return false;
        }
        if end + GRACE > now {
            return file.period.tier != Tier::Raw
                && commits.len() >= MANY_SEALS
                && fragments >= largest;
        }
        let overlaps = |(first, last): (Nanos, Nanos)| first < end && last >= start;
        let settled = file.period.tier != Tier::Raw
            || (self.is_rolled_up(&(start..end))
                && !self
                    .memory
                    .all()
                    .iter()
                    .filter_map(|memtable| memtable.time_range())
                    .any(overlaps));
        fragments * WORTH >= file.length() && settled
    }

    /// Whether the file was compacted: one with damage is left as it is, for it may yet be repaired from elsewhere.
    fn compact_file(&self, file: &Arc<DayFile>) -> Result<bool, StoreError> {
        let before = file.length();
        let mut anew = file.rewrite();
        let view = file.view()?;
        let written = write_anew(&view, file, &mut anew);
        let done = written.and_then(|whole| {
            if whole {
                anew.commit([]).map(|()| true)
            } else {
                Ok(false)
            }
        });
        match done {
            Ok(true) => {
                let after = file.length();
                tracing::debug!(file = %file.path().display(), before, after, "compacted {}", file.path().display());
                Ok(true)
            }
            not_done => {
                // It would take room until the next start.
                let _ = fs::remove_file(file.path().with_extension("tmp"));
                self.unreadable_files
                    .lock()
                    .insert(file.path().into(), file.length());
                not_done.map_err(|source| StoreError::io("compact", file.path(), source))
            }
        }
    }

    /// Whether the file, as long as it is, could not be compacted before.
    fn is_unreadable(&self, file: &DayFile) -> bool {
        self.unreadable_files.lock().get(file.path()) == Some(&file.length())
    }
}

/// Bytes of each commit with its blocks.
fn sizes(commits: &[Commit], length: u64) -> Vec<u64> {
    let ends = commits
        .iter()
        .skip(1)
        .map(|commit| commit.start)
        .chain([length]);
    commits
        .iter()
        .zip(ends)
        .map(|(commit, end)| end.saturating_sub(commit.start))
        .collect()
}

/// Writes all rows; `false` when some cannot be read.
fn write_anew(view: &View, file: &DayFile, anew: &mut Appender<'_>) -> io::Result<bool> {
    let measurements: BTreeSet<Arc<str>> = view
        .runs
        .iter()
        .map(|run| run.measurement.clone())
        .collect();
    for measurement in measurements {
        let runs: Vec<_> = view
            .runs
            .iter()
            .filter(|run| run.measurement == measurement)
            .collect();
        let commits = file.commits();
        let fields = commits
            .iter()
            .filter_map(|commit| commit.fields.get(&measurement));
        let columns: BTreeSet<Arc<str>> =
            fields.flat_map(|fields| fields.keys().cloned()).collect();
        let columns: Vec<Arc<str>> = columns.into_iter().collect();
        let no_filter = SeriesFilter::new(&[]).expect("no conditions, no expression");
        let mut catalog = Catalog::new(no_filter, Grouping::By(&[]));
        let times = Nanos::MIN..Nanos::MAX;
        let sources = runs
            .iter()
            .filter_map(|run| BlockSource::new(view, run, &columns, times.clone(), &mut catalog));
        let sources: Vec<Source<'_>> = sources.map(Source::Blocks).collect();
        let mut block = Filling::new(measurement, columns.len());
        let mut written = Ok(());
        scan(&sources, catalog.places_by_key(), times, |place, rows| {
            let key = &catalog.matching()[place as usize].key;
            if written.is_ok() {
                written = block.add(key, rows, |full| anew.push(full));
            }
        });
        written?;
        block.finish(|last| anew.push(last))?;
        if sources
            .into_iter()
            .any(|source| !source.into_damage().is_empty())
        {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests;
