//! From a frozen memtable to blocks: rows by measurement, series, time, cut by day and into blocks.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::appender::Appender;
use super::block::SortedRows;
use super::calendar::DAY;
use super::day_file::DayFile;
use super::error::StoreError;
use super::files::Files;
use super::memtable::{Memtable, Run};
use super::series::SeriesIndex;
use super::table::{Column, Nanos, SeriesId};
use super::tier::{Period, Tier};
use super::values::Picker;

/// About so many rows make a block. More compress little better, and a reader of few rows has more to unpack.
pub(crate) const BLOCK_ROWS: usize = 2000;

/// Writes all rows of a memtable to the files of their days. Files that have them already are left as they are.
///
/// # Errors
/// When a file cannot be written; done again, it goes on with the files that are missing.
pub(crate) fn seal(
    memtable: &Memtable,
    series: &SeriesIndex,
    files: &Files,
) -> Result<(), StoreError> {
    let mut measurements = memtable.measurements();
    measurements.sort_unstable();
    let mut days = BTreeMap::new();
    for measurement in &measurements {
        for day in days_of(&memtable.runs(measurement)) {
            days.entry(day)
                .or_insert_with(|| files.file(Period::of(Tier::Raw, day * DAY)));
        }
    }
    let mut appenders: BTreeMap<i64, Appender<'_>> = BTreeMap::new();
    for (&day, file) in &days {
        if file.last_seal().is_some_and(|last| last >= memtable.number) {
            // Its commit was found by a start that cannot know whether it was synced.
            file.sync()?;
        } else {
            appenders.insert(day, file.append(memtable.number));
        }
    }
    for measurement in &measurements {
        let runs = memtable.runs(measurement);
        Cutter::new(&runs).cut(series, |day, rows| match appenders.get_mut(&day) {
            Some(appender) => appender
                .push(&rows)
                .map_err(|source| write_error(&days[&day], source)),
            None => Ok(()),
        })?;
    }
    for (day, appender) in appenders {
        appender
            .commit([])
            .map_err(|source| write_error(&days[&day], source))?;
    }
    Ok(())
}

fn write_error(file: &DayFile, source: std::io::Error) -> StoreError {
    StoreError::io("write", file.path(), source)
}

fn days_of(runs: &[Run]) -> BTreeSet<i64> {
    let mut days = BTreeSet::new();
    for run in runs {
        let (first, last) = (run.first.div_euclid(DAY), run.last.div_euclid(DAY));
        if last - first <= 1 {
            days.extend([first, last]);
        } else {
            days.extend(run.table.times.iter().map(|time| time.div_euclid(DAY)));
        }
    }
    days
}

/// Where a row is: which run, which of its rows.
type Place = (u32, u32);

/// Rows that a run has of a series.
type Part = (u32, Range<u32>);

/// Cuts the runs of one measurement into blocks.
struct Cutter<'a> {
    runs: &'a [Run],
    fields: Vec<Picker<'a>>,
    /// The block of each day that is being filled.
    open: BTreeMap<i64, Open>,
}

#[derive(Default)]
struct Open {
    series: Vec<(Arc<[u8]>, u32)>,
    times: Vec<Nanos>,
    places: Vec<Place>,
}

impl<'a> Cutter<'a> {
    fn new(runs: &'a [Run]) -> Cutter<'a> {
        let mut names: BTreeMap<&Arc<str>, Vec<Option<&'a Column>>> = BTreeMap::new();
        for (at, run) in runs.iter().enumerate() {
            for column in &run.table.columns {
                names
                    .entry(&column.name)
                    .or_insert_with(|| vec![None; runs.len()])[at] = Some(column);
            }
        }
        let fields = names.into_values().filter_map(Picker::new).collect();
        Cutter {
            runs,
            fields,
            open: BTreeMap::new(),
        }
    }

    fn cut<E>(
        mut self,
        index: &SeriesIndex,
        mut full: impl FnMut(i64, SortedRows) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(measurement) = self.runs.first().map(|run| run.table.measurement.clone()) else {
            return Ok(());
        };
        let mut rows: Vec<(Nanos, Place)> = Vec::new();
        for (key, parts) in self.by_series(index) {
            rows.clear();
            for (run, range) in parts {
                let times = &self.runs[run as usize].table.times;
                rows.extend(range.map(|row| (times[row as usize], (run, row))));
            }
            // Stable: of equal times the later arrival stays later.
            rows.sort_by_key(|(time, _)| *time);
            let mut rest = &rows[..];
            while let Some((time, _)) = rest.first() {
                let day = time.div_euclid(DAY);
                let open = self.open.entry(day).or_default();
                let end = rest.partition_point(|(time, _)| time.div_euclid(DAY) == day);
                let share = share(open.times.len(), end);
                if share == 0 {
                    let open = std::mem::take(open);
                    full(day, self.rows(&measurement, open))?;
                } else {
                    let taken = open.take(&key, &rest[..end], share);
                    rest = &rest[taken..];
                }
            }
        }
        for (day, open) in std::mem::take(&mut self.open) {
            if !open.times.is_empty() {
                full(day, self.rows(&measurement, open))?;
            }
        }
        Ok(())
    }

    /// Each series' key with the rows that each run has of it; in the order of the keys, then of the runs.
    fn by_series(&self, index: &SeriesIndex) -> Vec<(Arc<[u8]>, Vec<Part>)> {
        let mut parts: HashMap<SeriesId, Vec<Part>, RandomState> = HashMap::default();
        for (at, run) in (0..).zip(self.runs) {
            let mut start = 0;
            for rows in run.table.series.chunk_by(|one, next| one == next) {
                let end = start + rows.len() as u32;
                parts.entry(rows[0]).or_default().push((at, start..end));
                start = end;
            }
        }
        let (ids, parts): (Vec<SeriesId>, Vec<_>) = parts.into_iter().unzip();
        let keys = index
            .resolve_all(&ids)
            .into_iter()
            .map(|series| series.key.clone());
        let mut by_key: Vec<_> = keys.zip(parts).collect();
        by_key.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        by_key
    }

    fn rows(&self, measurement: &Arc<str>, open: Open) -> SortedRows {
        let columns = self
            .fields
            .iter()
            .filter_map(|field| field.pick(&open.places))
            .collect();
        let mut rows = SortedRows {
            measurement: measurement.clone(),
            series: open.series,
            times: open.times,
            columns,
        };
        rows.fold_repeated();
        rows
    }
}

/// How many of the `left` rows of a series a block with `filled` rows takes; 0: it is full enough. Series stay whole
/// where they can: rows of several compress worse together.
fn share(filled: usize, left: usize) -> usize {
    if filled == 0 {
        let parts = ((left + BLOCK_ROWS / 2) / BLOCK_ROWS).max(1);
        left.div_ceil(parts)
    } else if filled + left <= BLOCK_ROWS {
        left
    } else if filled >= BLOCK_ROWS / 2 {
        0
    } else {
        left.min(BLOCK_ROWS - filled)
    }
}

impl Open {
    /// Takes `share` rows of one series; rows of one time stay together. Tells how many.
    fn take(&mut self, key: &Arc<[u8]>, rows: &[(Nanos, Place)], share: usize) -> usize {
        let mut taken = share;
        while taken < rows.len() && rows[taken].0 == rows[taken - 1].0 {
            taken += 1;
        }
        self.series.push((key.clone(), taken as u32));
        self.times
            .extend(rows[..taken].iter().map(|(time, _)| time));
        self.places
            .extend(rows[..taken].iter().map(|(_, place)| place));
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_stay_whole_where_a_block_can_take_them() {
        // A long series in even parts.
        assert_eq!(
            (share(0, 8640), share(0, 2880), share(0, 10)),
            (2160, 2880, 10)
        );
        assert_eq!(share(1500, 500), 500);
        // A block at least half full rather ends than splits the next series.
        assert_eq!((share(1500, 501), share(999, 1500)), (0, 1001));
    }
}
