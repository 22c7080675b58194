//! Series that nobody writes to any more make room for others.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use plimsoll_server::store::table::Nanos;
use plimsoll_server::store::{AppendError, Store, StoreConfig};

use super::rows::{DAY, MIDNIGHT, batch, everything};

fn open(dir: &Path, max_series: usize) -> Arc<Store> {
    let mut config = StoreConfig::new(dir);
    config.max_series = max_series;
    Store::open(config, MIDNIGHT).unwrap()
}

fn append(store: &Store, series: &str, time: Nanos) {
    let rows = [(series, time, Some(1.0), None)];
    store.append_blocking(batch(store, &rows)).unwrap();
}

fn is_room(store: &Store) -> bool {
    store.series().len() < store.config().max_series
}

#[test]
fn an_idle_series_makes_room_and_its_rows_stay() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), 2);
    append(&store, "idle", MIDNIGHT);
    append(&store, "busy", MIDNIGHT);
    assert!(store.series().intern("m", &[("s", "new")]).is_err());
    store.flush().unwrap();
    store.maintain(MIDNIGHT + DAY / 2).unwrap();
    append(&store, "busy", MIDNIGHT + DAY / 2);
    assert!(!is_room(&store));
    store.maintain(MIDNIGHT + DAY).unwrap();
    append(&store, "new", MIDNIGHT + DAY);
    assert!(store.series().intern("m", &[("s", "idle")]).is_err());
    assert_eq!(everything(&store).len(), 4);
    drop(store);
    assert_eq!(everything(&open(dir.path(), 2)).len(), 4);
}

#[test]
fn a_series_with_rows_in_memory_stays() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), 1);
    append(&store, "idle", MIDNIGHT);
    store.maintain(MIDNIGHT + 2 * DAY).unwrap();
    assert!(!is_room(&store));
    assert_eq!(everything(&store).len(), 1);
    store.flush().unwrap();
    store.maintain(MIDNIGHT + 2 * DAY).unwrap();
    assert!(is_room(&store));
}

#[test]
fn who_reads_rows_that_left_memory_keeps_their_series() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), 1);
    append(&store, "idle", MIDNIGHT);
    let reading = store.snapshot("m", Nanos::MIN, Nanos::MAX).unwrap();
    store.flush().unwrap();
    store.maintain(MIDNIGHT + 2 * DAY).unwrap();
    let series = store.series().resolve_all(&reading.runs[0].table.series);
    assert_eq!(&*series[0].tags[0].1, "idle");
    drop(reading);
    store.maintain(MIDNIGHT + 2 * DAY).unwrap();
    assert!(is_room(&store));
}

#[test]
fn a_batch_built_before_its_series_was_forgotten_is_refused_and_works_anew() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), 2);
    let rows = [("idle", MIDNIGHT, Some(1.0), None)];
    let old = batch(&store, &rows);
    store.maintain(MIDNIGHT + DAY).unwrap();
    append(&store, "other", MIDNIGHT);
    let refused = store.append_blocking(old).unwrap_err();
    assert!(matches!(refused, AppendError::Forgotten), "{refused}");
    store.append_blocking(batch(&store, &rows)).unwrap();
    let names: Vec<_> = everything(&store)
        .into_keys()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["idle", "other"]);
}

#[test]
fn series_that_come_and_go_while_others_write_and_read_lose_no_row() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), 10_000);
    const ROUNDS: i64 = 60;
    let is_over = AtomicBool::new(false);
    let written: i64 = std::thread::scope(|scope| {
        let (store, is_over) = (&store, &is_over);
        let writers = [0, 1, 2].map(|writer| {
            scope.spawn(move || {
                let mut n = 0;
                // As long as series are forgotten, however quick either side is.
                while !is_over.load(Ordering::Relaxed) {
                    // Some are written again after they were forgotten.
                    let name = format!("w{writer}-{}", n % 7);
                    let rows = [(name.as_str(), MIDNIGHT + n, Some(n as f64), None)];
                    while let Err(refused) = store.append_blocking(batch(store, &rows)) {
                        assert!(matches!(refused, AppendError::Forgotten), "{refused}");
                    }
                    n += 1;
                }
                n
            })
        });
        // More numbers were given out than there are names: some were forgotten and came back.
        let came_back = || {
            let (last, names) = (store.series().intern("m", &[("s", "last")]), 3 * 7 + 1);
            last.unwrap().0 >= names
        };
        // Each round is two days by its clock.
        let mut round = 0;
        while round < ROUNDS || !came_back() {
            assert!(round < 100 * ROUNDS, "none was forgotten");
            store.flush().unwrap();
            store.maintain(MIDNIGHT + round % 3 * 2 * DAY).unwrap();
            let all = everything(store);
            assert!(all.keys().all(|(name, _)| name.starts_with('w')));
            round += 1;
        }
        is_over.store(true, Ordering::Relaxed);
        writers.map(|writer| writer.join().unwrap()).iter().sum()
    });
    assert_eq!(everything(&store).len() as i64, written);
}
