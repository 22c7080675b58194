//! The store's answers beside the map's.

use std::collections::BTreeMap;

use plimsoll_server::store::Store;
use plimsoll_server::store::query::{
    Aggregate, Answer, Condition, FieldQuery, Order, Query, TagFilter, Value,
};
use plimsoll_server::store::table::Nanos;

use super::expected::{Asked, Model, Row, Written};
use super::{MINUTE, SERIES, Series};

fn query(asked: &Asked, fields: &[(&str, Aggregate)]) -> Query {
    let fields = fields.iter().map(|&(name, aggregate)| FieldQuery {
        name: name.into(),
        aggregate,
    });
    let zone = |zone: &str| TagFilter {
        tag: "zone".into(),
        condition: Condition::Equal(zone.into()),
    };
    Query {
        measurement: "m".into(),
        fields: fields.collect(),
        filter: asked.only_zone.into_iter().map(zone).collect(),
        group_by: if asked.by_host {
            vec!["host".into()]
        } else {
            Vec::new()
        },
        start: asked.start,
        end: asked.end,
        step: asked.step,
        limit: 1_000_000,
        order: Order::Ascending,
    }
}

/// Answers by group and time.
fn cells(answer: &Answer) -> BTreeMap<(String, Nanos), Vec<Value>> {
    assert!(answer.missing.is_empty() && !answer.truncated);
    let mut cells = BTreeMap::new();
    for series in &answer.series {
        let group = series
            .tags
            .first()
            .map_or(String::new(), |(_, value)| value.to_string());
        for (row, time) in series.times.iter().enumerate() {
            let values = series
                .columns
                .iter()
                .map(|column| column[row].clone())
                .collect();
            cells.insert((group.clone(), *time), values);
        }
    }
    cells
}

fn number<T>(value: Option<T>, wrap: impl Fn(T) -> Value) -> Value {
    value.map_or(Value::Null, wrap)
}

/// The latest value; of equal times that of the series that comes last.
fn latest<T>(rows: &[Written], field: impl Fn(&Row) -> Option<T>) -> Option<T> {
    let with = rows
        .iter()
        .filter_map(|(series, time, row)| Some((*time, *series, field(row)?)));
    with.max_by_key(|(time, series, _)| (*time, *series))
        .map(|(_, _, value)| value)
}

pub(super) fn check(store: &Store, model: &Model, asked: &Asked) {
    use Aggregate::{Count, Last, Max, Min, Sum};
    let fields = [
        ("level", Count),
        ("level", Sum),
        ("level", Min),
        ("level", Max),
        ("level", Last),
        ("delta", Sum),
        ("signed", Sum),
        ("signed", Min),
        ("total", Sum),
        ("total", Last),
        ("word", Count),
        ("word", Last),
        ("took", Count),
        ("took", Sum),
        ("took", Max),
    ];
    // One by one: asked for together they would all be read from the tier that suits the most demanding.
    let mut found: BTreeMap<(String, Nanos), Vec<Value>> = BTreeMap::new();
    for (at, field) in fields.iter().enumerate() {
        for (bucket, mut values) in cells(&store.query(&query(asked, &[*field])).unwrap()) {
            let row = found
                .entry(bucket)
                .or_insert_with(|| vec![Value::Null; fields.len()]);
            row[at] = values.remove(0);
        }
    }
    let expected: BTreeMap<_, Vec<Value>> = model
        .buckets(asked)
        .into_iter()
        .map(|(at, rows)| {
            let levels: Vec<f64> = rows.iter().filter_map(|(.., row)| row.level).collect();
            let float = |value: Option<f64>| number(value, Value::F64);
            let deltas: Vec<u64> = rows.iter().filter_map(|(.., row)| row.delta).collect();
            let signed: Vec<i64> = rows.iter().filter_map(|(.., row)| row.signed).collect();
            let increases: Vec<u64> = rows
                .iter()
                .filter_map(|(series, time, _)| model.increase(*series, *time))
                .collect();
            let words = rows.iter().filter(|(.., row)| row.word.is_some()).count() as u64;
            let times: Vec<u64> = rows.iter().filter_map(|(.., row)| row.took).collect();
            let sum = |values: &[u64]| {
                number(
                    (!values.is_empty()).then(|| values.iter().sum()),
                    Value::U64,
                )
            };
            (
                at,
                vec![
                    number(
                        (!levels.is_empty()).then_some(levels.len() as u64),
                        Value::U64,
                    ),
                    float(levels.iter().copied().reduce(|a, b| a + b)),
                    float(levels.iter().copied().reduce(f64::min)),
                    float(levels.iter().copied().reduce(f64::max)),
                    float(latest(&rows, |row| row.level)),
                    sum(&deltas),
                    number(signed.iter().copied().reduce(|a, b| a + b), Value::I64),
                    number(signed.iter().copied().min(), Value::I64),
                    sum(&increases),
                    number(latest(&rows, |row| row.total), Value::U64),
                    number((words > 0).then_some(words), Value::U64),
                    number(latest(&rows, |row| row.word), |word| {
                        Value::String(word.into())
                    }),
                    sum(&times),
                    float((!times.is_empty()).then(|| {
                        times
                            .iter()
                            .map(|&count| (count * count) as f64 / 8.0)
                            .sum()
                    })),
                    float(times.iter().max().map(|&count| count as f64 / 8.0)),
                ],
            )
        })
        .collect();
    assert_eq!(found, expected, "{asked:?}");
    check_peaks(store, model, asked);
    check_percentiles(store, model, asked);
    check_rows(store, model, asked);
}

fn check_peaks(store: &Store, model: &Model, asked: &Asked) {
    let found = cells(
        &store
            .query(&query(asked, &[("delta", Aggregate::Peak)]))
            .unwrap(),
    );
    let mut expected = BTreeMap::new();
    for (at, rows) in model.buckets(asked) {
        let mut minutes: BTreeMap<Nanos, u64> = BTreeMap::new();
        for (_, time, row) in rows {
            if let Some(delta) = row.delta {
                *minutes.entry(time.div_euclid(MINUTE)).or_default() += delta;
            }
        }
        if let Some(highest) = minutes.values().max() {
            expected.insert(at, *highest as f64 / 60.0);
        }
    }
    assert_eq!(
        found.keys().collect::<Vec<_>>(),
        expected.keys().collect::<Vec<_>>(),
        "{asked:?}"
    );
    for (at, highest) in expected {
        let [Value::F64(found)] = found[&at][..] else {
            panic!("{:?}", found[&at])
        };
        assert!(
            (found - highest).abs() < 1e-9,
            "{at:?} {found} {highest} {asked:?}"
        );
    }
}

fn check_percentiles(store: &Store, model: &Model, asked: &Asked) {
    let answer = store
        .query(&query(asked, &[("level", Aggregate::Percentile(0.75))]))
        .unwrap();
    let found = cells(&answer);
    // Scale 3: (2^(1/8) - 1) / (2^(1/8) + 1).
    assert!(answer.error_bound <= 0.0434, "{}", answer.error_bound);
    for (at, rows) in model.buckets(asked) {
        let mut levels: Vec<f64> = rows.iter().filter_map(|(.., row)| row.level).collect();
        levels.sort_by(f64::total_cmp);
        let exact = levels[(levels.len() * 3).div_ceil(4) - 1];
        let [Value::F64(near)] = found[&at][..] else {
            panic!("{:?}", found[&at])
        };
        assert!(
            (near - exact).abs() <= answer.error_bound * exact.abs() + 1e-12,
            "{at:?} {near} {exact} {asked:?}"
        );
    }
}

fn check_rows(store: &Store, model: &Model, asked: &Asked) {
    let asked = Asked {
        by_host: true,
        step: None,
        ..asked.clone()
    };
    for (order, limit) in [(Order::Ascending, 1_000_000), (Order::Descending, 7)] {
        let plain = query(
            &asked,
            &[("level", Aggregate::None), ("word", Aggregate::None)],
        );
        let answer = store
            .query(&Query {
                group_by: Vec::new(),
                order,
                limit,
                ..plain
            })
            .unwrap();
        let mut expected: Vec<(Nanos, Series, Value, Value)> = Vec::new();
        for (series, time, row) in model.buckets(&asked).into_values().flatten() {
            let word = number(row.word, |word| Value::String(word.into()));
            expected.push((time, series, number(row.level, Value::F64), word));
        }
        match order {
            Order::Ascending => expected.sort_by_key(|row| (row.0, row.1)),
            Order::Descending => expected.sort_by_key(|row| (std::cmp::Reverse(row.0), row.1)),
        }
        assert_eq!(answer.truncated, expected.len() > limit);
        expected.truncate(limit);
        let mut found = Vec::new();
        for series in &answer.series {
            let tag = |at: usize| series.tags[at].1.to_string();
            let (host, zone) = (tag(0), tag(1));
            let of = *SERIES
                .iter()
                .find(|known| **known == (&*host, &*zone))
                .unwrap();
            for (row, time) in series.times.iter().enumerate() {
                found.push((
                    *time,
                    of,
                    series.columns[0][row].clone(),
                    series.columns[1][row].clone(),
                ));
            }
        }
        let by_time = |row: &(Nanos, Series, Value, Value)| (row.0, row.1);
        found.sort_by_key(by_time);
        expected.sort_by_key(by_time);
        assert_eq!(found, expected, "{asked:?} {order:?}");
    }
}
