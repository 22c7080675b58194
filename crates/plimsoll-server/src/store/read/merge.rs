//! Rows of one series out of several sources, as one sorted run without repetition.

use std::ops::Range;

use crate::store::table::{Column, Nanos, Values};

/// Rows of one series, in ascending time.
#[derive(Clone, Debug)]
pub(crate) struct Rows<'a> {
    /// Times of the rows; those in `range` count.
    pub(crate) times: &'a [Nanos],
    /// The asked columns, in the order asked; `None` where the source has none.
    pub(crate) columns: &'a [Option<&'a Column>],
    pub(crate) range: Range<usize>,
}

impl Rows<'_> {
    /// The rows in `start..end`.
    pub(crate) fn within(mut self, start: Nanos, end: Nanos) -> Self {
        let times = &self.times[self.range.clone()];
        let (from, to) = (
            times.partition_point(|&time| time < start),
            times.partition_point(|&time| time < end),
        );
        self.range = self.range.start + from..self.range.start + to.max(from);
        self
    }

    fn first(&self) -> Nanos {
        self.times[self.range.start]
    }

    fn last(&self) -> Nanos {
        self.times[self.range.end - 1]
    }

    fn repeats(&self) -> bool {
        self.times[self.range.clone()]
            .windows(2)
            .any(|pair| pair[0] >= pair[1])
    }
}

/// Shows `visit` the rows of one series in ascending time, each time once.
///
/// Pieces come in the order of their writing: where several have the same time, each field is that of the last which
/// has it. Pieces that do not overlap are passed on as they are.
pub(crate) fn merge(pieces: &[Rows<'_>], mut visit: impl FnMut(&Rows<'_>)) {
    let mut order: Vec<usize> = (0..pieces.len())
        .filter(|&at| !pieces[at].range.is_empty())
        .collect();
    order.sort_by_key(|&at| pieces[at].first());
    let mut rest = order.as_mut_slice();
    while let Some(&first) = rest.first() {
        let mut last = pieces[first].last();
        let overlapping = 1 + rest[1..]
            .iter()
            .take_while(|&&at| {
                let overlaps = pieces[at].first() <= last;
                last = if overlaps {
                    last.max(pieces[at].last())
                } else {
                    last
                };
                overlaps
            })
            .count();
        let (cluster, behind) = rest.split_at_mut(overlapping);
        if overlapping == 1 && !pieces[first].repeats() {
            visit(&pieces[first]);
        } else {
            cluster.sort_unstable();
            combine(
                &cluster.iter().map(|&at| &pieces[at]).collect::<Vec<_>>(),
                &mut visit,
            );
        }
        rest = behind;
    }
}

/// A row: its piece and place.
type Place = (u32, u32);

fn combine(pieces: &[&Rows<'_>], visit: &mut impl FnMut(&Rows<'_>)) {
    let mut all: Vec<(Nanos, Place)> =
        Vec::with_capacity(pieces.iter().map(|piece| piece.range.len()).sum());
    for (piece, rows) in pieces.iter().enumerate() {
        all.extend(
            rows.range
                .clone()
                .map(|row| (rows.times[row], (piece as u32, row as u32))),
        );
    }
    all.sort_unstable();
    let same_time: Vec<&[(Nanos, Place)]> = all.chunk_by(|a, b| a.0 == b.0).collect();
    let times: Vec<Nanos> = same_time.iter().map(|rows| rows[0].0).collect();
    let columns: Vec<Option<Column>> = (0..pieces[0].columns.len())
        .map(|column| {
            let from: Vec<Option<&Column>> =
                pieces.iter().map(|piece| piece.columns[column]).collect();
            let has = |&(piece, row): &Place| {
                from[piece as usize].is_some_and(|column| {
                    column
                        .present
                        .as_ref()
                        .is_none_or(|present| present[row as usize])
                })
            };
            let picks = same_time
                .iter()
                .map(|rows| rows.iter().rev().map(|(_, place)| *place).find(has));
            gather(&from, &picks.collect::<Vec<_>>())
        })
        .collect();
    let columns: Vec<Option<&Column>> = columns.iter().map(Option::as_ref).collect();
    visit(&Rows {
        times: &times,
        columns: &columns,
        range: 0..times.len(),
    });
}

/// The picked values as one column; `None` when nothing is picked.
fn gather(from: &[Option<&Column>], picks: &[Option<Place>]) -> Option<Column> {
    let (like, _) = (*picks.iter().flatten().next()?, ());
    let like = from[like.0 as usize]?;
    let each = |place: &Option<Place>| {
        place.and_then(|(piece, row)| Some((&from[piece as usize]?.values, row as usize)))
    };
    macro_rules! gathered {
        ($variant:ident, $default:expr) => {{
            let pick = |place: &Option<Place>| match each(place) {
                Some((Values::$variant(values), row)) => values[row].clone(),
                _ => $default.clone(),
            };
            Values::$variant(picks.iter().map(pick).collect())
        }};
    }
    let values = match &like.values {
        Values::F64(_) => gathered!(F64, 0.0f64),
        Values::I64(_) => gathered!(I64, 0i64),
        Values::U64(_) => gathered!(U64, 0u64),
        Values::Bool(_) => gathered!(Bool, false),
        Values::String(values) => gathered!(String, values[0]),
        Values::Histogram(values) => gathered!(Histogram, values[0]),
    };
    let present = picks
        .iter()
        .any(Option::is_none)
        .then(|| picks.iter().map(Option::is_some).collect());
    Some(Column {
        name: like.name.clone(),
        kind: like.kind,
        values,
        present,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::store::table::Kind;

    struct Run {
        times: Vec<Nanos>,
        columns: Vec<Option<Column>>,
    }

    type Written<'a> = (Nanos, Option<u64>, Option<&'a str>);

    fn run(rows: &[Written<'_>]) -> Run {
        let column = |values, present: Vec<bool>| {
            let kind = Kind::Gauge;
            present.contains(&true).then(|| Column {
                name: Arc::from("f"),
                kind,
                values,
                present: Some(present),
            })
        };
        let numbers = Values::U64(rows.iter().map(|row| row.1.unwrap_or_default()).collect());
        let texts = Values::String(
            rows.iter()
                .map(|row| Arc::from(row.2.unwrap_or_default()))
                .collect(),
        );
        let present = |has: fn(&Written<'_>) -> bool| rows.iter().map(has).collect();
        Run {
            times: rows.iter().map(|row| row.0).collect(),
            columns: vec![
                column(numbers, present(|row| row.1.is_some())),
                column(texts, present(|row| row.2.is_some())),
            ],
        }
    }

    type Row = (Nanos, Option<u64>, Option<String>);

    fn merged(runs: &[Run]) -> (Vec<Row>, usize) {
        let columns: Vec<Vec<Option<&Column>>> = runs
            .iter()
            .map(|run| run.columns.iter().map(Option::as_ref).collect())
            .collect();
        let pieces: Vec<Rows<'_>> = runs
            .iter()
            .zip(&columns)
            .map(|(run, columns)| Rows {
                times: &run.times,
                columns,
                range: 0..run.times.len(),
            })
            .collect();
        let (mut rows, mut visits) = (Vec::new(), 0);
        merge(&pieces, |part| {
            visits += 1;
            for at in part.range.clone() {
                let has =
                    |column: &Column| column.present.as_ref().is_none_or(|present| present[at]);
                let number =
                    part.columns[0].filter(|column| has(column)).map(|column| {
                        match &column.values {
                            Values::U64(values) => values[at],
                            _ => panic!("the type changed"),
                        }
                    });
                let text = part.columns[1]
                    .filter(|column| has(column))
                    .map(|column| match &column.values {
                        Values::String(values) => values[at].to_string(),
                        _ => panic!("the type changed"),
                    });
                rows.push((part.times[at], number, text));
            }
        });
        (rows, visits)
    }

    #[test]
    fn a_later_row_overwrites_field_by_field() {
        let first = run(&[(1, Some(10), Some("a")), (2, Some(20), None)]);
        let second = run(&[(1, None, Some("b")), (2, Some(21), None)]);
        let (rows, _) = merged(&[first, second]);
        assert_eq!(rows, [(1, Some(10), Some("b".into())), (2, Some(21), None)]);
    }

    #[test]
    fn inside_one_run_the_later_row_wins_too() {
        let (rows, _) = merged(&[run(&[
            (1, Some(1), None),
            (1, Some(2), None),
            (1, None, Some("x")),
        ])]);
        assert_eq!(rows, [(1, Some(2), Some("x".into()))]);
    }

    #[test]
    fn runs_apart_in_time_are_passed_on_as_they_are_in_order() {
        let (rows, visits) = merged(&[
            run(&[(5, Some(5), None), (6, Some(6), None)]),
            run(&[(1, Some(1), None)]),
        ]);
        assert_eq!(visits, 2);
        assert_eq!(rows.iter().map(|row| row.0).collect::<Vec<_>>(), [1, 5, 6]);
    }

    #[test]
    fn a_run_that_spans_two_others_is_merged_with_both() {
        let (rows, visits) = merged(&[
            run(&[(1, Some(1), None), (9, Some(9), None)]),
            run(&[(3, Some(3), None)]),
            run(&[(9, Some(8), None)]),
        ]);
        assert_eq!(visits, 1);
        assert_eq!(
            rows,
            [(1, Some(1), None), (3, Some(3), None), (9, Some(8), None)]
        );
    }
}
