//! Of which service is asked, and when: pure decisions, which read no clock.

use std::collections::{BTreeMap, VecDeque};

use crate::store::table::Nanos;

const MINUTE: Nanos = 60 * 1_000_000_000;
const HOUR: Nanos = 60 * MINUTE;

/// How long after a question the same service is not asked about by itself.
pub const EVERY: Nanos = 10 * MINUTE;
/// Most services that are remembered.
const MOST_SERVICES: usize = 1_000;

/// What was asked.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Most questions an hour.
    most: usize,
    /// When the last ones were.
    asked: VecDeque<Nanos>,
    services: BTreeMap<String, Known>,
}

#[derive(Clone, Debug, Default)]
struct Known {
    /// When it was asked about last.
    at: Nanos,
    /// The findings that there is a suggestion for.
    told: Option<String>,
}

impl Plan {
    /// At most so many an hour.
    pub fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            asked: VecDeque::new(),
            services: BTreeMap::new(),
        }
    }

    /// Whether it is time to ask about findings that have this hash: there is no suggestion for them, and the service was
    /// not asked about lately.
    pub fn is_due(&self, service: &str, hash: &str, now: Nanos) -> bool {
        let Some(known) = self.services.get(service) else {
            return true;
        };
        // What lies ahead was noted by a clock that was set back since.
        let is_free = known.at > now || now - known.at >= EVERY;
        known.told.as_deref() != Some(hash) && is_free
    }

    /// When a service was asked about last: who waits for longest is first.
    pub fn last_asked(&self, service: &str) -> Nanos {
        self.services.get(service).map_or(0, |known| known.at)
    }

    /// From when on the next question may be, of whichever service.
    pub fn free_at(&self, now: Nanos) -> Nanos {
        let oldest = self.asked.front().filter(|_| self.asked.len() >= self.most);
        // As above: each question that is asked all the same takes the place of such a one.
        let oldest = oldest.filter(|oldest| **oldest <= now);
        oldest.map_or(Nanos::MIN, |oldest| oldest + HOUR)
    }

    /// A question is asked now.
    pub fn note_asked(&mut self, service: &str, now: Nanos) {
        while self.asked.len() >= self.most {
            self.asked.pop_front();
        }
        self.asked.push_back(now);
        self.known(service).at = now;
    }

    /// There is a suggestion for these findings.
    pub fn note_told(&mut self, service: &str, hash: &str) {
        self.known(service).told = Some(hash.to_owned());
    }

    /// Nothing is found any more: what is found next is new, even if it was there before.
    pub fn note_well(&mut self, service: &str) {
        if let Some(known) = self.services.get_mut(service) {
            known.told = None;
        }
    }

    fn known(&mut self, service: &str) -> &mut Known {
        if !self.services.contains_key(service) && self.services.len() >= MOST_SERVICES {
            let oldest = self.services.iter().min_by_key(|(_, known)| known.at);
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                self.services.remove(&oldest);
            }
        }
        self.services.entry(service.to_owned()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Nanos = 1_774_569_600 * 1_000_000_000;

    #[test]
    fn the_same_findings_are_asked_about_once_and_others_after_ten_minutes() {
        let mut plan = Plan::new(12);
        assert!(plan.is_due("shop", "a", NOW));
        plan.note_asked("shop", NOW);
        plan.note_told("shop", "a");
        assert!(!plan.is_due("shop", "a", NOW + HOUR));
        assert!(!plan.is_due("shop", "b", NOW + EVERY - 1));
        assert!(plan.is_due("shop", "b", NOW + EVERY));
        assert!(plan.is_due("mail", "a", NOW));
    }

    #[test]
    fn a_question_without_an_answer_is_asked_again_after_ten_minutes() {
        let mut plan = Plan::new(12);
        plan.note_asked("shop", NOW);
        assert!(!plan.is_due("shop", "a", NOW + EVERY - 1));
        assert!(plan.is_due("shop", "a", NOW + EVERY));
    }

    #[test]
    fn what_comes_again_after_all_was_well_is_new() {
        let mut plan = Plan::new(12);
        plan.note_asked("shop", NOW);
        plan.note_told("shop", "a");
        plan.note_well("shop");
        assert!(!plan.is_due("shop", "a", NOW + EVERY - 1));
        assert!(plan.is_due("shop", "a", NOW + EVERY));
    }

    #[test]
    fn no_more_than_the_rate_is_asked_in_an_hour() {
        let mut plan = Plan::new(2);
        assert!(plan.free_at(NOW) <= NOW);
        plan.note_asked("a", NOW);
        plan.note_asked("b", NOW + MINUTE);
        assert_eq!(plan.free_at(NOW + 2 * MINUTE), NOW + HOUR);
        plan.note_asked("c", NOW + HOUR);
        assert_eq!(plan.free_at(NOW + HOUR), NOW + HOUR + MINUTE);
    }

    #[test]
    fn a_clock_that_was_set_back_keeps_nobody_waiting_and_the_bound_holds_soon() {
        let mut plan = Plan::new(2);
        plan.note_asked("a", NOW);
        plan.note_asked("b", NOW);
        let now = NOW - 10 * HOUR;
        assert!(plan.is_due("a", "x", now));
        for _ in 0..2 {
            assert!(plan.free_at(now) <= now);
            plan.note_asked("a", now);
        }
        assert_eq!(plan.free_at(now), now + HOUR);
    }

    #[test]
    fn the_number_of_services_is_bounded() {
        let mut plan = Plan::new(12);
        for number in 0..=MOST_SERVICES {
            plan.note_asked(&format!("s{number}"), NOW + number as Nanos);
        }
        assert_eq!(plan.services.len(), MOST_SERVICES);
        assert_eq!(plan.last_asked("s0"), 0);
    }
}
