//! The histogram of one writer: counts of the exponential scale, written without lock or lock prefix.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use super::budget::Budget;
use crate::histogram::{Buckets, Exponential, Histogram, Layout, bucket_bounds, index_at_scale_5};

/// Index of the first bucket at scale 5: it ends at `2^-24 · 2^(1/32)` s, 61 ns. Shorter durations fall into it.
const FIRST: i32 = -24 * 32;
/// Buckets in all: 40 powers of two, to `2^16` s or 18 h. Longer durations fall into the last.
const BUCKETS: usize = 40 * 32;
/// Buckets of one chunk: two powers of two. Chunks are made when they are first hit, so a series costs what its spread
/// costs.
const CHUNK: usize = 64;

type Chunk = [AtomicU32; CHUNK];

/// Durations in seconds at [`Histogram::SCALE`]: cumulative counts that wrap, of which the collector takes differences.
/// Only the thread that owns the shard writes; anyone may read.
#[derive(Debug)]
pub(crate) struct Distribution {
    chunks: [OnceLock<Box<Chunk>>; BUCKETS / CHUNK],
    /// Sum in nanoseconds, wrapping.
    sum_ns: AtomicU64,
    /// Shortest since the collector looked; only a hint, as the collector's reset may be lost to the writer's store.
    min_ns: AtomicU64,
    /// Longest since the collector looked; a hint as well.
    max_ns: AtomicU64,
}

/// What the collector saw of a [`Distribution`] when it last looked.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Buckets with a count, ascending.
    counts: Vec<(u16, u32)>,
    sum_ns: u64,
}

impl Distribution {
    pub(crate) const fn new() -> Self {
        Self {
            chunks: [const { OnceLock::new() }; BUCKETS / CHUNK],
            sum_ns: AtomicU64::new(0),
            min_ns: AtomicU64::new(u64::MAX),
            max_ns: AtomicU64::new(0),
        }
    }

    /// Counts one duration; `false` when the budget has no room for the chunk it falls into. Owner only.
    #[inline]
    pub(crate) fn record(&self, ns: u64, budget: &Budget) -> bool {
        // A duration of nothing counts as 1 ns, so that the sum tells whether anything was recorded.
        let ns = ns.max(1);
        let at = Self::index(ns);
        let chunk = match self.chunks[at / CHUNK].get() {
            Some(chunk) => chunk,
            None => match self.make_chunk(at / CHUNK, budget) {
                Some(chunk) => chunk,
                None => return false,
            },
        };
        let count = &chunk[at % CHUNK];
        count.store(count.load(Relaxed).wrapping_add(1), Relaxed);
        self.sum_ns
            .store(self.sum_ns.load(Relaxed).wrapping_add(ns), Relaxed);
        if ns < self.min_ns.load(Relaxed) {
            self.min_ns.store(ns, Relaxed);
        }
        if ns > self.max_ns.load(Relaxed) {
            self.max_ns.store(ns, Relaxed);
        }
        true
    }

    /// The bucket of a duration.
    #[inline]
    fn index(ns: u64) -> usize {
        // Processors turn signed numbers into floating point in one step; 2^63 ns are 292 years.
        let seconds = ns.cast_signed() as f64 * 1e-9;
        (index_at_scale_5(seconds) - FIRST).clamp(0, BUCKETS as i32 - 1) as usize
    }

    #[cold]
    fn make_chunk(&self, at: usize, budget: &Budget) -> Option<&Chunk> {
        if !budget.take(size_of::<Chunk>()) {
            return None;
        }
        Some(self.chunks[at].get_or_init(|| Box::new([const { AtomicU32::new(0) }; CHUNK])))
    }

    /// What was recorded since `seen`, which is brought up to date; `None` when nothing was. Collector only.
    pub(crate) fn take_new(&self, seen: &mut Seen) -> Option<Histogram> {
        // The sum is read first: the writer adds to it last, so it holds no duration whose bucket is not read below.
        let sum_ns = self.sum_ns.load(Relaxed);
        if sum_ns == seen.sum_ns {
            return None;
        }
        let mut new = Buckets::default();
        let mut now = Vec::with_capacity(seen.counts.len());
        let mut before = seen.counts.iter().copied().peekable();
        for (at, count) in self.counts() {
            let earlier = before
                .next_if(|&(earlier_at, _)| earlier_at == at)
                .map_or(0, |(_, earlier)| earlier);
            let difference = count.wrapping_sub(earlier);
            if difference > 0 {
                new.add(i32::from(at) + FIRST, u64::from(difference));
            }
            now.push((at, count));
        }
        let count: u64 = new.counts().sum();
        if count == 0 {
            return None; // A sum that was late stays for the next time.
        }
        let sum = sum_ns.wrapping_sub(seen.sum_ns) as f64 * 1e-9;
        *seen = Seen {
            counts: now,
            sum_ns,
        };
        let (min, max) = self.take_extremes(&new);
        let layout = Layout::Exponential(Exponential {
            scale: Histogram::SCALE,
            positive: new,
            ..Exponential::default()
        });
        Some(Histogram {
            layout,
            count,
            sum,
            min,
            max,
        })
    }

    /// The hints where they lie within the outermost buckets, else these buckets' own ends.
    fn take_extremes(&self, new: &Buckets) -> (f64, f64) {
        let min = self.min_ns.swap(u64::MAX, Relaxed) as f64 * 1e-9;
        let max = self.max_ns.swap(0, Relaxed) as f64 * 1e-9;
        let first = new.first().unwrap_or(FIRST);
        let last = new.last().unwrap_or(first);
        let (low, low_end) = bucket_bounds(first);
        let (high_start, high) = bucket_bounds(last);
        // The first and the last bucket also hold what lies beyond them.
        let min_fits = min <= low_end && (min > low || first == FIRST);
        let max_fits = max > high_start && (max <= high || last == FIRST + BUCKETS as i32 - 1);
        let min = if min_fits { min } else { low };
        let max = if max_fits { max } else { high };
        (min.min(max), max)
    }

    /// Buckets that were ever hit, ascending.
    fn counts(&self) -> impl Iterator<Item = (u16, u32)> + '_ {
        let chunks = self.chunks.iter().enumerate();
        let chunks = chunks.filter_map(|(at, chunk)| Some((at * CHUNK, chunk.get()?)));
        let counts = chunks.flat_map(|(first, chunk)| {
            chunk
                .iter()
                .enumerate()
                .map(move |(at, count)| ((first + at) as u16, count.load(Relaxed)))
        });
        counts.filter(|&(_, count)| count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(durations_ns: &[u64]) -> Distribution {
        let (distribution, budget) = (Distribution::new(), Budget::new(1 << 20));
        durations_ns
            .iter()
            .for_each(|&ns| assert!(distribution.record(ns, &budget)));
        distribution
    }

    #[test]
    fn it_counts_as_the_histogram_does() {
        let durations: Vec<u64> = (0..2000).map(|n: u64| 700 + n * n * n * 9).collect();
        let mut expected = Histogram::new();
        durations
            .iter()
            .for_each(|&ns| expected.record(ns as f64 * 1e-9));
        let taken = recorded(&durations).take_new(&mut Seen::default()).unwrap();
        assert_eq!(
            (&taken.layout, taken.count),
            (&expected.layout, expected.count)
        );
        assert_eq!((taken.min, taken.max), (expected.min, expected.max));
        assert!((taken.sum - expected.sum).abs() < 1e-9 * expected.sum);
    }

    #[test]
    fn each_look_sees_only_what_is_new() {
        let (distribution, budget, mut seen) = (
            recorded(&[1_000_000, 5_000_000]),
            Budget::new(1 << 20),
            Seen::default(),
        );
        assert_eq!(distribution.take_new(&mut seen).unwrap().count, 2);
        assert_eq!(distribution.take_new(&mut seen), None);
        distribution.record(2_000_000, &budget);
        let new = distribution.take_new(&mut seen).unwrap();
        assert_eq!((new.count, new.min, new.max), (1, 0.002, 0.002));
    }

    #[test]
    fn a_count_that_wraps_loses_nothing() {
        let (distribution, budget, mut seen) = (
            recorded(&[1_000_000]),
            Budget::new(1 << 20),
            Seen::default(),
        );
        let (at, _) = distribution.counts().next().unwrap();
        let chunk = distribution.chunks[usize::from(at) / CHUNK].get().unwrap();
        chunk[usize::from(at) % CHUNK].store(u32::MAX - 1, Relaxed);
        distribution.take_new(&mut seen);
        (0..5).for_each(|_| assert!(distribution.record(1_000_000, &budget)));
        assert_eq!(distribution.take_new(&mut seen).unwrap().count, 5);
    }

    #[test]
    fn durations_beyond_the_range_keep_their_extremes() {
        let taken = recorded(&[0, 3, 400_000 * 1_000_000_000])
            .take_new(&mut Seen::default())
            .unwrap();
        assert_eq!((taken.count, taken.min, taken.max), (3, 1e-9, 400_000.0));
    }

    #[test]
    fn without_room_a_duration_is_refused() {
        assert!(!Distribution::new().record(1, &Budget::new(10)));
    }
}
