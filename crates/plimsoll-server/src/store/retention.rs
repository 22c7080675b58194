//! What is too old, or too much, goes.

use std::sync::Arc;

use super::Store;
use super::config::nanos;
use super::day_file::DayFile;
use super::error::StoreError;
use super::table::Nanos;
use super::tier::Tier;

impl Store {
    /// Removes what is older than its retention, then the oldest of what is more than the largest size.
    pub(super) fn retain(&self, now: Nanos) -> Result<(), StoreError> {
        let mut refused = None;
        for file in self.files.of(Tier::Raw) {
            match self.retain_raw(&file, now) {
                // Others are removed, which makes room.
                Err(error) if error.is_full() => refused = Some(error),
                other => other?,
            }
        }
        for tier in [Tier::TenMinutes, Tier::Hourly, Tier::Daily] {
            let kept = nanos(self.config.retention_of_tier(tier));
            for file in self
                .files
                .of(tier)
                .iter()
                .filter(|file| file.period.end() <= now.saturating_sub(kept))
            {
                file.remove()?;
                tracing::info!(file = %file.path().display(), "removed {}: past its retention", file.path().display());
            }
        }
        self.limit_size()?;
        refused.map_or(Ok(()), Err)
    }

    /// A raw file holds measurements of different retention: it goes with the last, and without the others before.
    fn retain_raw(&self, file: &DayFile, now: Nanos) -> Result<(), StoreError> {
        let expired = |measurement: &str| {
            let kept = nanos(self.config.retention_of(measurement));
            file.period.end() <= now.saturating_sub(kept)
        };
        let commits = file.commits();
        let mut measurements = commits.iter().flat_map(|commit| commit.fields.keys());
        // A file without rows says nothing of measurements.
        if measurements.clone().all(|measurement| expired(measurement)) {
            if expired("") || measurements.next().is_some() {
                file.remove()?;
                tracing::info!(file = %file.path().display(), "removed {}: past its retention", file.path().display());
            }
            return Ok(());
        }
        if !measurements.any(|measurement| expired(measurement)) {
            return Ok(());
        }
        let mut anew = file.rewrite();
        let view = file.view()?;
        let written = view
            .runs
            .iter()
            .filter(|run| !expired(&run.measurement))
            .try_for_each(|run| anew.copy(&view, run));
        written
            .and_then(|()| anew.commit([]))
            .map_err(|source| StoreError::io("rewrite", file.path(), source))
    }

    /// The oldest raw files go first: their rollups stay, and are small. The running day's stay to the last.
    fn limit_size(&self) -> Result<(), StoreError> {
        let Some(most) = self.config.max_size else {
            return Ok(());
        };
        let mut files: Vec<Arc<DayFile>> = self.files.all();
        files.sort_by_key(|file| (file.period.tier != Tier::Raw, file.period.end()));
        let newest = files
            .iter()
            .filter(|file| file.period.tier == Tier::Raw)
            .map(|file| file.period)
            .max();
        let mut total = self.size();
        for file in files.iter().filter(|file| Some(file.period) != newest) {
            if total <= most {
                break;
            }
            total = total.saturating_sub(file.length());
            file.remove()?;
            self.counts
                .dropped_files
                .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let (path, first, last) = (
                file.path().display(),
                file.period.start(),
                file.period.end(),
            );
            tracing::warn!(file = %path, first, last, most, "dropped {path}: the store may take {most} bytes (`store.max_size`)");
        }
        Ok(())
    }
}
