//! Files of every released format are opened, today and later.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{env, fs};

use plimsoll::histogram::{Buckets, Explicit, Exponential, Histogram, Layout};
use plimsoll_server::store::Store;
use plimsoll_server::store::table::{Batch, Column, Kind, Table, Values};

use super::rows::{DAY, Everything, MIDNIGHT, SECOND, everything, open, value};

/// Names the format of which to write the fixture; it is written once, when the format is new.
const WRITE: &str = "STORE_WRITE_FIXTURE";

fn fixture(format: u8) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/store-format-{format}"))
}

fn histogram(n: u64) -> Arc<Histogram> {
    let positive = Buckets::from_counts(n as i32 - 3, &[n, 0, 2 * n, 1]);
    let negative = Buckets::default();
    let exponential = Layout::Exponential(Exponential {
        scale: 5,
        zero: 1,
        positive,
        negative,
    });
    let explicit = Layout::Explicit(Explicit {
        bounds: [0.1, 0.5].into(),
        counts: vec![n, 1, 2],
    });
    let layout = if n.is_multiple_of(3) {
        explicit
    } else {
        exponential
    };
    Arc::new(Histogram {
        layout,
        count: 3 * n + 2,
        sum: n as f64,
        min: 0.25,
        max: 4.0,
    })
}

/// Ten rows from `first` on, of two series over two days, with a field of every type, kind and kind of gap.
fn table(store: &Store, first: u64) -> Table {
    let rows: Vec<u64> = (first..first + 10).collect();
    let column = |name: &str, kind, values, present: Option<Vec<bool>>| Column {
        name: name.into(),
        kind,
        values,
        present,
    };
    let some = |every: u64| Some(rows.iter().map(|n| n % every > 0).collect());
    let series = |n: u64| {
        store
            .series()
            .intern("m", &[("s", ["one", "two"][n as usize % 2])])
            .unwrap()
    };
    let strings = rows.iter().map(|n| {
        if n % 4 > 0 {
            format!("text {}", n % 3).into()
        } else {
            "".into()
        }
    });
    Table {
        measurement: "m".into(),
        series: rows.iter().map(|&n| series(n)).collect(),
        times: rows
            .iter()
            .map(|&n| MIDNIGHT - DAY * (n as i64 % 3 / 2) + n as i64 * SECOND)
            .collect(),
        columns: vec![
            column(
                "decimal",
                Kind::Gauge,
                Values::F64(rows.iter().map(|&n| n as f64 / 100.0).collect()),
                None,
            ),
            column(
                "float",
                Kind::Gauge,
                Values::F64(rows.iter().map(|&n| (n as f64).sin()).collect()),
                None,
            ),
            column(
                "signed",
                Kind::Gauge,
                Values::I64(rows.iter().map(|&n| -(n as i64) * 7).collect()),
                None,
            ),
            column(
                "total",
                Kind::Cumulative,
                Values::U64(rows.iter().map(|&n| n * n).collect()),
                None,
            ),
            column(
                "flag",
                Kind::Gauge,
                Values::Bool(rows.iter().map(|&n| n % 3 == 1).collect()),
                None,
            ),
            column(
                "text",
                Kind::Gauge,
                Values::String(strings.collect()),
                some(4),
            ),
            column(
                "latency",
                Kind::Delta,
                Values::Histogram(rows.iter().map(|&n| histogram(n)).collect()),
                None,
            ),
        ],
    }
}

/// What is in the fixture: two seals, then rows in the journal that overwrite the last of them.
const PARTS: [u64; 4] = [0, 10, 20, 25];

fn expected(store: &Store) -> Everything {
    let mut all = Everything::new();
    for first in PARTS {
        let table = table(store, first);
        for (row, series) in store.series().resolve_all(&table.series).iter().enumerate() {
            let fields = all
                .entry((series.tags[0].1.to_string(), table.times[row]))
                .or_default();
            let there =
                |column: &&Column| column.present.as_ref().is_none_or(|present| present[row]);
            for column in table.columns.iter().filter(there) {
                fields.insert(column.name.to_string(), value(&column.values, row));
            }
        }
    }
    all
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn files_of_format_1_are_read() {
    let dir = tempfile::tempdir().unwrap();
    if env::var(WRITE).is_ok_and(|format| format == "1") {
        let store = open(dir.path());
        for (part, first) in PARTS.into_iter().enumerate() {
            store
                .append_blocking(Batch {
                    tables: vec![table(&store, first)],
                })
                .unwrap();
            if part < 2 {
                store.flush().unwrap();
            }
        }
        drop(store);
        fs::remove_file(dir.path().join("lock")).unwrap();
        copy(dir.path(), &fixture(1));
    }
    let dir = tempfile::tempdir().unwrap();
    copy(&fixture(1), dir.path());
    for _ in 0..2 {
        let store = open(dir.path());
        assert_eq!(everything(&store), expected(&store));
        assert!(store.status().damage.is_empty());
        let fields: Vec<_> = store
            .schema()
            .fields("m")
            .iter()
            .map(|(name, field)| format!("{name} {field}"))
            .collect();
        assert_eq!(
            fields,
            [
                "decimal a float",
                "flag a boolean",
                "float a float",
                "latency a histogram (delta)",
                "signed an integer",
                "text a string",
                "total an unsigned integer (cumulative)"
            ]
        );
        store.flush().unwrap();
    }
}
