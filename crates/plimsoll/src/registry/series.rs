//! One series of one writer: its key and its numbers.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use parking_lot::Mutex;

use super::distribution::Distribution;
use crate::window::Exemplar;

/// Number of an interned name; 0 is "none" or the collective one, as each table says.
pub(crate) type NameId = u8;

/// No name at all.
pub(crate) const NO_NAME: NameId = 0;

/// Number of all names beyond the bound.
pub(crate) const OTHER_NAME: NameId = 1;

/// Number of an interned route.
pub(crate) type RouteId = u16;

/// What tells request series apart, packed so that it is compared and hashed as one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SeriesKey(u64);

impl SeriesKey {
    #[inline]
    pub(crate) fn new(
        route: RouteId,
        method: MethodId,
        status: u16,
        error: NameId,
        run: NameId,
    ) -> Self {
        let fields = u64::from(route) << 40 | u64::from(method.0) << 32 | u64::from(status) << 16;
        Self(fields | u64::from(error) << 8 | u64::from(run))
    }

    /// The same with a status and an error, of which it had none.
    #[inline]
    pub(crate) fn with_status(self, status: u16, error: NameId) -> Self {
        Self(self.0 | u64::from(status) << 16 | u64::from(error) << 8)
    }

    pub(crate) fn route(self) -> RouteId {
        (self.0 >> 40) as u16
    }

    pub(crate) fn method(self) -> MethodId {
        MethodId((self.0 >> 32) as u8)
    }

    pub(crate) fn status(self) -> u16 {
        (self.0 >> 16) as u16
    }

    pub(crate) fn error(self) -> NameId {
        (self.0 >> 8) as u8
    }

    pub(crate) fn run(self) -> NameId {
        self.0 as u8
    }

    pub(crate) fn bits(self) -> u64 {
        self.0
    }
}

/// Spreads a number over the upper bits: times 2^64 / golden ratio (Knuth, The Art of Computer Programming 3, 6.4).
#[inline]
pub(super) fn spread(number: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// One of the methods that HTTP defines, or none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MethodId(u8);

const METHODS: [&str; 11] = [
    "_OTHER", "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "CONNECT", "PATCH", "TRACE",
    "QUERY",
];

impl MethodId {
    pub(crate) const GET: Self = Self(1);
    pub(crate) const HEAD: Self = Self(5);
    pub(crate) const CONNECT: Self = Self(7);

    /// The method of this name, as HTTP spells it.
    pub(crate) fn of(method: &str) -> Self {
        let known = match method {
            "GET" => 1,
            "POST" => 2,
            "PUT" => 3,
            "DELETE" => 4,
            "HEAD" => 5,
            "OPTIONS" => 6,
            "CONNECT" => 7,
            "PATCH" => 8,
            "TRACE" => 9,
            "QUERY" => 10,
            _ => 0,
        };
        Self(known)
    }

    pub(crate) fn name(self) -> &'static str {
        METHODS
            .get(usize::from(self.0))
            .copied()
            .unwrap_or(METHODS[0])
    }
}

/// How a request came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Ended,
    Cancelled,
    Failed,
}

/// Adds to a counter that only this thread writes: no lock prefix needed.
#[inline]
pub(crate) fn bump(counter: &AtomicU64, n: u64) {
    counter.store(counter.load(Relaxed).wrapping_add(n), Relaxed);
}

/// Requests of one key, as far as one thread recorded them.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) key: SeriesKey,
    /// Of requests whose head and end are one: to either.
    pub(crate) whole: Distribution,
    /// Of all others, to the response head.
    pub(crate) duration: Distribution,
    /// Of these, to the last byte.
    pub(crate) body_duration: Distribution,
    pub(crate) ended: AtomicU64,
    pub(crate) cancelled: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) exemplar: Mutex<Option<Exemplar>>,
}

impl Series {
    pub(crate) fn new(key: SeriesKey) -> Self {
        Self {
            key,
            whole: Distribution::new(),
            duration: Distribution::new(),
            body_duration: Distribution::new(),
            ended: AtomicU64::new(0),
            cancelled: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            exemplar: Mutex::new(None),
        }
    }

    /// Counts how a request ended. Owner only.
    #[inline]
    pub(crate) fn count(&self, outcome: Outcome) {
        let counter = match outcome {
            Outcome::Ended => &self.ended,
            Outcome::Cancelled => &self.cancelled,
            Outcome::Failed => &self.failed,
        };
        bump(counter, 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_gives_back_what_was_packed() {
        let key = SeriesKey::new(1025, MethodId::of("PATCH"), 599, 255, 17);
        assert_eq!(
            (
                key.route(),
                key.method(),
                key.status(),
                key.error(),
                key.run()
            ),
            (1025, MethodId::of("PATCH"), 599, 255, 17)
        );
    }

    #[test]
    fn an_unknown_method_is_other() {
        assert_eq!(MethodId::of("BREW").name(), "_OTHER");
        assert_eq!(MethodId::of("get").name(), "_OTHER");
        for name in METHODS {
            assert_eq!(MethodId::of(name).name(), name);
        }
        assert_eq!(
            (MethodId::GET.name(), MethodId::HEAD.name()),
            ("GET", "HEAD")
        );
    }
}
