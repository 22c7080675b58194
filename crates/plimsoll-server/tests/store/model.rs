//! The store against a plain map: whatever is written, sealed, rolled up, compacted and opened again in whatever order,
//! queries answer as the map does.

mod check;
mod expected;

use std::path::Path;
use std::sync::Arc;

use plimsoll::histogram::Histogram;
use plimsoll_server::store::table::{Batch, Column, Kind, Nanos, Table, Values};
use plimsoll_server::store::{Store, StoreConfig};
use proptest::prelude::*;

use check::check;
use expected::{Asked, Model, Row};

const SECOND: Nanos = 1_000_000_000;
const MINUTE: Nanos = 60 * SECOND;
const HOUR: Nanos = 60 * MINUTE;
const DAY: Nanos = 24 * HOUR;
/// 2026-03-27T00:00:00Z.
const START: Nanos = 1_774_569_600 * SECOND;

/// host and zone.
type Series = (&'static str, &'static str);

const SERIES: [Series; 4] = [("a", "x"), ("a", "y"), ("b", "x"), ("c", "z")];

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
