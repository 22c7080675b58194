//! Silence and surges: how many requests a service gets against how many it usually does.

use super::requests::{STRETCHES, Sums};
use super::significance::{Chance, fewer_than};
use crate::alert::{Reading, Severity};
use crate::analysis::{Basis, Usual};

/// Minutes of [`STRETCHES`].
const MINUTES: [f64; STRETCHES.len()] = [1.0, 5.0, 10.0];
/// Less than this share of the quietest stretch is silence.
const QUIET: f64 = 0.2;
/// More than so many times the busiest stretch is a surge.
const SURGE: f64 = 3.0;
/// Fewer requests per minute are no surge, whatever is usual.
const LEAST_SURGE: f64 = 60.0;

/// Requests per minute over the last minute, and whether that is silence: far below what there is at the quietest, of a
/// service that is usually above the floor.
pub(super) fn silence(sums: &Sums, floor_per_minute: f64, usual: Option<&Usual>) -> (Reading, f64) {
    let per_minute = f64::from(sums[0].requests) / MINUTES[0];
    let Some(usual) = usual.filter(|usual| usual.per_minute_low >= floor_per_minute) else {
        return (Reading::NotEnoughData, per_minute);
    };
    for (counts, minutes) in sums.iter().zip(MINUTES) {
        let rate = f64::from(counts.requests) / minutes;
        let expected = QUIET * usual.per_minute_low * minutes;
        if fewer_than(counts.requests.into(), expected, Chance::USUAL) {
            let ratio = floor_per_minute / rate;
            let severity = Severity::of_ratio(ratio).unwrap_or(Severity::Low);
            return (Reading::Breach(ratio.max(1.0), severity), rate);
        }
        // Enough came to say that there is none.
        if f64::from(counts.requests) > expected {
            return (Reading::Well(0.5), rate);
        }
    }
    (Reading::Well(0.5), per_minute)
}

/// Requests per minute over five minutes, and whether there are far more than ever at these hours.
pub(super) fn surge(sums: &Sums, usual: Option<&Usual>) -> (Reading, f64, f64) {
    let rate = f64::from(sums[1].requests) / MINUTES[1];
    let known = usual.filter(|usual| usual.basis == Basis::SameHours);
    let Some(usual) = known else {
        return (Reading::NotEnoughData, rate, 0.0);
    };
    let limit = (SURGE * usual.per_minute_high).max(LEAST_SURGE);
    let ratio = rate / limit;
    let reading = match Severity::of_ratio(ratio) {
        // Many customers are no fault by themselves.
        Some(severity) => Reading::Breach(ratio, severity.min(Severity::Medium)),
        None => Reading::Well(ratio),
    };
    (reading, rate, limit)
}
