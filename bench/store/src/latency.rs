//! Latencies, sorted.

use std::time::Duration;

/// The smallest of `latencies` that the share `share` of them do not exceed, in milliseconds.
pub fn percentile_ms(latencies: &mut [Duration], share: f64) -> f64 {
    latencies.sort_unstable();
    let rank = (latencies.len() as f64 * share).ceil() as usize;
    latencies
        .get(rank.saturating_sub(1))
        .map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e3)
}
