//! Sealed rows, read block by block as the series that are asked for come by.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use super::catalog::{Catalog, Place};
use crate::store::commit::{BlockRef, SealedRun};
use crate::store::damage::Damage;
use crate::store::day_file::View;
use crate::store::table::{Column, Nanos};

/// A sealed run of one measurement, ready to be read series by series.
pub(crate) struct BlockSource<'a> {
    view: View,
    run: Arc<SealedRun>,
    columns: &'a [Arc<str>],
    times: Range<Nanos>,
    /// Rank in the run of each matching series, by its number.
    ranks: Vec<(Place, u32)>,
    /// The block that was read last: the next series mostly begins in it.
    recent: RefCell<Option<Arc<Decoded>>>,
    damage: RefCell<Vec<Damage>>,
}

/// The asked columns of one block.
pub(crate) struct Decoded {
    offset: u64,
    pub(crate) times: Vec<Nanos>,
    /// In the order asked.
    pub(crate) columns: Vec<Option<Column>>,
    /// Where the rows of each series end, from the block's first.
    ends: Vec<u32>,
}

impl<'a> BlockSource<'a> {
    /// `None` when the run has no row that the query may want.
    pub(crate) fn new(
        view: &View,
        run: &Arc<SealedRun>,
        columns: &'a [Arc<str>],
        times: Range<Nanos>,
        catalog: &mut Catalog<'_>,
    ) -> Option<Self> {
        if !run.blocks.iter().any(|block| overlaps(block, &times)) {
            return None;
        }
        let matching = (0..)
            .zip(run.keys.iter())
            .filter_map(|(rank, key)| Some((catalog.place(key)?, rank)));
        let mut ranks: Vec<(Place, u32)> = matching.collect();
        ranks.sort_unstable();
        let (recent, damage) = Default::default();
        let (view, run) = (view.clone(), run.clone());
        (!ranks.is_empty()).then_some(Self {
            view,
            run,
            columns,
            times,
            ranks,
            recent,
            damage,
        })
    }

    /// The rows of a series: blocks, and which rows of each.
    pub(crate) fn rows_of(&self, place: Place) -> Vec<(Arc<Decoded>, Range<usize>)> {
        let Ok(at) = self.ranks.binary_search_by_key(&place, |(place, _)| *place) else {
            return Vec::new();
        };
        let rank = self.ranks[at].1;
        let blocks = &self.run.blocks;
        let from = blocks.partition_point(|block| block.last_series < rank);
        let blocks = blocks[from..]
            .iter()
            .take_while(|block| block.first_series <= rank);
        let wanted = blocks.filter(|block| overlaps(block, &self.times));
        let decoded = wanted.filter_map(|block| Some((block, self.decoded(block)?)));
        decoded
            .map(|(block, decoded)| {
                (
                    decoded.clone(),
                    decoded.rows((rank - block.first_series) as usize),
                )
            })
            .collect()
    }

    fn decoded(&self, block: &BlockRef) -> Option<Arc<Decoded>> {
        if let Some(recent) = &*self.recent.borrow()
            && recent.offset == block.offset
        {
            return Some(recent.clone());
        }
        match self.read(block) {
            Ok(decoded) => {
                let decoded = Arc::new(decoded);
                *self.recent.borrow_mut() = Some(decoded.clone());
                Some(decoded)
            }
            Err(damage) => {
                let mut known = self.damage.borrow_mut();
                if !known.contains(&damage) {
                    known.push(*damage);
                }
                None
            }
        }
    }

    fn read(&self, at: &BlockRef) -> Result<Decoded, Box<Damage>> {
        let block = self.view.block(&self.run, at)?;
        let malformed = |_| self.view.report(&self.run, at);
        let times = block.times().map_err(malformed)?;
        let columns = self
            .columns
            .iter()
            .map(|name| block.column(name))
            .collect::<Result<_, _>>()
            .map_err(malformed)?;
        let ends = block.series.iter().scan(0, |end, (_, rows)| {
            *end += rows;
            Some(*end)
        });
        Ok(Decoded {
            offset: at.offset,
            times,
            columns,
            ends: ends.collect(),
        })
    }

    /// What could not be read.
    pub(crate) fn into_damage(self) -> Vec<Damage> {
        self.damage.into_inner()
    }
}

impl Decoded {
    /// The rows of the series that is so many behind the block's first.
    fn rows(&self, series: usize) -> Range<usize> {
        let start = series.checked_sub(1).map_or(0, |before| {
            self.ends.get(before).copied().unwrap_or(0) as usize
        });
        start..self.ends.get(series).map_or(start, |&end| end as usize)
    }
}

fn overlaps(block: &BlockRef, times: &Range<Nanos>) -> bool {
    block.first < times.end && block.last >= times.start
}
