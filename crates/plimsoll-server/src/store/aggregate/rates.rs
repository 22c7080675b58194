//! Per-minute rates, for peaks.

use std::ops::Range;

use super::cell::Cell;
use crate::store::calendar::MINUTE;
use crate::store::table::{Column, Kind, Nanos, Values};

/// Adds what the rows `range` of `column` tell per second to the minutes that they lie in. Minutes begin at the epoch's;
/// in a bucket narrower than a minute the whole bucket counts.
///
/// A delta row is taken as having happened in its own minute. Of a cumulative field `over` tells how long an increase
/// took: one of more than a minute is spread.
pub(super) fn add_rates(
    cell: &mut Cell,
    times: &[Nanos],
    over: Option<&[Nanos]>,
    column: &Column,
    range: Range<usize>,
    bucket_width: Nanos,
) {
    if column.kind == Kind::Gauge && !matches!(column.values, Values::Histogram(_)) {
        return;
    }
    let width = MINUTE.min(bucket_width).max(1);
    let mut minute: Option<(Nanos, f64)> = None;
    for (&time, at) in times.iter().zip(range) {
        let Some(amount) = amount(column, at) else {
            continue;
        };
        let took = over.map_or(width, |over| over[at].max(width));
        let rate = amount * 1e9 / took as f64;
        let start = time - time.rem_euclid(width);
        match &mut minute {
            Some((current, total)) if *current == start => *total += rate,
            _ => {
                if let Some((done, total)) = minute.replace((start, rate)) {
                    cell.add_rate(done, total);
                }
            }
        }
    }
    if let Some((done, total)) = minute {
        cell.add_rate(done, total);
    }
}

fn amount(column: &Column, at: usize) -> Option<f64> {
    if column.present.as_ref().is_some_and(|present| !present[at]) {
        return None;
    }
    match &column.values {
        Values::F64(values) => Some(values[at]),
        Values::I64(values) => Some(values[at] as f64),
        Values::U64(values) => Some(values[at] as f64),
        Values::Bool(values) => Some(f64::from(u8::from(values[at]))),
        Values::Histogram(values) => Some(values[at].count as f64).filter(|&count| count > 0.0),
        Values::String(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::store::calendar::{HOUR, SECOND};

    fn column(kind: Kind, values: Vec<u64>) -> Column {
        Column {
            name: Arc::from("requests"),
            kind,
            values: Values::U64(values),
            present: None,
        }
    }

    #[test]
    fn the_peak_is_the_busiest_minute() {
        // 30 + 30 in the first minute, 90 in the second, 10 in the third.
        let times = [5 * SECOND, 50 * SECOND, 70 * SECOND, 130 * SECOND];
        let mut cell = Cell::default();
        add_rates(
            &mut cell,
            &times,
            None,
            &column(Kind::Delta, vec![30, 30, 90, 10]),
            0..4,
            HOUR,
        );
        assert_eq!(cell.peak(), Some(1.5));
    }

    #[test]
    fn an_increase_over_five_minutes_is_spread() {
        let mut cell = Cell::default();
        add_rates(
            &mut cell,
            &[5 * MINUTE],
            Some(&[5 * MINUTE]),
            &column(Kind::Delta, vec![600]),
            0..1,
            HOUR,
        );
        assert_eq!(cell.peak(), Some(2.0));
    }

    #[test]
    fn a_gauge_has_no_rate() {
        let mut cell = Cell::default();
        add_rates(
            &mut cell,
            &[0],
            None,
            &column(Kind::Gauge, vec![600]),
            0..1,
            HOUR,
        );
        assert_eq!(cell.peak(), None);
    }

    #[test]
    fn in_a_bucket_of_ten_seconds_the_bucket_counts() {
        let mut cell = Cell::default();
        add_rates(
            &mut cell,
            &[0, 5 * SECOND],
            None,
            &column(Kind::Delta, vec![30, 30]),
            0..2,
            10 * SECOND,
        );
        assert_eq!(cell.peak(), Some(6.0));
    }
}
