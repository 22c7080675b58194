//! The two clocks: stamps of the fastest counter for durations, and moments for everything that is decided.

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The processor's time stamp counter where it is invariant, else the system's monotonic clock.
static CLOCK: LazyLock<quanta::Clock> = LazyLock::new(quanta::Clock::new);

/// A reading of the fastest clock; only differences mean something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp(u64);

impl Stamp {
    /// Where no clock is read because nobody asks how long it took.
    pub(crate) const NEVER: Self = Self(0);

    /// Calibrates the clock, which takes up to 200 ms once in a process, so that no request has to.
    pub(crate) fn calibrate() {
        LazyLock::force(&CLOCK);
    }

    #[inline]
    pub(crate) fn now() -> Self {
        Self(CLOCK.raw())
    }

    /// Nanoseconds since this stamp.
    #[inline]
    pub(crate) fn elapsed_ns(self) -> u64 {
        let clock = &*CLOCK;
        clock.delta_as_nanos(self.0, clock.raw())
    }

    /// Nanoseconds from this stamp to `end`; 0 when counters of two processors disagree about the order.
    #[inline]
    pub(crate) fn ns_until(self, end: Stamp) -> u64 {
        CLOCK.delta_as_nanos(self.0, end.0)
    }
}

/// The same instant on the monotonic and on the wall clock. Whatever is decided takes one as `now`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Monotonic: for how long something took.
    pub instant: Instant,
    /// Nanoseconds since the Unix epoch (UTC): for when something was.
    pub unix_ns: i64,
}

impl Moment {
    /// Reads both clocks.
    pub fn now() -> Self {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            instant: Instant::now(),
            unix_ns: i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX),
        }
    }

    /// The moment `later` after this one.
    pub fn after(self, later: Duration) -> Self {
        let later_ns = i64::try_from(later.as_nanos()).unwrap_or(i64::MAX);
        Self {
            instant: self.instant + later,
            unix_ns: self.unix_ns.saturating_add(later_ns),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_runs_like_the_monotonic_clock() {
        Stamp::calibrate();
        let (instant, stamp) = (Instant::now(), Stamp::now());
        while instant.elapsed() < Duration::from_millis(20) {
            std::hint::spin_loop();
        }
        let (by_stamp, by_instant) = (
            stamp.elapsed_ns() as f64,
            instant.elapsed().as_nanos() as f64,
        );
        assert!(
            (by_stamp / by_instant - 1.0).abs() < 0.05,
            "{by_stamp} ns against {by_instant} ns"
        );
    }

    #[test]
    fn a_stamp_from_the_future_gives_zero() {
        let earlier = Stamp::now();
        std::thread::yield_now();
        assert_eq!(Stamp(u64::MAX / 2).ns_until(earlier), 0);
    }
}
