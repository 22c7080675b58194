//! The task that makes events, while somebody listens.

use std::time::{Duration, Instant};

use tokio::time::MissedTickBehavior;
use tracing::warn;

use super::changes::Known;
use super::told::{Change, StreamData};
use super::windows;
use crate::state::App;
use crate::tasks::Stop;
use crate::tick;

/// How often clients are told what came.
const EVERY: Duration = Duration::from_secs(1);
/// How often services and health are compared.
const COMPARE: Duration = Duration::from_secs(5);
/// How often clients get a sign of life.
const BEAT: Duration = Duration::from_secs(15);

/// Tells clients what changes until told to stop; rests while there are none.
///
/// # Errors
/// When the work panicked.
pub async fn run(app: App, mut stop: Stop) -> anyhow::Result<()> {
    loop {
        tokio::select! {
            () = stop.wait() => return Ok(()),
            () = app.stream.someone() => {}
        }
        if !listened_to(&app, &mut stop).await? {
            return Ok(());
        }
    }
}

/// Works while somebody listens; false when told to stop.
async fn listened_to(app: &App, stop: &mut Stop) -> anyhow::Result<bool> {
    let report = app.monitor.health().report().await;
    app.services.note_new(&app.store, tick::now());
    let mut known = Known::at(app.services.last_seen(), &report, tick::now());
    let mut interval = tokio::time::interval(EVERY);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut compared, mut beaten) = (Instant::now(), Instant::now());
    loop {
        tokio::select! {
            () = stop.wait() => return Ok(false),
            _ = interval.tick() => {}
        }
        if app.stream.rests() {
            return Ok(true);
        }
        let mut touched = std::mem::take(&mut *app.stream.touched.lock());
        let announced = std::mem::take(&mut touched.changes);
        let reading = app.clone();
        let told =
            tokio::task::spawn_blocking(move || windows::told(&reading.store, touched)).await?;
        let mut told = told.unwrap_or_else(|error| {
            warn!(%error, "cannot tell what came: {error}");
            Vec::new()
        });
        let now = tick::now();
        let mut changes = known.note_windows(&told, now);
        if compared.elapsed() >= COMPARE {
            compared = Instant::now();
            changes.extend(compare(app, &mut known).await);
        }
        changes.extend(announced);
        told.extend(changes.into_iter().map(StreamData::Change));
        app.stream.publish(&told)?;
        if beaten.elapsed() >= BEAT {
            beaten = Instant::now();
            app.stream.beat();
        }
        app.stream.cut_stalled();
        let keyring = &app.doors.keyring;
        app.stream.end_barred(|pass| keyring.is_good(pass, now));
    }
}

async fn compare(app: &App, known: &mut Known) -> Vec<Change> {
    let now = tick::now();
    app.services.note_new(&app.store, now);
    let mut changes = known.services(app.services.last_seen(), now);
    changes.extend(known.health(&*app.monitor.health().report().await));
    changes
}
