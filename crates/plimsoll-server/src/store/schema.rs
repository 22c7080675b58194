//! What is known of each field: its type and its kind, fixed by the first value.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use parking_lot::RwLock;

use super::error::AppendError;
use super::table::{Kind, Table, Values};

/// Ending of the fields that hold totals, for a field has one kind only: who sends totals of `duration` writes
/// `duration_cumulative`. A query for `duration` reads both.
pub const CUMULATIVE: &str = "_cumulative";

/// Fields of a measurement by name.
type Fields = BTreeMap<Arc<str>, Field>;

/// Types and kinds of all fields.
#[derive(Debug, Default)]
pub struct Schema {
    measurements: RwLock<HashMap<Arc<str>, Fields, RandomState>>,
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

impl Schema {
    /// Fixes a field to a type and kind, or checks that they are those it has; tells the kind to write with.
    /// [`Kind::Gauge`] also stands for "the sender does not know" and takes the kind that the field has.
    ///
    /// # Errors
    /// When the field has another type or kind.
    pub fn fix(
        &self,
        measurement: &str,
        field: &str,
        value_type: Type,
        kind: Kind,
    ) -> Result<Kind, TypeConflict> {
        let given = Field { value_type, kind };
        if let Some(stored) = self.field(measurement, field) {
            return stored.take(measurement, field, given);
        }
        let mut measurements = self.measurements.write();
        let fields = measurements.entry(measurement.into()).or_default();
        let stored = *fields.entry(field.into()).or_insert(given);
        stored.take(measurement, field, given)
    }

    /// Takes over what a file knows; what is known already stays.
    pub(crate) fn learn(&self, fields: &BTreeMap<Arc<str>, BTreeMap<Arc<str>, Field>>) {
        let mut measurements = self.measurements.write();
        for (measurement, fields) in fields {
            let known = measurements.entry(measurement.clone()).or_default();
            for (name, field) in fields {
                known.entry(name.clone()).or_insert(*field);
            }
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
