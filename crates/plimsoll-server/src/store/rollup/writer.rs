//! Rollup rows on their way into blocks.

use std::sync::Arc;

use super::{Fields, write_error};
use crate::store::aggregate::Aggregation;
use crate::store::aggregate::written::RollupColumns;
use crate::store::appender::Appender;
use crate::store::block::SortedRows;
use crate::store::day_file::DayFile;
use crate::store::error::StoreError;
use crate::store::read::catalog::{Matching, Place};
use crate::store::read::merge::Rows;
use crate::store::seal::BLOCK_ROWS;
use crate::store::table::Nanos;
use crate::store::tier::Tier;

/// Adds up the rows of one measurement and writes what they come to, block by block.
pub(super) struct RollupWriter<'a, 'f> {
    appender: &'a mut Appender<'f>,
    file: Arc<DayFile>,
    measurement: Arc<str>,
    fields: Fields,
    rollup: Aggregation,
    /// Keys of the series that are being added up, with their numbers.
    open: Vec<(Place, Arc<[u8]>)>,
    series: Vec<(Arc<[u8]>, u32)>,
    times: Vec<Nanos>,
    columns: Vec<RollupColumns>,
}

impl<'a, 'f> RollupWriter<'a, 'f> {
    pub(super) fn new(
        appender: &'a mut Appender<'f>,
        file: Arc<DayFile>,
        measurement: Arc<str>,
        fields: Fields,
        rollup: Aggregation,
    ) -> Self {
        let columns = columns(&fields);
        let (open, series, times) = Default::default();
        Self {
            appender,
            file,
            measurement,
            fields,
            rollup,
            open,
            series,
            times,
            columns,
        }
    }

    /// Adds rows of a tier.
    pub(super) fn add(&mut self, source: Tier, place: Place, series: &Matching, rows: &Rows<'_>) {
        if self.open.last().is_none_or(|(open, _)| *open != place) {
            self.open.push((place, series.key.clone()));
        }
        match source {
            Tier::Raw => self.rollup.add_rows(place, place, rows),
            _ => self.rollup.add_rollups(place, rows),
        }
    }

    /// Writes what the series so far came to; no further rows of them come.
    pub(super) fn write_finished(&mut self) -> Result<(), StoreError> {
        let mut finished = self.rollup.drain();
        let mut open = std::mem::take(&mut self.open);
        open.sort_unstable();
        let key = |place: Place| {
            let at = open.binary_search_by_key(&place, |(place, _)| *place);
            open[at.expect("rows come with their series")].1.clone()
        };
        if finished.len() > 1 {
            finished.sort_by_key(|(place, _)| key(*place));
        }
        for (place, rows) in finished {
            self.series.push((key(place), rows.len() as u32));
            for (time, mut cells) in rows {
                self.times.push(time);
                self.columns
                    .iter_mut()
                    .zip(&mut cells)
                    .for_each(|(column, cell)| column.push(cell));
            }
            if self.times.len() >= BLOCK_ROWS {
                self.write_block()?;
            }
        }
        Ok(())
    }

    /// Writes everything.
    pub(super) fn finish(&mut self) -> Result<(), StoreError> {
        self.write_finished()?;
        self.write_block()
    }

    fn write_block(&mut self) -> Result<(), StoreError> {
        if self.times.is_empty() {
            return Ok(());
        }
        let written = std::mem::replace(&mut self.columns, columns(&self.fields));
        let rows = SortedRows {
            measurement: self.measurement.clone(),
            series: std::mem::take(&mut self.series),
            times: std::mem::take(&mut self.times),
            columns: written
                .into_iter()
                .flat_map(RollupColumns::finish)
                .collect(),
        };
        self.appender
            .push(&rows)
            .map_err(|error| write_error(&self.file, error))
    }
}

fn columns(fields: &Fields) -> Vec<RollupColumns> {
    fields
        .iter()
        .map(|(name, field)| RollupColumns::new(name, *field))
        .collect()
}
