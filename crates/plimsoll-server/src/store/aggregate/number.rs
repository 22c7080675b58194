//! Exact sums and comparisons of the numeric field types.

use crate::store::query::Value;

/// A number that keeps its field's type; integers are summed in 128 bits, so that no sum of rows overflows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    /// Of a float field, or the sum of a histogram.
    F64(f64),
    /// Of a signed field.
    I64(i128),
    /// Of an unsigned or boolean field.
    U64(i128),
}

impl Number {
    pub(crate) fn as_f64(self) -> f64 {
        match self {
            Number::F64(value) => value,
            Number::I64(value) | Number::U64(value) => value as f64,
        }
    }

    pub(crate) fn add(self, other: Number) -> Number {
        self.combine(other, |a, b| a + b, |a, b| a + b)
    }

    /// The smaller; `NaN` (a minimum that a histogram's sender did not tell) stays.
    pub(crate) fn min(self, other: Number) -> Number {
        self.combine(
            other,
            |a, b| if b < a || b.is_nan() { b } else { a },
            Ord::min,
        )
    }

    /// The larger; `NaN` (a maximum that a histogram's sender did not tell) stays.
    pub(crate) fn max(self, other: Number) -> Number {
        self.combine(
            other,
            |a, b| if b > a || b.is_nan() { b } else { a },
            Ord::max,
        )
    }

    /// As an answer's value; an integer beyond its type's range is given as a float, `NaN` as nothing.
    pub(crate) fn value(self) -> Value {
        match self {
            Number::F64(value) if value.is_nan() => Value::Null,
            Number::F64(value) => Value::F64(value),
            Number::I64(value) => i64::try_from(value).map_or(Value::F64(value as f64), Value::I64),
            Number::U64(value) => u64::try_from(value).map_or(Value::F64(value as f64), Value::U64),
        }
    }

    fn combine(
        self,
        other: Number,
        floats: fn(f64, f64) -> f64,
        integers: fn(i128, i128) -> i128,
    ) -> Number {
        match (self, other) {
            (Number::I64(a), Number::I64(b)) => Number::I64(integers(a, b)),
            (Number::U64(a), Number::U64(b)) => Number::U64(integers(a, b)),
            (a, b) => Number::F64(floats(a.as_f64(), b.as_f64())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integer_sums_beyond_64_bits_do_not_wrap() {
        let sum = Number::U64(i128::from(u64::MAX)).add(Number::U64(1));
        assert_eq!(sum, Number::U64(18_446_744_073_709_551_616));
        assert_eq!(sum.value(), Value::F64(18_446_744_073_709_551_616.0));
    }

    #[test]
    fn an_unknown_minimum_stays_unknown() {
        assert_eq!(
            Number::F64(1.0).min(Number::F64(f64::NAN)).value(),
            Value::Null
        );
        assert_eq!(
            Number::F64(f64::NAN).min(Number::F64(1.0)).value(),
            Value::Null
        );
        assert_eq!(
            Number::F64(2.0).min(Number::F64(1.0)).value(),
            Value::F64(1.0)
        );
    }
}
