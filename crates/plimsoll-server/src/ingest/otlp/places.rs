//! Where the values of a stream of points go, worked out once: a sender sends the same attributes with every export.

use std::borrow::Cow;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use parking_lot::{Mutex, RwLock};

use super::names::Change;
use crate::store::table::Nanos;

/// Bytes of all remembered streams; beyond, all are forgotten at once.
const MAX_BYTES: usize = 64 << 20;
/// A stream whose attributes take more is worked out anew each time.
const MAX_TEXT_BYTES: usize = 8 << 10;

/// A field of a series, and what its values go through.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) measurement: Cow<'static, str>,
    /// Without the ending that tells kinds apart, see [`super::points::field_of`].
    pub(super) field: &'static str,
    /// The series, see [`crate::store::key`].
    pub(super) key: Box<[u8]>,
    /// Whether the table of names has it.
    pub(super) is_named: bool,
    pub(super) change: Change,
    /// How many starts the streams knew when this start was among them.
    started: Mutex<(u64, Nanos)>,
}

impl Place {
    pub(super) fn new(
        measurement: impl Into<Cow<'static, str>>,
        field: &'static str,
        key: Vec<u8>,
    ) -> Self {
        Self {
            measurement: measurement.into(),
            field,
            key: key.into(),
            is_named: false,
            change: Change::Keep,
            started: Mutex::default(),
        }
    }

    /// Whether the stream is known to go on since `start`, as long as the streams know no more than `starts`.
    pub(super) fn goes_on(&self, starts: u64, start: Nanos) -> bool {
        *self.started.lock() == (starts, start)
    }

    pub(super) fn note_start(&self, starts: u64, start: Nanos) {
        *self.started.lock() = (starts, start);
    }
}

/// Places by what a sender writes for them: see [`super::lying`].
#[derive(Debug, Default)]
pub(super) struct Places {
    known: RwLock<Known>,
    pub(super) hasher: RandomState,
}

#[derive(Debug, Default)]
struct Known {
    places: HashMap<Box<[u8]>, Arc<Place>, RandomState>,
    bytes: usize,
}

impl Places {
    pub(super) fn get(&self, text: &[u8]) -> Option<Arc<Place>> {
        self.known.read().places.get(text).cloned()
    }

    /// Remembers a place, if there is room.
    pub(super) fn remember(&self, text: &[u8], place: Place) -> Arc<Place> {
        let place = Arc::new(place);
        if text.len() <= MAX_TEXT_BYTES {
            let taken = text.len() + place.key.len() + size_of::<Place>();
            let mut known = self.known.write();
            if known.bytes + taken > MAX_BYTES {
                *known = Known::default();
            }
            known.bytes += taken;
            known.places.insert(text.into(), place.clone());
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ever_new_streams_do_not_fill_the_memory() {
        let places = Places::default();
        for n in 0..200_000u32 {
            let mut text = vec![b'x'; 1_000];
            text.extend(n.to_le_bytes());
            places.remember(&text, Place::new("m", "value", Vec::new()));
        }
        assert!(places.known.read().bytes <= MAX_BYTES);
        assert!(places.known.read().places.len() > 1_000);
        places.remember(
            &[0; MAX_TEXT_BYTES + 1],
            Place::new("m", "value", Vec::new()),
        );
        assert!(places.get(&[0; MAX_TEXT_BYTES + 1]).is_none());
    }
}
