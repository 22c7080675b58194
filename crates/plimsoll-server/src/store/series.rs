//! Which series are being written: measurement + tags ↔ a small number.

use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet, HashTable};
use parking_lot::RwLock;
use std::hash::BuildHasher;

use super::key;
use super::table::SeriesId;

/// The series of the running process. Reads are concurrent and cost one hash.
///
/// A [`SeriesId`] is for the batch being built, not for keeping: intern again for the next one.
#[derive(Debug)]
pub struct SeriesIndex {
    limit: usize,
    hasher: RandomState,
    inner: RwLock<Inner>,
}

/// Measurement and tags of one series.
#[derive(Debug)]
pub struct Series {
    /// The measurement's name.
    pub measurement: Arc<str>,
    /// Sorted by name; no value is empty.
    pub tags: Box<[(Arc<str>, Arc<str>)]>,
    /// Measurement and tags as bytes whose order is the order of rows in a block; see [`key`].
    pub key: Arc<[u8]>,
}

/// No further series is taken in; the known ones go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {limit} active series (`store.max_series`)")]
pub struct LimitReached {
    /// How many series there may be.
    pub limit: usize,
}

#[derive(Debug, Default)]
struct Inner {
    series: Vec<Arc<Series>>,
    by_key: HashTable<u32>,
    /// Names and tag values, each kept once.
    strings: HashSet<Arc<str>, RandomState>,
    /// The text of a line up to its fields, as the last writers wrote it.
    by_text: HashMap<Box<[u8]>, SeriesId, RandomState>,
    text_bytes: usize,
}

/// Beyond this the remembered texts are forgotten at once: somebody writes the same series in ever new spellings.
const MAX_TEXT_BYTES: usize = 64 << 20;

impl SeriesIndex {
    /// An empty index that takes in up to `limit` series.
    pub(crate) fn new(limit: usize) -> SeriesIndex {
        SeriesIndex {
            limit,
            hasher: RandomState::default(),
            inner: RwLock::default(),
        }
    }

    /// The number of a series. Tags in any order; of a repeated tag the last value counts, an empty one means none.
    ///
    /// # Errors
    /// When the series is new and there are as many as may be.
    pub fn intern<M: AsRef<str>, K: AsRef<str>, V: AsRef<str>>(
        &self,
        measurement: M,
        tags: &[(K, V)],
    ) -> Result<SeriesId, LimitReached> {
        let key = key::encode(measurement.as_ref(), tags);
        self.intern_key(&key, true)
    }

    /// The number of the series with this key; replay knows no limit, for what was acknowledged is kept.
    pub(crate) fn intern_key(&self, key: &[u8], limited: bool) -> Result<SeriesId, LimitReached> {
        let hash = self.hasher.hash_one(key);
        if let Some(id) = self.inner.read().find(hash, key) {
            return Ok(id);
        }
        let mut inner = self.inner.write();
        if let Some(id) = inner.find(hash, key) {
            return Ok(id);
        }
        if limited && inner.series.len() >= self.limit {
            return Err(LimitReached { limit: self.limit });
        }
        Ok(inner.insert(hash, key, &self.hasher))
    }

    /// The series that this text (a line of line protocol up to its first unescaped space) stood for last time.
    pub fn cached(&self, text: &[u8]) -> Option<SeriesId> {
        self.inner.read().by_text.get(text).copied()
    }

    /// Remembers what a text stands for, so that the next line with it costs one hash.
    pub fn remember(&self, text: &[u8], id: SeriesId) {
        let mut inner = self.inner.write();
        if inner.text_bytes > MAX_TEXT_BYTES || inner.by_text.len() > self.limit.saturating_mul(2) {
            inner.by_text = HashMap::default();
            inner.text_bytes = 0;
        }
        if inner.by_text.insert(text.into(), id).is_none() {
            inner.text_bytes += text.len();
        }
    }

    /// Measurement and tags of a number given out by this index.
    pub fn resolve(&self, id: SeriesId) -> Arc<Series> {
        self.inner.read().series[id.0 as usize].clone()
    }

    /// The same for many at once, in their order.
    pub fn resolve_all(&self, ids: &[SeriesId]) -> Vec<Arc<Series>> {
        let inner = self.inner.read();
        ids.iter()
            .map(|id| inner.series[id.0 as usize].clone())
            .collect()
    }

    /// How many series are known.
    pub fn len(&self) -> usize {
        self.inner.read().series.len()
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Inner {
    fn find(&self, hash: u64, key: &[u8]) -> Option<SeriesId> {
        self.by_key
            .find(hash, |&index| *self.series[index as usize].key == *key)
            .map(|&index| SeriesId(index))
    }

    fn insert(&mut self, hash: u64, key: &[u8], hasher: &RandomState) -> SeriesId {
        let (measurement, tags) = key::decode(key);
        let measurement = self.shared(&measurement);
        let tags = tags
            .iter()
            .map(|(k, v)| (self.shared(k), self.shared(v)))
            .collect();
        let index =
            u32::try_from(self.series.len()).expect("memory ends before four billion series");
        self.series.push(Arc::new(Series {
            measurement,
            tags,
            key: key.into(),
        }));
        let series = &self.series;
        self.by_key.insert_unique(hash, index, |&other| {
            hasher.hash_one(&*series[other as usize].key)
        });
        SeriesId(index)
    }

    fn shared(&mut self, text: &str) -> Arc<str> {
        self.strings
            .get_or_insert_with(text, |text| Arc::from(text))
            .clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_tags_makes_no_other_series() {
        let index = SeriesIndex::new(10);
        let one = index
            .intern("cpu", &[("host", "a"), ("zone", "b")])
            .unwrap();
        let two = index
            .intern("cpu", &[("zone", "b"), ("host", "a")])
            .unwrap();
        assert_eq!(one, two);
        assert_eq!(&*index.resolve(one).measurement, "cpu");
        assert_eq!(index.resolve(one).tags.len(), 2);
    }

    #[test]
    fn at_the_limit_known_series_go_on() {
        let index = SeriesIndex::new(1);
        let known = index.intern("cpu", &[("host", "a")]).unwrap();
        assert_eq!(
            index.intern("cpu", &[("host", "b")]),
            Err(LimitReached { limit: 1 })
        );
        assert_eq!(index.intern("cpu", &[("host", "a")]), Ok(known));
    }

    #[test]
    fn a_remembered_text_is_found() {
        let index = SeriesIndex::new(1);
        assert_eq!(index.cached(b"cpu,host=a"), None);
        let id = index.intern("cpu", &[("host", "a")]).unwrap();
        index.remember(b"cpu,host=a", id);
        assert_eq!(index.cached(b"cpu,host=a"), Some(id));
    }
}
