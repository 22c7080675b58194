//! Rows in columns: what a write carries, the memtable holds and a block compresses.

use std::sync::Arc;

use plimsoll::histogram::Histogram;

/// Nanoseconds since the Unix epoch, UTC.
pub type Nanos = i64;

/// A series (measurement + tags) as the running process numbers it; see [`super::series::SeriesIndex`].
/// Numbers are given anew at every start and never leave the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesId(pub u32);

/// What one write carries: one frame of the journal, visible all at once.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// At most one table for a measurement.
    pub tables: Vec<Table>,
}

/// Rows of one measurement. All vectors have one entry per row.
#[derive(Clone, Debug)]
pub struct Table {
    /// The measurement's name.
    pub measurement: Arc<str>,
    /// Series of each row.
    pub series: Vec<SeriesId>,
    /// Time of each row.
    pub times: Vec<Nanos>,
    /// One for each field that any row has.
    pub columns: Vec<Column>,
}

/// One field's values.
#[derive(Clone, Debug)]
pub struct Column {
    /// The field's name.
    pub name: Arc<str>,
    /// How values that follow each other relate.
    pub kind: Kind,
    /// One value per row; the default of the type where `present` says no.
    pub values: Values,
    /// Which rows have the field; `None` when all do.
    pub present: Option<Vec<bool>>,
}

/// Typed values of a [`Column`]. The type of a field is fixed by its first value.
#[derive(Clone, Debug)]
pub enum Values {
    /// 64-bit floats. Never NaN or infinite.
    F64(Vec<f64>),
    /// Signed integers.
    I64(Vec<i64>),
    /// Unsigned integers.
    U64(Vec<u64>),
    /// Booleans.
    Bool(Vec<bool>),
    /// Strings.
    String(Vec<Arc<str>>),
    /// Distributions.
    Histogram(Vec<Arc<Histogram>>),
}

/// How the values of a field that follow each other relate. Fixed with the type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A state at a moment: values are averaged.
    #[default]
    Gauge,
    /// What happened since the row before: values are added up.
    Delta,
    /// What happened since a start that may move: differences are taken on read, a fall is a restart.
    Cumulative,
}
