//! A service under judgement, with what its judge does not need and its verdict does: when what was heard, and its scores.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::{Judge, Observed, SLOT_NS};
use crate::standards::Standards;

/// One service.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Its judge.
    pub judge: Judge,
    /// The newest slot with data of it.
    pub heard: Option<i64>,
    /// How many slots with data there were.
    pub windows: u64,
    /// The newest slot with requests of each class, by the class's name.
    pub asked: BTreeMap<String, i64>,
    /// A score a minute: when (nanoseconds since the Unix epoch), and how much.
    pub scores: VecDeque<(i64, f64)>,
    /// When what is usual is due to be looked up, nanoseconds since the Unix epoch.
    pub learned: i64,
    /// The hour in which it was last forecast, counted from the epoch; `None` where nothing is.
    pub forecast_in: Option<i64>,
}

impl Judged {
    /// Scores that are remembered: a day.
    pub const SCORES: usize = 1_440;
    /// Nanoseconds for which one score stands.
    const MINUTE_NS: i64 = 60_000_000_000;

    /// One of which nothing is known.
    pub fn new(standards: Arc<Standards>) -> Self {
        Self {
            judge: Judge::new(standards),
            heard: None,
            windows: 0,
            asked: BTreeMap::new(),
            scores: VecDeque::new(),
            learned: 0,
            forecast_in: None,
        }
    }

    /// Takes what the service did in a slot.
    pub fn take(&mut self, slot: i64, observed: &Observed) {
        if self.heard.is_none_or(|heard| slot > heard) {
            self.heard = Some(slot);
            self.windows += 1;
        }
        let standards = self.judge.standards();
        let routes = observed.routes.iter();
        for route in routes.filter(|route| route.duration.count > 0) {
            let class = standards.expected(&route.method, &route.route).class;
            match self.asked.get_mut(&*class.name) {
                Some(asked) => *asked = slot.max(*asked),
                None => {
                    self.asked.insert(class.name.to_string(), slot);
                }
            }
        }
        self.judge.observe(slot, observed);
    }

    /// The clock was set back to the slot `last`: what is ahead of it is forgotten. Alerts stay where they are.
    pub fn rewind(&mut self, last: i64) {
        self.judge.rewind(last);
        self.heard = self.heard.map(|heard| heard.min(last));
        let asked = self.asked.values_mut();
        asked.for_each(|slot| *slot = (*slot).min(last));
        let end = (last + 1) * SLOT_NS;
        self.scores.retain(|(at, _)| *at <= end);
    }

    /// Whether the score of this minute is still to be noted.
    pub fn score_is_due(&self, now: i64) -> bool {
        let newest = self.scores.back();
        newest.is_none_or(|(at, _)| now - at >= Self::MINUTE_NS)
    }

    /// Notes the score of this minute.
    pub fn note_score(&mut self, score: f64, now: i64) {
        let minute = |time: i64| time.div_euclid(Self::MINUTE_NS);
        match self.scores.back_mut() {
            Some((at, known)) if minute(*at) == minute(now) => *known = score,
            _ => self.scores.push_back((now, score)),
        }
        while self.scores.len() > Self::SCORES {
            self.scores.pop_front();
        }
    }

    /// The score as it was at `time`, or a little before.
    pub fn score_at(&self, time: i64) -> Option<(i64, f64)> {
        let before = self.scores.iter().rev();
        before.copied().find(|(at, _)| *at <= time)
    }
}
