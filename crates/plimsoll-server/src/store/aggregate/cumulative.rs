//! Cumulative fields turned into what happened since the sample before.

use std::ops::Range;
use std::sync::Arc;

use plimsoll::histogram::Histogram;

use crate::store::table::{Column, Kind, Nanos, Values};

/// The last sample of one cumulative field of one series.
#[derive(Clone, Debug, Default)]
pub(crate) struct Carry(Option<(Nanos, Sample)>);

#[derive(Clone, Debug)]
enum Sample {
    F64(f64),
    I64(i64),
    U64(u64),
    Histogram(Arc<Histogram>),
}

/// What the samples of a slice of rows added.
pub(crate) struct Increases {
    /// As a delta column with one value per row of the slice.
    pub(crate) column: Column,
    /// Over which time each came about; 0 where there is none.
    pub(crate) over: Vec<Nanos>,
}

/// Longest hole between two samples across which an increase is still told. Beyond it nobody knows when it happened.
pub(crate) const LONGEST_HOLE: Nanos = 3600 * 1_000_000_000;

impl Carry {
    /// What each row of `range` added to the sample before it.
    ///
    /// A fall is a restart from zero: the new value, unless it is negative, is all increase. The first sample of a stream, and the first after
    /// a hole longer than [`LONGEST_HOLE`], tells only where to count from. Whoever knows when a stream started writes
    /// a zero at that time.
    pub(crate) fn increases(
        &mut self,
        times: &[Nanos],
        column: &Column,
        range: Range<usize>,
    ) -> Increases {
        let mut over = vec![0; range.len()];
        let mut present = vec![false; range.len()];
        let mut at = |at: usize, carry: &mut Self, sample: Sample| {
            if column.present.as_ref().is_some_and(|present| !present[at]) {
                return None;
            }
            let (increase, since) = carry.step(times[at], sample)?;
            present[at - range.start] = true;
            over[at - range.start] = times[at] - since;
            Some(increase)
        };
        let values = match &column.values {
            Values::F64(values) => {
                let each = range
                    .clone()
                    .map(|i| match at(i, self, Sample::F64(values[i])) {
                        Some(Sample::F64(increase)) => increase,
                        _ => 0.0,
                    });
                Values::F64(each.collect())
            }
            Values::I64(values) => {
                let each = range
                    .clone()
                    .map(|i| match at(i, self, Sample::I64(values[i])) {
                        Some(Sample::I64(increase)) => increase,
                        _ => 0,
                    });
                Values::I64(each.collect())
            }
            Values::U64(values) => {
                let each = range
                    .clone()
                    .map(|i| match at(i, self, Sample::U64(values[i])) {
                        Some(Sample::U64(increase)) => increase,
                        _ => 0,
                    });
                Values::U64(each.collect())
            }
            Values::Histogram(values) => {
                let empty = Arc::new(Histogram::new());
                let each = range.clone().map(|i| {
                    match at(i, self, Sample::Histogram(values[i].clone())) {
                        Some(Sample::Histogram(increase)) => increase,
                        _ => empty.clone(),
                    }
                });
                Values::Histogram(each.collect())
            }
            // Neither accumulates; the schema does not let them be cumulative.
            Values::Bool(_) | Values::String(_) => column.values.clone(),
        };
        let column = Column {
            name: column.name.clone(),
            kind: Kind::Delta,
            values,
            present: Some(present),
        };
        Increases { column, over }
    }

    /// The increase and since when.
    fn step(&mut self, time: Nanos, sample: Sample) -> Option<(Sample, Nanos)> {
        let before = self.0.replace((time, sample.clone()));
        let (since, before) = before?;
        if time - since > LONGEST_HOLE {
            return None;
        }
        let increase = match (sample, before) {
            (Sample::F64(now), Sample::F64(before)) => Sample::F64(if now < before {
                now.max(0.0)
            } else {
                now - before
            }),
            (Sample::I64(now), Sample::I64(before)) => Sample::I64(if now < before {
                now.max(0)
            } else {
                now.saturating_sub(before)
            }),
            (Sample::U64(now), Sample::U64(before)) => {
                Sample::U64(now.checked_sub(before).unwrap_or(now))
            }
            (Sample::Histogram(now), Sample::Histogram(before)) => {
                Sample::Histogram(now.difference(&before).map_or(now, Arc::new))
            }
            _ => return None,
        };
        Some((increase, since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Nanos = 60 * 1_000_000_000;

    fn cumulative(values: Values, present: Option<Vec<bool>>) -> Column {
        Column {
            name: Arc::from("total"),
            kind: Kind::Cumulative,
            values,
            present,
        }
    }

    fn increases(
        times: &[Nanos],
        values: Vec<u64>,
        present: Option<Vec<bool>>,
    ) -> Vec<Option<u64>> {
        let column = cumulative(Values::U64(values), present);
        let delta = Carry::default()
            .increases(times, &column, 0..times.len())
            .column;
        let Values::U64(values) = delta.values else {
            panic!("the type changed")
        };
        let present = delta.present.unwrap();
        values
            .into_iter()
            .zip(present)
            .map(|(value, present)| present.then_some(value))
            .collect()
    }

    #[test]
    fn a_fall_is_a_restart_from_zero() {
        let times: Vec<Nanos> = (0..4).map(|i| i * MINUTE).collect();
        assert_eq!(
            increases(&times, vec![5, 9, 2, 3], None),
            [None, Some(4), Some(2), Some(1)]
        );
    }

    #[test]
    fn a_row_without_the_field_is_stepped_over() {
        let present = Some(vec![true, false, true]);
        assert_eq!(
            increases(&[0, 1, 2], vec![5, 0, 9], present),
            [None, None, Some(4)]
        );
    }

    #[test]
    fn an_increase_across_a_long_hole_is_not_told() {
        let times = [0, LONGEST_HOLE, 2 * LONGEST_HOLE + 1];
        assert_eq!(
            increases(&times, vec![5, 9, 20], None),
            [None, Some(4), None]
        );
    }

    #[test]
    fn what_came_before_the_slice_is_remembered() {
        let mut carry = Carry::default();
        let column = cumulative(Values::F64(vec![1.0, 1.5, 4.0]), None);
        carry.increases(&[0, 1, 2], &column, 0..2);
        let delta = carry.increases(&[0, 1, 2], &column, 2..3);
        assert_eq!(delta.over, [1]);
        assert!(matches!(delta.column.values, Values::F64(values) if values == [2.5]));
    }

    #[test]
    fn histograms_are_subtracted_bucket_by_bucket() {
        let mut first = Histogram::with_bounds(&[1.0, 2.0]);
        first.record(0.5);
        let mut second = first.clone();
        second.record_n(1.5, 3);
        let column = cumulative(
            Values::Histogram(vec![Arc::new(first), Arc::new(second)]),
            None,
        );
        let delta = Carry::default().increases(&[0, 1], &column, 0..2).column;
        let Values::Histogram(values) = delta.values else {
            panic!("the type changed")
        };
        assert_eq!(delta.present, Some(vec![false, true]));
        assert_eq!((values[1].count, values[1].sum), (3, 4.5));
    }
}
