//! All day files of a store, by tier and period.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;

use super::damage::DamageLog;
use super::day_file::DayFile;
use super::error::StoreError;
use super::segment::sync_dir;
use super::table::Nanos;
use super::tier::{Period, Tier};

/// All day files of a store.
#[derive(Debug)]
pub(crate) struct Files {
    dir: PathBuf,
    max_open: usize,
    uses: AtomicU64,
    by_period: RwLock<BTreeMap<Period, Arc<DayFile>>>,
    damage: Arc<DamageLog>,
}

impl Files {
    /// Opens all files below a folder; see [`DayFile::open`].
    pub(crate) fn open(
        dir: &Path,
        max_open: usize,
        live: &BTreeSet<u64>,
        damage: Arc<DamageLog>,
    ) -> Result<Files, StoreError> {
        let mut files = BTreeMap::new();
        for tier in Tier::ALL {
            let folder = dir.join(tier.folder());
            fs::create_dir_all(&folder)
                .map_err(|source| StoreError::io("create", &folder, source))?;
            let entries =
                fs::read_dir(&folder).map_err(|source| StoreError::io("list", &folder, source))?;
            for entry in entries {
                let path = entry
                    .map_err(|source| StoreError::io("list", &folder, source))?
                    .path();
                let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                    continue;
                };
                if name.ends_with(".tmp") {
                    // Of a compaction that did not come to its end; the file that it was to replace is there.
                    fs::remove_file(&path)
                        .map_err(|source| StoreError::io("remove", &path, source))?;
                } else if let Some(period) = name
                    .strip_suffix(".day")
                    .and_then(|name| Period::parse(tier, name))
                {
                    let file = DayFile::open(&path, period, live, damage.clone())?;
                    files.insert(period, Arc::new(file));
                }
            }
        }
        sync_dir(dir).map_err(|source| StoreError::io("sync", dir, source))?;
        let by_period = RwLock::new(files);
        Ok(Files {
            dir: dir.into(),
            max_open,
            uses: AtomicU64::new(0),
            by_period,
            damage,
        })
    }

    /// The file of a period, which may not exist yet.
    pub(crate) fn file(&self, period: Period) -> Arc<DayFile> {
        if let Some(file) = self.by_period.read().get(&period) {
            return file.clone();
        }
        let path = self
            .dir
            .join(period.tier.folder())
            .join(format!("{period}.day"));
        let mut files = self.by_period.write();
        let missing = || Arc::new(DayFile::missing(&path, period, self.damage.clone()));
        files.entry(period).or_insert_with(missing).clone()
    }

    /// The files of a tier that hold something, oldest first.
    pub(crate) fn of(&self, tier: Tier) -> Vec<Arc<DayFile>> {
        let files = self.by_period.read();
        files
            .values()
            .filter(|file| file.period.tier == tier && !file.is_empty())
            .cloned()
            .collect()
    }

    /// Those of them that overlap `first..=last`. The ones used longest ago are closed when too many are open.
    pub(crate) fn overlapping(&self, tier: Tier, first: Nanos, last: Nanos) -> Vec<Arc<DayFile>> {
        let mut files = self.of(tier);
        files.retain(|file| file.period.start() <= last && file.period.end() > first);
        let moment = self.uses.fetch_add(1, Ordering::Relaxed);
        files.iter().for_each(|file| file.touch(moment));
        self.close_some();
        files
    }

    /// All that hold something.
    pub(crate) fn all(&self) -> Vec<Arc<DayFile>> {
        self.by_period
            .read()
            .values()
            .filter(|file| !file.is_empty())
            .cloned()
            .collect()
    }

    fn close_some(&self) {
        let mut open: Vec<(u64, Arc<DayFile>)> = self
            .all()
            .into_iter()
            .filter_map(|file| Some((file.used()?, file)))
            .collect();
        if open.len() > self.max_open {
            open.sort_by_key(|(used, _)| *used);
            let surplus = open.len() - self.max_open;
            open.iter().take(surplus).for_each(|(_, file)| file.close());
        }
    }
}
