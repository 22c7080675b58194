//! What is too old or too much goes, and nothing else.

use std::time::Duration;

use plimsoll_server::store::{Store, StoreConfig, Tier};

use super::rows::{DAY, MIDNIGHT, batch, everything};

#[test]
fn a_day_goes_when_it_is_past_its_retention() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(StoreConfig::new(dir.path()), MIDNIGHT).unwrap();
    let rows: Vec<_> = (0..10)
        .map(|day| ("x", MIDNIGHT - day * DAY, Some(1.0), None))
        .collect();
    store.append_blocking(batch(&store, &rows)).unwrap();
    store.flush().unwrap();
    store.maintain(MIDNIGHT).unwrap();
    let times: Vec<_> = everything(&store)
        .into_keys()
        .map(|(_, time)| (time - MIDNIGHT) / DAY)
        .collect();
    assert_eq!(times, [-7, -6, -5, -4, -3, -2, -1, 0]);
}

#[test]
fn a_measurement_kept_longer_stays_alone_in_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = StoreConfig::new(dir.path());
    config
        .measurement_retention
        .insert("m".into(), Duration::from_secs(30 * 86_400));
    let store = Store::open(config, MIDNIGHT).unwrap();
    let kept = batch(&store, &[("x", MIDNIGHT - 20 * DAY, Some(1.0), Some(2))]);
    let mut other = kept.clone();
    other.tables[0].measurement = "n".into();
    other.tables[0].series = vec![store.series().intern("n", &[("s", "x")]).unwrap()];
    store.append_blocking(kept).unwrap();
    store.append_blocking(other).unwrap();
    store.flush().unwrap();
    let before = everything(&store);
    let measurements = |store: &Store| -> Vec<String> {
        let view = store.day_files(Tier::Raw)[0].view().unwrap();
        view.runs
            .iter()
            .map(|run| run.measurement.to_string())
            .collect()
    };
    assert_eq!(measurements(&store), ["m", "n"]);
    store.maintain(MIDNIGHT).unwrap();
    assert_eq!(measurements(&store), ["m"]);
    assert_eq!((before.len(), everything(&store)), (1, before));
    drop(store);
    let store = Store::open(StoreConfig::new(dir.path()), MIDNIGHT).unwrap();
    assert_eq!(measurements(&store), ["m"]);
    store.maintain(MIDNIGHT).unwrap();
    assert!(store.day_files(Tier::Raw).is_empty());
}

#[test]
fn beyond_the_largest_size_the_oldest_day_goes_first() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = StoreConfig::new(dir.path());
    config.max_size = Some(40_000);
    let store = Store::open(config, MIDNIGHT).unwrap();
    let noise = |n: i64| Some((n as f64).sin());
    let rows: Vec<_> = (0..6000)
        .map(|n| ("x", MIDNIGHT - (n % 6) * DAY + n, noise(n), None))
        .collect();
    store.append_blocking(batch(&store, &rows)).unwrap();
    store.flush().unwrap();
    store.maintain(MIDNIGHT).unwrap();
    let days: Vec<_> = store
        .day_files(Tier::Raw)
        .iter()
        .map(|file| (file.period.start() - MIDNIGHT) / DAY)
        .collect();
    assert!(
        days.len() > 1 && days.len() < 6 && days.ends_with(&[-1, 0]),
        "{days:?}"
    );
    let status = store.status();
    assert!(
        status.disk_bytes <= 40_000 && status.dropped_files == 6 - days.len() as u64,
        "{status:?}"
    );
}
