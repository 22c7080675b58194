//! All that is judged of a service at one moment: score, load line, findings, and the sentence that says it.

use std::collections::BTreeMap;
use std::sync::Arc;

pub use plimsoll::analysis::judgement::Judgement;

use super::{Judging, situation};
use crate::performance::MINUTE;
use crate::reading::Reading;
use crate::state::AppState;
use crate::store::read::error::QueryError;
use crate::store::table::Nanos;

/// Judgements by service, each with the slot that it is of.
pub(super) type Cache = BTreeMap<String, (i64, Arc<Judgement>)>;

/// The judgement of a service: that of the newest slot, made once for each. Blocking.
///
/// # Errors
/// When the store cannot be read.
pub fn of(app: &AppState, service: &str, now: Nanos) -> Result<Arc<Judgement>, QueryError> {
    let judging = &app.judging;
    let slot = judging.last_slot();
    let known = judging.judgements.lock().get(service).cloned();
    // A minute is as old as one may be where the task that judges has stopped.
    let is_fresh = |judgement: &Judgement| (0..MINUTE).contains(&(now - judgement.situation.now));
    let known = known.filter(|(of_slot, judgement)| *of_slot == slot && is_fresh(judgement));
    if let Some((_, judgement)) = known {
        return Ok(judgement);
    }
    let made = Arc::new(make(app, service, now)?);
    judging
        .judgements
        .lock()
        .insert(service.to_owned(), (slot, made.clone()));
    Ok(made)
}

impl Judging {
    /// The judgements that are there, made by whoever asked for them: of each service one a minute at least.
    pub fn known_judgements(&self) -> Vec<Arc<Judgement>> {
        let known = self.judgements.lock();
        known
            .values()
            .map(|(_, judgement)| judgement.clone())
            .collect()
    }
}

fn make(app: &AppState, service: &str, now: Nanos) -> Result<Judgement, QueryError> {
    let mut reading = Reading::of(&app.store);
    let situation = situation::read(app, &mut reading, service, now)?;
    let windows = app.judging.with(service, |judged| judged.windows);
    let score_at = |moment| {
        let known = app.judging.with(service, |judged| judged.score_at(moment));
        known.flatten()
    };
    Ok(Judgement {
        missing: reading.missing(),
        ..Judgement::of(situation, windows.unwrap_or_default(), score_at)
    })
}

/// Remembers the score of each service, once a minute. Blocking.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn note_scores(app: &AppState, now: Nanos) -> Result<(), QueryError> {
    let due: Vec<String> = {
        let services = app.judging.services.lock();
        let due = services
            .iter()
            .filter(|(_, judged)| judged.score_is_due(now));
        due.map(|(name, _)| name.clone()).collect()
    };
    for service in due {
        let judgement = of(app, &service, now)?;
        if let (Some(score), Some(judged)) = (
            judgement.score.value,
            app.judging.services.lock().get_mut(&service),
        ) {
            judged.note_score(score, now);
        }
    }
    Ok(())
}
