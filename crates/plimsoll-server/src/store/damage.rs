//! What was found broken: where, how much, and which time it covers.

use std::fmt;
use std::path::PathBuf;

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
