//! Distributions ↔ bytes: every part of all of them in one run, so that like stands by like.
//!
//! Counts are kept as the buckets that are not empty, each with its distance from the one before.

use std::ops::Range;
use std::sync::Arc;

use plimsoll::histogram::{Buckets, Explicit, Exponential, Histogram, Layout};

use super::numbers::{self, Effort, MAX_RUN, Number};
use super::wire::{self, Decoded, Malformed, Reader};

/// Most bounds of an explicit layout.
const MAX_BOUNDS: usize = 1 << 16;

/// Writes distributions; how many is the reader's to know.
pub(crate) fn put(out: &mut Vec<u8>, histograms: &[Arc<Histogram>], effort: Effort) {
    let mut layouts = Layouts::default();
    // Which layout: 0 exponential, else one of the bounds.
    let mut bounds: Vec<&Arc<[f64]>> = Vec::new();
    let mut picks = Vec::with_capacity(histograms.len());
    for histogram in histograms {
        match &histogram.layout {
            Layout::Exponential(buckets) => {
                picks.push(0u32);
                layouts.scales.push(i32::from(buckets.scale));
                layouts.zeros.push(buckets.zero);
                layouts
                    .offsets
                    .push(layouts.positive.push_buckets(&buckets.positive));
                layouts
                    .negative_offsets
                    .push(layouts.negative.push_buckets(&buckets.negative));
            }
            Layout::Explicit(buckets) => {
                let known = bounds.iter().position(|known| same(known, &buckets.bounds));
                let pick = known.unwrap_or_else(|| {
                    bounds.push(&buckets.bounds);
                    bounds.len() - 1
                });
                picks.push(pick as u32 + 1);
                layouts.explicit.push_counts(&buckets.counts);
            }
        }
    }
    wire::put_varint(out, bounds.len() as u64);
    for bounds in &bounds {
        wire::put_varint(out, bounds.len() as u64);
        numbers::put_sized(out, bounds, effort);
    }
    numbers::put_sized(out, &picks, effort);
    layouts.put(out, effort);
    // What the counts do not tell: zero for every honest sender.
    let excess: Vec<i64> = histograms
        .iter()
        .map(|one| one.count.wrapping_sub(counted(&one.layout)) as i64)
        .collect();
    numbers::put_sized(out, &excess, effort);
    for part in [
        |one: &Histogram| one.sum,
        |one: &Histogram| one.min,
        |one: &Histogram| one.max,
    ] {
        numbers::put_sized(
            out,
            &histograms.iter().map(|one| part(one)).collect::<Vec<f64>>(),
            effort,
        );
    }
}

fn same(one: &Arc<[f64]>, other: &Arc<[f64]>) -> bool {
    Arc::ptr_eq(one, other)
        || one.len() == other.len() && one.iter().zip(&**other).all(|(a, b)| a.same(*b))
}

fn counted(layout: &Layout) -> u64 {
    let total = |zero, counts: &mut dyn Iterator<Item = u64>| counts.fold(zero, u64::wrapping_add);
    match layout {
        Layout::Exponential(buckets) => total(
            buckets.zero,
            &mut buckets.positive.counts().chain(buckets.negative.counts()),
        ),
        Layout::Explicit(buckets) => total(0, &mut buckets.counts.iter().copied()),
    }
}

/// Reads `count` distributions from the whole of `bytes`.
pub(crate) fn read(bytes: &[u8], count: usize) -> Decoded<Vec<Arc<Histogram>>> {
    if count > MAX_RUN {
        return Err(Malformed("number of histograms"));
    }
    let mut reader = Reader::new(bytes);
    let mut bounds: Vec<Arc<[f64]>> = Vec::new();
    for _ in 0..reader.count(count)? {
        let length = reader.count(MAX_BOUNDS)?;
        bounds.push(numbers::read_sized::<f64>(&mut reader, length)?.into());
    }
    let picks: Vec<u32> = numbers::read_sized(&mut reader, count)?;
    let explicit = picks.iter().filter(|&&pick| pick > 0).count();
    let mut layouts = Layouts::read(&mut reader, count - explicit, explicit)?.into_layouts()?;
    let excess: Vec<i64> = numbers::read_sized(&mut reader, count)?;
    let sums: Vec<f64> = numbers::read_sized(&mut reader, count)?;
    let mins: Vec<f64> = numbers::read_sized(&mut reader, count)?;
    let maxs: Vec<f64> = numbers::read_sized(&mut reader, count)?;
    let mut histograms = Vec::with_capacity(count);
    for (row, &pick) in picks.iter().enumerate() {
        let layout = match pick.checked_sub(1) {
            None => Layout::Exponential(layouts.exponential.next().ok_or(Malformed("histogram"))?),
            Some(pick) => Layout::Explicit(Explicit {
                bounds: bounds
                    .get(pick as usize)
                    .cloned()
                    .ok_or(Malformed("bounds"))?,
                counts: layouts.explicit.next().ok_or(Malformed("histogram"))?,
            }),
        };
        let count = counted(&layout).wrapping_add(excess[row] as u64);
        histograms.push(Arc::new(Histogram {
            layout,
            count,
            sum: sums[row],
            min: mins[row],
            max: maxs[row],
        }));
    }
    Ok(histograms)
}

#[derive(Default)]
struct Layouts {
    scales: Vec<i32>,
    zeros: Vec<u64>,
    offsets: Vec<i32>,
    negative_offsets: Vec<i32>,
    positive: Sparse,
    negative: Sparse,
    explicit: Sparse,
}

struct Each<E, X> {
    exponential: E,
    explicit: X,
}

impl Layouts {
    fn put(&self, out: &mut Vec<u8>, effort: Effort) {
        numbers::put_sized(out, &self.scales, effort);
        numbers::put_sized(out, &self.zeros, effort);
        numbers::put_sized(out, &self.offsets, effort);
        numbers::put_sized(out, &self.negative_offsets, effort);
        for sparse in [&self.positive, &self.negative, &self.explicit] {
            sparse.put(out, effort);
        }
    }

    fn read(reader: &mut Reader<'_>, exponential: usize, explicit: usize) -> Decoded<Layouts> {
        let scales: Vec<i32> = numbers::read_sized(reader, exponential)?;
        if scales.iter().any(|&scale| i8::try_from(scale).is_err()) {
            return Err(Malformed("scale"));
        }
        Ok(Layouts {
            scales,
            zeros: numbers::read_sized(reader, exponential)?,
            offsets: numbers::read_sized(reader, exponential)?,
            negative_offsets: numbers::read_sized(reader, exponential)?,
            positive: Sparse::read(reader, exponential)?,
            negative: Sparse::read(reader, exponential)?,
            explicit: Sparse::read(reader, explicit)?,
        })
    }

    fn into_layouts(
        self,
    ) -> Decoded<Each<impl Iterator<Item = Exponential>, impl Iterator<Item = Vec<u64>>>> {
        let heads = self.scales.into_iter().zip(self.zeros);
        let positive = self.positive.into_buckets(&self.offsets)?;
        let negative = self.negative.into_buckets(&self.negative_offsets)?;
        let exponential = heads.zip(positive.into_iter().zip(negative)).map(
            |((scale, zero), (positive, negative))| Exponential {
                scale: scale as i8,
                zero,
                positive,
                negative,
            },
        );
        Ok(Each {
            exponential,
            explicit: self.explicit.into_counts(),
        })
    }
}

/// Lists of counts, mostly zero.
#[derive(Default)]
struct Sparse {
    lengths: Vec<u32>,
    filled: Vec<u32>,
    gaps: Vec<u32>,
    counts: Vec<u64>,
}

impl Sparse {
    /// Index of the first of them.
    fn push_buckets(&mut self, buckets: &Buckets) -> i32 {
        let offset = buckets.first().unwrap_or(0);
        let mut next = i64::from(offset);
        for (index, count) in buckets.iter() {
            self.gaps.push((i64::from(index) - next) as u32);
            self.counts.push(count);
            next = i64::from(index) + 1;
        }
        self.filled.push(buckets.len() as u32);
        self.lengths.push(0);
        offset
    }

    fn push_counts(&mut self, counts: &[u64]) {
        let before = self.counts.len();
        let mut next = 0;
        for (at, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            self.gaps.push((at - next) as u32);
            self.counts.push(count);
            next = at + 1;
        }
        self.filled.push((self.counts.len() - before) as u32);
        // Behind the last filled bucket; mostly none.
        self.lengths.push((counts.len() - next) as u32);
    }

    fn put(&self, out: &mut Vec<u8>, effort: Effort) {
        numbers::put_sized(out, &self.filled, effort);
        numbers::put_sized(out, &self.lengths, effort);
        numbers::put_sized(out, &self.gaps, effort);
        numbers::put_sized(out, &self.counts, effort);
    }

    fn read(reader: &mut Reader<'_>, lists: usize) -> Decoded<Sparse> {
        let filled: Vec<u32> = numbers::read_sized(reader, lists)?;
        let lengths: Vec<u32> = numbers::read_sized(reader, lists)?;
        let total: u64 = filled.iter().map(|&count| u64::from(count)).sum();
        let total = usize::try_from(total)
            .ok()
            .filter(|&total| total <= MAX_RUN)
            .ok_or(Malformed("buckets"))?;
        let gaps: Vec<u32> = numbers::read_sized(reader, total)?;
        let counts = numbers::read_sized(reader, total)?;
        let width: u64 = gaps.iter().chain(&lengths).map(|&gap| u64::from(gap)).sum();
        if width > MAX_RUN as u64 {
            return Err(Malformed("width of buckets"));
        }
        Ok(Sparse {
            lengths,
            filled,
            gaps,
            counts,
        })
    }

    /// Each list from its own offset.
    fn into_buckets(self, offsets: &[i32]) -> Decoded<Vec<Buckets>> {
        let mut picked = self.gaps.iter().zip(&self.counts);
        let lists = self.filled.iter().zip(offsets);
        let list = |(&filled, &offset): (&u32, &i32)| {
            let mut next = i64::from(offset);
            let counts = picked.by_ref().take(filled as usize).map(|(&gap, &count)| {
                let index = next + i64::from(gap);
                next = index + 1;
                let index = i32::try_from(index).map_err(|_| Malformed("index of a bucket"))?;
                Ok((index, count))
            });
            counts.collect()
        };
        lists.map(list).collect()
    }

    fn into_counts(self) -> impl Iterator<Item = Vec<u64>> {
        let mut taken = 0;
        self.filled
            .into_iter()
            .zip(self.lengths)
            .map(move |(filled, behind)| {
                let picked: Range<usize> = taken..taken + filled as usize;
                taken = picked.end;
                let width: usize = self.gaps[picked.clone()]
                    .iter()
                    .map(|&gap| gap as usize + 1)
                    .sum();
                let mut list = Vec::with_capacity(width + behind as usize);
                for at in picked {
                    list.resize(list.len() + self.gaps[at] as usize, 0);
                    list.push(self.counts[at]);
                }
                list.resize(list.len() + behind as usize, 0);
                list
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counts() -> impl Strategy<Value = Vec<u64>> {
        prop::collection::vec(prop_oneof![Just(0u64), 0u64..9, any::<u64>()], 0..12)
    }

    fn layout() -> impl Strategy<Value = Layout> {
        let exponential = (
            any::<i8>(),
            any::<u64>(),
            -9_999..9_999i32,
            counts(),
            i32::MIN..0,
            counts(),
        )
            .prop_map(|(scale, zero, offset, counts, below, negative)| {
                Layout::Exponential(Exponential {
                    scale,
                    zero,
                    positive: Buckets::from_counts(offset, &counts),
                    negative: Buckets::from_counts(below, &negative),
                })
            });
        let explicit =
            (prop::collection::vec(-5.0..5.0f64, 0..4), counts()).prop_map(|(bounds, counts)| {
                Layout::Explicit(Explicit {
                    bounds: bounds.into(),
                    counts,
                })
            });
        prop_oneof![exponential, explicit]
    }

    proptest! {
        #[test]
        fn histograms_come_back(parts in prop::collection::vec((layout(), any::<u64>(), -9.0..9.0f64), 0..20)) {
            let histograms: Vec<_> = parts
                .into_iter()
                .map(|(layout, count, sum)| Arc::new(Histogram { layout, count, sum, min: sum / 2.0, max: sum * 2.0 }))
                .collect();
            let mut bytes = Vec::new();
            put(&mut bytes, &histograms, Effort::Small);
            prop_assert_eq!(read(&bytes, histograms.len()), Ok(histograms));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, count in 0usize..100) {
            let _ = read(&bytes, count);
        }
    }
}
