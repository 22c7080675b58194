//! Rows that a damaged journal has lost: about which time they are of is told, by the status and by every answer.

use std::fs;
use std::os::unix::fs::FileExt;

use plimsoll_server::store::Store;
use plimsoll_server::store::query::{Aggregate, FieldQuery, Order, Query};

use super::rows::{MIDNIGHT, SECOND, batch, open};

fn missing(store: &Store, start: i64, end: i64) -> Vec<String> {
    let query = Query {
        measurement: "m".into(),
        fields: vec![FieldQuery {
            name: "a".into(),
            aggregate: Aggregate::Count,
        }],
        filter: Vec::new(),
        group_by: Vec::new(),
        start,
        end,
        step: None,
        limit: 10,
        order: Order::Ascending,
    };
    store.query(&query).unwrap().missing
}

#[test]
fn rows_lost_from_the_journal_are_told_with_the_time_they_are_of() {
    let dir = tempfile::tempdir().unwrap();
    let segment = dir.path().join("journal/0000000001.seg");
    let mut ends = Vec::new();
    {
        let store = open(dir.path());
        for part in 0..5 {
            let rows: Vec<_> = (0..100)
                .map(|n| {
                    (
                        "x",
                        MIDNIGHT + (part * 100 + n) * SECOND,
                        Some(n as f64),
                        None,
                    )
                })
                .collect();
            store.append_blocking(batch(&store, &rows)).unwrap();
            ends.push(fs::metadata(&segment).unwrap().len());
        }
    }
    // A byte in the middle of the third write.
    let file = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(&segment)
        .unwrap();
    let at = (ends[1] + ends[2]) / 2;
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 8], at).unwrap();

    let store = open(dir.path());
    let damage = store.status().damage;
    assert_eq!(damage.len(), 1, "{damage:?}");
    let (first, last) = damage[0].times.unwrap();
    // From the write before to the write after.
    assert_eq!(
        (first, last),
        (MIDNIGHT + 100 * SECOND, MIDNIGHT + 399 * SECOND)
    );
    let told = missing(&store, MIDNIGHT + 200 * SECOND, MIDNIGHT + 300 * SECOND);
    assert!(
        told.len() == 1 && told[0].contains("rows of about from 2026-"),
        "{told:?}"
    );
    assert!(missing(&store, MIDNIGHT, MIDNIGHT + 90 * SECOND).is_empty());
    assert!(missing(&store, MIDNIGHT + 400 * SECOND, MIDNIGHT + 900 * SECOND).is_empty());
}
