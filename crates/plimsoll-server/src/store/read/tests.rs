use std::path::Path;
use std::sync::Arc;

use regex::Regex;

use crate::store::calendar::{MINUTE, SECOND};
use crate::store::query::{
    Aggregate, Answer, Condition, FieldQuery, Order, Query, TagFilter, Value,
};
use crate::store::table::{Batch, Column, Kind, Nanos, Table, Values};
use crate::store::{Store, StoreConfig};

fn open(dir: &Path) -> Arc<Store> {
    Store::open(StoreConfig::new(dir), 0).unwrap()
}

fn write(store: &Store, room: &str, rows: &[(Nanos, f64)]) {
    let id = store
        .series()
        .intern("climate", &[("house", "a"), ("room", room)])
        .unwrap();
    let values = Values::F64(rows.iter().map(|row| row.1).collect());
    let column = Column {
        name: "temperature".into(),
        kind: Kind::Gauge,
        values,
        present: None,
    };
    let table = Table {
        measurement: "climate".into(),
        series: vec![id; rows.len()],
        times: rows.iter().map(|row| row.0).collect(),
        columns: vec![column],
    };
    store
        .append_blocking(Batch {
            tables: vec![table],
        })
        .unwrap();
}

fn ask(aggregate: Aggregate) -> Query {
    Query {
        measurement: "climate".into(),
        fields: vec![FieldQuery {
            name: "temperature".into(),
            aggregate,
        }],
        filter: Vec::new(),
        group_by: Vec::new(),
        start: 0,
        end: 10 * MINUTE,
        step: None,
        limit: 100,
        order: Order::Ascending,
    }
}

fn rooms(answer: &Answer) -> Vec<(String, Vec<Nanos>, Vec<Value>)> {
    let room = |series: &crate::store::query::AnswerSeries| {
        let tag = series.tags.iter().find(|(tag, _)| &**tag == "room");
        tag.map_or_else(String::new, |(_, value)| value.to_string())
    };
    answer
        .series
        .iter()
        .map(|series| {
            (
                room(series),
                series.times.clone(),
                series.columns[0].clone(),
            )
        })
        .collect()
}

#[test]
fn rows_are_grouped_by_tag_and_cut_into_steps() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    write(
        &store,
        "hall",
        &[
            (10 * SECOND, 18.0),
            (20 * SECOND, 20.0),
            (70 * SECOND, 21.0),
        ],
    );
    write(&store, "attic", &[(15 * SECOND, 5.0)]);
    let query = Query {
        group_by: vec!["room".into()],
        step: Some(MINUTE),
        ..ask(Aggregate::Mean)
    };
    let expected = [
        ("attic".into(), vec![0], vec![Value::F64(5.0)]),
        (
            "hall".into(),
            vec![0, MINUTE],
            vec![Value::F64(19.0), Value::F64(21.0)],
        ),
    ];
    assert_eq!(rooms(&store.query(&query).unwrap()), expected);
    let all = store.query(&ask(Aggregate::Max)).unwrap();
    assert_eq!(
        rooms(&all),
        [(String::new(), vec![0], vec![Value::F64(21.0)])]
    );
}

#[test]
fn a_row_written_again_counts_once_with_its_last_value() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    write(&store, "hall", &[(SECOND, 1.0), (2 * SECOND, 2.0)]);
    write(&store, "hall", &[(SECOND, 5.0)]);
    let answer = store.query(&ask(Aggregate::Sum)).unwrap();
    assert_eq!(rooms(&answer)[0].2, [Value::F64(7.0)]);
}

#[test]
fn the_last_rows_of_every_series_come_newest_first() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    write(
        &store,
        "hall",
        &[(SECOND, 1.0), (3 * SECOND, 3.0), (5 * SECOND, 5.0)],
    );
    write(&store, "attic", &[(4 * SECOND, 4.0)]);
    let query = Query {
        limit: 2,
        order: Order::Descending,
        ..ask(Aggregate::None)
    };
    let answer = store.query(&query).unwrap();
    assert!(answer.truncated);
    let expected = [
        ("attic".into(), vec![4 * SECOND], vec![Value::F64(4.0)]),
        ("hall".into(), vec![5 * SECOND], vec![Value::F64(5.0)]),
    ];
    assert_eq!(rooms(&answer), expected);
}

#[test]
fn only_series_that_meet_the_conditions_count() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    write(&store, "hall", &[(SECOND, 1.0)]);
    write(&store, "attic", &[(SECOND, 10.0)]);
    let room = |condition| {
        vec![TagFilter {
            tag: "room".into(),
            condition,
        }]
    };
    let sum = |condition| {
        let answer = store
            .query(&Query {
                filter: room(condition),
                ..ask(Aggregate::Sum)
            })
            .unwrap();
        rooms(&answer).first().map(|room| room.2[0].clone())
    };
    assert_eq!(sum(Condition::Equal("hall".into())), Some(Value::F64(1.0)));
    assert_eq!(
        sum(Condition::NotEqual("hall".into())),
        Some(Value::F64(10.0))
    );
    assert_eq!(
        sum(Condition::Match(Regex::new("a.*|hall").unwrap())),
        Some(Value::F64(11.0))
    );
    assert_eq!(
        sum(Condition::NoMatch(Regex::new("a.*").unwrap())),
        Some(Value::F64(1.0))
    );
    assert_eq!(sum(Condition::Equal("cellar".into())), None);
}

#[test]
fn rows_and_aggregates_cannot_be_asked_for_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut query = ask(Aggregate::None);
    query.fields.push(FieldQuery {
        name: "temperature".into(),
        aggregate: Aggregate::Mean,
    });
    let refused = store.query(&query).unwrap_err().to_string();
    assert_eq!(
        refused,
        "fields with and without aggregate cannot be asked for at once"
    );
}

#[test]
fn what_was_written_is_listed_within_the_limit() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for room in ["hall", "attic", "cellar"] {
        write(&store, room, &[(SECOND, 1.0)]);
    }
    assert_eq!(store.measurements(), [Arc::from("climate")]);
    assert_eq!(store.tag_keys("climate", 0..MINUTE), ["house", "room"]);
    let values = store.tag_values("climate", "room", 0..MINUTE, 2);
    assert_eq!(
        values,
        (vec!["attic".to_owned(), "cellar".to_owned()], true)
    );
    assert_eq!(
        store.tag_values("climate", "room", MINUTE..2 * MINUTE, 2),
        (Vec::new(), false)
    );
    assert_eq!(&*store.fields("climate")[0].0, "temperature");
}

#[test]
fn rows_in_blocks_and_in_memory_answer_together() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    write(&store, "hall", &[(SECOND, 1.0), (2 * SECOND, 2.0)]);
    write(&store, "attic", &[(SECOND, 10.0)]);
    store.flush().unwrap();
    write(&store, "hall", &[(2 * SECOND, 5.0), (3 * SECOND, 3.0)]);
    let by_room = Query {
        group_by: vec!["room".into()],
        ..ask(Aggregate::Sum)
    };
    let expected = [
        ("attic".into(), vec![0], vec![Value::F64(10.0)]),
        ("hall".into(), vec![0], vec![Value::F64(9.0)]),
    ];
    assert_eq!(rooms(&store.query(&by_room).unwrap()), expected);
    store.flush().unwrap();
    assert_eq!(rooms(&store.query(&by_room).unwrap()), expected);
    drop(store);
    let store = open(dir.path());
    assert_eq!(rooms(&store.query(&by_room).unwrap()), expected);
    assert_eq!(store.tag_keys("climate", 0..MINUTE), ["house", "room"]);
}

#[test]
fn rows_of_totals_are_found_by_the_name_of_their_field() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let column = |name: &str, kind, values| Column {
        name: name.into(),
        kind,
        values: Values::U64(values),
        present: None,
    };
    let senders = [
        ("delta", column("done", Kind::Delta, vec![3, 4])),
        (
            "totals",
            column("done_cumulative", Kind::Cumulative, vec![10, 15]),
        ),
    ];
    for (sender, column) in senders {
        let id = store
            .series()
            .intern("work", &[("sender", sender)])
            .unwrap();
        let table = Table {
            measurement: "work".into(),
            series: vec![id; 2],
            times: vec![MINUTE, 2 * MINUTE],
            columns: vec![column],
        };
        let batch = Batch {
            tables: vec![table],
        };
        store.append_blocking(batch).unwrap();
    }
    let query = Query {
        measurement: "work".into(),
        fields: vec![FieldQuery {
            name: "done".into(),
            aggregate: Aggregate::None,
        }],
        ..ask(Aggregate::None)
    };
    let answer = store.query(&query).unwrap();
    let values: Vec<_> = answer
        .series
        .iter()
        .map(|series| series.columns.clone())
        .collect();
    let row = |values: [u64; 2]| vec![values.map(Value::U64).to_vec()];
    assert_eq!(values, [row([3, 4]), row([10, 15])]);
}

#[test]
fn a_total_that_its_sender_does_not_call_one_has_a_rate() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let rows: Vec<_> = (0..60)
        .map(|n| (n * 10 * SECOND, 1e6 + 100.0 * n as f64))
        .collect();
    write(&store, "hall", &rows);
    let query = Query {
        start: 5 * MINUTE,
        end: 10 * MINUTE,
        step: Some(MINUTE),
        ..ask(Aggregate::Rate)
    };
    let answer = store.query(&query).unwrap();
    assert_eq!(answer.series[0].columns[0], vec![Value::F64(10.0); 5]);
}
