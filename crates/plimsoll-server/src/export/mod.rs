//! Stored rows as text that other programs read.

mod csv;
mod lines;
mod pages;
#[cfg(feature = "parquet")]
mod parquet;

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::ops::Range;

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
    /// Apache Parquet, with the cargo feature `parquet`.
    Parquet,
}

/// Why an export ended early.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// CSV and Parquet have one set of columns, and measurements differ in theirs.
    #[error("csv and parquet have one set of columns: name a measurement, or use lp")]
    NeedsMeasurement,
    /// The program was built without the cargo feature `parquet`.
    #[error(
        "this build writes no parquet (cargo feature `parquet`); export csv and convert it, for instance with DuckDB: COPY (FROM 'x.csv') TO 'x.parquet'"
    )]
    NoParquet,
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
    fn write_notes(&self, out: &mut dyn Write) -> io::Result<()> {
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

/// An export of one measurement that has begun.
enum Form {
    Lines,
    Csv(csv::Csv),
    #[cfg(feature = "parquet")]
    Parquet(Box<parquet::Parquet>),
}

impl Form {
    fn begin(
        format: Format,
        store: &Store,
        measurement: &str,
        fields: &[String],
        range: Range<Nanos>,
        out: &mut dyn Write,
    ) -> Result<Form, ExportError> {
        Ok(match format {
            Format::Lines => Form::Lines,
            Format::Csv => Form::Csv(csv::Csv::begin(store, measurement, fields, range, out)?),
            #[cfg(feature = "parquet")]
            Format::Parquet => {
                let file = parquet::Parquet::begin(store, measurement, fields, range)?;
                Form::Parquet(Box::new(file))
            }
            #[cfg(not(feature = "parquet"))]
            Format::Parquet => return Err(ExportError::NoParquet),
        })
    }
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
            let mut form = Form::begin(self.format, store, &measurement, &fields, range, out)?;
            pages::each(store, &measurement, &fields, self.start, self.end, |page| {
                state.rows += match &mut form {
                    Form::Lines => lines::write(&measurement, &fields, page, out)?,
                    Form::Csv(csv) => csv.write(page, out)?,
                    #[cfg(feature = "parquet")]
                    Form::Parquet(parquet) => parquet.write(page, out)?,
                };
                missing.extend(page.missing.iter().cloned());
                progress(&state);
                Ok(())
            })?;
            #[cfg(feature = "parquet")]
            if let Form::Parquet(parquet) = form {
                let missing: Vec<String> = missing.iter().cloned().collect();
                parquet.finish(&missing, out)?;
            }
        }
        let exported = Exported {
            rows: state.rows,
            missing,
        };
        if self.format != Format::Parquet {
            exported.write_notes(out)?;
        }
        out.flush()?;
        Ok(exported)
    }

    /// Whether it can be written at all.
    ///
    /// # Errors
    /// A measurement that is unknown or missing.
    pub fn check(&self, store: &Store) -> Result<(), ExportError> {
        if self.format == Format::Parquet && cfg!(not(feature = "parquet")) {
            return Err(ExportError::NoParquet);
        }
        match &self.measurement {
            None if self.format != Format::Lines => Err(ExportError::NeedsMeasurement),
            Some(name) if store.fields(name).is_empty() => {
                Err(ExportError::UnknownMeasurement(name.clone()))
            }
            _ => Ok(()),
        }
    }
}
