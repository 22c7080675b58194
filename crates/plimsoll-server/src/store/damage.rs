//! What was found broken: where, how much, and which time it covers.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fmt, fs};

use parking_lot::Mutex;

use super::commit::{BlockRef, SealedRun};
use super::table::Nanos;
use super::tier::{Period, Tier};

/// Bytes that could not be read as what they were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The file.
    pub path: PathBuf,
    /// First broken byte.
    pub start: u64,
    /// First byte after them.
    pub end: u64,
    /// The measurement whose rows are missing, where it is known.
    pub measurement: Option<String>,
    /// The time that the missing rows are of, where it is known. In a block exactly; in the journal about, as the rows
    /// written before and after tell; else the day of the file.
    pub times: Option<(Nanos, Nanos)>,
    /// The bytes are the end of a journal segment and look like a write that was cut short by a crash: then nothing
    /// acknowledged is missing.
    pub unfinished: bool,
}

impl Damage {
    pub(crate) fn bytes(path: &Path, start: u64, end: u64, unfinished: bool) -> Damage {
        Damage {
            path: path.into(),
            start,
            end,
            measurement: None,
            times: None,
            unfinished,
        }
    }

    /// Bytes of which nobody knows what they were are of the time of their file, up to its last change: rows are written
    /// after their time.
    pub(crate) fn within(self, period: Period) -> Damage {
        let changed = fs::metadata(&self.path)
            .and_then(|about| about.modified())
            .ok();
        let last = changed
            .and_then(nanos_of)
            .unwrap_or(Nanos::MAX)
            .max(period.start());
        let times = self
            .times
            .or_else(|| (!self.unfinished).then(|| (period.start(), last.min(period.end() - 1))));
        Damage { times, ..self }
    }

    /// Rollups are made of rows that stand elsewhere too, for a while.
    fn is_of_rollup(&self) -> bool {
        let folder = self.path.parent().and_then(Path::file_name);
        let mut rollups = Tier::ALL.into_iter().filter(|tier| *tier != Tier::Raw);
        rollups.any(|tier| folder.is_some_and(|folder| folder == tier.folder()))
    }

    pub(crate) fn block(path: &Path, run: &SealedRun, block: &BlockRef) -> Damage {
        Damage {
            measurement: Some(run.measurement.to_string()),
            times: Some((block.first, block.last)),
            ..Damage::bytes(
                path,
                block.offset,
                block.offset + u64::from(block.length),
                false,
            )
        }
    }
}

/// All that was found broken since the start, each once.
#[derive(Debug, Default)]
pub(crate) struct DamageLog {
    found: Mutex<Vec<Damage>>,
}

/// More are logged, but not kept.
const MOST_KEPT: usize = 1000;

impl DamageLog {
    pub(crate) fn report(&self, damage: Damage) {
        let mut found = self.found.lock();
        if found.contains(&damage) {
            return;
        }
        tracing::warn!(file = %damage.path.display(), damage.start, damage.end, "{damage}");
        if found.len() < MOST_KEPT {
            found.push(damage);
        }
    }

    pub(crate) fn all(&self) -> Vec<Damage> {
        self.found.lock().clone()
    }

    /// Damage by which rows of a measurement may be missing from a time: also of blocks that nobody reads any more since
    /// rollups of their other rows answer.
    pub(crate) fn of_rows(&self, measurement: &str, times: &Range<Nanos>) -> Vec<Damage> {
        let may_miss = |damage: &&Damage| {
            damage
                .measurement
                .as_ref()
                .is_none_or(|name| name == measurement)
                && !damage.unfinished
                && !damage.is_of_rollup()
                && damage
                    .times
                    .is_none_or(|(first, last)| first < times.end && last >= times.start)
        };
        self.found.lock().iter().filter(may_miss).cloned().collect()
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.unfinished {
            "an unfinished write"
        } else {
            "damaged"
        };
        write!(
            out,
            "{}: bytes {}..{} {what}",
            self.path.display(),
            self.start,
            self.end
        )?;
        match &self.measurement {
            Some(measurement) => write!(out, ", rows of `{measurement}`")?,
            None if self.times.is_some() => write!(out, ", rows of about")?,
            None => {}
        }
        if let Some((first, last)) = self.times {
            write!(out, " from {} to {}", moment(first), moment(last))?;
        }
        Ok(())
    }
}

/// The system's time in the store's unit.
pub(crate) fn nanos_of(time: SystemTime) -> Option<Nanos> {
    Nanos::try_from(time.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_nanos()).ok()
}

fn moment(time: Nanos) -> String {
    jiff::Timestamp::from_nanosecond(time.into())
        .map_or_else(|_| format!("{time} ns"), |time| time.to_string())
}
