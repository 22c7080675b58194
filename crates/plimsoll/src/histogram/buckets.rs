//! The buckets of one side of an exponential histogram: only those that hold something, for most hold nothing.

/// Buckets that hold something, ascending by index.
///
/// A distribution of a few values takes a few words, however far apart they lie.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Buckets {
    filled: Vec<Bucket>,
}

/// One bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bucket {
    index: i32,
    count: u64,
}

impl Buckets {
    /// From counts of the neighbouring buckets `offset..`; zeros are left out.
    ///
    /// # Panics
    /// When an index is beyond 32 bits.
    pub fn from_counts(offset: i32, counts: &[u64]) -> Self {
        let filled = counts.iter().zip(0i32..).filter(|(count, _)| **count > 0);
        let filled = filled.map(|(&count, at)| (offset.checked_add(at).expect("32 bits"), count));
        filled.collect()
    }

    /// Whether no bucket holds anything.
    pub fn is_empty(&self) -> bool {
        self.filled.is_empty()
    }

    /// How many buckets hold something.
    pub fn len(&self) -> usize {
        self.filled.len()
    }

    /// Index of the first bucket that holds something.
    pub fn first(&self) -> Option<i32> {
        self.filled.first().map(|bucket| bucket.index)
    }

    /// Index of the last bucket that holds something.
    pub fn last(&self) -> Option<i32> {
        self.filled.last().map(|bucket| bucket.index)
    }

    /// Indices and counts of the buckets that hold something, ascending.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (i32, u64)> + '_ {
        self.filled
            .iter()
            .map(|bucket| (bucket.index, bucket.count))
    }

    /// The counts one by one.
    pub fn counts(&self) -> impl Iterator<Item = u64> + '_ {
        self.filled.iter().map(|bucket| bucket.count)
    }

    /// Index of the first bucket and the counts of all from there to the last, as the protocols write them.
    pub fn to_counts(&self) -> (i32, Vec<u64>) {
        let Some(offset) = self.first() else {
            return (0, Vec::new());
        };
        let mut counts = vec![0; self.span()];
        for (index, count) in self.iter() {
            counts[index.abs_diff(offset) as usize] = count;
        }
        (offset, counts)
    }

    /// Number of buckets from the first to the last, with the empty ones between.
    pub(super) fn span(&self) -> usize {
        match (self.first(), self.last()) {
            (Some(first), Some(last)) => last.abs_diff(first) as usize + 1,
            _ => 0,
        }
    }

    /// The same if the buckets `first` and `last` were in it.
    pub(super) fn span_with(&self, first: i32, last: i32) -> usize {
        let first = self.first().map_or(first, |own| own.min(first));
        let last = self.last().map_or(last, |own| own.max(last));
        last.abs_diff(first) as usize + 1
    }

    pub(super) fn count_at(&self, index: i32) -> u64 {
        let at = self.filled.binary_search_by_key(&index, |one| one.index);
        at.map_or(0, |at| self.filled[at].count)
    }

    pub(crate) fn add(&mut self, index: i32, count: u64) {
        if count == 0 {
            return;
        }
        if self.last().is_none_or(|last| last < index) {
            self.filled.push(Bucket { index, count });
            return;
        }
        match self.filled.binary_search_by_key(&index, |one| one.index) {
            Ok(at) => self.filled[at].count += count,
            Err(at) => self.filled.insert(at, Bucket { index, count }),
        }
    }

    /// Adds `other`, whose resolution is halved `shift` times.
    pub(super) fn merge(&mut self, other: &Buckets, shift: u32) {
        if shift == 0 && self.is_empty() {
            self.filled.clone_from(&other.filled);
            return;
        }
        let mut new: Vec<Bucket> = Vec::new();
        let mut at = 0;
        for (index, count) in other.iter() {
            let index = shifted(index, shift);
            at += steps_to(&self.filled[at..], index);
            match (self.filled.get_mut(at), new.last_mut()) {
                (Some(known), _) if known.index == index => known.count += count,
                (_, Some(last)) if last.index == index => last.count += count,
                _ => new.push(Bucket { index, count }),
            }
        }
        self.insert(&new);
    }

    /// Puts ascending buckets that are not here yet between those that are.
    fn insert(&mut self, new: &[Bucket]) {
        let mut known = self.filled.len();
        self.filled.extend_from_slice(new);
        let (mut left, mut to) = (new.len(), self.filled.len());
        // From the end, so that nothing is overwritten that is still to be moved.
        while left > 0 && known > 0 {
            to -= 1;
            if self.filled[known - 1].index > new[left - 1].index {
                known -= 1;
                self.filled[to] = self.filled[known];
            } else {
                left -= 1;
                self.filled[to] = new[left];
            }
        }
        self.filled[..left].copy_from_slice(&new[..left]);
    }

    pub(super) fn downscaled(&self, shift: u32) -> Buckets {
        let mut coarse = Buckets::default();
        coarse.merge(self, shift);
        coarse
    }

    pub(super) fn size_bytes(&self) -> usize {
        self.filled.capacity() * size_of::<Bucket>()
    }
}

/// Indices in any order; counts of one index are added up.
impl FromIterator<(i32, u64)> for Buckets {
    fn from_iter<I: IntoIterator<Item = (i32, u64)>>(counts: I) -> Self {
        let mut buckets = Self::default();
        for (index, count) in counts {
            buckets.add(index, count);
        }
        buckets
    }
}

/// How far the first bucket at `index` or beyond it is. Mostly it is the next: both sides hold much the same values.
fn steps_to(buckets: &[Bucket], index: i32) -> usize {
    for at in 0..2 {
        if buckets.get(at).is_none_or(|bucket| bucket.index >= index) {
            return at;
        }
    }
    buckets.partition_point(|bucket| bucket.index < index)
}

/// Index of the bucket that holds bucket `index` when the scale sinks by `shift`.
pub(super) fn shifted(index: i32, shift: u32) -> i32 {
    index >> shift.min(31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn of(pairs: &[(i32, u64)]) -> Buckets {
        pairs.iter().copied().collect()
    }

    #[test]
    fn buckets_in_any_order_stand_ascending() {
        let buckets = of(&[(5, 1), (-3, 2), (9, 3), (5, 4), (0, 0)]);
        assert_eq!(
            buckets.iter().collect::<Vec<_>>(),
            [(-3, 2), (5, 5), (9, 3)]
        );
        assert_eq!((buckets.first(), buckets.last()), (Some(-3), Some(9)));
        assert_eq!((buckets.len(), buckets.span()), (3, 13));
    }

    #[test]
    fn neighbouring_counts_come_back_without_their_empty_ends() {
        let buckets = Buckets::from_counts(-2, &[0, 4, 0, 1, 0]);
        assert_eq!(buckets.to_counts(), (-1, vec![4, 0, 1]));
        assert_eq!(Buckets::default().to_counts(), (0, vec![]));
    }

    #[test]
    fn merged_buckets_are_those_of_a_map() {
        let mut random = 1876u64;
        let mut next = |below: u64| {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (random >> 33) % below
        };
        for _ in 0..2_000 {
            let shift = next(4) as u32;
            let mut sides = [Vec::new(), Vec::new()];
            for side in &mut sides {
                for _ in 0..next(12) {
                    side.push((next(60) as i32 - 30, next(3)));
                }
            }
            let mut expected: BTreeMap<i32, u64> = BTreeMap::new();
            for &(index, count) in &sides[0] {
                *expected.entry(index).or_default() += count;
            }
            for &(index, count) in &sides[1] {
                *expected.entry(index >> shift).or_default() += count;
            }
            expected.retain(|_, count| *count > 0);
            let mut merged = of(&sides[0]);
            merged.merge(&of(&sides[1]), shift);
            let expected: Vec<_> = expected.into_iter().collect();
            assert_eq!(merged.iter().collect::<Vec<_>>(), expected);
        }
    }
}
