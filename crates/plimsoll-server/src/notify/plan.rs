//! What a channel does next: pure decisions, which read no clock and no file.
//!
//! Rows that wait are *loose* until they are put into a message; what is in a message stays there, so that every try has
//! the same key and the same content. Of one channel at most [`OPEN_MAX`] messages are tried at a time: while nobody
//! answers, the rest stays loose and is told in one summary when somebody does. A message that is never taken keeps the
//! others waiting no longer than that. Of one alert, the transitions go in their order.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::time::Duration;

use super::outcome::{LONGEST_WAIT, Outcome};
use crate::meta::outbox::Waiting;
use crate::store::table::Nanos;

const SECOND: Nanos = 1_000_000_000;
const MINUTE: Nanos = 60 * SECOND;

/// When more than so many notices of a channel wait, they are told in one summary.
pub const MERGE_ABOVE: usize = 10;
/// Messages of a channel that are tried by turns.
pub const OPEN_MAX: usize = 3;
/// The first wait is between this and its double, each further one twice as long.
pub const FIRST_WAIT: Nanos = SECOND;
/// The longest wait; the shortest then is half of it.
pub const LONGEST_BACKOFF: Nanos = 10 * MINUTE;
/// How long a message is tried.
pub const GIVEN_UP_AFTER: Nanos = 24 * 60 * MINUTE;

/// What a channel can.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Whether one message may tell of several notices.
    pub groups: bool,
    /// Whether it keeps what is open itself, so that the end of what it was told must reach it, whatever is merged.
    pub keeps_open: bool,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send a message, known by its first row.
    Send(i64),
    /// Make a message of these rows, the first one first.
    Compose(Vec<i64>),
    /// Put a summary in the place of these rows.
    Merge(Vec<i64>),
    /// Nothing, until then; without a time until there is more.
    Wait(Option<Nanos>),
}

/// The next step of a channel that may send from `free_at` on. `waiting` has its rows that wait, in the order of their ids.
pub fn next(waiting: &[Waiting], rules: Rules, free_at: Nanos, now: Nanos) -> Step {
    let mut open: BTreeMap<i64, Nanos> = BTreeMap::new();
    let mut busy: HashSet<&str> = HashSet::new();
    for row in waiting {
        if let Some(message) = row.message {
            open.entry(message).or_insert(due(row, now));
            busy.extend(row.alert.as_deref());
        }
    }
    let is_loose = |row: &&Waiting| {
        let is_busy = |alert: &String| busy.contains(alert.as_str());
        row.message.is_none() && !row.alert.as_ref().is_some_and(is_busy)
    };
    let loose: Vec<&Waiting> = match open.len() < OPEN_MAX {
        true => waiting.iter().filter(is_loose).collect(),
        false => Vec::new(),
    };
    let first_open = open.iter().map(|(id, due)| (*due, *id)).min();
    let first_loose = loose.iter().map(|row| (due(row, now), row.id)).min();
    let earliest = [first_open, first_loose].into_iter().flatten().min();
    let Some((earliest, _)) = earliest else {
        return Step::Wait(None);
    };
    let at = earliest.max(free_at);
    if at > now {
        return Step::Wait(Some(at));
    }
    match (first_open, first_loose) {
        (Some((due, message)), loose) if loose.is_none_or(|(loose, _)| due <= loose) => {
            Step::Send(message)
        }
        (_, Some((_, first))) => gather(&loose, first, rules),
        // The earliest is one of both.
        _ => Step::Wait(None),
    }
}

/// When a row is due. Further ahead than anybody asked for lies only what a clock made that was set back since.
fn due(row: &Waiting, now: Nanos) -> Nanos {
    match row.due.saturating_sub(now) > nanos(LONGEST_WAIT) {
        true => now,
        false => row.due,
    }
}

fn gather(loose: &[&Waiting], first: i64, rules: Rules) -> Step {
    let merged = mergeable(loose.iter().copied(), rules);
    let has_summary = loose.iter().any(|row| row.is_summary);
    if merged.len() > MERGE_ABOVE || (has_summary && merged.len() > 1) {
        return Step::Merge(merged);
    }
    let found = loose.iter().position(|row| row.id == first);
    let chosen = loose[found.unwrap_or(0)];
    if rules.groups && !chosen.is_summary {
        let together = loose.iter();
        let together = together.filter(|row| row.service == chosen.service && !row.is_summary);
        return Step::Compose(together.map(|row| row.id).collect());
    }
    // A clock that was set back may have made a later transition due before an earlier one.
    let same = |row: &&&Waiting| row.alert.is_some() && row.alert == chosen.alert;
    let earliest = loose.iter().find(same).map_or(chosen.id, |row| row.id);
    Step::Compose(vec![earliest])
}

/// Which of these rows one summary can stand for. A channel that keeps what is open must hear of the end of an alert, unless
/// its beginning has not been told either.
pub fn mergeable<'a>(rows: impl Iterator<Item = &'a Waiting> + Clone, rules: Rules) -> Vec<i64> {
    let begun: HashSet<&str> = match rules.keeps_open {
        true => {
            let told = rows.clone().filter(|row| !row.is_over);
            told.filter_map(|row| row.alert.as_deref()).collect()
        }
        false => HashSet::new(),
    };
    let is_lone_end = |row: &Waiting| {
        let alert = row.alert.as_deref();
        row.is_over && !alert.is_some_and(|alert| begun.contains(alert))
    };
    rows.filter(|row| !(rules.keeps_open && is_lone_end(row)))
        .map(|row| row.id)
        .collect()
}

/// What becomes of a message after a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is told.
    Sent,
    /// It is tried again at that time.
    Again(Nanos),
    /// It never will be: it stays as a dead letter.
    Dead,
}

/// What becomes of a message that was made at `made` and tried `attempts` times, this one included. `chance` is a number from 0 to 1 that
/// keeps servers from coming back at the same moment.
pub fn fate(outcome: &Outcome, attempts: u32, made: Nanos, chance: f64, now: Nanos) -> Fate {
    let after = match outcome {
        Outcome::Delivered(_) => return Fate::Sent,
        Outcome::Refused(_) => return Fate::Dead,
        Outcome::Failed { after, .. } => *after,
    };
    let end = made.saturating_add(GIVEN_UP_AFTER);
    if now >= end {
        return Fate::Dead;
    }
    let wait = backoff(attempts, chance).max(after.map_or(0, nanos));
    // The last try is at the end itself, unless the receiver asked for a later one.
    let asked = after.map_or(now, |after| now.saturating_add(nanos(after)));
    Fate::Again(now.saturating_add(wait).min(end.max(asked)))
}

/// The wait after so many tries.
fn backoff(attempts: u32, chance: f64) -> Nanos {
    let doublings = attempts.min(20);
    let whole = (FIRST_WAIT << doublings).min(LONGEST_BACKOFF);
    let half = whole / 2;
    half + (half as f64 * chance.clamp(0.0, 1.0)) as Nanos
}

fn nanos(duration: Duration) -> Nanos {
    Nanos::try_from(duration.as_nanos()).unwrap_or(Nanos::MAX)
}

/// How often a channel sends: at most so many messages in any minute, and none while it was asked to wait.
#[derive(Debug)]
pub struct Pace {
    most: usize,
    sent: VecDeque<Nanos>,
    held: Nanos,
}

impl Pace {
    /// Nothing was sent yet.
    pub fn new(rate_per_minute: usize) -> Self {
        Self {
            most: rate_per_minute.max(1),
            sent: VecDeque::with_capacity(rate_per_minute),
            held: Nanos::MIN,
        }
    }

    /// From when on the next one may be sent.
    pub fn free_at(&self, now: Nanos) -> Nanos {
        let oldest = self.sent.front().filter(|_| self.sent.len() >= self.most);
        // A clock that was set back costs a minute at most.
        let free = oldest.map_or(Nanos::MIN, |oldest| (*oldest).min(now) + MINUTE);
        let held = self.held.min(now.saturating_add(nanos(LONGEST_WAIT)));
        free.max(held)
    }

    /// One is sent now.
    pub fn note(&mut self, now: Nanos) {
        if self.sent.len() >= self.most {
            self.sent.pop_front();
        }
        self.sent.push_back(now);
    }

    /// The receiver asks to wait.
    pub fn hold(&mut self, outcome: &Outcome, now: Nanos) {
        if let Outcome::Failed {
            after: Some(after), ..
        } = outcome
        {
            self.held = now.saturating_add(nanos(*after));
        }
    }
}

#[cfg(test)]
mod tests;
