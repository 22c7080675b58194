//! The one place that reads the clock for what happens by itself.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::store::table::Nanos;

/// The time now.
pub fn now() -> Nanos {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    // A clock before 1970 is a machine without one; a clock after 2262 does not fit.
    since.map_or(0, |since| {
        Nanos::try_from(since.as_nanos()).unwrap_or(Nanos::MAX)
    })
}
