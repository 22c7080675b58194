//! When series had rows, mostly without reading them: memory is in order, and blocks say when they begin and end.

use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use crate::store::Store;
use crate::store::commit::{BlockRef, SealedRun};
use crate::store::day_file::View;
use crate::store::table::Nanos;
use crate::store::tier::Tier;

impl Store {
    /// Shows `visit` whose raw rows of a measurement there are in `times`, and the earliest and latest time of some of
    /// them; nobody's first or last row is left out. `sender` tells by the key of a series whose it is.
    ///
    /// A block of several senders is read, for its index tells when any of them sent. Of one that cannot be read only the
    /// beginning is shown. Blocking.
    pub(crate) fn spans<S: PartialEq>(
        &self,
        measurement: &str,
        times: &Range<Nanos>,
        sender: impl Fn(&[u8]) -> S,
        mut visit: impl FnMut(&S, RangeInclusive<Nanos>),
    ) {
        let last = times.end.saturating_sub(1);
        for run in self.runs(measurement, times.start, last) {
            let mut ids = run.table.series.clone();
            ids.dedup();
            let series = self.series.resolve_all(&ids);
            let rows = run.table.series.chunk_by(|one, next| one == next);
            let parts = series.iter().zip(rows.map(<[_]>::len));
            each_part(&run.table.times, parts, |series, part| {
                if let Some(span) = within(part, times) {
                    visit(&sender(&series.key), span);
                }
            });
        }
        for file in self.files.overlapping(Tier::Raw, times.start, last) {
            // A file that cannot be opened is reported by whoever reads its rows.
            let Ok(view) = file.view() else { continue };
            for run in view.runs.iter() {
                if &*run.measurement != measurement {
                    continue;
                }
                for block in &run.blocks {
                    if block.first < times.end && block.last >= times.start {
                        spans_of_block(&view, run, block, times, &sender, &mut visit);
                    }
                }
            }
        }
    }
}

fn spans_of_block<S: PartialEq>(
    view: &View,
    run: &Arc<SealedRun>,
    block: &BlockRef,
    times: &Range<Nanos>,
    sender: &impl Fn(&[u8]) -> S,
    visit: &mut impl FnMut(&S, RangeInclusive<Nanos>),
) {
    let ranks = block.first_series..=block.last_series;
    let senders: Vec<S> = ranks.map(|rank| sender(run.keys.key(rank))).collect();
    let first = block.first.max(times.start);
    if senders.windows(2).all(|pair| pair[0] == pair[1]) {
        let last = block.last.min(times.end.saturating_sub(1));
        senders
            .first()
            .into_iter()
            .for_each(|one| visit(one, first..=last));
        return;
    }
    let read = view.block(run, block).ok();
    let rows = read.and_then(|block| Some((block.times().ok()?, block.series)));
    let Some((rows, series)) = rows else {
        senders.iter().for_each(|one| visit(one, first..=first));
        return;
    };
    let counts = series.iter().map(|(_, count)| *count as usize);
    each_part(&rows, senders.iter().zip(counts), |one, part| {
        if let Some(span) = within(part, times) {
            visit(one, span);
        }
    });
}

/// Cuts rows into the parts that belong to each series.
fn each_part<'a, T>(
    mut rows: &'a [Nanos],
    parts: impl Iterator<Item = (T, usize)>,
    mut visit: impl FnMut(T, &'a [Nanos]),
) {
    for (of, count) in parts {
        let (part, rest) = rows.split_at(count.min(rows.len()));
        rows = rest;
        visit(of, part);
    }
}

/// The earliest and latest of ascending times that lie in a range.
fn within(ascending: &[Nanos], times: &Range<Nanos>) -> Option<RangeInclusive<Nanos>> {
    let from = ascending.partition_point(|time| *time < times.start);
    let to = ascending.partition_point(|time| *time < times.end);
    let inside = ascending.get(from..to)?;
    Some(*inside.first()?..=*inside.last()?)
}
