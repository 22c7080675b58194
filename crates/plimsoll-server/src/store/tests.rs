use super::table::{Column, Kind, Table, Values};
use super::*;

fn batch(store: &Store, times: &[Nanos]) -> Batch {
    let id = store.series().intern("cpu", &[("host", "a")]).unwrap();
    let values = Values::F64(times.iter().map(|&time| time as f64).collect());
    let column = Column {
        name: "idle".into(),
        kind: Kind::Gauge,
        values,
        present: None,
    };
    let series = vec![id; times.len()];
    let table = Table {
        measurement: "cpu".into(),
        series,
        times: times.to_vec(),
        columns: vec![column],
    };
    Batch {
        tables: vec![table],
    }
}

fn open(dir: &Path) -> Arc<Store> {
    Store::open(StoreConfig::new(dir), 0).unwrap()
}

#[test]
fn what_is_acknowledged_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.append_blocking(batch(&store, &[1, 2, 3])).unwrap();
    store.append_blocking(batch(&store, &[4])).unwrap();
    drop(store);
    let store = open(dir.path());
    assert_eq!(store.status().unsealed_rows, 4);
    assert!(store.status().damage.is_empty());
    store.append_blocking(batch(&store, &[5])).unwrap();
    drop(store);
    assert_eq!(open(dir.path()).status().unsealed_rows, 5);
}

#[test]
fn a_second_store_on_the_folder_hears_who_has_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.announce("http://127.0.0.1:1876");
    let refused = Store::open(StoreConfig::new(dir.path()), 0)
        .unwrap_err()
        .to_string();
    let expected = format!("process {}, http://127.0.0.1:1876", std::process::id());
    assert!(refused.contains(&expected), "{refused}");
}

#[test]
fn whoever_has_an_answer_finds_the_time_of_the_write() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for n in 1..=300 {
        store.append_blocking(batch(&store, &[n])).unwrap();
        assert_eq!(store.take_write_secs().count, 1, "write {n}");
    }
}

#[test]
fn a_value_of_another_type_is_refused_and_named() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.append_blocking(batch(&store, &[1])).unwrap();
    let mut wrong = batch(&store, &[2]);
    wrong.tables[0].columns[0].values = Values::Bool(vec![true]);
    let refused = store.append_blocking(wrong).unwrap_err().to_string();
    assert_eq!(
        refused,
        "field `idle` of `cpu` is a float, but this value is a boolean"
    );
    assert_eq!(store.status().unsealed_rows, 1);
}
