//! Floors of classes: at least so many requests a minute, as the standards say, of a service that is heard.

use super::burn::Burn;
use super::heard::Heard;
use super::requests::{STRETCHES, Sums};
use super::significance::{Chance, fewer_than};
use crate::alert::{Reading, Severity};

/// Longer stretches for floors so low that ten minutes say nothing: minutes.
const LONG: [i64; 2] = [60, 360];
/// A stretch of which less was heard says nothing.
const HEARD: f64 = 0.8;
/// Requests that must be expected of a stretch, for none at all to be no chance.
const TELLING: f64 = 14.0;
/// A stretch of fewer minutes is short.
const SHORT: f64 = 8.0;
/// Minutes of [`STRETCHES`].
const MINUTES: [f64; STRETCHES.len()] = [1.0, 5.0, 10.0];

/// Requests of a stretch and the minutes of it that were heard.
type Stretch = (u64, f64);

/// What is heard of a class's requests over one, five, ten, sixty and 360 minutes up to the slot `last`; only stretches of
/// which nearly all was heard.
pub(super) fn stretches(sums: &Sums, burn: &Burn, heard: &Heard, last: i64) -> Vec<Stretch> {
    let short = sums.iter().zip(STRETCHES).zip(MINUTES);
    let short = short.map(|((counts, slots), minutes)| {
        let of_it = heard.lately(last, slots);
        ((u64::from(counts.requests), of_it), minutes)
    });
    let long = LONG.into_iter().map(|minutes| {
        let of_it = heard.over(last, minutes);
        ((burn.requests(last, minutes), of_it), minutes as f64)
    });
    let whole = short
        .chain(long)
        .filter(|((_, of_it), minutes)| *of_it >= HEARD * minutes);
    whole.map(|(stretch, _)| stretch).collect()
}

/// Requests per minute, and whether they are fewer than the floor beyond chance: in the shortest stretch that says so, or that
/// has enough to say that they are not.
pub(super) fn reading(stretches: &[Stretch], floor: f64) -> (Reading, Option<f64>) {
    let Some(first) = stretches.first() else {
        return (Reading::NotEnoughData, None);
    };
    let rate = |(requests, minutes): Stretch| requests as f64 / minutes;
    for &stretch in stretches {
        let (requests, minutes) = stretch;
        let expected = floor * minutes;
        if fewer_than(requests, expected, Chance::OF_A_FLOOR) {
            let ratio = floor / rate(stretch);
            let severity = Severity::of_ratio(ratio).unwrap_or(Severity::Low);
            return (Reading::Breach(ratio, severity), Some(rate(stretch)));
        }
        // Enough came to say that there are not too few: above the floor by more than minutes differ.
        let sigmas = if minutes < SHORT { 2.0 } else { 1.0 };
        if expected >= TELLING && requests as f64 >= expected + sigmas * expected.sqrt() {
            return (Reading::Well(0.5), Some(rate(stretch)));
        }
    }
    // Fewer, but that may be chance: neither below the floor nor clear of it.
    (Reading::Well(1.0), Some(rate(*first)))
}

#[cfg(test)]
mod tests;
