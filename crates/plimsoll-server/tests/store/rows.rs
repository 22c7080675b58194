//! Writing rows and reading everything back, without the query engine.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use plimsoll_server::store::block::SortedRows;
use plimsoll_server::store::table::{Batch, Column, Kind, Nanos, Table, Values};
use plimsoll_server::store::{Store, StoreConfig};

/// Midnight, 2026-11-20 UTC.
pub(crate) const MIDNIGHT: Nanos = 1_795_132_800_000_000_000;
pub(crate) const SECOND: Nanos = 1_000_000_000;
pub(crate) const DAY: Nanos = 86_400 * SECOND;

/// Series name and time → field → value, as text.
pub(crate) type Everything = BTreeMap<(String, Nanos), BTreeMap<String, String>>;

pub(crate) fn open(dir: &Path) -> Arc<Store> {
    Store::open(StoreConfig::new(dir), MIDNIGHT).unwrap()
}

/// Rows of the measurement `m` with the fields `a` (float) and `b` (integer), each `(series, time, a, b)`.
pub(crate) fn batch(store: &Store, rows: &[(&str, Nanos, Option<f64>, Option<i64>)]) -> Batch {
    let column = |name: &str, values, present: Vec<bool>| Column {
        name: name.into(),
        kind: Kind::Gauge,
        values,
        present: present.contains(&false).then_some(present),
    };
    let a = rows.iter().map(|row| row.2.unwrap_or_default()).collect();
    let b = rows.iter().map(|row| row.3.unwrap_or_default()).collect();
    let table = Table {
        measurement: "m".into(),
        series: rows
            .iter()
            .map(|row| store.series().intern("m", &[("s", row.0)]).unwrap())
            .collect(),
        times: rows.iter().map(|row| row.1).collect(),
        columns: vec![
            column(
                "a",
                Values::F64(a),
                rows.iter().map(|row| row.2.is_some()).collect(),
            ),
            column(
                "b",
                Values::I64(b),
                rows.iter().map(|row| row.3.is_some()).collect(),
            ),
        ],
    };
    Batch {
        tables: vec![table],
    }
}

/// All rows of `m`, from blocks and memory, overwritten field by field as a reader does.
pub(crate) fn everything(store: &Store) -> Everything {
    let snapshot = store.snapshot("m", Nanos::MIN, Nanos::MAX).unwrap();
    let mut all = Everything::new();
    let mut pieces: Vec<(u64, SortedRows)> = Vec::new();
    for view in &snapshot.files {
        for run in view.runs.iter().filter(|run| &*run.measurement == "m") {
            let blocks = run
                .blocks
                .iter()
                .filter_map(|block| view.block(run, block).ok());
            pieces.extend(blocks.map(|block| (block.seal, block.all().unwrap())));
        }
    }
    for run in &snapshot.runs {
        let series = store.series().resolve_all(&run.table.series);
        let table = &run.table;
        for (row, one) in series.iter().enumerate() {
            let columns = table.columns.iter().map(|column| Column {
                present: column.present.as_ref().map(|present| vec![present[row]]),
                values: column.values.gather(&[row as u32]),
                ..column.clone()
            });
            let rows = SortedRows {
                measurement: "m".into(),
                series: vec![(one.key.clone(), 1)],
                times: vec![table.times[row]],
                columns: columns.collect(),
            };
            pieces.push((run.seal, rows));
        }
    }
    pieces.sort_by_key(|(seal, _)| *seal);
    for (_, rows) in pieces {
        let keys = rows
            .series
            .iter()
            .flat_map(|(key, count)| std::iter::repeat_n(key, *count as usize));
        for (row, key) in keys.enumerate() {
            let name = String::from_utf8_lossy(key)
                .split('\0')
                .nth(2)
                .unwrap_or_default()
                .to_owned();
            let fields = all.entry((name, rows.times[row])).or_default();
            for column in &rows.columns {
                if column.present.as_ref().is_none_or(|present| present[row]) {
                    fields.insert(column.name.to_string(), value(&column.values, row));
                }
            }
        }
    }
    all
}

pub(crate) fn value(values: &Values, row: usize) -> String {
    match values {
        Values::F64(list) => format!("{:?}", list[row]),
        Values::I64(list) => format!("{:?}", list[row]),
        Values::U64(list) => format!("{:?}", list[row]),
        Values::Bool(list) => format!("{:?}", list[row]),
        Values::String(list) => format!("{:?}", list[row]),
        Values::Histogram(list) => format!("{:?}", list[row]),
    }
}

/// What [`everything`] says of a row of [`batch`].
pub(crate) fn fields(a: Option<f64>, b: Option<i64>) -> BTreeMap<String, String> {
    let a = a.map(|a| ("a".to_owned(), format!("{a:?}")));
    let b = b.map(|b| ("b".to_owned(), format!("{b:?}")));
    a.into_iter().chain(b).collect()
}

/// The same numbers at every run: Steele, Lea and Flood's SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }
}
