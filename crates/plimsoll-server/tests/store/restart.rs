//! Rows through seals and restarts.

use plimsoll_server::store::Tier;

use super::rows::{DAY, Everything, MIDNIGHT, SECOND, batch, everything, fields, open};

#[test]
fn rows_are_the_same_in_memory_in_blocks_and_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut expected = Everything::new();
    let mut store = open(dir.path());
    for round in 0..6 {
        let time = |n: i64| MIDNIGHT - DAY + (n * 37 % 5000) * 60 * SECOND;
        let rows: Vec<_> = (round * 500..round * 500 + 900)
            .map(|n| {
                let series = ["x", "y", "z\u{e9}"][n as usize % 3];
                (
                    series,
                    time(n),
                    (n % 5 > 0).then_some(n as f64 / 3.0),
                    (n % 7 > 2).then_some(n),
                )
            })
            .collect();
        for rows in rows.chunks(130) {
            store.append_blocking(batch(&store, rows)).unwrap();
        }
        for (series, time, a, b) in rows {
            expected
                .entry((series.into(), time))
                .or_default()
                .extend(fields(a, b));
        }
        assert_eq!(everything(&store), expected);
        match round {
            0 | 3 => {
                store.flush().unwrap();
                assert_eq!(store.status().unsealed_rows, 0);
            }
            1 | 4 => {
                drop(store);
                store = open(dir.path());
            }
            _ => {}
        }
        assert_eq!(everything(&store), expected);
        assert!(store.status().damage.is_empty());
    }
    assert_eq!(store.day_files(Tier::Raw).len(), 4);
}

#[test]
fn a_sealed_segment_is_gone_and_its_number_never_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut seals = Vec::new();
    for n in 0..4 {
        let store = open(dir.path());
        store
            .append_blocking(batch(&store, &[("x", MIDNIGHT + n, Some(1.0), None)]))
            .unwrap();
        store.flush().unwrap();
        seals.extend(store.status().last_seal);
        assert_eq!(
            std::fs::read_dir(dir.path().join("journal"))
                .unwrap()
                .count(),
            1
        );
    }
    assert!(
        seals.is_sorted_by(|one, next| one < next) && seals.len() == 4,
        "{seals:?}"
    );
}

#[test]
fn field_types_are_known_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store
        .append_blocking(batch(&store, &[("x", MIDNIGHT, Some(1.0), Some(2))]))
        .unwrap();
    store.flush().unwrap();
    drop(store);
    let store = open(dir.path());
    let fields: Vec<_> = store
        .schema()
        .fields("m")
        .into_iter()
        .map(|(name, field)| format!("{name} {field}"))
        .collect();
    assert_eq!(fields, ["a a float", "b an integer"]);
}
