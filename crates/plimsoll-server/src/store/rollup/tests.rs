use std::path::Path;
use std::sync::Arc;

use jiff::tz::TimeZone;
use plimsoll::histogram::Histogram;

use crate::store::calendar::{DAY, HOUR, MINUTE, SECOND};
use crate::store::query::{Aggregate, Answer, FieldQuery, Order, Query, Value};
use crate::store::table::{Batch, Column, Kind, Nanos, Table, Values};
use crate::store::tier::{Period, Tier};
use crate::store::{Store, StoreConfig};

/// 2026-03-27T00:00:00Z, two days before summer time begins in Berlin.
const START: Nanos = 1_774_569_600 * SECOND;

fn open(dir: &Path, zone: &str) -> Arc<Store> {
    let config = StoreConfig {
        time_zone: TimeZone::get(zone).unwrap(),
        ..StoreConfig::new(dir)
    };
    Store::open(config, START).unwrap()
}

/// A row each minute of `times` for both series, with a field of every kind.
fn write(store: &Store, times: std::ops::Range<Nanos>) {
    let each: Vec<Nanos> = (times.start..times.end).step_by(MINUTE as usize).collect();
    let count = each.len();
    let mut rows: Vec<(u32, Nanos)> = Vec::new();
    let ids = ["a", "b"].map(|host| store.series().intern("load", &[("host", host)]).unwrap());
    (0..2).for_each(|series| rows.extend(each.iter().map(|&time| (series, time))));
    let minute = |time: Nanos| (time - START) / MINUTE;
    let column = |name: &str, kind, values| Column {
        name: Arc::from(name),
        kind,
        values,
        present: None,
    };
    let histogram = |&(series, time): &(u32, Nanos)| {
        let mut histogram = Histogram::new();
        histogram.record_n(
            0.001 * (1 + minute(time) % 50) as f64,
            1 + u64::from(series),
        );
        Arc::new(histogram)
    };
    let word = |time: Nanos| Arc::from(format!("w{}", minute(time) % 7));
    let table = Table {
        measurement: "load".into(),
        series: rows
            .iter()
            .map(|&(series, _)| ids[series as usize])
            .collect(),
        times: rows.iter().map(|&(_, time)| time).collect(),
        columns: vec![
            column(
                "level",
                Kind::Gauge,
                Values::F64(
                    rows.iter()
                        .map(|&(series, time)| f64::from(series) + (minute(time) % 90) as f64)
                        .collect(),
                ),
            ),
            column(
                "done",
                Kind::Delta,
                Values::U64(
                    rows.iter()
                        .map(|&(_, time)| (minute(time) % 13) as u64)
                        .collect(),
                ),
            ),
            column(
                "total",
                Kind::Cumulative,
                Values::U64(
                    rows.iter()
                        .map(|&(series, time)| (minute(time) * (2 + i64::from(series))) as u64)
                        .collect(),
                ),
            ),
            column(
                "took",
                Kind::Delta,
                Values::Histogram(rows.iter().map(histogram).collect()),
            ),
            column(
                "word",
                Kind::Gauge,
                Values::String(rows.iter().map(|&(_, time)| word(time)).collect()),
            ),
            column(
                "up",
                Kind::Gauge,
                Values::Bool(
                    rows.iter()
                        .map(|&(_, time)| minute(time) % 3 == 0)
                        .collect(),
                ),
            ),
        ],
    };
    assert_eq!(table.times.len(), 2 * count);
    store
        .append_blocking(Batch {
            tables: vec![table],
        })
        .unwrap();
}

/// Everything that rollups keep exactly.
fn ask(times: std::ops::Range<Nanos>, step: Option<Nanos>) -> Query {
    use Aggregate::{Count, Last, Max, Mean, Min, Peak, Sum};
    let all: &[(&str, &[Aggregate])] = &[
        ("level", &[Count, Sum, Mean, Min, Max, Last]),
        ("done", &[Count, Sum, Min, Max, Last, Peak]),
        ("total", &[Count, Sum, Max, Last, Peak]),
        ("took", &[Count, Min, Max, Peak, Aggregate::Percentile(0.5)]),
        ("word", &[Count, Last]),
        ("up", &[Sum, Last]),
    ];
    let fields = all.iter().flat_map(|(name, aggregates)| {
        aggregates.iter().map(|&aggregate| FieldQuery {
            name: (*name).into(),
            aggregate,
        })
    });
    Query {
        measurement: "load".into(),
        fields: fields.collect(),
        filter: Vec::new(),
        group_by: vec!["host".into()],
        start: times.start,
        end: times.end,
        step,
        limit: 100_000,
        order: Order::Ascending,
    }
}

fn told(answer: &Answer) -> String {
    answer
        .series
        .iter()
        .map(|series| format!("{series:?}\n"))
        .collect()
}

#[track_caller]
fn assert_same(before: &Answer, after: &Answer) {
    assert!(!before.series.is_empty());
    assert_eq!(told(before), told(after));
}

fn percentile(store: &Store, times: std::ops::Range<Nanos>) -> (f64, f64) {
    let fields = vec![FieldQuery {
        name: "level".into(),
        aggregate: Aggregate::Percentile(0.9),
    }];
    let query = Query {
        fields,
        group_by: Vec::new(),
        ..ask(times, None)
    };
    let answer = store.query(&query).unwrap();
    match answer.series[0].columns[0][0] {
        Value::F64(value) => (value, answer.error_bound),
        ref other => panic!("{other:?}"),
    }
}

fn drop_raw(store: &Store, days: std::ops::Range<Nanos>) {
    for day in days.step_by(DAY as usize) {
        store
            .files
            .file(Period::of(Tier::Raw, day))
            .remove()
            .unwrap();
    }
}

#[test]
fn rollups_answer_as_raw_rows_did_and_go_on_when_those_are_gone() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), "UTC");
    let end = START + 3 * DAY;
    for day in 0..3 {
        write(&store, START + day * DAY..START + (day + 1) * DAY);
        store.flush().unwrap();
    }
    let queries = [
        ask(START..end, None),
        ask(START..end, Some(HOUR)),
        ask(START..end, Some(DAY)),
        ask(
            START + 7 * MINUTE..end - 3 * HOUR - 11 * MINUTE,
            Some(10 * MINUTE),
        ),
    ];
    let raw = queries.each_ref().map(|query| store.query(query).unwrap());
    let (exact, none) = percentile(&store, START..end);
    assert_eq!(none, 0.0);
    assert_eq!(store.roll_up(end + HOUR).unwrap(), 72);
    assert_eq!(store.roll_up(end + HOUR).unwrap(), 0);
    for (query, raw) in queries.iter().zip(&raw) {
        assert_same(raw, &store.query(query).unwrap());
    }
    let (near, bound) = percentile(&store, START..end);
    // Scale 3: half a bucket is (2^(1/8) - 1) / (2^(1/8) + 1) = 4.33 %.
    assert!(
        bound > 0.0 && bound < 0.0434 && (near - exact).abs() <= bound * exact,
        "{near} {exact} {bound}"
    );
    drop_raw(&store, START..end);
    for (query, raw) in queries[..3].iter().zip(&raw) {
        assert_same(raw, &store.query(query).unwrap());
    }
    let fields = store.fields("load");
    drop(store);
    let store = open(dir.path(), "UTC");
    assert_eq!((store.fields("load"), fields.len()), (fields, 6));
    for (query, raw) in queries[..3].iter().zip(&raw) {
        assert_same(raw, &store.query(query).unwrap());
    }
}

#[test]
fn late_rows_are_in_the_answer_at_once_and_in_the_rollup_after() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), "UTC");
    let end = START + 2 * DAY;
    write(&store, START..START + 5 * HOUR);
    write(&store, START + 6 * HOUR..end);
    store.flush().unwrap();
    assert_eq!(store.roll_up(end + HOUR).unwrap(), 47);
    write(&store, START + 5 * HOUR..START + 6 * HOUR);
    let whole = ask(START..end, None);
    let count = |answer: &Answer| answer.series[0].columns[0][0].clone();
    assert_eq!(count(&store.query(&whole).unwrap()), Value::U64(2880));
    store.flush().unwrap();
    let raw = store.query(&whole).unwrap();
    assert_eq!(count(&raw), Value::U64(2880));
    // The hour after counts on from the late one's last sample.
    assert_eq!(store.roll_up(end + HOUR).unwrap(), 2);
    drop_raw(&store, START..end);
    assert_same(&raw, &store.query(&whole).unwrap());
}

#[test]
fn days_of_23_hours_and_of_a_zone_off_by_half_an_hour_are_rolled_up() {
    for zone in ["Europe/Berlin", "Asia/Kolkata"] {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path(), zone);
        let end = START + 4 * DAY;
        write(&store, START..end);
        store.flush().unwrap();
        let query = Query {
            group_by: vec!["host".into()],
            ..ask(START + DAY..START + 3 * DAY + 12 * HOUR, Some(DAY))
        };
        let raw = store.query(&query).unwrap();
        assert_eq!(store.roll_up(end + HOUR).unwrap(), 96);
        assert_same(&raw, &store.query(&query).unwrap());
        let counts = &raw.series[0].columns[0];
        // Minutes of the 28th from 01:00, of the 29th, of the 30th up to 14:00 in Berlin; from 05:30 up to 17:30 in Kolkata.
        let expected = if zone == "Europe/Berlin" {
            [23 * 60, 23 * 60, 14 * 60]
        } else {
            [18 * 60 + 30, 24 * 60, 17 * 60 + 30]
        };
        assert_eq!(*counts, expected.map(Value::U64));
    }
}

#[test]
fn an_hour_waits_until_it_is_over_and_sealed() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), "UTC");
    write(&store, START..START + HOUR);
    store.flush().unwrap();
    assert_eq!(store.roll_up(START + 30 * MINUTE).unwrap(), 0);
    write(&store, START..START + MINUTE);
    assert_eq!(store.roll_up(START + HOUR + 5 * MINUTE).unwrap(), 0);
    store.flush().unwrap();
    assert_eq!(store.roll_up(START + HOUR + 5 * MINUTE).unwrap(), 1);
    assert!(store.is_rolled_up(&(START..START + HOUR)));
}

/// A row each 10 s for an hour in one measurement, each minute in the other.
fn write_dense_and_sparse(store: &Store, hour: Nanos) {
    let table = |measurement: &str, every: Nanos| {
        let id = store
            .series()
            .intern(measurement, &[("host", "a")])
            .unwrap();
        let times: Vec<Nanos> = (hour..hour + HOUR).step_by(every as usize).collect();
        let values = Values::I64(times.iter().map(|time| time / SECOND % 1000).collect());
        let column = Column {
            name: "v".into(),
            kind: Kind::Gauge,
            values,
            present: None,
        };
        Table {
            measurement: measurement.into(),
            series: vec![id; times.len()],
            times,
            columns: vec![column],
        }
    };
    let tables = vec![table("dense", 10 * SECOND), table("sparse", MINUTE)];
    store.append_blocking(Batch { tables }).unwrap();
}

#[test]
fn only_dense_measurements_have_a_ten_minute_rollup() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), "UTC");
    let end = START + 3 * HOUR;
    (0..3).for_each(|hour| write_dense_and_sparse(&store, START + hour * HOUR));
    store.flush().unwrap();
    let ask = |measurement: &str| {
        let fields = vec![FieldQuery {
            name: "v".into(),
            aggregate: Aggregate::Sum,
        }];
        let query = Query {
            measurement: measurement.into(),
            fields,
            ..ask(START..end, Some(10 * MINUTE))
        };
        store.query(&query).unwrap()
    };
    let raw = ["dense", "sparse"].map(ask);
    assert_eq!(store.roll_up(end + HOUR).unwrap(), 3);
    assert_same(&raw[0], &ask("dense"));
    assert_same(&raw[1], &ask("sparse"));
    drop_raw(&store, START..end);
    assert_same(&raw[0], &ask("dense"));
    // Of the sparse one there is a row for each hour.
    assert_eq!(
        ask("sparse").series[0].times,
        [START, START + HOUR, START + 2 * HOUR]
    );
}
