//! The task that judges: every ten seconds.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context as _;
use plimsoll::judge::{Event, SLOT_NS};

use super::{AGAIN, AT_START, Judging, settled, slots};
use crate::performance::Scope;
use crate::reading::Reading;
use crate::state::{App, AppState};
use crate::store::read::error::QueryError;
use crate::store::table::Nanos;
use crate::tasks::Stop;
use crate::tick;

/// A service that was silent for longer says nothing by beginning to speak.
const STARTED_WITHIN: Nanos = 3 * SLOT_NS;
/// Alerts that are over for long are forgotten so often.
const FORGET_EVERY: i64 = 360;

/// Judges until told to stop.
///
/// # Errors
/// None: what cannot be judged now is judged the next time.
pub async fn run(app: App, mut stop: Stop) -> anyhow::Result<()> {
    loop {
        let now = tick::now();
        let due = (settled(now) + 1) * SLOT_NS + super::SETTLE_NS;
        let wait = Duration::from_nanos(u64::try_from(due - now).unwrap_or_default());
        tokio::select! {
            () = stop.wait() => return Ok(()),
            () = tokio::time::sleep(wait.min(Duration::from_secs(10))) => {}
        }
        let judged = app.clone();
        let look = tokio::task::spawn_blocking(move || look(&judged, tick::now()));
        if let Err(error) = look.await.context("judging failed")? {
            tracing::warn!(%error, "judging waits for the store: {error}");
        }
    }
}

/// One look at all services. Blocking.
///
/// # Errors
/// When the store cannot be read.
pub fn look(app: &AppState, now: Nanos) -> Result<(), QueryError> {
    let judging = &app.judging;
    if judging.in_force.read_again() {
        tracing::info!(
            "the standards changed: those of {} are in force",
            judging.in_force.named()
        );
        judging.expect_in_force();
    }
    let last = settled(now);
    let before = judging.last.load(Ordering::Relaxed);
    // After a pause as much is read as the judges remember.
    let was_set_back = last < before;
    if was_set_back {
        judging.rewind(last);
    }
    let again = if before == 0 || was_set_back {
        AT_START
    } else {
        AGAIN + last.saturating_sub(before)
    };
    let first = last - again.clamp(1, AT_START) + 1;
    let mut reading = Reading::of(&app.store);
    let standards = judging.in_force.standards();
    let mut requests = slots::requests(&mut reading, &Scope::All, SLOT_NS, first, last)?;
    for (service, levels) in slots::levels(&mut reading, &Scope::All, last, &standards)? {
        let of_service = requests.entry(service).or_default();
        let now = of_service.entry(last).or_default();
        now.levels = levels.levels;
        now.memory = levels.memory;
    }
    let started = app.services.started_since(now - STARTED_WITHIN);
    let told = judging.take(requests, &started, last, now);
    judging.last.store(last, Ordering::Relaxed);
    for (service, events) in told {
        super::book::tell(app, &service, &events, now);
    }
    super::usual::learn(app, now)?;
    super::judgement::note_scores(app, now)?;
    app.suggestions.wake();
    super::deploys::note(app, now);
    super::book::tell_after_silence(app, now);
    if last.rem_euclid(FORGET_EVERY) == 0 {
        super::book::forget_old(app, now);
    }
    Ok(())
}

impl Judging {
    /// The clock was set back: what is ahead of it is forgotten.
    fn rewind(&self, last: i64) {
        tracing::info!("the clock was set back: services are judged anew from there");
        let mut services = self.services.lock();
        services.values_mut().for_each(|judged| judged.rewind(last));
    }

    /// Has the judges take what was read, and evaluate; what became different of each service.
    fn take(
        &self,
        requests: slots::OfServices,
        started: &BTreeSet<String>,
        last: i64,
        now: Nanos,
    ) -> Vec<(String, Vec<Event>)> {
        let mut services = self.services.lock();
        for (service, slots) in requests {
            if service.is_empty() {
                continue;
            }
            let Some(judged) = self.entry(&mut services, &service) else {
                continue;
            };
            let begins = started.contains(&service);
            for (slot, mut observed) in slots {
                observed.started = begins && slot == last;
                judged.take(slot, &observed);
            }
        }
        let evaluated = services.iter_mut().map(|(service, judged)| {
            judged.judge.tidy(last);
            (service.clone(), judged.judge.evaluate(last, now))
        });
        evaluated.filter(|(_, events)| !events.is_empty()).collect()
    }
}
