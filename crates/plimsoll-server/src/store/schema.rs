//! What is known of each field: its type and its kind, fixed by the first value.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use parking_lot::RwLock;

use super::aggregate::rollups::rolled_fields;
use super::error::AppendError;
use super::files::Files;
use super::table::{Kind, Table, Values};
use super::tier::Tier;

/// Ending of the fields that hold totals, for a field has one kind only: who sends totals of `duration` writes
/// `duration_cumulative`. A query for `duration` reads both.
pub const CUMULATIVE: &str = "_cumulative";

/// Fields of a measurement by name.
type Fields = BTreeMap<Arc<str>, Field>;

/// Types and kinds of all fields.
#[derive(Debug)]
pub struct Schema {
    measurements: RwLock<HashMap<Arc<str>, Fields, RandomState>>,
    max_fields: usize,
}

impl Default for Schema {
    fn default() -> Self {
        Schema::new(Schema::MAX_FIELDS)
    }
}

/// Type and kind of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// What its values are.
    pub value_type: Type,
    /// How its values that follow each other relate.
    pub kind: Kind,
}

/// What a field's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// 64-bit floats.
    F64,
    /// Signed integers.
    I64,
    /// Unsigned integers.
    U64,
    /// Booleans.
    Bool,
    /// Strings.
    String,
    /// Distributions.
    Histogram,
}

/// A value that a field cannot take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("field `{field}` of `{measurement}` is {stored}, but this value is {given}")]
pub struct TypeConflict {
    /// The measurement's name.
    pub measurement: Arc<str>,
    /// The field's name.
    pub field: Arc<str>,
    /// What the field was fixed to.
    pub stored: Field,
    /// What came.
    pub given: Field,
}

/// A value that cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldError {
    /// Its field has another type.
    #[error(transparent)]
    Type(#[from] TypeConflict),
    /// Its measurement has as many fields as a measurement may have.
    #[error("a measurement may have {most} fields, `{field}` of `{measurement}` would be one more", most = Schema::MAX_FIELDS_EACH)]
    TooManyEach {
        /// The measurement's name.
        measurement: Arc<str>,
        /// The field's name.
        field: Arc<str>,
    },
    /// All measurements together have as many fields as they may have.
    #[error(
        "more than {limit} fields in all (`store.max_fields`), `{field}` of `{measurement}` would be one more"
    )]
    TooMany {
        /// The measurement's name.
        measurement: Arc<str>,
        /// The field's name.
        field: Arc<str>,
        /// See [`StoreConfig::max_fields`](super::StoreConfig::max_fields).
        limit: usize,
    },
}

impl Schema {
    /// Most fields of one measurement.
    pub const MAX_FIELDS_EACH: usize = 1_024;

    /// Most fields of all measurements together, unless configured otherwise.
    pub const MAX_FIELDS: usize = 50_000;

    /// Nothing is known; at most so many fields are taken in.
    pub fn new(max_fields: usize) -> Schema {
        Schema {
            measurements: RwLock::default(),
            max_fields,
        }
    }

    /// What files know; raw rows know best.
    pub(crate) fn of_files(files: &Files, max_fields: usize) -> Schema {
        let schema = Schema::new(max_fields);
        for tier in Tier::ALL {
            for commit in files
                .of(tier)
                .iter()
                .flat_map(|file| file.commits().to_vec())
            {
                for (measurement, columns) in commit.fields {
                    match tier {
                        Tier::Raw => schema.learn(measurement, columns),
                        _ => schema.learn(measurement, rolled_fields(&columns)),
                    }
                }
            }
        }
        schema
    }

    /// Fixes a field to a type and kind, or checks that they are those it has; tells the kind to write with.
    /// [`Kind::Gauge`] also stands for "the sender does not know" and takes the kind that the field has.
    ///
    /// # Errors
    /// When the field has another type or kind, or would be one too many; fields that are known go on.
    pub fn fix(
        &self,
        measurement: &str,
        field: &str,
        value_type: Type,
        kind: Kind,
    ) -> Result<Kind, FieldError> {
        let given = Field { value_type, kind };
        if let Some(stored) = self.field(measurement, field) {
            return Ok(stored.take(measurement, field, given)?);
        }
        let mut measurements = self.measurements.write();
        let known = measurements.get(measurement);
        if known.is_none_or(|fields| !fields.contains_key(field)) {
            if known.is_some_and(|fields| fields.len() >= Schema::MAX_FIELDS_EACH) {
                return Err(FieldError::TooManyEach {
                    measurement: measurement.into(),
                    field: field.into(),
                });
            }
            if measurements.values().map(BTreeMap::len).sum::<usize>() >= self.max_fields {
                return Err(FieldError::TooMany {
                    measurement: measurement.into(),
                    field: field.into(),
                    limit: self.max_fields,
                });
            }
        }
        let fields = measurements.entry(measurement.into()).or_default();
        let stored = *fields.entry(field.into()).or_insert(given);
        Ok(stored.take(measurement, field, given)?)
    }

    /// Takes over what a file knows; what is known already stays.
    fn learn(&self, measurement: Arc<str>, fields: Fields) {
        let mut measurements = self.measurements.write();
        let known = measurements.entry(measurement).or_default();
        for (name, field) in fields {
            known.entry(name).or_insert(field);
        }
    }

    /// What is known of one field.
    pub fn field(&self, measurement: &str, field: &str) -> Option<Field> {
        self.measurements
            .read()
            .get(measurement)?
            .get(field)
            .copied()
    }

    /// The fields of a measurement, sorted by name.
    pub fn fields(&self, measurement: &str) -> Vec<(Arc<str>, Field)> {
        let measurements = self.measurements.read();
        let fields = measurements.get(measurement).into_iter().flatten();
        fields.map(|(name, field)| (name.clone(), *field)).collect()
    }

    /// The measurements that have fields, sorted.
    pub fn measurements(&self) -> Vec<Arc<str>> {
        let mut names: Vec<_> = self.measurements.read().keys().cloned().collect();
        names.sort_unstable();
        names
    }
}

impl Field {
    fn take(self, measurement: &str, field: &str, given: Field) -> Result<Kind, TypeConflict> {
        if self.value_type == given.value_type
            && (self.kind == given.kind || given.kind == Kind::Gauge)
        {
            return Ok(self.kind);
        }
        Err(TypeConflict {
            measurement: measurement.into(),
            field: field.into(),
            stored: self,
            given,
        })
    }
}

impl Table {
    /// Columns as long as the table, of the types that their fields have; they get their fields' kinds.
    pub(crate) fn check(&mut self, schema: &Schema) -> Result<(), AppendError> {
        let rows = self.rows();
        if self.series.len() != rows {
            return Err(AppendError::Uneven("series".into()));
        }
        for column in &mut self.columns {
            let present = column.present.as_ref().map_or(rows, Vec::len);
            if column.values.len() != rows || present != rows {
                return Err(AppendError::Uneven(column.name.to_string()));
            }
            let value_type = column.values.value_type();
            column.kind = schema.fix(&self.measurement, &column.name, value_type, column.kind)?;
        }
        Ok(())
    }
}

impl Values {
    /// The type of these values.
    pub fn value_type(&self) -> Type {
        match self {
            Values::F64(_) => Type::F64,
            Values::I64(_) => Type::I64,
            Values::U64(_) => Type::U64,
            Values::Bool(_) => Type::Bool,
            Values::String(_) => Type::String,
            Values::Histogram(_) => Type::Histogram,
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Gauge => "",
            Kind::Delta => " (delta)",
            Kind::Cumulative => " (cumulative)",
        };
        write!(out, "{}{kind}", self.value_type)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Type::F64 => "a float",
            Type::I64 => "an integer",
            Type::U64 => "an unsigned integer",
            Type::Bool => "a boolean",
            Type::String => "a string",
            Type::Histogram => "a histogram",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_fixes_the_type() {
        let schema = Schema::default();
        schema.fix("cpu", "idle", Type::F64, Kind::Gauge).unwrap();
        schema.fix("cpu", "idle", Type::F64, Kind::Gauge).unwrap();
        let conflict = schema
            .fix("cpu", "idle", Type::String, Kind::Gauge)
            .unwrap_err();
        assert_eq!(
            conflict.to_string(),
            "field `idle` of `cpu` is a float, but this value is a string"
        );
    }

    #[test]
    fn there_is_an_end_to_new_fields_and_known_ones_go_on() {
        let schema = Schema::new(3);
        let fix = |measurement: &str, field: &str| {
            let fixed = schema.fix(measurement, field, Type::F64, Kind::Gauge);
            fixed.map_err(|error| error.to_string())
        };
        for (measurement, field) in [("a", "x"), ("a", "y"), ("b", "x")] {
            assert_eq!(fix(measurement, field), Ok(Kind::Gauge));
        }
        let refused =
            "more than 3 fields in all (`store.max_fields`), `x` of `c` would be one more";
        assert_eq!(fix("c", "x"), Err(refused.into()));
        assert_eq!(fix("b", "x"), Ok(Kind::Gauge));
        assert_eq!(schema.measurements(), [Arc::from("a"), Arc::from("b")]);
        let schema = Schema::default();
        for field in 0..Schema::MAX_FIELDS_EACH {
            schema
                .fix("a", &format!("f{field}"), Type::F64, Kind::Gauge)
                .unwrap();
        }
        let refused = schema.fix("a", "more", Type::F64, Kind::Gauge).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "a measurement may have 1024 fields, `more` of `a` would be one more"
        );
        schema.fix("b", "more", Type::F64, Kind::Gauge).unwrap();
    }

    #[test]
    fn a_sender_that_knows_no_kinds_takes_the_field_s() {
        let schema = Schema::default();
        schema
            .fix("net", "sent", Type::U64, Kind::Cumulative)
            .unwrap();
        assert_eq!(
            schema.fix("net", "sent", Type::U64, Kind::Gauge),
            Ok(Kind::Cumulative)
        );
        assert!(schema.fix("net", "sent", Type::U64, Kind::Delta).is_err());
    }
}
