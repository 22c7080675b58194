//! When an endpoint that fails is left alone, and for how long. Decisions take `now`.

use crate::store::table::Nanos;

const SECOND: Nanos = 1_000_000_000;

/// Failures in a row after which it is left alone.
pub const FAILURES: u32 = 3;
/// For how long, the first time; each further time in a row twice as long.
pub const FIRST: Nanos = 60 * SECOND;
/// The longest that it is left alone.
pub const LONGEST: Nanos = 3_600 * SECOND;
/// How long nobody else asks while one tries whether it is well again. One whose end is never told is forgotten then.
const TRIAL: Nanos = 10 * SECOND;

/// A breaker of a circuit: closed while things go well, open after failures, and then closed by one trial that succeeds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Breaker {
    /// Failures in a row.
    failed: u32,
    /// How often in a row it opened.
    opened: u32,
    /// When the next trial may be; none while it is closed.
    until: Option<Nanos>,
}

impl Breaker {
    /// Whether one may ask now; whoever may, tells how it ended.
    ///
    /// # Errors
    /// When the next trial may be.
    pub fn may(&mut self, now: Nanos) -> Result<(), Nanos> {
        let Some(until) = self.until else {
            return Ok(());
        };
        // Further ahead than it ever is lies only what a clock made that was set back since.
        if until > now && until - now <= LONGEST {
            return Err(until);
        }
        self.until = Some(now.saturating_add(TRIAL));
        Ok(())
    }

    /// Whether it is left alone, or tried.
    pub fn is_open(&self) -> bool {
        self.until.is_some()
    }

    /// An answer came.
    pub fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// None came. A trial that fails opens it at once.
    pub fn failed(&mut self, now: Nanos) {
        self.failed = self.failed.saturating_add(1);
        if self.is_open() || self.failed >= FAILURES {
            let doublings = self.opened.min(10);
            self.opened = self.opened.saturating_add(1);
            self.until = Some(now.saturating_add((FIRST << doublings).min(LONGEST)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Nanos = 1_774_569_600 * SECOND;

    /// One that has just opened.
    fn open() -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 0..FAILURES {
            assert_eq!(breaker.may(NOW), Ok(()));
            breaker.failed(NOW);
        }
        breaker
    }

    #[test]
    fn three_failures_in_a_row_open_it_for_a_minute() {
        let mut breaker = Breaker::default();
        breaker.failed(NOW);
        breaker.failed(NOW);
        breaker.succeeded();
        breaker.failed(NOW);
        breaker.failed(NOW);
        assert!(!breaker.is_open());
        assert_eq!(breaker.may(NOW), Ok(()));
        breaker.failed(NOW);
        assert!(breaker.is_open());
        assert_eq!(breaker.may(NOW), Err(NOW + 60 * SECOND));
        assert_eq!(breaker.may(NOW + 60 * SECOND - 1), Err(NOW + 60 * SECOND));
    }

    #[test]
    fn then_one_may_try_and_nobody_else_meanwhile() {
        let mut breaker = open();
        let later = NOW + FIRST;
        assert_eq!(breaker.may(later), Ok(()));
        assert!(breaker.is_open());
        assert_eq!(breaker.may(later), Err(later + TRIAL));
        breaker.succeeded();
        assert_eq!(breaker, Breaker::default());
    }

    #[test]
    fn a_trial_whose_end_is_never_told_keeps_nobody_waiting_for_ever() {
        let mut breaker = open();
        assert_eq!(breaker.may(NOW + FIRST), Ok(()));
        assert_eq!(breaker.may(NOW + FIRST + TRIAL), Ok(()));
    }

    #[test]
    fn each_trial_that_fails_doubles_the_wait_up_to_an_hour() {
        let mut breaker = open();
        let mut now = NOW;
        let waits = (0..9).map(|_| {
            let until = breaker.may(now).unwrap_err();
            let wait = (until - now) / SECOND;
            now = until;
            assert_eq!(breaker.may(now), Ok(()));
            breaker.failed(now);
            wait
        });
        let waits: Vec<Nanos> = waits.collect();
        assert_eq!(waits, [60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600]);
        now = breaker.may(now).unwrap_err();
        assert_eq!(breaker.may(now), Ok(()));
        breaker.succeeded();
        // It begins anew.
        for _ in 0..FAILURES {
            breaker.failed(now);
        }
        assert_eq!(breaker.may(now), Err(now + FIRST));
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_keep_it_open() {
        let mut breaker = open();
        assert_eq!(breaker.may(NOW - 2 * LONGEST), Ok(()));
    }
}
