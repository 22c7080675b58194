use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::{BackupError, restore};
use crate::store::calendar::{DAY, HOUR, MINUTE, SECOND};
use crate::store::query::{Aggregate, FieldQuery, Order, Query, Value};
use crate::store::table::{Batch, Column, Kind, Nanos, Table, Values};
use crate::store::{Store, StoreConfig};

/// 2026-03-27T00:00:00Z.
const START: Nanos = 1_774_569_600 * SECOND;

fn open(dir: &Path) -> Arc<Store> {
    Store::open(StoreConfig::new(dir), START).unwrap()
}

fn write(store: &Store, times: std::ops::Range<Nanos>) {
    let times: Vec<Nanos> = (times.start..times.end).step_by(MINUTE as usize).collect();
    let id = store.series().intern("load", &[("host", "a")]).unwrap();
    let values = Values::U64(vec![1; times.len()]);
    let column = Column {
        name: "done".into(),
        kind: Kind::Delta,
        values,
        present: None,
    };
    let table = Table {
        measurement: "load".into(),
        series: vec![id; times.len()],
        times,
        columns: vec![column],
    };
    store
        .append_blocking(Batch {
            tables: vec![table],
        })
        .unwrap();
}

fn count(store: &Store) -> Value {
    let query = Query {
        measurement: "load".into(),
        fields: vec![FieldQuery {
            name: "done".into(),
            aggregate: Aggregate::Sum,
        }],
        filter: Vec::new(),
        group_by: Vec::new(),
        start: START,
        end: START + 3 * DAY,
        step: None,
        limit: 10,
        order: Order::Ascending,
    };
    store.query(&query).unwrap().series[0].columns[0][0].clone()
}

/// Two days of which one is rolled up and compacted, and an hour in memory.
fn store_with_rows(dir: &Path) -> Arc<Store> {
    let store = open(dir);
    write(&store, START..START + 12 * HOUR);
    store.flush().unwrap();
    write(&store, START + 12 * HOUR..START + 30 * HOUR);
    store.flush().unwrap();
    store.maintain(START + 40 * HOUR).unwrap();
    write(&store, START + 30 * HOUR..START + 31 * HOUR);
    store
}

#[test]
fn a_backup_has_what_was_acknowledged_and_makes_a_store_that_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_with_rows(&dir.path().join("data"));
    let backup = dir.path().join("backup");
    let copied = store.backup(None, &backup, START).unwrap();
    write(&store, START + 31 * HOUR..START + 32 * HOUR);
    assert_eq!(count(&store), Value::U64(32 * 60));
    let restored = dir.path().join("restored");
    assert_eq!(restore(&backup, &restored).unwrap(), copied);
    let store = open(&restored);
    assert_eq!(count(&store), Value::U64(31 * 60));
    assert!(store.status().damage.is_empty());
    write(&store, START + 31 * HOUR..START + 33 * HOUR);
    store.flush().unwrap();
    assert_eq!(count(&store), Value::U64(33 * 60));
}

#[test]
fn backups_taken_while_rows_are_written_and_compacted_are_whole() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir.path().join("data"));
    std::thread::scope(|threads| {
        let writer = threads.spawn(|| {
            for hour in 0..30 {
                write(&store, START + hour * HOUR..START + (hour + 1) * HOUR);
                store.flush().unwrap();
                store.maintain(START + (hour + 5) * HOUR).unwrap();
            }
        });
        let mut least = 0;
        for number in 0..6 {
            let backup = dir.path().join(format!("backup-{number}"));
            store.backup(None, &backup, START).unwrap();
            let restored = dir.path().join(format!("restored-{number}"));
            restore(&backup, &restored).unwrap();
            let restored = open(&restored);
            let rows = if restored.measurements().is_empty() {
                0
            } else {
                match count(&restored) {
                    Value::U64(rows) => rows,
                    other => panic!("{other:?}"),
                }
            };
            assert!(rows % 60 == 0 && rows >= least, "{rows} after {least}");
            least = rows;
        }
        writer.join().unwrap();
    });
}

#[test]
fn nothing_is_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_with_rows(&dir.path().join("data"));
    let taken = dir.path().join("taken");
    fs::create_dir(&taken).unwrap();
    fs::write(taken.join("letter"), "dear").unwrap();
    assert!(matches!(
        store.backup(None, &taken, START),
        Err(BackupError::NotEmpty(_))
    ));
    let backup = dir.path().join("backup");
    store.backup(None, &backup, START).unwrap();
    let refused = restore(&backup, &taken).unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!(
            "{} is not empty: name a folder that does not exist",
            taken.display()
        )
    );
    assert_eq!(fs::read_dir(&taken).unwrap().count(), 1);
}

#[test]
fn an_interrupted_backup_or_restore_is_begun_anew() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_with_rows(&dir.path().join("data"));
    for name in ["backup.partial", "restored.partial"] {
        fs::create_dir(dir.path().join(name)).unwrap();
        fs::write(dir.path().join(name).join("half"), "a file").unwrap();
    }
    let (backup, restored) = (dir.path().join("backup"), dir.path().join("restored"));
    assert!(matches!(
        restore(&dir.path().join("backup.partial"), &restored),
        Err(BackupError::NoBackup(_))
    ));
    store.backup(None, &backup, START).unwrap();
    restore(&backup, &restored).unwrap();
    assert!(!backup.join("half").exists() && !restored.join("half").exists());
    assert_eq!(count(&open(&restored)), Value::U64(31 * 60));
}

#[test]
fn a_flipped_bit_anywhere_in_a_backup_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_with_rows(&dir.path().join("data"));
    let backup = dir.path().join("backup");
    store.backup(None, &backup, START).unwrap();
    let file = backup.join("raw/2026-03-27.day");
    let whole = fs::read(&file).unwrap();
    for at in (0..whole.len()).step_by(whole.len() / 20) {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        fs::write(&file, &damaged).unwrap();
        let refused = restore(&backup, &dir.path().join("restored")).unwrap_err();
        assert!(
            matches!(&refused, BackupError::Damaged { path, .. } if *path == file),
            "{refused}"
        );
        assert!(!dir.path().join("restored").exists());
    }
    fs::write(&file, &whole[..whole.len() - 1]).unwrap();
    let refused = restore(&backup, &dir.path().join("restored"))
        .unwrap_err()
        .to_string();
    assert!(
        refused.ends_with(&format!(
            "it has {} bytes instead of {}",
            whole.len() - 1,
            whole.len()
        )),
        "{refused}"
    );
}
