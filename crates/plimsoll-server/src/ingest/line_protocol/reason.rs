//! Why a line was not taken.

use crate::store::schema::{FieldError, Schema};
use crate::store::series::LimitReached;

/// Why a line was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// It starts with its tags or fields.
    #[error("missing measurement")]
    MissingMeasurement,
    /// A tag without a name.
    #[error("missing tag key")]
    MissingTagKey,
    /// A tag without a value.
    #[error("missing tag value of `{0}`")]
    MissingTagValue(String),
    /// Two values for one tag.
    #[error("duplicate tag `{0}`")]
    DuplicateTag(String),
    /// Measurement and tags longer than [`super::scan::MAX_KEY_BYTES`].
    #[error("measurement and tags are longer than {most} bytes", most = super::scan::MAX_KEY_BYTES)]
    KeyTooLong,
    /// More tags than [`super::scan::MAX_TAGS`].
    #[error("there are more than {most} tags", most = super::scan::MAX_TAGS)]
    TooManyTags,
    /// Nothing after measurement and tags.
    #[error("missing fields")]
    MissingFields,
    /// A field without a name.
    #[error("missing field key")]
    MissingFieldKey,
    /// A field without `=` or without a value.
    #[error("missing value of field `{0}`")]
    MissingFieldValue(String),
    /// Neither number, boolean nor quoted string.
    #[error(
        "field `{field}` has the value `{value}`: a number, true, false or a string in double quotes is expected"
    )]
    BadValue {
        /// The field.
        field: String,
        /// What stood there.
        value: String,
    },
    /// An integer that does not fit 64 bits.
    #[error("field `{field}`: {value} does not fit 64 bits")]
    IntegerRange {
        /// The field.
        field: String,
        /// What stood there.
        value: String,
    },
    /// NaN, infinite, or too large to be finite.
    #[error("field `{0}` is not a finite number")]
    NotFinite(String),
    /// A string without end.
    #[error("field `{0}`: the closing double quote is missing")]
    UnbalancedQuotes(String),
    /// More fields than [`Schema::MAX_FIELDS_EACH`] in one line or batch.
    #[error("a measurement may have {most} fields, `{0}` would be one more", most = Schema::MAX_FIELDS_EACH)]
    TooManyFields(String),
    /// One name twice in a line, with values of different types.
    #[error("field `{0}` has two values of different types")]
    TwoTypes(String),
    /// What stands after the fields is no time.
    #[error("bad timestamp `{0}`")]
    BadTimestamp(String),
    /// A time that 64 bits of nanoseconds cannot hold.
    #[error("timestamp {0} is out of range for the precision")]
    TimestampRange(i64),
    /// A clock ahead of ours.
    #[error("the time lies {0} s in the future (`store.clock_future_secs`)")]
    InFuture(i64),
    /// Older than what is kept.
    #[error(
        "the time lies {0} s in the past, longer than rows are kept (`store.raw_days`, or `raw_days` of \
         `store.measurements`)"
    )]
    TooOld(i64),
    /// A value of another type than the field's first one.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// No room for a new series.
    #[error("too many series: {0}")]
    Series(#[from] LimitReached),
    /// Bytes that are no text.
    #[error("not UTF-8")]
    NotText,
}

impl Reason {
    /// Whether the two differ in names and values only.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        use std::mem::discriminant;
        match (self, other) {
            (Self::Field(own), Self::Field(other)) => discriminant(own) == discriminant(other),
            (own, other) => discriminant(own) == discriminant(other),
        }
    }
}
