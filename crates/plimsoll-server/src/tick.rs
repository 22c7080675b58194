//! The one place that reads the clock for what happens by itself.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use tokio::time::MissedTickBehavior;

use crate::state::App;
use crate::store::table::Nanos;
use crate::tasks::Stop;

/// The time now.
pub fn now() -> Nanos {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    // A clock before 1970 is a machine without one; a clock after 2262 does not fit.
    since.map_or(0, |since| {
        Nanos::try_from(since.as_nanos()).unwrap_or(Nanos::MAX)
    })
}

/// How often the store is looked after.
const EVERY: Duration = Duration::from_secs(5);

/// Seals, rolls up, compacts and removes what is due, until told to stop.
///
/// # Errors
/// When the store cannot do its work; it is tried again. A full disk is no such error: the store's health tells it.
pub async fn run(app: App, mut stop: Stop) -> anyhow::Result<()> {
    let mut interval = tokio::time::interval(EVERY);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut full = false;
    loop {
        tokio::select! {
            () = stop.wait() => return Ok(()),
            _ = interval.tick() => {}
        }
        let store = app.store.clone();
        let work = tokio::task::spawn_blocking(move || store.maintain(now()));
        // Told to stop, it does not wait: what is cut short is done the next time.
        let done = tokio::select! {
            () = stop.wait() => return Ok(()),
            done = work => done.context("looking after the store failed")?,
        };
        match done {
            Err(error) if error.is_full() => {
                if !full {
                    tracing::error!(%error, "the disk is full, the store is looked after when there is room: {error}");
                }
                full = true;
            }
            done => {
                done?;
                full = false;
            }
        }
    }
}
