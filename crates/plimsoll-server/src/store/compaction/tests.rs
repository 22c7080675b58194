use std::path::Path;
use std::sync::Arc;

use crate::store::calendar::{DAY, HOUR, MINUTE, SECOND};
use crate::store::query::{Aggregate, FieldQuery, Order, Query};
use crate::store::table::{Batch, Column, Kind, Nanos, Table, Values};
use crate::store::tier::{Period, Tier};
use crate::store::{Store, StoreConfig};

/// 2026-03-27T00:00:00Z.
const START: Nanos = 1_774_569_600 * SECOND;

fn open(dir: &Path) -> Arc<Store> {
    Store::open(StoreConfig::new(dir), START).unwrap()
}

/// A row each minute of `times` for each series; every third has no `note`.
fn write(store: &Store, times: std::ops::Range<Nanos>, version: f64) {
    let each: Vec<Nanos> = (times.start..times.end).step_by(MINUTE as usize).collect();
    let ids = ["a", "b", "c"].map(|host| store.series().intern("load", &[("host", host)]).unwrap());
    let rows: Vec<(usize, Nanos)> = (0..3)
        .flat_map(|series| each.iter().map(move |&time| (series, time)))
        .collect();
    let minute = |time: Nanos| (time - START) / MINUTE;
    let column = |name: &str, values, present| Column {
        name: Arc::from(name),
        kind: Kind::Gauge,
        values,
        present,
    };
    let level = rows
        .iter()
        .map(|&(series, time)| (series as f64 + minute(time) as f64 * version).sin())
        .collect();
    let note = rows
        .iter()
        .map(|&(_, time)| Arc::from(format!("n{}", minute(time) % 5)))
        .collect();
    let noted = rows
        .iter()
        .map(|&(_, time)| minute(time) % 3 != 0)
        .collect();
    let table = Table {
        measurement: "load".into(),
        series: rows.iter().map(|&(series, _)| ids[series]).collect(),
        times: rows.iter().map(|&(_, time)| time).collect(),
        columns: vec![
            column("level", Values::F64(level), None),
            column("note", Values::String(note), Some(noted)),
        ],
    };
    store
        .append_blocking(Batch {
            tables: vec![table],
        })
        .unwrap();
}

fn all_rows(store: &Store) -> String {
    let field = |name: &str| FieldQuery {
        name: name.into(),
        aggregate: Aggregate::None,
    };
    let query = Query {
        measurement: "load".into(),
        fields: vec![field("level"), field("note")],
        filter: Vec::new(),
        group_by: Vec::new(),
        start: START,
        end: START + 2 * DAY,
        step: None,
        limit: 1_000_000,
        order: Order::Ascending,
    };
    let answer = store.query(&query).unwrap();
    assert!(answer.missing.is_empty());
    answer
        .series
        .iter()
        .map(|series| format!("{series:?}\n"))
        .collect()
}

fn runs(store: &Store) -> usize {
    store
        .files
        .file(Period::of(Tier::Raw, START))
        .view()
        .unwrap()
        .runs
        .len()
}

/// Six seals of a day, the last of which overwrites rows.
fn write_a_day(store: &Store) {
    for part in 0..5 {
        write(
            store,
            START + part * 4 * HOUR..START + (part + 1) * 4 * HOUR,
            1.0,
        );
        store.flush().unwrap();
    }
    write(store, START + 3 * HOUR..START + 5 * HOUR, 2.0);
    store.flush().unwrap();
}

#[test]
fn a_day_that_is_over_becomes_one_run_with_the_same_rows() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    write_a_day(&store);
    let rows = all_rows(&store);
    let evening = START + DAY + 30 * MINUTE;
    store.roll_up(evening).unwrap();
    assert_eq!(store.compact(evening).unwrap(), 0, "the day has just ended");
    assert_eq!(runs(&store), 6);
    let next_day = START + DAY + 2 * HOUR;
    assert_eq!(store.compact(next_day).unwrap(), 1);
    assert_eq!(runs(&store), 1);
    assert_eq!(all_rows(&store), rows);
    assert_eq!(store.compact(next_day).unwrap(), 0);
    assert_eq!(
        store.roll_up(next_day).unwrap(),
        0,
        "rollups are as clean as before"
    );
    drop(store);
    let store = open(dir.path());
    assert_eq!(all_rows(&store), rows);
    assert_eq!(store.roll_up(next_day).unwrap(), 0);
}

#[test]
fn what_comes_after_a_compaction_is_kept_and_overwrites() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    write_a_day(&store);
    let now = START + DAY + 2 * HOUR;
    store.roll_up(now).unwrap();
    store.compact(now).unwrap();
    write(&store, START + HOUR..START + HOUR + 10 * MINUTE, 7.0);
    let rows = all_rows(&store);
    store.flush().unwrap();
    assert_eq!((runs(&store), all_rows(&store)), (2, rows.clone()));
    assert_eq!(store.roll_up(now).unwrap(), 1);
    assert_eq!(store.compact(now).unwrap(), 0, "little came late");
    for part in 0..5 {
        write(
            &store,
            START + part * 4 * HOUR..START + (part + 1) * 4 * HOUR,
            3.0,
        );
    }
    store.flush().unwrap();
    let rows = all_rows(&store);
    store.roll_up(now).unwrap();
    assert_eq!(store.compact(now).unwrap(), 1);
    assert_eq!((runs(&store), all_rows(&store)), (1, rows));
}

#[test]
fn a_file_with_a_damaged_block_stays_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    write_a_day(&store);
    let now = START + DAY + 2 * HOUR;
    store.roll_up(now).unwrap();
    let file = store.files.file(Period::of(Tier::Raw, START));
    let block = file.view().unwrap().runs[2].blocks[0];
    let mut bytes = std::fs::read(file.path()).unwrap();
    bytes[block.offset as usize + 60] ^= 4;
    std::fs::write(file.path(), &bytes).unwrap();
    assert_eq!(store.compact(now).unwrap(), 0);
    assert_eq!(store.compact(now).unwrap(), 0);
    assert_eq!(std::fs::read(file.path()).unwrap(), bytes);
    assert!(!file.path().with_extension("tmp").exists());
}
