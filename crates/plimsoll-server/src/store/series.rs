//! Which series are being written: measurement + tags ↔ a small number.

use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet, HashTable};
use parking_lot::RwLock;

use super::calendar::DAY;
use super::error::AppendError;
use super::key;
use super::table::{Nanos, SeriesId};

/// The active series: those with rows in memory and those written to within [`SeriesIndex::IDLE`]. Reads are concurrent
/// and cost one hash.
///
/// A [`SeriesId`] is for the batch being built, not for keeping: intern again for the next one. No number is given out
/// twice, so one kept too long means nothing rather than another series.
#[derive(Debug)]
pub struct SeriesIndex {
    limit: usize,
    hasher: RandomState,
    /// The time when the store was last looked after: exact enough for who is idle.
    clock: AtomicI64,
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
    id: SeriesId,
    /// By the index's clock: when it was last interned or written to.
    used: AtomicI64,
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
    by_id: HashMap<SeriesId, Arc<Series>, RandomState>,
    by_key: HashTable<Arc<Series>>,
    /// How many numbers were given out.
    given: u32,
    /// Names and tag values, each kept once.
    strings: HashSet<Arc<str>, RandomState>,
    /// The text of a line up to its fields, as the last writers wrote it.
    by_text: HashMap<Box<[u8]>, SeriesId, RandomState>,
    text_bytes: usize,
}

/// Beyond this the remembered texts are forgotten at once: somebody writes the same series in ever new spellings.
const MAX_TEXT_BYTES: usize = 64 << 20;

impl SeriesIndex {
    /// A series that was not written to for this long makes room for others, once its rows are sealed.
    pub const IDLE: Nanos = DAY;
    /// Series of the server itself that are taken in beyond the limit: whoever uses it up does not blind those who look.
    pub const OWN_ROOM: usize = 1_000;

    /// An empty index that takes in up to `limit` series.
    pub(crate) fn new(limit: usize) -> SeriesIndex {
        SeriesIndex {
            limit,
            hasher: RandomState::default(),
            clock: AtomicI64::new(Nanos::MIN),
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
        self.intern_series(key, limited).map(|series| series.id)
    }

    /// The series with this key and its number.
    pub(crate) fn intern_series(
        &self,
        key: &[u8],
        limited: bool,
    ) -> Result<Arc<Series>, LimitReached> {
        self.intern_below(key, if limited { self.limit } else { usize::MAX })
    }

    /// The same for what the server itself writes: there is `room` for it beyond the limit.
    pub(crate) fn intern_own(&self, key: &[u8], room: usize) -> Result<Arc<Series>, LimitReached> {
        self.intern_below(key, self.limit.saturating_add(room))
    }

    fn intern_below(&self, key: &[u8], most: usize) -> Result<Arc<Series>, LimitReached> {
        let hash = self.hasher.hash_one(key);
        let now = self.clock.load(Ordering::Relaxed);
        // Used while the lock is held: it is not forgotten between.
        let used = |series: &Arc<Series>| {
            series.used.store(now, Ordering::Relaxed);
            series.clone()
        };
        if let Some(known) = self.inner.read().find(hash, key).map(used) {
            return Ok(known);
        }
        let mut inner = self.inner.write();
        if let Some(known) = inner.find(hash, key).map(used) {
            return Ok(known);
        }
        if inner.by_id.len() >= most || (most < usize::MAX && inner.given == u32::MAX) {
            return Err(LimitReached { limit: self.limit });
        }
        Ok(inner.insert(hash, key, now, &self.hasher))
    }

    /// The series that this text (a line of line protocol up to its first unescaped space) stood for last time.
    pub fn cached(&self, text: &[u8]) -> Option<SeriesId> {
        self.inner.read().by_text.get(text).copied()
    }

    /// Remembers what a text stands for, so that the next line with it costs one hash.
    pub fn remember(&self, text: &[u8], id: SeriesId) {
        let mut inner = self.inner.write();
        if !inner.by_id.contains_key(&id) {
            return;
        }
        if inner.text_bytes > MAX_TEXT_BYTES || inner.by_text.len() > self.limit.saturating_mul(2) {
            inner.by_text = HashMap::default();
            inner.text_bytes = 0;
        }
        if inner.by_text.insert(text.into(), id).is_none() {
            inner.text_bytes += text.len();
        }
    }

    /// Measurement and tags of a number that this index has just given out.
    ///
    /// # Panics
    /// When it was kept until its series was forgotten.
    pub fn resolve(&self, id: SeriesId) -> Arc<Series> {
        self.inner.read().series(id)
    }

    /// The same for many at once, in their order. The series of rows in memory are not forgotten.
    ///
    /// # Panics
    /// As [`SeriesIndex::resolve`].
    pub fn resolve_all(&self, ids: &[SeriesId]) -> Vec<Arc<Series>> {
        let inner = self.inner.read();
        ids.iter().map(|&id| inner.series(id)).collect()
    }

    /// The same for rows that are about to be written.
    ///
    /// # Errors
    /// When one was forgotten since it was interned.
    pub(crate) fn write_all(&self, ids: &[SeriesId]) -> Result<Vec<Arc<Series>>, AppendError> {
        let now = self.clock.load(Ordering::Relaxed);
        let inner = self.inner.read();
        let series = ids.iter().map(|id| {
            let series = inner.by_id.get(id).ok_or(AppendError::Forgotten)?;
            series.used.store(now, Ordering::Relaxed);
            Ok(series.clone())
        });
        series.collect()
    }

    /// Sets the clock; tells whether any series is idle by it.
    pub(crate) fn tick(&self, now: Nanos) -> bool {
        self.clock.store(now, Ordering::Relaxed);
        let inner = self.inner.read();
        inner.by_id.values().any(|series| series.is_idle(now))
    }

    /// Forgets what is idle, but for the series of rows in memory; tells how many. Nothing may be written meanwhile.
    pub(crate) fn forget_idle(
        &self,
        now: Nanos,
        in_memory: &HashSet<SeriesId, RandomState>,
    ) -> usize {
        let mut inner = self.inner.write();
        let inner = &mut *inner;
        let before = inner.by_id.len();
        inner
            .by_id
            .retain(|id, series| !series.is_idle(now) || in_memory.contains(id));
        let forgotten = before - inner.by_id.len();
        if forgotten > 0 {
            let known = &inner.by_id;
            inner.by_key.retain(|series| known.contains_key(&series.id));
            inner.by_text.retain(|_, id| known.contains_key(id));
            inner.text_bytes = inner.by_text.keys().map(|text| text.len()).sum();
            // What only this set has.
            inner.strings.retain(|text| Arc::strong_count(text) > 1);
        }
        forgotten
    }

    /// The series that were taken in after the first `given` and are still known, and how many were taken in by now.
    pub(crate) fn newer_than(&self, given: u32) -> (Vec<Arc<Series>>, u32) {
        let inner = self.inner.read();
        let new = (given..inner.given).filter_map(|id| inner.by_id.get(&SeriesId(id)).cloned());
        (new.collect(), inner.given)
    }

    /// How many series are known.
    pub fn len(&self) -> usize {
        self.inner.read().by_id.len()
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Series {
    /// The number it has in this process.
    pub fn id(&self) -> SeriesId {
        self.id
    }

    fn is_idle(&self, now: Nanos) -> bool {
        let used = self.used.load(Ordering::Relaxed);
        if used > now {
            // The clock was set back: it counts from here.
            self.used.store(now, Ordering::Relaxed);
        }
        now.saturating_sub(used) >= SeriesIndex::IDLE
    }
}

impl Inner {
    fn find(&self, hash: u64, key: &[u8]) -> Option<&Arc<Series>> {
        self.by_key.find(hash, |series| *series.key == *key)
    }

    fn series(&self, id: SeriesId) -> Arc<Series> {
        let series = self.by_id.get(&id);
        series
            .expect("series of rows in memory and of new numbers are known")
            .clone()
    }

    fn insert(&mut self, hash: u64, key: &[u8], now: Nanos, hasher: &RandomState) -> Arc<Series> {
        let (measurement, tags) = key::decode(key);
        let measurement = self.shared(&measurement);
        let tags = tags
            .iter()
            .map(|(k, v)| (self.shared(k), self.shared(v)))
            .collect();
        let id = SeriesId(self.given);
        self.given += 1;
        let series = Arc::new(Series {
            measurement,
            tags,
            key: key.into(),
            id,
            used: AtomicI64::new(now),
        });
        self.by_id.insert(id, series.clone());
        self.by_key
            .insert_unique(hash, series.clone(), |other| hasher.hash_one(&*other.key));
        series
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
    fn beyond_the_limit_there_is_room_for_our_own() {
        let index = SeriesIndex::new(1);
        let key = |host| key::encode("cpu", &[("host", host)]);
        for host in ["a", "b", "c"] {
            index.intern_own(&key(host), 2).unwrap();
        }
        assert!(index.intern_own(&key("d"), 2).is_err());
        assert!(index.intern_key(&key("d"), true).is_err());
        index.intern_key(&key("c"), true).unwrap();
    }

    #[test]
    fn what_is_idle_and_not_in_memory_is_forgotten_with_its_texts() {
        let index = SeriesIndex::new(3);
        assert!(!index.tick(0));
        let [idle, kept, used] =
            ["a", "b", "c"].map(|host| index.intern("cpu", &[("host", host)]).unwrap());
        index.remember(b"cpu,host=a", idle);
        index.remember(b"cpu,host=b", kept);
        assert!(!index.tick(SeriesIndex::IDLE - 1));
        index.write_all(&[used]).unwrap();
        assert!(index.tick(SeriesIndex::IDLE));
        assert_eq!(
            index.forget_idle(SeriesIndex::IDLE, &HashSet::from_iter([kept])),
            1
        );
        assert_eq!(index.len(), 2);
        assert_eq!(index.cached(b"cpu,host=a"), None);
        assert_eq!(index.cached(b"cpu,host=b"), Some(kept));
        assert_eq!(&*index.resolve_all(&[used])[0].tags[0].1, "c");
        assert!(matches!(
            index.write_all(&[used, idle]),
            Err(AppendError::Forgotten)
        ));
        // Whoever still has the number does not bring it back.
        index.remember(b"cpu,host=a", idle);
        assert_eq!(index.cached(b"cpu,host=a"), None);
        let again = index.intern("cpu", &[("host", "a")]).unwrap();
        assert!(![idle, kept, used].contains(&again));
    }

    #[test]
    fn a_clock_set_back_forgets_nothing_at_once_and_nothing_forever() {
        let index = SeriesIndex::new(1);
        index.tick(100 * DAY);
        index.intern("cpu", &[("host", "a")]).unwrap();
        assert!(!index.tick(0));
        assert!(!index.tick(DAY - 1));
        assert!(index.tick(DAY));
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
