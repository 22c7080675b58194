use std::sync::Arc;

use proptest::prelude::*;

use super::written::RollupColumns;
use super::*;
use crate::store::calendar::{HOUR, MINUTE, SECOND};
use crate::store::schema::{Field as SchemaField, Type};

fn column(kind: Kind, values: Values, present: Option<Vec<bool>>) -> Column {
    Column {
        name: Arc::from("f"),
        kind,
        values,
        present,
    }
}

fn ask(aggregates: &[Aggregate]) -> Vec<FieldQuery> {
    aggregates
        .iter()
        .map(|&aggregate| FieldQuery {
            name: "f".into(),
            aggregate,
        })
        .collect()
}

const SCALARS: [Aggregate; 8] = [
    Aggregate::Count,
    Aggregate::Sum,
    Aggregate::Mean,
    Aggregate::Min,
    Aggregate::Max,
    Aggregate::Last,
    Aggregate::Rate,
    Aggregate::Peak,
];

fn answer(
    rows: &[(u32, &[Nanos], &Column)],
    asked: &[FieldQuery],
    step: Nanos,
    start: Nanos,
    end: Nanos,
) -> Vec<AnswerSeries> {
    let mut aggregation = Aggregation::new(
        asked,
        |_| rows.iter().any(|row| row.2.kind == Kind::Gauge),
        Buckets::Fixed(step),
        start,
        end,
    );
    // Two aggregates of a state may be two fields.
    let fields = aggregation.field_names().len();
    for (series, times, column) in rows {
        aggregation.add_rows(
            *series,
            0,
            &Rows {
                times,
                columns: &vec![Some(*column); fields],
                range: 0..times.len(),
            },
        );
    }
    aggregation.finish(asked, &[Vec::new()]).0
}

#[test]
fn a_gauge_is_counted_added_up_and_averaged_by_bucket() {
    let gauge = column(Kind::Gauge, Values::I64(vec![4, -2, 7, 1]), None);
    let times = [10 * SECOND, 20 * SECOND, 59 * SECOND, 60 * SECOND];
    let answer = answer(
        &[(0, &times, &gauge)],
        &ask(&SCALARS),
        MINUTE,
        0,
        2 * MINUTE,
    );
    assert_eq!(answer[0].times, [0, MINUTE]);
    let first: Vec<Value> = answer[0]
        .columns
        .iter()
        .map(|column| column[0].clone())
        .collect();
    let expected = [
        Value::U64(3),
        Value::I64(9),
        Value::F64(3.0),
        Value::I64(-2),
        Value::I64(7),
        Value::I64(7),
        // It fell to −2, then rose by 9.
        Value::F64(0.15),
        Value::Null,
    ];
    assert_eq!(first, expected);
}

#[test]
fn a_cumulative_counter_answers_with_its_increase_and_its_last_as_sent() {
    // One sample before the range, then a restart: 5 → 8 (+3) | → 2 (+2) → 12 (+10).
    let total = column(Kind::Cumulative, Values::U64(vec![5, 8, 2, 12]), None);
    let times = [50 * SECOND, 70 * SECOND, 80 * SECOND, 130 * SECOND];
    let asked = ask(&[Aggregate::Sum, Aggregate::Last, Aggregate::Count]);
    let answer = answer(&[(0, &times, &total)], &asked, MINUTE, MINUTE, 3 * MINUTE);
    assert_eq!(answer[0].times, [MINUTE, 2 * MINUTE]);
    assert_eq!(answer[0].columns[0], [Value::U64(5), Value::U64(10)]);
    assert_eq!(answer[0].columns[1], [Value::U64(2), Value::U64(12)]);
    assert_eq!(answer[0].columns[2], [Value::U64(2), Value::U64(1)]);
}

#[test]
fn the_rate_of_a_bucket_that_the_range_cuts_is_over_what_it_covers() {
    let delta = column(Kind::Delta, Values::U64(vec![60]), None);
    let answer = answer(
        &[(0, &[90 * SECOND], &delta)],
        &ask(&[Aggregate::Rate]),
        MINUTE,
        80 * SECOND,
        100 * SECOND,
    );
    assert_eq!(answer[0].columns[0], [Value::F64(3.0)]);
}

#[test]
fn the_rate_of_a_gauge_is_how_much_it_rose() {
    // One sample before the range, then 10 a second, a restart to 50, and 10 a second again.
    let sent = column(
        Kind::Gauge,
        Values::F64(vec![1000.0, 1200.0, 1400.0, 50.0, 250.0]),
        None,
    );
    let times = [50, 70, 90, 100, 120].map(|secs| secs * SECOND);
    let asked = ask(&[Aggregate::Rate, Aggregate::Mean, Aggregate::Max]);
    let answer = answer(&[(0, &times, &sent)], &asked, MINUTE, MINUTE, 3 * MINUTE);
    // 200 + 200 + 50 in the first minute, 200 in the second.
    assert_eq!(
        answer[0].columns[0],
        [Value::F64(7.5), Value::F64(200.0 / 60.0)]
    );
    assert_eq!(
        answer[0].columns[1],
        [Value::F64(2650.0 / 3.0), Value::F64(250.0)]
    );
    assert_eq!(
        answer[0].columns[2],
        [Value::F64(1400.0), Value::F64(250.0)]
    );
}

#[test]
fn the_peak_of_a_group_is_the_busiest_minute_of_all_its_series_together() {
    let busy_early = column(Kind::Delta, Values::U64(vec![600, 0]), None);
    let busy_late = column(Kind::Delta, Values::U64(vec![60, 540]), None);
    let times = [0, MINUTE];
    let rows = [(0, &times[..], &busy_early), (1, &times[..], &busy_late)];
    let answer = answer(&rows, &ask(&[Aggregate::Peak]), HOUR, 0, HOUR);
    assert_eq!(answer[0].columns[0], [Value::F64(11.0)]);
}

#[test]
fn a_rate_of_a_histogram_is_that_of_what_it_counted() {
    let mut histogram = Histogram::new();
    histogram.record_n(0.2, 30);
    let delta = column(
        Kind::Delta,
        Values::Histogram(vec![Arc::new(histogram)]),
        None,
    );
    let asked = ask(&[
        Aggregate::Rate,
        Aggregate::Count,
        Aggregate::Percentile(0.5),
        Aggregate::Max,
    ]);
    let answer = answer(&[(0, &[0], &delta)], &asked, MINUTE, 0, MINUTE);
    let row: Vec<Value> = answer[0]
        .columns
        .iter()
        .map(|column| column[0].clone())
        .collect();
    assert_eq!(
        row,
        [
            Value::F64(0.5),
            Value::U64(30),
            Value::F64(0.2),
            Value::F64(0.2)
        ]
    );
}

#[test]
fn strings_have_a_count_and_a_last() {
    let words = Values::String(vec![Arc::from("on"), Arc::from("off"), Arc::from("-")]);
    let text = column(Kind::Gauge, words, Some(vec![true, true, false]));
    let answer = answer(
        &[(0, &[1, 2, 3], &text)],
        &ask(&[Aggregate::Count, Aggregate::Last, Aggregate::Mean]),
        MINUTE,
        0,
        MINUTE,
    );
    assert_eq!(answer[0].columns[0], [Value::U64(2)]);
    assert_eq!(answer[0].columns[1], [Value::String(Arc::from("off"))]);
    assert_eq!(answer[0].columns[2], [Value::Null]);
}

/// Rolls one series up by the hour and answers from the rollups.
fn answer_from_rollups(
    times: &[Nanos],
    column: &Column,
    asked: &[FieldQuery],
    end: Nanos,
) -> Vec<AnswerSeries> {
    let field = SchemaField {
        value_type: column.values.value_type(),
        kind: column.kind,
    };
    let needs = Needs {
        summary: true,
        last: true,
        peak: true,
        values: false,
        histogram: rolled_histogram(field),
    };
    let mut rollup =
        Aggregation::for_rollup([(Arc::from("f"), needs)], Buckets::Fixed(HOUR), 0, end, 3);
    rollup.add_rows(
        0,
        0,
        &Rows {
            times,
            columns: &[Some(column)],
            range: 0..times.len(),
        },
    );
    let mut columns = RollupColumns::new("f", field);
    let mut hours = Vec::new();
    for (hour, mut cells) in rollup.drain().into_iter().flat_map(|(_, rows)| rows) {
        hours.push(hour);
        columns.push(&mut cells[0]);
    }
    let columns: Vec<Column> = columns.finish().collect();
    let mut aggregation = Aggregation::new(asked, |_| false, Buckets::Fixed(4 * HOUR), 0, end);
    let names = aggregation.rollup_names(|_| Some(field.value_type));
    let columns: Vec<Option<&Column>> = names
        .iter()
        .map(|name| columns.iter().find(|column| column.name == *name))
        .collect();
    aggregation.add_rollups(
        0,
        &Rows {
            times: &hours,
            columns: &columns,
            range: 0..hours.len(),
        },
    );
    aggregation.finish(asked, &[Vec::new()]).0
}

fn rolled_histogram(field: SchemaField) -> bool {
    field.value_type == Type::Histogram || field.kind == Kind::Gauge
}

fn rows() -> impl Strategy<Value = Vec<(Nanos, bool, i32)>> {
    prop::collection::btree_map(0..12 * HOUR, (any::<bool>(), -1000..1000i32), 1..60).prop_map(
        |rows| {
            rows.into_iter()
                .map(|(time, (present, value))| (time, present, value))
                .collect()
        },
    )
}

fn typed(kind: Kind, of: u8, rows: &[(Nanos, bool, i32)]) -> Column {
    let values = match of {
        0 => Values::F64(rows.iter().map(|row| f64::from(row.2) / 4.0).collect()),
        1 => Values::I64(rows.iter().map(|row| i64::from(row.2)).collect()),
        2 => Values::U64(rows.iter().map(|row| row.2.unsigned_abs().into()).collect()),
        3 => Values::Bool(rows.iter().map(|row| row.2 > 0).collect()),
        _ => Values::Histogram(rows.iter().map(|row| Arc::new(spread(row.2))).collect()),
    };
    column(kind, values, Some(rows.iter().map(|row| row.1).collect()))
}

/// A histogram of a few values that grow with `seed`; their sum is exact.
fn spread(seed: i32) -> Histogram {
    let mut histogram = Histogram::new();
    (0..5).for_each(|n| histogram.record(f64::from((seed.abs() + n) % 37) / 8.0));
    histogram
}

proptest! {
    #[test]
    fn rollups_say_what_raw_rows_say(rows in rows(), kind in 0..3usize, of in 0..5u8) {
        let kind = [Kind::Gauge, Kind::Delta, Kind::Cumulative][kind];
        prop_assume!(!(of == 3 && kind != Kind::Gauge || of == 4 && kind == Kind::Gauge));
        let column = typed(kind, of, &rows);
        let times: Vec<Nanos> = rows.iter().map(|row| row.0).collect();
        let mut aggregates = SCALARS.to_vec();
        if of == 4 {
            // The last distribution is not rolled up.
            aggregates.retain(|&aggregate| aggregate != Aggregate::Last);
        }
        if kind == Kind::Gauge {
            // Nor by how much a state rose.
            aggregates.retain(|&aggregate| aggregate != Aggregate::Rate);
        }
        let asked = ask(&aggregates);
        let raw = answer(&[(0, &times, &column)], &asked, 4 * HOUR, 0, 12 * HOUR);
        let rolled = answer_from_rollups(&times, &column, &asked, 12 * HOUR);
        prop_assert_eq!(format!("{raw:?}"), format!("{rolled:?}"));
    }

    #[test]
    fn percentiles_from_rollups_are_within_the_told_error(rows in rows(), q in 0.0..1.0f64) {
        let column = typed(Kind::Gauge, 0, &rows);
        let times: Vec<Nanos> = rows.iter().map(|row| row.0).collect();
        let asked = ask(&[Aggregate::Percentile(q)]);
        let raw = answer(&[(0, &times, &column)], &asked, 4 * HOUR, 0, 12 * HOUR);
        let rolled = answer_from_rollups(&times, &column, &asked, 12 * HOUR);
        for (raw, rolled) in raw.iter().zip(&rolled).flat_map(|(raw, rolled)| raw.columns[0].iter().zip(&rolled.columns[0])) {
            let (Value::F64(exact), Value::F64(near)) = (raw, rolled) else { panic!("{raw:?} {rolled:?}") };
            prop_assert!((exact - near).abs() <= 0.0434 * exact.abs(), "{exact} {near}");
        }
        prop_assert_eq!(raw.len(), rolled.len());
    }
}
