//! Which measurements have a 10-minute rollup.
//!
//! Of a measurement whose series have few rows, a row for each 10 minutes is hardly less than the raw rows. So a
//! month's file takes a measurement in from the first hour on in which it is dense, and then to the file's end: where
//! its rollups begin is seen from the file itself. Earlier hours are read raw or hourly.

use super::super::Store;
use crate::store::calendar::HOUR;
use crate::store::commit::{BlockRef, Hour, SealedRun};
use crate::store::day_file::DayFile;
use crate::store::error::StoreError;
use crate::store::table::Nanos;
use crate::store::tier::Tier;

/// Rows that a series must have in an hour on average: 17 in 10 minutes, one each 36 s.
const DENSE: f64 = 100.0;

/// The hour from which on a month's file has 10-minute rollups of a measurement.
pub(crate) fn begins(file: &DayFile, measurement: &str) -> Hour {
    // What cannot be opened is reported by whoever reads its rows; until then raw rows answer.
    let Ok(view) = file.view() else {
        return Hour::MAX;
    };
    let runs = view
        .runs
        .iter()
        .filter(|run| &*run.measurement == measurement);
    let first = runs
        .flat_map(|run| &run.blocks)
        .map(|block| block.first)
        .min();
    first.map_or(Hour::MAX, |first| first.div_euclid(HOUR))
}

impl Store {
    /// Whether the 10-minute rollup of an hour is to have a measurement.
    pub(super) fn wants_ten_minutes(
        &self,
        measurement: &str,
        hour: Hour,
        file: &DayFile,
    ) -> Result<bool, StoreError> {
        let begins = if file.is_empty() {
            Hour::MAX
        } else {
            begins(file, measurement)
        };
        if begins < Hour::MAX {
            return Ok(begins <= hour);
        }
        // The hours after this one must have it too.
        let commits = file.commits();
        let is_last = commits
            .iter()
            .flat_map(|commit| commit.covers.keys())
            .all(|&covered| covered < hour);
        Ok(is_last && self.rows_per_series(measurement, hour)? >= DENSE)
    }

    /// Rows of a series in an hour, on average, as the index of the blocks lets one guess.
    fn rows_per_series(&self, measurement: &str, hour: Hour) -> Result<f64, StoreError> {
        let (start, end) = (hour * HOUR, (hour + 1) * HOUR);
        let (mut rows, mut series) = (0.0, 1);
        for file in self.files.overlapping(Tier::Raw, start, end - 1) {
            let view = file.view()?;
            for run in view
                .runs
                .iter()
                .filter(|run| &*run.measurement == measurement)
            {
                rows += rows_within(run, start, end);
                series = series.max(run.keys.len());
            }
        }
        Ok(rows / series as f64)
    }
}

fn rows_within(run: &SealedRun, start: Nanos, end: Nanos) -> f64 {
    let share = |block: &BlockRef| {
        let (first, last) = (block.first.max(start), block.last.min(end - 1));
        let within = (last - first + 1).max(0) as f64;
        f64::from(block.rows) * within / (block.last - block.first + 1) as f64
    };
    run.blocks.iter().map(share).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::keys::Keys;

    #[test]
    fn rows_are_taken_as_spread_evenly_over_their_block() {
        let block = |first, last, rows| BlockRef {
            offset: 0,
            length: 0,
            rows,
            first_series: 0,
            last_series: 0,
            first,
            last,
        };
        let blocks = vec![block(0, 99, 100), block(100, 199, 10), block(500, 599, 7)];
        let run = SealedRun {
            seal: 1,
            measurement: "m".into(),
            keys: Keys::default(),
            blocks,
        };
        assert_eq!(rows_within(&run, 50, 200), 60.0);
    }
}
