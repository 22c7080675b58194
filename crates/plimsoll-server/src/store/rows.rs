//! A batch ↔ the payload of its frame. Series travel as keys: a payload is understood without anything else.

use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::column;
use super::error::AppendError;
use super::numbers::{self, Effort, MAX_RUN};
use super::series::SeriesIndex;
use super::table::{Batch, Column, SeriesId, Table};
use super::wire::{self, Decoded, Malformed, Reader};
use super::words;

/// Writes a batch.
///
/// # Errors
/// When one of its series was forgotten.
pub(crate) fn put(
    out: &mut Vec<u8>,
    batch: &Batch,
    index: &SeriesIndex,
) -> Result<(), AppendError> {
    wire::put_varint(out, batch.tables.len() as u64);
    batch
        .tables
        .iter()
        .try_for_each(|table| put_table(out, table, index))
}

fn put_table(out: &mut Vec<u8>, table: &Table, index: &SeriesIndex) -> Result<(), AppendError> {
    wire::put_bytes(out, table.measurement.as_bytes());
    wire::put_varint(out, table.times.len() as u64);
    let (different, picks) = different(&table.series);
    let mut keys = Vec::with_capacity(different.len() * 64);
    for series in index.write_all(&different)? {
        wire::put_bytes(&mut keys, &series.key);
    }
    wire::put_varint(out, different.len() as u64);
    words::put(out, &keys, Effort::Fast);
    numbers::put_sized(out, &picks, Effort::Fast);
    numbers::put_sized(out, &table.times, Effort::Fast);
    wire::put_varint(out, table.columns.len() as u64);
    let mut bytes = Vec::new();
    for column in &table.columns {
        column::put_name(out, column);
        bytes.clear();
        column::put(
            &mut bytes,
            &column.values,
            column.present.as_deref(),
            &[],
            Effort::Fast,
        );
        wire::put_bytes(out, &bytes);
    }
    Ok(())
}

/// Each series once, in the order of its first row, and for every row which of them.
fn different(series: &[SeriesId]) -> (Vec<SeriesId>, Vec<u32>) {
    let mut known: HashMap<SeriesId, u32, RandomState> = HashMap::default();
    let mut different = Vec::new();
    let picks = series
        .iter()
        .map(|&id| {
            *known.entry(id).or_insert_with(|| {
                different.push(id);
                different.len() as u32 - 1
            })
        })
        .collect();
    (different, picks)
}

/// Reads a batch; its series get the numbers that `index` gives.
pub(crate) fn read(payload: &[u8], index: &SeriesIndex) -> Decoded<Batch> {
    let mut reader = Reader::new(payload);
    let count = reader.count(payload.len())?;
    let tables = (0..count)
        .map(|_| read_table(&mut reader, index))
        .collect::<Decoded<Vec<_>>>()?;
    Ok(Batch { tables })
}

fn read_table(reader: &mut Reader<'_>, index: &SeriesIndex) -> Decoded<Table> {
    let measurement: Arc<str> = reader.text()?.into();
    let rows = reader.count(MAX_RUN)?;
    let different = reader.count(rows)?;
    let packed = words::read(reader)?;
    let mut keys = Reader::new(&packed);
    let mut ids = Vec::with_capacity(different);
    for _ in 0..different {
        let key = keys.bytes()?;
        ids.push(
            index
                .intern_key(key, false)
                .map_err(|_| Malformed("series"))?,
        );
    }
    let picks: Vec<u32> = numbers::read_sized(reader, rows)?;
    let series = picks
        .iter()
        .map(|&pick| ids.get(pick as usize).copied().ok_or(Malformed("series")))
        .collect::<Decoded<Vec<_>>>()?;
    let times = numbers::read_sized(reader, rows)?;
    let columns = reader.count(reader.rest().len())?;
    let columns = (0..columns)
        .map(|_| {
            let name = reader.text()?.into();
            let field = column::read_field(reader)?;
            let (values, present) = column::read(reader.bytes()?, field.value_type, rows)?;
            Ok(Column {
                name,
                kind: field.kind,
                values,
                present,
            })
        })
        .collect::<Decoded<Vec<_>>>()?;
    Ok(Table {
        measurement,
        series,
        times,
        columns,
    })
}
