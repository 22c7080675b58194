//! When services reach their lines: forecast once an hour of each service, by a task of its own, so that no look of the judge
//! waits for it.

use std::time::Duration;

use anyhow::Context as _;
use plimsoll::analysis::forecast::Foreseen;

use super::Judging;
use crate::performance::history::{Figure, HOUR, figures};
use crate::reading::Reading;
use crate::state::{App, AppState};
use crate::store::read::error::QueryError;
use crate::store::table::Nanos;
use crate::tasks::Stop;
use crate::tick;

/// So often it is looked for whom it is time.
const EVERY: Duration = Duration::from_secs(10);
/// Services that are forecast at one time: more than a thousand an hour.
const AT_ONCE: usize = 4;

/// Forecasts until told to stop.
///
/// # Errors
/// None: what cannot be forecast now is the next time.
pub async fn run(app: App, mut stop: Stop) -> anyhow::Result<()> {
    loop {
        tokio::select! {
            () = stop.wait() => return Ok(()),
            () = tokio::time::sleep(EVERY) => {}
        }
        let asked = app.clone();
        let look = tokio::task::spawn_blocking(move || foresee(&asked, tick::now()));
        if let Err(error) = look.await.context("forecasting failed")? {
            tracing::warn!(%error, "forecasts wait for the store: {error}");
        }
    }
}

/// Forecasts the services for which it is time, a few at most. Blocking.
///
/// # Errors
/// When the store cannot be read.
pub fn foresee(app: &AppState, now: Nanos) -> Result<(), QueryError> {
    let standards = app.judging.in_force.standards();
    let mut unread = None;
    for service in app.judging.due_for_forecast(now) {
        // One that cannot be read is tried again in an hour, and keeps no other waiting.
        let mut reading = Reading::of(&app.store);
        match figures(&mut reading, &service, &standards, now) {
            Ok(figures) => {
                let foreseen = figures.into_iter().filter_map(of_figure);
                app.judging.foreseen(&service, foreseen.collect());
            }
            Err(error) => unread = Some(error),
        }
    }
    unread.map_or(Ok(()), Err)
}

/// What is foreseen of a figure; `None` where it has no line.
fn of_figure(figure: Figure) -> Option<(String, Option<Foreseen>)> {
    let limit = figure.limit?;
    // Too short a history is the usual case, and says nothing.
    let found = Foreseen::of(&figure.history, limit, figure.unit).ok();
    Some((figure.key, found.flatten()))
}

impl Judging {
    /// Services whose last forecast was made in another hour.
    fn due_for_forecast(&self, now: Nanos) -> Vec<String> {
        let hour = now.div_euclid(HOUR);
        let mut services = self.services.lock();
        let due = services
            .iter_mut()
            .filter(|(_, judged)| judged.forecast_in != Some(hour));
        let due = due.take(AT_ONCE).map(|(name, judged)| {
            judged.forecast_in = Some(hour);
            name.clone()
        });
        due.collect()
    }

    fn foreseen(&self, service: &str, all: Vec<(String, Option<Foreseen>)>) {
        if let Some(judged) = self.services.lock().get_mut(service) {
            for (key, foreseen) in all {
                judged.judge.foresee(&key, foreseen);
            }
        }
    }
}

#[cfg(test)]
mod tests;
