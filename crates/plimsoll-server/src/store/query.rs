//! What can be asked of the store.

use std::sync::Arc;

use plimsoll::histogram::Histogram;

use super::table::Nanos;

/// Rows of one measurement in `start..end`, grouped by tags, in buckets of `step`.
#[derive(Clone, Debug)]
pub struct Query {
    /// The measurement's name.
    pub measurement: String,
    /// Columns of the answer, after the time.
    pub fields: Vec<FieldQuery>,
    /// All must hold.
    pub filter: Vec<TagFilter>,
    /// Tags whose values tell the answer's series apart; empty: one series of everything.
    /// With [`Aggregate::None`] and an empty list every stored series is one of the answer.
    pub group_by: Vec<String>,
    /// First nanosecond.
    pub start: Nanos,
    /// First nanosecond after the range.
    pub end: Nanos,
    /// Width of a bucket, aligned to the epoch; `None`: one bucket over the whole range. One of exactly 1 or 7 days
    /// follows the calendar of the store's time zone: midnight to midnight, Monday to Monday, 23- and 25-hour days
    /// included.
    pub step: Option<Nanos>,
    /// Most rows of the answer; a longer answer is cut and says so.
    pub limit: usize,
    /// Which end of the range a cut keeps.
    pub order: Order,
}

/// One column of an answer.
#[derive(Clone, Debug)]
pub struct FieldQuery {
    /// The field's name.
    pub name: String,
    /// How its values become one per bucket.
    pub aggregate: Aggregate,
}

/// How the values of a bucket become one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aggregate {
    /// Number of values; of a histogram, of what it counted.
    Count,
    /// Sum; of a cumulative field, its increase.
    Sum,
    /// Mean.
    Mean,
    /// Smallest.
    Min,
    /// Largest.
    Max,
    /// The value of the latest time.
    Last,
    /// Sum per second of the bucket (of its part inside the range); of a histogram, what it counted. Of a gauge how much it
    /// rose, a fall being a restart from zero: senders of line protocol do not say that a number is a total. That is
    /// read from raw rows, and so as long as there are any.
    Rate,
    /// The highest per-minute rate inside the bucket, per second; of a gauge nothing. Of several series together where
    /// rows are read; rollups know each series' own peak, and their sum is the most it can have been.
    Peak,
    /// 0 to 1, nearest rank: from the raw values where they are read, else from the merged histograms, within
    /// [`Answer::error_bound`].
    Percentile(f64),
    /// The merged distribution itself.
    Distribution,
    /// The rows as they are.
    None,
}

/// A condition on one tag; a missing tag is the empty string.
#[derive(Clone, Debug)]
pub struct TagFilter {
    /// The tag's name.
    pub tag: String,
    /// What must hold.
    pub condition: Condition,
}

/// What must hold of a tag's value.
#[derive(Clone, Debug)]
pub enum Condition {
    /// Is this.
    Equal(String),
    /// Is not this.
    NotEqual(String),
    /// Matches as a whole.
    Match(regex::Regex),
    /// Does not match as a whole.
    NoMatch(regex::Regex),
}

/// In which order rows come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Oldest first.
    Ascending,
    /// Newest first.
    Descending,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Sorted by tags.
    pub series: Vec<AnswerSeries>,
    /// Whether `limit` cut rows.
    pub truncated: bool,
    /// Largest error of a percentile, as a share of the true value; 0: all are exact.
    pub error_bound: f64,
    /// What is known to be missing from the range, in words with its extent.
    pub missing: Vec<String>,
}

/// Rows of one group.
#[derive(Clone, Debug)]
pub struct AnswerSeries {
    /// Sorted by name.
    pub tags: Vec<(Arc<str>, Arc<str>)>,
    /// Time of each row: the start of the bucket, or the row's own.
    pub times: Vec<Nanos>,
    /// For each field asked for, one value per row.
    pub columns: Vec<Vec<Value>>,
}

/// One value of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing there.
    Null,
    /// A float.
    F64(f64),
    /// A signed integer.
    I64(i64),
    /// An unsigned integer.
    U64(u64),
    /// A boolean.
    Bool(bool),
    /// A string.
    String(Arc<str>),
    /// A distribution.
    Histogram(Arc<Histogram>),
}
