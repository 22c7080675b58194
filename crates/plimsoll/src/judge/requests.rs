//! What the counts of a route or class mean.

use super::counts::{Counts, TAIL};
use super::significance::more_than;
use super::slots::Slots;
use crate::alert::{Reading, Severity};
use crate::analysis::Usual;

/// Stretches that are looked at, in slots: one, five and ten minutes.
pub(super) const STRETCHES: [i64; 3] = [6, 30, 60];
/// So many requests say what a stretch is like.
const ENOUGH: u32 = 40;
/// A route's mean is past its own line at so many times what is usual.
const SHIFT: f64 = 1.5;
/// Standard errors that the mean must be beyond that. Hours differ by less than [`SHIFT`], which makes chance rarer still.
const SHIFT_SIGMAS: f64 = 3.3;
/// Answer times of a route vary at least so much, as a standard deviation of their logarithms.
const LEAST_DEVIATION: f64 = 0.2;
/// Requests from which on a shift of all of them is believed.
const SHIFTED: u32 = 5;
/// Errors are more than usual at so many times the usual share.
const ERRORS_FACTOR: f64 = 4.0;
/// A smaller share of errors is none to tell of.
const FEW_ERRORS: f64 = 0.01;
/// Fewer errors are not more than usual, whatever their share.
const SINGLE_ERRORS: u64 = 5;

/// Sums over the stretches.
pub(super) type Sums = [Counts; STRETCHES.len()];

/// The sums up to the slot `last`.
pub(super) fn sums(slots: &Slots<Counts>, last: i64) -> Sums {
    let mut sums = Sums::default();
    let mut sum = Counts::default();
    let mut upto = last;
    for (at, stretch) in STRETCHES.into_iter().enumerate() {
        let first = last - stretch;
        slots
            .latest(upto, upto - first)
            .for_each(|counts| sum.add(counts));
        upto = first;
        sums[at] = sum;
    }
    sums
}

/// What to make of it: the shortest stretch that has enough requests is judged, or else the longest; a shorter one that is
/// bad beyond doubt is believed before.
fn judged(sums: &Sums, judge: impl Fn(&Counts) -> Option<Reading>) -> Reading {
    let mut reading = Reading::NotEnoughData;
    for counts in sums.iter().filter(|counts| counts.requests > 0) {
        let Some(found) = judge(counts) else {
            continue;
        };
        reading = found;
        // What is above its line, but may be chance, is looked at over longer.
        let is_decided = match found {
            Reading::Breach(..) => true,
            Reading::Well(ratio) => ratio <= 1.0 && counts.requests >= ENOUGH,
            Reading::NotEnoughData => false,
        };
        if is_decided {
            break;
        }
    }
    reading
}

/// Whether the p95 is past the line: more than [`TAIL`] of the requests are slower, and that is no chance.
pub(super) fn past_line(sums: &Sums) -> Reading {
    judged(sums, |counts| {
        Some(tail(&counts.over_line, counts.requests))
    })
}

/// The most severe tier of the tail that is no chance.
fn tail(over: &[u32; 4], requests: u32) -> Reading {
    let is_past = |at: usize| more_than(over[at].into(), requests.into(), TAIL);
    let worst = (0..4).rev().find(|&at| is_past(at));
    match worst {
        Some(at) => {
            let severity = Severity::ALL[at];
            Reading::Breach(severity.begins_above().max(1.0), severity)
        }
        None => Reading::Well(f64::from(over[0]) / f64::from(requests) / TAIL),
    }
}

/// Whether a route is slower than it usually is: its p95 past [`Usual::limit`], or all its requests by a factor beyond what
/// hours differ. What is still within the target of the class is nothing to tell of.
pub(super) fn slower_than_usual(sums: &Sums, usual: Option<&Usual>) -> Reading {
    let Some(usual) = usual else {
        return Reading::NotEnoughData;
    };
    judged(sums, |counts| {
        let share_over_target = f64::from(counts.over_target) / f64::from(counts.requests);
        if share_over_target <= TAIL {
            return Some(Reading::Well(share_over_target / TAIL));
        }
        let by_tail = tail(&counts.over_usual, counts.requests);
        // Critical is what is far past a standard, not what is only unusual.
        let breach = |severity: Severity| {
            let severity = severity.min(Severity::High);
            Reading::Breach(severity.begins_above(), severity)
        };
        Some(match (by_tail, shifted(counts, usual)) {
            (Reading::Breach(_, severity), _) | (_, Some(severity)) => breach(severity),
            (well, None) => well,
        })
    })
}

/// How far all requests are slower than usual, if they are: the mean of the logarithms against that of the usual ones, by
/// the standard error of so many.
fn shifted(counts: &Counts, usual: &Usual) -> Option<Severity> {
    if counts.requests < SHIFTED {
        return None;
    }
    let requests = f64::from(counts.requests);
    let shift = counts.log_sum / requests - usual.log_mean;
    let allowed = SHIFT.ln().max(3.0 * usual.log_drift);
    let error = usual.log_deviation.max(LEAST_DEVIATION) / requests.sqrt();
    let beyond = shift - allowed;
    if beyond <= SHIFT_SIGMAS * error {
        return None;
    }
    Severity::of_ratio(beyond.exp())
}

/// Whether more requests fail than may, or than usually do.
pub(super) fn errors(sums: &Sums, limit: f64, usual: Option<&Usual>) -> Reading {
    let own = usual.map(|usual| (ERRORS_FACTOR * usual.error_rate).max(FEW_ERRORS));
    let own = own.filter(|own| *own < limit);
    judged(sums, |counts| {
        let (errors, requests) = (u64::from(counts.errors), u64::from(counts.requests));
        let tier =
            |severity: &Severity| more_than(errors, requests, limit * severity.begins_above());
        // Errors are never a small matter.
        let by_limit = Severity::ALL.iter().rev().find(|severity| tier(severity));
        let share = errors as f64 / requests as f64;
        Some(match (by_limit, own) {
            (Some(severity), _) => Reading::Breach(share / limit, (*severity).max(Severity::High)),
            (None, Some(own)) if errors >= SINGLE_ERRORS && more_than(errors, requests, own) => {
                Reading::Breach(share / own, Severity::Medium)
            }
            (None, own) => Reading::Well(share / own.unwrap_or(limit)),
        })
    })
}

#[cfg(test)]
mod tests;
