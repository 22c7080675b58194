//! Ten thousand series at random rates.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_server::store::query::{
    Aggregate, Condition, FieldQuery, Order, Query, TagFilter, Value,
};
use plimsoll_server::store::table::{Batch, Column, Kind, Nanos, Table, Values};
use plimsoll_server::store::{Store, StoreConfig};

const SECOND: Nanos = 1_000_000_000;
const HOUR: Nanos = 3600 * SECOND;
/// 2026-03-27T00:00:00Z.
const START: Nanos = 1_774_569_600 * SECOND;
const SERIES: usize = 10_000;

/// Sebastiano Vigna's SplitMix64: the same rows at every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

fn sensor(number: usize) -> (String, String) {
    (format!("s{number:05}"), format!("room-{:02}", number % 50))
}

/// A row of each series at its own rate: from one in 30 s to one in five hours.
fn rows() -> Vec<(usize, Nanos, u64)> {
    let mut random = Random(1);
    let mut rows = Vec::new();
    for series in 0..SERIES {
        let every = if series % 500 == 0 {
            30
        } else {
            600 + random.below(5 * 3600)
        };
        let mut second = random.below(every);
        while second < 6 * 3600 {
            rows.push((series, START + second as Nanos * SECOND, random.below(1000)));
            second += 1 + random.below(2 * every);
        }
    }
    rows
}

fn ask(aggregate: Aggregate) -> Query {
    Query {
        measurement: "sensor".into(),
        fields: vec![FieldQuery {
            name: "value".into(),
            aggregate,
        }],
        filter: Vec::new(),
        group_by: Vec::new(),
        start: START,
        end: START + 6 * HOUR,
        step: None,
        limit: 1_000_000,
        order: Order::Ascending,
    }
}

fn write(store: &Store, rows: &[(usize, Nanos, u64)]) {
    let id = |&(series, ..): &(usize, Nanos, u64)| {
        let (name, room) = sensor(series);
        store
            .series()
            .intern("sensor", &[("name", &*name), ("room", &*room)])
            .unwrap()
    };
    let values = Values::U64(rows.iter().map(|row| row.2).collect());
    let table = Table {
        measurement: "sensor".into(),
        series: rows.iter().map(id).collect(),
        times: rows.iter().map(|row| row.1).collect(),
        columns: vec![Column {
            name: "value".into(),
            kind: Kind::Gauge,
            values,
            present: None,
        }],
    };
    store
        .append_blocking(Batch {
            tables: vec![table],
        })
        .unwrap();
}

/// Sum and count by room and hour.
fn by_room_and_hour(rows: &[(usize, Nanos, u64)]) -> BTreeMap<(String, Nanos), (u64, u64)> {
    let mut sums: BTreeMap<_, (u64, u64)> = BTreeMap::new();
    for &(series, time, value) in rows {
        let at = (sensor(series).1, time - time.rem_euclid(HOUR));
        let (sum, count) = sums.entry(at).or_default();
        (*sum, *count) = (*sum + value, *count + 1);
    }
    sums
}

fn check(store: &Store, rows: &[(usize, Nanos, u64)]) {
    let field = |aggregate| FieldQuery {
        name: "value".into(),
        aggregate,
    };
    let fields = vec![field(Aggregate::Sum), field(Aggregate::Count)];
    let query = Query {
        fields,
        group_by: vec!["room".into()],
        step: Some(HOUR),
        ..ask(Aggregate::Sum)
    };
    let mut found = BTreeMap::new();
    for series in store.query(&query).unwrap().series {
        for (row, time) in series.times.iter().enumerate() {
            let [Value::U64(sum), Value::U64(count)] =
                [&series.columns[0][row], &series.columns[1][row]]
            else {
                panic!("{series:?}");
            };
            found.insert((series.tags[0].1.to_string(), *time), (*sum, *count));
        }
    }
    assert_eq!(found, by_room_and_hour(rows));
    for number in [0, 777, SERIES - 1] {
        let only = TagFilter {
            tag: "name".into(),
            condition: Condition::Equal(sensor(number).0),
        };
        let answer = store
            .query(&Query {
                filter: vec![only],
                ..ask(Aggregate::None)
            })
            .unwrap();
        let of_series = rows.iter().filter(|row| row.0 == number);
        let mut expected: Vec<(Nanos, Value)> =
            of_series.map(|row| (row.1, Value::U64(row.2))).collect();
        expected.sort_by_key(|row| row.0);
        let series = &answer.series[0];
        let found: Vec<(Nanos, Value)> = series
            .times
            .iter()
            .copied()
            .zip(series.columns[0].iter().cloned())
            .collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn ten_thousand_series_answer_before_and_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let open = || -> Arc<Store> { Store::open(StoreConfig::new(dir.path()), START).unwrap() };
    let mut rows = rows();
    rows.sort_by_key(|row| row.1);
    assert!(rows.len() > 3 * SERIES);
    let store = open();
    for (number, part) in rows.chunks(5000).enumerate() {
        write(&store, part);
        if number % 4 == 3 {
            store.flush().unwrap();
        }
    }
    check(&store, &rows);
    drop(store);
    let store = open();
    check(&store, &rows);
    store.flush().unwrap();
    store.maintain(START + 30 * HOUR).unwrap();
    check(&store, &rows);
    assert_eq!(
        store
            .tag_values("sensor", "name", START..START + 6 * HOUR, SERIES)
            .0
            .len(),
        SERIES
    );
}
