//! What the store remembers of services that sent before this process started, and of rows written by other ways.

use std::time::Duration;

use super::{Seen, Services, Span, is_sent};
use crate::state::App;
use crate::store::Store;
use crate::store::table::Nanos;
use crate::tasks::Stop;
use crate::tick;

/// Rows may come this late and are noted all the same.
const LATE: Nanos = 600 * 1_000_000_000;

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
        from = now - LATE;
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

    /// Notes who sent the raw rows from `from` on, and when; what lies ahead of `now` came by now. Blocking.
    pub fn recall(&self, store: &Store, from: Nanos, now: Nanos) {
        let times = from..Nanos::MAX;
        let measurements = store.measurements();
        for measurement in measurements.iter().filter(|name| is_sent(name)) {
            let by_key = |series: &[u8]| Seen::by_key(measurement, series);
            store.spans(measurement, &times, by_key, |seen, span| {
                let [first, last] = [*span.start(), *span.end()].map(|time| time.min(now));
                self.note_span(seen, Span { first, last });
            });
        }
    }
}
