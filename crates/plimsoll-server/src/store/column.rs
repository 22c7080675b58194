//! One field's values ↔ bytes.

use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::histograms;
use super::numbers::{self, Effort};
use super::schema::{Field, Type};
use super::table::{Column, Kind, Values};
use super::wire::{self, Decoded, Malformed, Reader};

const ALL: u8 = 0;
const SOME: u8 = 1;

/// How hard texts are packed.
pub(crate) fn zstd_level(effort: Effort) -> i32 {
    match effort {
        Effort::Fast => 1,
        Effort::Small => 5,
    }
}

/// Writes the values of a column. Only those that are present are kept. `parts` are the rows of each series that follow
/// each other; none where rows are not sorted.
pub(crate) fn put(
    out: &mut Vec<u8>,
    values: &Values,
    present: Option<&[bool]>,
    parts: &[u32],
    effort: Effort,
) {
    match present.filter(|present| present.contains(&false)) {
        None => {
            out.push(ALL);
            put_values(out, values, parts, effort);
        }
        Some(present) => {
            out.push(SOME);
            wire::put_bits(out, present, zstd_level(effort));
            put_values(out, &values.kept(present), &[], effort);
        }
    }
}

/// Reads a column of `rows` rows; absent values are the default of the type.
pub(crate) fn read(
    bytes: &[u8],
    value_type: Type,
    rows: usize,
) -> Decoded<(Values, Option<Vec<bool>>)> {
    let mut reader = Reader::new(bytes);
    match reader.byte()? {
        ALL => Ok((read_values(reader.rest(), value_type, rows)?, None)),
        SOME => {
            let present = reader.bits(rows)?;
            let count = present.iter().filter(|&&is| is).count();
            let values = read_values(reader.rest(), value_type, count)?.spread(&present);
            Ok((values, Some(present)))
        }
        _ => Err(Malformed("column")),
    }
}

/// Name, type and kind.
pub(crate) fn put_name(out: &mut Vec<u8>, column: &Column) {
    wire::put_bytes(out, column.name.as_bytes());
    put_field(
        out,
        Field {
            value_type: column.values.value_type(),
            kind: column.kind,
        },
    );
}

/// Type and kind in one byte.
pub(crate) fn put_field(out: &mut Vec<u8>, field: Field) {
    let kind = match field.kind {
        Kind::Gauge => 0,
        Kind::Delta => 1,
        Kind::Cumulative => 2,
    };
    let value_type = match field.value_type {
        Type::F64 => 0,
        Type::I64 => 1,
        Type::U64 => 2,
        Type::Bool => 3,
        Type::String => 4,
        Type::Histogram => 5,
    };
    out.push(kind << 4 | value_type);
}

/// Type and kind from one byte.
pub(crate) fn read_field(reader: &mut Reader<'_>) -> Decoded<Field> {
    let byte = reader.byte()?;
    let kind = match byte >> 4 {
        0 => Kind::Gauge,
        1 => Kind::Delta,
        2 => Kind::Cumulative,
        _ => return Err(Malformed("kind of a field")),
    };
    let value_type = match byte & 15 {
        0 => Type::F64,
        1 => Type::I64,
        2 => Type::U64,
        3 => Type::Bool,
        4 => Type::String,
        5 => Type::Histogram,
        _ => return Err(Malformed("type of a field")),
    };
    Ok(Field { value_type, kind })
}

fn put_values(out: &mut Vec<u8>, values: &Values, parts: &[u32], effort: Effort) {
    match values {
        Values::F64(values) => numbers::put_parts(out, values, parts, effort),
        Values::I64(values) => numbers::put(out, values, effort),
        Values::U64(values) => numbers::put(out, values, effort),
        Values::Bool(values) => wire::put_bits(out, values, zstd_level(effort)),
        Values::String(values) => put_strings(out, values, effort),
        Values::Histogram(values) => histograms::put(out, values, effort),
    }
}

fn read_values(bytes: &[u8], value_type: Type, count: usize) -> Decoded<Values> {
    Ok(match value_type {
        Type::F64 => Values::F64(numbers::read(bytes, count)?),
        Type::I64 => Values::I64(numbers::read(bytes, count)?),
        Type::U64 => Values::U64(numbers::read(bytes, count)?),
        Type::Bool => Values::Bool(Reader::new(bytes).bits(count)?),
        Type::String => Values::String(read_strings(bytes, count)?),
        Type::Histogram => Values::Histogram(histograms::read(bytes, count)?),
    })
}

/// Each different text once, in the order of its first appearance, then who has which.
fn put_strings(out: &mut Vec<u8>, strings: &[Arc<str>], effort: Effort) {
    let mut known: HashMap<&str, u32, RandomState> = HashMap::default();
    let mut texts = Vec::new();
    let picks: Vec<u32> = strings
        .iter()
        .map(|text| {
            let next = known.len() as u32;
            *known.entry(text).or_insert_with(|| {
                wire::put_bytes(&mut texts, text.as_bytes());
                next
            })
        })
        .collect();
    wire::put_varint(out, known.len() as u64);
    wire::put_packed(out, &texts, zstd_level(effort));
    numbers::put(out, &picks, effort);
}

fn read_strings(bytes: &[u8], count: usize) -> Decoded<Vec<Arc<str>>> {
    let mut reader = Reader::new(bytes);
    let different = reader.count(count)?;
    let packed = reader.packed()?;
    let mut texts = Reader::new(&packed);
    let known = (0..different)
        .map(|_| texts.text().map(Arc::from))
        .collect::<Decoded<Vec<Arc<str>>>>()?;
    let picks: Vec<u32> = numbers::read(reader.rest(), count)?;
    picks
        .iter()
        .map(|&pick| known.get(pick as usize).cloned().ok_or(Malformed("string")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn columns_come_back(rows in prop::collection::vec((any::<bool>(), any::<f64>(), any::<bool>(), "[a-c]{0,2}"), 0..200)) {
            let present: Vec<bool> = rows.iter().map(|row| row.0).collect();
            let columns = [
                Values::F64(rows.iter().map(|row| if row.0 { row.1 } else { 0.0 }).collect()),
                Values::Bool(rows.iter().map(|row| row.0 && row.2).collect()),
                Values::String(rows.iter().map(|row| if row.0 { row.3.as_str().into() } else { "".into() }).collect()),
            ];
            for values in columns {
                let mut bytes = Vec::new();
                put(&mut bytes, &values, Some(&present), &[], Effort::Small);
                let (back, there) = read(&bytes, values.value_type(), rows.len()).unwrap();
                prop_assert_eq!(format!("{back:?}"), format!("{values:?}"));
                prop_assert_eq!(there.unwrap_or_else(|| vec![true; rows.len()]), present.clone());
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, rows in 0usize..2000) {
            for value_type in [Type::F64, Type::U64, Type::Bool, Type::String, Type::Histogram] {
                let _ = read(&bytes, value_type, rows);
            }
        }
    }
}
