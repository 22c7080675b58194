//! The last errors of each route, with their words.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;

/// One failed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Route of the request.
    pub route: Arc<str>,
    /// Kind of error: what the service told, `panic`, `body`, or the status code.
    pub error_type: Arc<str>,
    /// What was said, at most [`Failure::MAX_MESSAGE`] bytes.
    pub message: String,
    /// When, nanoseconds since the Unix epoch (UTC).
    pub at_unix_ns: i64,
}

impl Failure {
    /// Failures kept of each route.
    pub const KEPT: usize = 20;
    /// Longest message, in bytes.
    pub const MAX_MESSAGE: usize = 300;
}

/// See [`Failure`]. Bounded by the routes there may be.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    by_route: Mutex<BTreeMap<Arc<str>, VecDeque<Failure>>>,
}

impl Failures {
    pub(crate) fn add(&self, mut failure: Failure) {
        failure
            .message
            .truncate(failure.message.floor_char_boundary(Failure::MAX_MESSAGE));
        let mut by_route = self.by_route.lock();
        let failures = by_route.entry(Arc::clone(&failure.route)).or_default();
        if failures.len() == Failure::KEPT {
            failures.pop_front();
        }
        failures.push_back(failure);
    }

    pub(crate) fn all(&self) -> Vec<Failure> {
        let by_route = self.by_route.lock();
        let mut all: Vec<_> = by_route.values().flatten().cloned().collect();
        all.sort_by_key(|failure| failure.at_unix_ns);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(route: &str, at_unix_ns: i64, message: &str) -> Failure {
        Failure {
            route: route.into(),
            error_type: "500".into(),
            message: message.to_owned(),
            at_unix_ns,
        }
    }

    #[test]
    fn the_last_20_of_each_route_are_kept() {
        let failures = Failures::default();
        (0..100)
            .for_each(|at| failures.add(failure(if at % 2 == 0 { "/a" } else { "/b" }, at, "no")));
        let all = failures.all();
        assert_eq!(
            (all.len(), all[0].at_unix_ns, all[39].at_unix_ns),
            (40, 60, 99)
        );
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let failures = Failures::default();
        failures.add(failure("/", 0, &"ä".repeat(1000)));
        failures.add(failure("/", 1, &format!("a{}", "ä".repeat(1000))));
        let lengths: Vec<_> = failures
            .all()
            .iter()
            .map(|failure| failure.message.len())
            .collect();
        assert_eq!(lengths, [300, 299]);
    }
}
