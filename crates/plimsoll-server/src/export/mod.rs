//! Stored rows as text that other programs read.

mod csv;
mod lines;
mod pages;

use std::collections::BTreeSet;
use std::io::{self, Write};

use crate::store::Store;
use crate::store::read::error::QueryError;
use crate::store::table::Nanos;

/// What is to be written.
#[derive(Clone, Debug)]
pub struct Export {
    /// One measurement; all when none is named.
    pub measurement: Option<String>,
    /// First time.
    pub start: Nanos,
    /// First time after the range.
    pub end: Nanos,
    /// How.
    pub format: Format,
}

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// InfluxDB line protocol, nanoseconds.
    Lines,
    /// Comma-separated values with a header: time, tags, fields.
    Csv,
}

/// Why an export ended early.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// CSV has one header, and measurements differ in their columns.
    #[error("csv has one header: name a measurement, or use lp")]
    CsvNeedsMeasurement,
    /// Nothing is known under the name.
    #[error("nothing was written to `{0}`")]
    UnknownMeasurement(String),
    /// The rows cannot be read.
    #[error("cannot read the rows")]
    Query(#[from] QueryError),
    /// The text cannot be written.
    #[error("cannot write the rows")]
    Write(#[from] io::Error),
}

/// What was written.
#[derive(Clone, Debug, Default)]
pub struct Exported {
    /// Rows.
    pub rows: u64,
    /// What is known to be missing from the range, in words with its extent.
    pub missing: BTreeSet<String>,
}

impl Exported {
    /// Most of what is missing is told by so many lines.
    const MOST_NOTES: usize = 100;

    /// How a line of [`Exported::write_notes`] begins: a comment in line protocol.
    pub const NOTE: &'static str = "# missing: ";

    /// Writes what is missing, a line each, behind the rows.
    ///
    /// # Errors
    /// When the text cannot be written.
    pub fn write_notes(&self, out: &mut dyn Write) -> io::Result<()> {
        for missing in self.missing.iter().take(Self::MOST_NOTES) {
            writeln!(out, "{}{missing}", Self::NOTE)?;
        }
        let more = self.missing.len().saturating_sub(Self::MOST_NOTES);
        if more > 0 {
            writeln!(out, "{}{more} more", Self::NOTE)?;
        }
        Ok(())
    }
}

/// How far an export is.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// The measurement that is being written.
    pub measurement: String,
    /// Rows written.
    pub rows: u64,
}

impl Export {
    /// Writes the rows. Blocking.
    ///
    /// # Errors
    /// What cannot be read or written; a part may have been written by then.
    pub fn write(
        &self,
        store: &Store,
        out: &mut dyn Write,
        progress: &mut dyn FnMut(&Progress),
    ) -> Result<Exported, ExportError> {
        self.check(store)?;
        let names = match &self.measurement {
            Some(name) => vec![name.clone()],
            None => store
                .measurements()
                .iter()
                .map(ToString::to_string)
                .collect(),
        };
        let mut state = Progress::default();
        let mut missing = BTreeSet::new();
        for measurement in names {
            state.measurement.clone_from(&measurement);
            progress(&state);
            let fields: Vec<String> = store
                .fields(&measurement)
                .iter()
                .map(|(name, _)| name.to_string())
                .collect();
            let range = self.start..self.end;
            let mut csv = match self.format {
                Format::Csv => Some(csv::Csv::begin(store, &measurement, &fields, range, out)?),
                Format::Lines => None,
            };
            pages::each(store, &measurement, &fields, self.start, self.end, |page| {
                state.rows += match &mut csv {
                    Some(csv) => csv.write(page, out)?,
                    None => lines::write(&measurement, &fields, page, out)?,
                };
                missing.extend(page.missing.iter().cloned());
                progress(&state);
                Ok(())
            })?;
        }
        out.flush()?;
        Ok(Exported {
            rows: state.rows,
            missing,
        })
    }

    /// Whether it can be written at all.
    ///
    /// # Errors
    /// A measurement that is unknown or missing.
    pub fn check(&self, store: &Store) -> Result<(), ExportError> {
        match &self.measurement {
            None if self.format == Format::Csv => Err(ExportError::CsvNeedsMeasurement),
            Some(name) if store.fields(name).is_empty() => {
                Err(ExportError::UnknownMeasurement(name.clone()))
            }
            _ => Ok(()),
        }
    }
}
