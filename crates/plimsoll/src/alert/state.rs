//! The life of one alert: pending, firing, resolved. Decided by [`step`], which reads no clock.

use serde::{Deserialize, Serialize};

use super::severity::Severity;
use crate::standards::AlertRules;

/// What was found of one thing at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reading {
    /// Nothing, or too little to judge: neither fires nor resolves.
    NotEnoughData,
    /// On the right side of the line, at this ratio to it.
    Well(f64),
    /// Past the line, at this ratio to it, and so severe.
    Breach(f64, Severity),
}

/// Where an alert is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Phase {
    /// All is well.
    #[default]
    Quiet,
    /// The line is broken, not for long enough.
    Pending {
        /// Nanoseconds for which it was seen broken.
        seen_ns: i64,
        /// The worst so far.
        worst: Severity,
    },
    /// Somebody should know.
    Firing {
        /// Nanoseconds for which it was seen well again.
        well_ns: i64,
        /// The worst so far.
        worst: Severity,
    },
}

/// All that is remembered of one alert.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Where it is.
    pub phase: Phase,
    /// When the last reading was, nanoseconds since the Unix epoch.
    pub last_ns: i64,
    /// When the breach began; of no meaning while it is quiet.
    pub since_ns: i64,
    /// When it fired lately, the newest last.
    pub firings: Vec<i64>,
}

/// What became different.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// The line was broken; it may be nothing.
    Pended,
    /// What was pending is well again and was never told.
    Withdrawn,
    /// It fires, so severe.
    Fired(Severity),
    /// It fires on, and is more severe than it was.
    Worsened(Severity),
    /// It is over.
    Resolved,
}

/// A reading counts for the time since the one before, but no more than this: what a machine slept through, or what its
/// clock jumped over, was not seen.
pub const LONGEST_STEP_NS: i64 = 30_000_000_000;
/// Most firings that are remembered.
const MOST_FIRINGS: usize = 16;

/// Takes a reading of the moment `now`; returns what became different, if anything.
pub fn step(
    state: &mut State,
    reading: Reading,
    now: i64,
    rules: &AlertRules,
) -> Option<Transition> {
    let passed = match state.last_ns {
        0 => 0,
        last => now.saturating_sub(last).clamp(0, LONGEST_STEP_NS),
    };
    state.last_ns = now;
    match (state.phase, reading) {
        (_, Reading::NotEnoughData) => None,
        (Phase::Quiet, Reading::Well(_)) => None,
        (Phase::Quiet, Reading::Breach(_, severity)) => {
            state.since_ns = now;
            state.phase = Phase::Pending {
                seen_ns: 0,
                worst: severity,
            };
            Some(Transition::Pended)
        }
        (Phase::Pending { .. }, Reading::Well(_)) => {
            state.phase = Phase::Quiet;
            Some(Transition::Withdrawn)
        }
        (Phase::Pending { seen_ns, worst }, Reading::Breach(_, severity)) => {
            let seen_ns = seen_ns + passed;
            let worst = worst.max(severity);
            if seen_ns < nanos(rules.fire_after) {
                state.phase = Phase::Pending { seen_ns, worst };
                return None;
            }
            // Fires as severe as it is, not as it was at its worst moment before anybody knew.
            state.phase = Phase::Firing {
                well_ns: 0,
                worst: severity,
            };
            if state.firings.len() == MOST_FIRINGS {
                state.firings.remove(0);
            }
            state.firings.push(now);
            Some(Transition::Fired(severity))
        }
        (Phase::Firing { worst, .. }, Reading::Breach(_, severity)) => {
            state.phase = Phase::Firing {
                well_ns: 0,
                worst: worst.max(severity),
            };
            (severity > worst).then_some(Transition::Worsened(severity))
        }
        (Phase::Firing { worst, .. }, Reading::Well(ratio)) if ratio > rules.recover_ratio => {
            // Neither past the line nor clear of it.
            state.phase = Phase::Firing { well_ns: 0, worst };
            None
        }
        (Phase::Firing { well_ns, worst }, Reading::Well(_)) => {
            let well_ns = well_ns + passed;
            if well_ns < resolve_after(state, now, rules) {
                state.phase = Phase::Firing { well_ns, worst };
                return None;
            }
            state.phase = Phase::Quiet;
            Some(Transition::Resolved)
        }
    }
}

/// Ends it, whatever its readings are. If the breach goes on, it fires anew after one full `fire_after`.
pub fn resolve(state: &mut State) {
    state.phase = Phase::Quiet;
}

/// How long it must be well: longer, each time twice as long, when it fires again and again.
fn resolve_after(state: &State, now: i64, rules: &AlertRules) -> i64 {
    let span = nanos(AlertRules::FLAP_SPAN);
    let lately = state
        .firings
        .iter()
        .filter(|&&fired| now.saturating_sub(fired) < span)
        .count();
    let beyond = lately
        .saturating_sub(rules.flap_firings as usize - 1)
        .min(10);
    let wait = nanos(rules.resolve_after).saturating_mul(1 << beyond);
    wait.min(nanos(rules.longest_resolve.max(rules.resolve_after)))
}

fn nanos(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}
