//! The last errors of each route and type, with their words.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::window::RequestKey;

/// One failed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Route of the request.
    pub route: Arc<str>,
    /// Kind of error: what the service told (at most [`Failure::MAX_ERROR_TYPE`] bytes of it), `panic`, `body`, or the
    /// status code; `<other>` when its route has [`Failure::MAX_ERROR_TYPES`] already.
    pub error_type: Arc<str>,
    /// What was said, at most [`Failure::MAX_MESSAGE`] bytes.
    pub message: String,
    /// When, nanoseconds since the Unix epoch (UTC).
    pub at_unix_ns: i64,
}

impl Failure {
    /// Failures kept of each route and error type: a flood of one type leaves the others where they are.
    pub const KEPT: usize = 20;
    /// Error types told apart of each route; further ones share `<other>`.
    pub const MAX_ERROR_TYPES: usize = 16;
    /// Failures kept in all, about 10 MB of the longest; beyond, the oldest goes.
    pub const MAX_KEPT: usize = 20_000;
    /// Longest message, in bytes.
    pub const MAX_MESSAGE: usize = 300;
    /// Longest error type, in bytes.
    pub const MAX_ERROR_TYPE: usize = 100;

    /// Cuts what is longer than may be, and gives its memory back.
    fn shorten(&mut self) {
        let end = self.message.floor_char_boundary(Self::MAX_MESSAGE);
        self.message.truncate(end);
        self.message.shrink_to_fit();
        if self.error_type.len() > Self::MAX_ERROR_TYPE {
            let end = self.error_type.floor_char_boundary(Self::MAX_ERROR_TYPE);
            self.error_type = self.error_type[..end].into();
        }
    }
}

/// See [`Failure`].
#[derive(Debug, Default)]
pub(crate) struct Failures {
    kept: Mutex<Kept>,
}

/// Number of a failure, in the order they came.
type Number = u64;

#[derive(Debug, Default)]
struct Kept {
    next: Number,
    failures: BTreeMap<Number, Failure>,
    /// Of each route and error type the numbers of its failures, oldest first.
    by_route: BTreeMap<Arc<str>, BTreeMap<Arc<str>, VecDeque<Number>>>,
}

impl Failures {
    pub(crate) fn add(&self, mut failure: Failure) {
        failure.shorten();
        self.kept.lock().add(failure);
    }

    pub(crate) fn all(&self) -> Vec<Failure> {
        let mut all: Vec<_> = self.kept.lock().failures.values().cloned().collect();
        all.sort_by_key(|failure| failure.at_unix_ns);
        all
    }
}

impl Kept {
    fn add(&mut self, mut failure: Failure) {
        let types = self.by_route.entry(Arc::clone(&failure.route)).or_default();
        let has_room = types.len() < Failure::MAX_ERROR_TYPES;
        if !has_room && !types.contains_key(&failure.error_type) {
            failure.error_type = RequestKey::OTHER.into();
        }
        let numbers = types.entry(Arc::clone(&failure.error_type)).or_default();
        if numbers.len() == Failure::KEPT
            && let Some(oldest) = numbers.pop_front()
        {
            self.failures.remove(&oldest);
        }
        numbers.push_back(self.next);
        self.failures.insert(self.next, failure);
        self.next += 1;
        if self.failures.len() > Failure::MAX_KEPT {
            self.drop_oldest();
        }
    }

    /// The oldest of all is the oldest of its route and type as well.
    fn drop_oldest(&mut self) {
        let Some((_, oldest)) = self.failures.pop_first() else {
            return;
        };
        let Some(types) = self.by_route.get_mut(&oldest.route) else {
            return;
        };
        if let Some(numbers) = types.get_mut(&oldest.error_type) {
            numbers.pop_front();
            if numbers.is_empty() {
                types.remove(&oldest.error_type);
            }
        }
        if types.is_empty() {
            self.by_route.remove(&oldest.route);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(route: &str, error_type: &str, at_unix_ns: i64) -> Failure {
        Failure {
            route: route.into(),
            error_type: error_type.into(),
            message: "no".to_owned(),
            at_unix_ns,
        }
    }

    /// Of each route and error type: how many there are, and when the oldest was.
    fn kept(failures: &Failures) -> BTreeMap<(String, String), (usize, i64)> {
        let mut kept = BTreeMap::new();
        for Failure {
            route,
            error_type,
            at_unix_ns,
            ..
        } in failures.all()
        {
            let of = (route.to_string(), error_type.to_string());
            kept.entry(of).or_insert((0, at_unix_ns)).0 += 1;
        }
        kept
    }

    fn of(route: &str, error_type: &str) -> (String, String) {
        (route.to_owned(), error_type.to_owned())
    }

    #[test]
    fn the_last_20_of_each_route_are_kept_newest_last() {
        let failures = Failures::default();
        for at in 0..100 {
            failures.add(failure(if at % 2 == 0 { "/a" } else { "/b" }, "500", at));
        }
        let times: Vec<_> = failures
            .all()
            .iter()
            .map(|failure| failure.at_unix_ns)
            .collect();
        assert_eq!(times, Vec::from_iter(60..100));
    }

    #[test]
    fn a_flood_of_one_type_leaves_the_others_of_its_route() {
        let failures = Failures::default();
        failures.add(failure("/a", "panic", 0));
        (1..25).for_each(|at| failures.add(failure("/a", "body", at)));
        (100..1000).for_each(|at| failures.add(failure("/a", "503", at)));
        assert_eq!(
            kept(&failures),
            BTreeMap::from([
                (of("/a", "panic"), (1, 0)),
                (of("/a", "body"), (20, 5)),
                (of("/a", "503"), (20, 980)),
            ])
        );
    }

    #[test]
    fn types_beyond_the_bound_of_a_route_share_the_collective_one() {
        let failures = Failures::default();
        for at in 0..50 {
            failures.add(failure("/a", &format!("E{at:02}"), at));
        }
        failures.add(failure("/a", "E00", 50));
        failures.add(failure("/b", "E49", 51));
        let kept = kept(&failures);
        assert_eq!(kept.len(), 18);
        assert_eq!(kept[&of("/a", "E00")], (2, 0));
        assert_eq!(kept[&of("/a", "E15")], (1, 15));
        assert_eq!(kept[&of("/a", "<other>")], (20, 30));
        assert_eq!(kept[&of("/b", "E49")], (1, 51));
    }

    #[test]
    fn beyond_the_most_in_all_the_oldest_go_and_make_room_for_new_types() {
        let failures = Failures::default();
        (0..16).for_each(|at| failures.add(failure("/first", &format!("E{at}"), at)));
        let last = 16 + Failure::MAX_KEPT as i64;
        for at in 16..last {
            failures.add(failure(&format!("/{}", at / 20), "500", at));
        }
        assert_eq!(failures.all().len(), Failure::MAX_KEPT);
        assert_eq!(failures.all()[0].at_unix_ns, 16);
        failures.add(failure("/first", "E16", last));
        assert_eq!(kept(&failures)[&of("/first", "E16")], (1, last));
        let numbers = |kept: &Kept| {
            let types = kept.by_route.values().flat_map(BTreeMap::values);
            types.map(VecDeque::len).sum::<usize>()
        };
        assert_eq!(numbers(&failures.kept.lock()), Failure::MAX_KEPT);
    }

    #[test]
    fn long_words_are_cut_between_characters_and_give_their_memory_back() {
        let failures = Failures::default();
        let long = "ä".repeat(1000);
        for (at, message) in [long.clone(), format!("a{long}")].into_iter().enumerate() {
            failures.add(Failure {
                message,
                ..failure("/", &format!("a{long}"), at as i64)
            });
        }
        let kept = failures.kept.lock();
        let lengths: Vec<_> = kept
            .failures
            .values()
            .map(|failure| (failure.message.len(), failure.error_type.len()))
            .collect();
        assert_eq!(lengths, [(300, 99), (299, 99)]);
        assert!(
            kept.failures
                .values()
                .all(|failure| failure.message.capacity() <= 600)
        );
    }
}
