//! What the store remembers of services that sent before this process started, and of rows written by other ways.

use std::time::Duration;

use super::{Seen, Services};
use crate::state::App;
use crate::store::Store;
use crate::store::table::Nanos;
use crate::tasks::Stop;
use crate::tick;

/// One look at the past.
const STEP: Nanos = 6 * 3600 * 1_000_000_000;
/// The latest steps are looked at more closely …
const FINE_STEP: Nanos = 600 * 1_000_000_000;
/// … over this long.
const FINE: Nanos = STEP;

/// How often new rows are looked through.
const LOOK: Duration = Duration::from_secs(60);

/// Recalls everything that raw rows tell, then what is new each minute, until told to stop.
///
/// # Errors
/// None.
pub async fn run(app: App, mut stop: Stop) -> anyhow::Result<()> {
    app.services.watch(&app.store);
    let kept = crate::store::config::nanos(app.store.config().raw_retention);
    let mut from = tick::now().saturating_sub(kept);
    loop {
        let (app, now) = (app.clone(), tick::now());
        let recalling = move || app.services.recall(&app.store, from, now);
        tokio::task::spawn_blocking(recalling).await?;
        // Rows may come a little late.
        from = now - FINE_STEP;
        tokio::select! {
            () = stop.wait() => return Ok(()),
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

impl Services {
    /// From now on series that the store takes in are new ones.
    fn watch(&self, store: &Store) {
        let (_, given) = store.series().newer_than(u32::MAX);
        *self.series.lock() = Some(given);
    }

    /// Notes the senders of all rows between `from` and `now`, at the start of the step in which they are: 10 minutes in
    /// the last 6 hours, 6 hours before. Reads indexes only. Blocking.
    pub fn recall(&self, store: &Store, from: Nanos, now: Nanos) {
        for measurement in store.measurements() {
            let mut start = from;
            while start <= now {
                let step = if now - start <= FINE { FINE_STEP } else { STEP };
                for series in store.series_keys(&measurement, start..start.saturating_add(step)) {
                    self.note(&Seen::by_key(&series), start);
                }
                start = start.saturating_add(step);
            }
        }
    }
}
