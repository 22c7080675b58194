//! When to try again.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use super::client::Failure;

/// How often a request is tried and how long is waited in between.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retry {
    /// All tries, the first one included.
    pub tries: u32,
    /// Waited after the first failure; twice as long after each further one.
    pub first_pause: Duration,
    /// The longest wait, also when the other side asks for more.
    pub longest_pause: Duration,
}

impl Default for Retry {
    /// Three tries over about 15 s: the time a server takes to restart.
    fn default() -> Self {
        Self {
            tries: 3,
            first_pause: Duration::from_secs(5),
            longest_pause: Duration::from_secs(30),
        }
    }
}

impl Retry {
    /// How long to wait after the failure of the `tries`th try; `None` to give up.
    pub(super) fn pause(&self, tries: u32, failure: &Failure) -> Option<Duration> {
        if tries >= self.tries || !failure.can_pass() {
            return None;
        }
        let asked = match failure {
            Failure::Refused { retry_after, .. } => *retry_after,
            _ => None,
        };
        let doubled = self
            .first_pause
            .saturating_mul(2_u32.saturating_pow(tries - 1));
        let pause = asked.unwrap_or_else(|| doubled.mul_f64(jitter()));
        Some(pause.min(self.longest_pause))
    }
}

/// From 0.8 to 1.2, so that services that lost the same server do not come back at the same instant.
fn jitter() -> f64 {
    // Every `RandomState` has keys of its own.
    let random = RandomState::new().hash_one(0);
    0.8 + 0.4 * (random as f64 / u64::MAX as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, retry_after: Option<u64>) -> Failure {
        Failure::Refused {
            status,
            message: String::new(),
            retry_after: retry_after.map(Duration::from_secs),
        }
    }

    #[test]
    fn pauses_double_with_jitter_and_end_after_three_tries() {
        let retry = Retry::default();
        for _ in 0..100 {
            let first = retry.pause(1, &Failure::TimeOut).expect("tries again");
            let second = retry.pause(2, &Failure::TimeOut).expect("tries again");
            assert!((4.0..=6.0).contains(&first.as_secs_f64()), "{first:?}");
            assert!((8.0..=12.0).contains(&second.as_secs_f64()), "{second:?}");
        }
        assert_eq!(retry.pause(3, &Failure::TimeOut), None);
    }

    #[test]
    fn retry_after_is_honoured_up_to_the_longest_pause() {
        let retry = Retry::default();
        assert_eq!(
            retry.pause(1, &refused(429, Some(7))),
            Some(Duration::from_secs(7))
        );
        assert_eq!(
            retry.pause(1, &refused(503, Some(3600))),
            Some(Duration::from_secs(30))
        );
    }

    #[test]
    fn a_refusal_that_cannot_pass_is_not_tried_again() {
        let retry = Retry::default();
        for status in [400, 401, 404, 413, 501] {
            assert_eq!(retry.pause(1, &refused(status, None)), None, "{status}");
        }
        for status in [408, 429, 500, 502, 503, 504, 507] {
            assert!(retry.pause(1, &refused(status, None)).is_some(), "{status}");
        }
    }
}
