//! What an answer is read against: its format, its time, the store.

use super::tables::Rows;
use crate::store::Store;
use crate::store::table::Nanos;

/// In which format an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Prometheus's text format 0.0.4.
    Text,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

/// What is read against.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) store: &'a Store,
    pub(super) text: &'a [u8],
    pub(super) format: Format,
    /// The time of values without one of their own.
    pub(super) time: Nanos,
    /// For the bounds of times.
    pub(super) now: Nanos,
}

/// Why a sample with a time of its own is refused.
pub(super) const OUT_OF_TIME: &str =
    "has a timestamp outside of what is kept (`store.raw_days`, `store.clock_future_secs`)";

impl Context<'_> {
    pub(super) fn may_have(&self, measurement: &str, time: Nanos) -> bool {
        self.store
            .time_bounds(measurement, self.now)
            .contains(&time)
    }

    pub(super) fn own_time(&self, timestamp: &[u8], rows: &Rows) -> Result<Nanos, &'static str> {
        const NO_TIME: &str = "has a timestamp that is no number";
        let text = std::str::from_utf8(timestamp).map_err(|_| NO_TIME)?;
        let time = match self.format {
            Format::Text => {
                let millis: i64 = text.parse().map_err(|_| NO_TIME)?;
                millis.checked_mul(1_000_000)
            }
            Format::OpenMetrics => {
                let seconds: f64 = text.parse().map_err(|_| NO_TIME)?;
                nanos(seconds)
            }
        };
        let time = time.ok_or(OUT_OF_TIME)?;
        if !self.may_have(&rows.measurement, time) {
            return Err(OUT_OF_TIME);
        }
        Ok(time)
    }
}

/// Seconds since the Unix epoch to the microsecond, which is what a float holds of them.
pub(super) fn nanos(seconds: f64) -> Option<Nanos> {
    let micros = (seconds * 1e6).round();
    (0.0..9e15)
        .contains(&micros)
        .then(|| micros as Nanos * 1_000)
}
