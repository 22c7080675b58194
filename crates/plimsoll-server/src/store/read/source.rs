//! Where rows come from: memory and blocks, each sorted by series and time.

use std::ops::Range;
use std::sync::Arc;

use super::blocks::{BlockSource, Decoded};
use super::catalog::{Catalog, Place};
use super::merge::{Rows, merge};
use crate::store::damage::Damage;
use crate::store::memtable::Run;
use crate::store::series::SeriesIndex;
use crate::store::table::{Column, Nanos};

/// A run of rows of one measurement in memory, ready to be read series by series.
pub(crate) struct MemorySource {
    run: Run,
    /// Where each asked column stands in the table.
    columns: Vec<Option<usize>>,
    /// Rows of each matching series, by its number.
    rows: Vec<(Place, Range<usize>)>,
}

impl MemorySource {
    pub(crate) fn new(
        run: Run,
        columns: &[Arc<str>],
        index: &SeriesIndex,
        catalog: &mut Catalog<'_>,
    ) -> Self {
        let table = &run.table;
        let place = |name: &Arc<str>| table.columns.iter().position(|column| column.name == *name);
        let columns = columns.iter().map(place).collect();
        let (mut ids, mut ends) = (Vec::new(), Vec::new());
        let mut from = 0;
        while from < table.series.len() {
            let id = table.series[from];
            from += table.series[from..].partition_point(|&other| other <= id);
            ids.push(id);
            ends.push(from);
        }
        let mut rows = Vec::with_capacity(ids.len());
        let mut from = 0;
        for (series, to) in index.resolve_all(&ids).iter().zip(ends) {
            if let Some(place) = catalog.place(&series.key) {
                rows.push((place, from..to));
            }
            from = to;
        }
        rows.sort_unstable_by_key(|(place, _)| *place);
        Self { run, columns, rows }
    }

    fn rows_of(&self, place: Place) -> Range<usize> {
        let at = self.rows.binary_search_by_key(&place, |(place, _)| *place);
        at.map_or(0..0, |at| self.rows[at].1.clone())
    }
}

/// One of the places that rows of a query are read from.
pub(crate) enum Source<'a> {
    /// A run of a memtable.
    Memory(MemorySource),
    /// A sealed run.
    Blocks(BlockSource<'a>),
}

/// Rows that a source gave for one series.
enum Piece<'a> {
    Memory(&'a MemorySource, Range<usize>),
    Block(Arc<Decoded>, Range<usize>),
}

impl Source<'_> {
    fn pieces<'a>(&'a self, place: Place, pieces: &mut Vec<Piece<'a>>) {
        match self {
            Source::Memory(memory) => pieces.push(Piece::Memory(memory, memory.rows_of(place))),
            Source::Blocks(blocks) => {
                let rows = blocks.rows_of(place).into_iter();
                pieces.extend(rows.map(|(block, range)| Piece::Block(block, range)));
            }
        }
    }
}

impl Piece<'_> {
    fn times(&self) -> &[Nanos] {
        match self {
            Piece::Memory(memory, _) => &memory.run.table.times,
            Piece::Block(block, _) => &block.times,
        }
    }

    fn columns(&self) -> Vec<Option<&Column>> {
        match self {
            Piece::Memory(memory, _) => {
                let table = &memory.run.table;
                memory
                    .columns
                    .iter()
                    .map(|at| at.map(|at| &table.columns[at]))
                    .collect()
            }
            Piece::Block(block, _) => block.columns.iter().map(Option::as_ref).collect(),
        }
    }

    fn range(&self) -> Range<usize> {
        match self {
            Piece::Memory(_, range) | Piece::Block(_, range) => range.clone(),
        }
    }
}

/// Shows `visit` the rows in `times` of these series, one series after the other, each in ascending time and each time
/// once. Sources come in the order of their writing.
pub(crate) fn scan(
    sources: &[Source<'_>],
    places: impl IntoIterator<Item = Place>,
    times: Range<Nanos>,
    mut visit: impl FnMut(Place, &Rows<'_>),
) {
    for place in places {
        let mut pieces = Vec::new();
        sources
            .iter()
            .for_each(|source| source.pieces(place, &mut pieces));
        pieces.retain(|piece| !piece.range().is_empty());
        let columns: Vec<Vec<Option<&Column>>> = pieces.iter().map(Piece::columns).collect();
        let rows: Vec<Rows<'_>> = pieces
            .iter()
            .zip(&columns)
            .map(|(piece, columns)| {
                Rows {
                    times: piece.times(),
                    columns,
                    range: piece.range(),
                }
                .within(times.start, times.end)
            })
            .collect();
        merge(&rows, |rows| visit(place, rows));
    }
}

impl Source<'_> {
    /// What could not be read.
    pub(crate) fn into_damage(self) -> Vec<Damage> {
        match self {
            Source::Memory(_) => Vec::new(),
            Source::Blocks(blocks) => blocks.into_damage(),
        }
    }
}
