//! A block: sorted rows of one measurement, several series one behind the other. It says of itself all that it holds.

use std::ops::Range;
use std::sync::Arc;

use super::column;
use super::frame;
use super::numbers::{self, Effort};
use super::schema::Field;
use super::table::{Column, Nanos, Values};
use super::wire::{self, Decoded, Malformed, Reader};
use super::words;

/// Most rows of a block.
const MAX_ROWS: usize = 1 << 20;

/// Rows of one measurement, sorted by series key and time, without repeated ones: what becomes a block.
#[derive(Clone, Debug)]
pub struct SortedRows {
    /// The measurement's name.
    pub measurement: Arc<str>,
    /// Each series' key and how many rows it has here, in the order of the keys.
    pub series: Vec<(Arc<[u8]>, u32)>,
    /// Time of each row.
    pub times: Vec<Nanos>,
    /// One for each field that any row has.
    pub columns: Vec<Column>,
}

/// A block as it was read, its columns still compressed.
#[derive(Clone, Debug)]
pub struct Block {
    /// The seal that wrote it: a higher one overwrites a lower.
    pub seal: u64,
    /// The measurement's name.
    pub measurement: Arc<str>,
    /// Each series' key and how many rows it has here.
    pub series: Vec<(Arc<[u8]>, u32)>,
    /// Earliest time.
    pub first: Nanos,
    /// Latest time.
    pub last: Nanos,
    columns: Vec<(Arc<str>, Field, Range<usize>)>,
    times: Range<usize>,
    rows: usize,
    payload: Vec<u8>,
}

/// Makes rows into a whole frame.
pub(crate) fn encode(rows: &SortedRows, seal: u64) -> Vec<u8> {
    let count = rows.times.len();
    debug_assert!(count > 0 && count <= MAX_ROWS, "callers cut their rows");
    let mut body = Vec::with_capacity(count * 8);
    let mut head = Vec::with_capacity(256);
    wire::put_varint(&mut head, count as u64);
    wire::put_varint(&mut head, rows.series.len() as u64);
    for (key, count) in &rows.series {
        wire::put_bytes(&mut head, key);
        wire::put_varint(&mut head, u64::from(*count));
    }
    let (first, last) = rows.time_range().unwrap_or_default();
    wire::put_signed(&mut head, first);
    wire::put_varint(&mut head, last.wrapping_sub(first) as u64);
    numbers::put(&mut body, &rows.times, Effort::Small);
    wire::put_varint(&mut head, body.len() as u64);
    let parts: Vec<u32> = rows.series.iter().map(|(_, count)| *count).collect();
    let kept = rows.columns.iter().filter(|column| column.has_any());
    wire::put_varint(&mut head, kept.clone().count() as u64);
    for column in kept {
        let before = body.len();
        column::put(
            &mut body,
            &column.values,
            column.present.as_deref(),
            &parts,
            Effort::Small,
        );
        column::put_name(&mut head, column);
        wire::put_varint(&mut head, (body.len() - before) as u64);
    }
    let mut out = frame::begin(body.len() + head.len());
    wire::put_varint(&mut out, seal);
    wire::put_bytes(&mut out, rows.measurement.as_bytes());
    words::put(&mut out, &head, Effort::Small);
    out.extend_from_slice(&body);
    frame::finish(&mut out, 0, frame::Kind::Block);
    out
}

impl Column {
    fn has_any(&self) -> bool {
        self.present
            .as_ref()
            .is_none_or(|present| present.contains(&true))
    }
}

/// Reads what a block holds; the columns wait until they are asked for.
pub(crate) fn decode(payload: Vec<u8>) -> Decoded<Block> {
    let mut reader = Reader::new(&payload);
    let seal = reader.varint()?;
    let measurement = reader.text()?.into();
    let packed = words::read(&mut reader)?;
    let body = payload.len() - reader.rest().len();
    let mut head = Reader::new(&packed);
    let rows = head.count(MAX_ROWS)?;
    let mut series = Vec::new();
    let mut counted = 0;
    for _ in 0..head.count(rows)? {
        let key = head.bytes()?.into();
        let count = head.count(rows - counted)?;
        counted += count;
        series.push((key, count as u32));
    }
    if counted != rows {
        return Err(Malformed("rows of a block"));
    }
    let first = head.signed()?;
    let last = first.wrapping_add(head.varint()? as i64);
    let mut at = body;
    let mut next = |length: usize| {
        let range = at..at + length;
        at = range.end;
        if at <= payload.len() {
            Ok(range)
        } else {
            Err(Malformed("length of a column"))
        }
    };
    let times = next(head.count(payload.len())?)?;
    let mut columns = Vec::new();
    for _ in 0..head.count(packed.len())? {
        let name = head.text()?.into();
        let field = column::read_field(&mut head)?;
        columns.push((name, field, next(head.count(payload.len())?)?));
    }
    Ok(Block {
        seal,
        measurement,
        series,
        first,
        last,
        columns,
        times,
        rows,
        payload,
    })
}

impl Block {
    /// How many rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Names, types and kinds of its fields.
    pub fn fields(&self) -> impl Iterator<Item = (&Arc<str>, Field)> {
        self.columns.iter().map(|(name, field, _)| (name, *field))
    }

    /// Time of each row.
    ///
    /// # Errors
    /// When the bytes, though their checksum held, are none.
    pub fn times(&self) -> Result<Vec<Nanos>, Malformed> {
        numbers::read(&self.payload[self.times.clone()], self.rows)
    }

    /// One field's values; `None` when no row has it.
    ///
    /// # Errors
    /// As [`Block::times`].
    pub fn column(&self, name: &str) -> Result<Option<Column>, Malformed> {
        let Some((name, field, range)) = self.columns.iter().find(|(known, ..)| **known == *name)
        else {
            return Ok(None);
        };
        let (values, present) =
            column::read(&self.payload[range.clone()], field.value_type, self.rows)?;
        Ok(Some(Column {
            name: name.clone(),
            kind: field.kind,
            values,
            present,
        }))
    }

    /// Everything.
    ///
    /// # Errors
    /// As [`Block::times`].
    pub fn all(&self) -> Result<SortedRows, Malformed> {
        let columns = self
            .columns
            .iter()
            .filter_map(|(name, ..)| self.column(name).transpose());
        Ok(SortedRows {
            measurement: self.measurement.clone(),
            series: self.series.clone(),
            times: self.times()?,
            columns: columns.collect::<Decoded<_>>()?,
        })
    }
}

impl SortedRows {
    /// Earliest and latest time; `None` without rows.
    pub(crate) fn time_range(&self) -> Option<(Nanos, Nanos)> {
        let first = *self.times.first()?;
        Some(
            self.times
                .iter()
                .fold((first, first), |(low, high), &time| {
                    (low.min(time), high.max(time))
                }),
        )
    }

    /// Joins rows of one series and time into one: field by field, what stands later counts.
    pub(crate) fn fold_repeated(&mut self) {
        let mut keep = vec![true; self.times.len()];
        let mut start = 0;
        for (_, count) in &mut self.series {
            let end = start + *count as usize;
            for row in start + 1..end {
                if self.times[row] == self.times[row - 1] {
                    keep[row - 1] = false;
                    *count -= 1;
                    self.columns
                        .iter_mut()
                        .for_each(|column| column.inherit(row));
                }
            }
            start = end;
        }
        if keep.contains(&false) {
            let kept: Vec<u32> = (0..)
                .zip(&keep)
                .filter(|(_, keep)| **keep)
                .map(|(row, _)| row)
                .collect();
            self.times = kept.iter().map(|&row| self.times[row as usize]).collect();
            self.columns = self
                .columns
                .iter()
                .map(|column| column.gather(&kept))
                .collect();
        }
    }
}

impl Column {
    /// A row that does not have the field takes it from the row before.
    fn inherit(&mut self, row: usize) {
        let Some(present) = &mut self.present else {
            return;
        };
        if present[row - 1] && !present[row] {
            present[row] = true;
            self.values.copy_within(row - 1, row);
        }
    }
}

impl Values {
    fn copy_within(&mut self, from: usize, to: usize) {
        match self {
            Values::F64(list) => list[to] = list[from],
            Values::I64(list) => list[to] = list[from],
            Values::U64(list) => list[to] = list[from],
            Values::Bool(list) => list[to] = list[from],
            Values::String(list) => list[to] = list[from].clone(),
            Values::Histogram(list) => list[to] = list[from].clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::table::Kind;
    use proptest::prelude::*;

    fn rows() -> SortedRows {
        let column = |name: &str, values| Column {
            name: name.into(),
            kind: Kind::Delta,
            values,
            present: None,
        };
        SortedRows {
            measurement: "cpu".into(),
            series: vec![
                (b"cpu\0a\0b\0".as_slice().into(), 2),
                (b"cpu\0a\0c\0".as_slice().into(), 1),
            ],
            times: vec![10, 20, 5],
            columns: vec![
                column("x", Values::F64(vec![1.0, 2.0, 3.0])),
                column("y", Values::U64(vec![4, 5, 6])),
            ],
        }
    }

    #[test]
    fn a_block_gives_back_its_rows() {
        let block = decode(encode(&rows(), 7).split_off(frame::HEADER)).unwrap();
        assert_eq!((block.seal, block.first, block.last), (7, 5, 20));
        assert_eq!(
            format!("{:?}", block.all().unwrap()),
            format!("{:?}", rows())
        );
        assert!(block.column("z").unwrap().is_none());
    }

    #[test]
    fn of_repeated_rows_the_later_counts_field_by_field() {
        let mut rows = rows();
        rows.times = vec![10, 10, 5];
        rows.columns[1].present = Some(vec![true, false, true]);
        rows.fold_repeated();
        assert_eq!((rows.times, rows.series[0].1), (vec![10, 5], 1));
        assert!(matches!(&rows.columns[0].values, Values::F64(values) if *values == [2.0, 3.0]));
        assert!(matches!(&rows.columns[1].values, Values::U64(values) if *values == [4, 6]));
    }

    proptest! {
        #[test]
        fn a_flipped_bit_is_read_or_refused(bit: prop::sample::Index) {
            let mut payload = encode(&rows(), 7).split_off(frame::HEADER);
            let bit = bit.index(payload.len() * 8);
            payload[bit / 8] ^= 1 << (bit % 8);
            if let Ok(block) = decode(payload) {
                let _ = block.all();
            }
        }
    }
}
