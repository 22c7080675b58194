//! The store against a plain map: whatever is written, sealed, rolled up, compacted and opened again in whatever order,
//! queries answer as the map does.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use plimsoll::histogram::Histogram;
use plimsoll_server::store::query::{
    Aggregate, Answer, Condition, FieldQuery, Order, Query, TagFilter, Value,
};
use plimsoll_server::store::table::{Batch, Column, Kind, Nanos, Table, Values};
use plimsoll_server::store::{Store, StoreConfig};
use proptest::prelude::*;

const SECOND: Nanos = 1_000_000_000;
const MINUTE: Nanos = 60 * SECOND;
const HOUR: Nanos = 60 * MINUTE;
const DAY: Nanos = 24 * HOUR;
/// 2026-03-27T00:00:00Z.
const START: Nanos = 1_774_569_600 * SECOND;

/// host and zone.
type Series = (&'static str, &'static str);

const SERIES: [Series; 4] = [("a", "x"), ("a", "y"), ("b", "x"), ("c", "z")];

/// Values of one row; `None`: the row has no such field.
#[derive(Clone, Debug, Default)]
struct Row {
    level: Option<f64>,
    delta: Option<u64>,
    total: Option<u64>,
    signed: Option<i64>,
    word: Option<&'static str>,
    took: Option<u64>,
}

type Written = (Series, Nanos, Row);

/// All that was written.
#[derive(Default)]
struct Model {
    rows: BTreeMap<Series, BTreeMap<Nanos, Row>>,
}

impl Model {
    fn write(&mut self, series: Series, time: Nanos, row: &Row) {
        let stored = self
            .rows
            .entry(series)
            .or_default()
            .entry(time)
            .or_default();
        stored.level = row.level.or(stored.level);
        stored.delta = row.delta.or(stored.delta);
        stored.total = row.total.or(stored.total);
        stored.signed = row.signed.or(stored.signed);
        stored.word = row.word.or(stored.word);
        stored.took = row.took.or(stored.took);
    }

    /// Rows of a range by group and bucket, series after series in ascending time.
    fn buckets(&self, query: &Asked) -> BTreeMap<(String, Nanos), Vec<Written>> {
        let mut buckets: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (series, rows) in &self.rows {
            if query.only_zone.is_some_and(|zone| zone != series.1) {
                continue;
            }
            for (time, row) in rows.range(query.start..query.end) {
                let bucket = query
                    .step
                    .map_or(query.start, |step| time - time.rem_euclid(step));
                let group = if query.by_host { series.0 } else { "" };
                buckets
                    .entry((group.to_owned(), bucket))
                    .or_default()
                    .push((*series, *time, row.clone()));
            }
        }
        buckets
    }

    /// What a sample of `total` added to the one before, which may be an hour older at most.
    fn increase(&self, series: Series, time: Nanos) -> Option<u64> {
        let rows = &self.rows[&series];
        let now = rows[&time].total?;
        let (before_time, before) = rows
            .range(..time)
            .rev()
            .find_map(|(time, row)| Some((*time, row.total?)))?;
        (time - before_time <= HOUR).then(|| now.checked_sub(before).unwrap_or(now))
    }
}

#[derive(Clone, Debug)]
struct Asked {
    start: Nanos,
    end: Nanos,
    step: Option<Nanos>,
    by_host: bool,
    only_zone: Option<&'static str>,
}

#[derive(Clone, Debug)]
enum Step {
    Write(Vec<(usize, Nanos, Row)>),
    Seal,
    Upkeep(Nanos),
    Restart,
    Ask(Asked),
}

fn row() -> impl Strategy<Value = Row> {
    let word = prop::option::of(prop::sample::select(vec!["on", "off", "idle"]));
    let numbers = (
        prop::option::of(-500..500i32),
        prop::option::of(0..9u64),
        prop::option::of(0..1000u64),
    );
    (
        numbers,
        prop::option::of(-9..9i64),
        word,
        prop::option::of(1..40u64),
    )
        .prop_map(|((level, delta, total), signed, word, took)| {
            // At least one field: a row without any is none.
            let level = level.map(|level| f64::from(level) / 4.0).or(Some(0.25));
            Row {
                level,
                delta,
                total,
                signed,
                word,
                took,
            }
        })
}

fn time() -> impl Strategy<Value = Nanos> {
    // Half of the rows on a few minutes, so that they meet; the others anywhere in two days and a half.
    let meeting = (0..40i64).prop_map(|minute| 22 * HOUR + minute * 6 * MINUTE);
    prop_oneof![
        meeting,
        (0..60 * HOUR / SECOND).prop_map(|second| second * SECOND)
    ]
    .prop_map(|offset| START + offset)
}

fn asked() -> impl Strategy<Value = Asked> {
    let step = prop::sample::select(vec![
        None,
        Some(MINUTE),
        Some(10 * MINUTE),
        Some(HOUR),
        Some(6 * HOUR),
        Some(DAY),
    ]);
    let edge = || prop_oneof![(0..62i64).prop_map(|hour| hour * HOUR), 0..62 * HOUR];
    let zone = prop::option::of(prop::sample::select(vec!["x", "y"]));
    (edge(), edge(), step, any::<bool>(), zone).prop_map(|(a, b, step, by_host, only_zone)| Asked {
        start: START + a.min(b),
        end: START + a.max(b) + 1,
        step,
        by_host,
        only_zone,
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let write =
        prop::collection::vec((0..SERIES.len(), time(), row()), 1..60).prop_map(Step::Write);
    let upkeep = (0..80i64).prop_map(|hours| Step::Upkeep(START + hours * HOUR));
    let step = prop_oneof![
        6 => write,
        3 => Just(Step::Seal),
        2 => upkeep,
        2 => Just(Step::Upkeep(START + 80 * HOUR)),
        1 => Just(Step::Restart),
        6 => asked().prop_map(Step::Ask),
    ];
    prop::collection::vec(step, 10..40)
}

fn open(dir: &Path) -> Arc<Store> {
    Store::open(StoreConfig::new(dir), START).unwrap()
}

fn took(count: u64) -> Arc<Histogram> {
    let mut histogram = Histogram::new();
    histogram.record_n(count as f64 / 8.0, count);
    Arc::new(histogram)
}

fn write(store: &Store, rows: &[(usize, Nanos, Row)]) {
    let ids = SERIES.map(|(host, zone)| {
        store
            .series()
            .intern("m", &[("host", host), ("zone", zone)])
            .unwrap()
    });
    let column = |name: &str, kind, values, present: Vec<bool>| {
        let name = Arc::from(name);
        present.contains(&true).then_some(Column {
            name,
            kind,
            values,
            present: Some(present),
        })
    };
    let has = |field: fn(&Row) -> bool| {
        rows.iter()
            .map(|(.., row)| field(row))
            .collect::<Vec<bool>>()
    };
    let levels = rows
        .iter()
        .map(|(.., row)| row.level.unwrap_or_default())
        .collect();
    let deltas = rows
        .iter()
        .map(|(.., row)| row.delta.unwrap_or_default())
        .collect();
    let totals = rows
        .iter()
        .map(|(.., row)| row.total.unwrap_or_default())
        .collect();
    let signed = rows
        .iter()
        .map(|(.., row)| row.signed.unwrap_or_default())
        .collect();
    let words = rows
        .iter()
        .map(|(.., row)| Arc::from(row.word.unwrap_or_default()))
        .collect();
    let times_took = rows
        .iter()
        .map(|(.., row)| took(row.took.unwrap_or_default()))
        .collect();
    let columns = [
        column(
            "level",
            Kind::Gauge,
            Values::F64(levels),
            has(|row| row.level.is_some()),
        ),
        column(
            "delta",
            Kind::Delta,
            Values::U64(deltas),
            has(|row| row.delta.is_some()),
        ),
        column(
            "total",
            Kind::Cumulative,
            Values::U64(totals),
            has(|row| row.total.is_some()),
        ),
        column(
            "signed",
            Kind::Gauge,
            Values::I64(signed),
            has(|row| row.signed.is_some()),
        ),
        column(
            "word",
            Kind::Gauge,
            Values::String(words),
            has(|row| row.word.is_some()),
        ),
        column(
            "took",
            Kind::Delta,
            Values::Histogram(times_took),
            has(|row| row.took.is_some()),
        ),
    ];
    let table = Table {
        measurement: "m".into(),
        series: rows.iter().map(|&(series, ..)| ids[series]).collect(),
        times: rows.iter().map(|&(_, time, _)| time).collect(),
        columns: columns.into_iter().flatten().collect(),
    };
    store
        .append_blocking(Batch {
            tables: vec![table],
        })
        .unwrap();
}

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
fn latest<T>(rows: &[(Series, Nanos, Row)], field: impl Fn(&Row) -> Option<T>) -> Option<T> {
    let with = rows
        .iter()
        .filter_map(|(series, time, row)| Some((*time, *series, field(row)?)));
    with.max_by_key(|(time, series, _)| (*time, *series))
        .map(|(_, _, value)| value)
}

fn check(store: &Store, model: &Model, asked: &Asked) {
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
    let found = cells(&store.query(&query(asked, &fields)).unwrap());
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
    // Scale 4: (2^(1/16) - 1) / (2^(1/16) + 1).
    assert!(answer.error_bound <= 0.0217, "{}", answer.error_bound);
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_store_answers_as_a_plain_map_does(steps in steps()) {
        let dir = tempfile::tempdir().unwrap();
        let (mut store, mut model) = (open(dir.path()), Model::default());
        for step in steps {
            match step {
                Step::Write(rows) => {
                    rows.iter().for_each(|(series, time, row)| model.write(SERIES[*series], *time, row));
                    write(&store, &rows);
                }
                Step::Seal => store.flush().unwrap(),
                Step::Upkeep(now) => store.maintain(now).unwrap(),
                Step::Restart => {
                    drop(store);
                    store = open(dir.path());
                }
                Step::Ask(asked) => check(&store, &model, &asked),
            }
        }
        let everything = Asked { start: START, end: START + 3 * DAY, step: None, by_host: false, only_zone: None };
        check(&store, &model, &everything);
        store.flush().unwrap();
        store.maintain(START + 80 * HOUR).unwrap();
        check(&store, &model, &everything);
        check(&store, &model, &Asked { step: Some(DAY), by_host: true, ..everything });
    }
}
