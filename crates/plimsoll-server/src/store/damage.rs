//! What was found broken: where, how much, and which time it covers.

use std::fmt;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use super::commit::{BlockRef, SealedRun};
use super::table::Nanos;

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
    /// The time that the missing rows are of, where it is known.
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
        if let Some(measurement) = &self.measurement {
            write!(out, ", rows of `{measurement}`")?;
        }
        if let Some((first, last)) = self.times {
            write!(out, " from {} to {}", moment(first), moment(last))?;
        }
        Ok(())
    }
}

fn moment(time: Nanos) -> String {
    jiff::Timestamp::from_nanosecond(time.into())
        .map_or_else(|_| format!("{time} ns"), |time| time.to_string())
}
