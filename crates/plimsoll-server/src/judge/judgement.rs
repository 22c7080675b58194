//! All that is judged of a service at one moment: score, load line, findings, and the sentence that says it.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll::analysis::findings::{Finding, findings};
use plimsoll::analysis::load_line::{Group, load_line, loads};
use plimsoll::analysis::score::{Score, score};
use plimsoll::analysis::situation::Situation;
use plimsoll::analysis::verdict::{ServiceState, Verdict, state, verdict};

use super::{Judging, situation};
use crate::performance::MINUTE;
use crate::reading::Reading;
use crate::state::AppState;
use crate::store::read::error::QueryError;
use crate::store::table::Nanos;

/// A service judged.
#[derive(Debug)]
pub struct Judgement {
    /// What is known.
    pub situation: Situation,
    /// What is wrong, the worst first.
    pub findings: Vec<Finding>,
    /// Everything with a limit.
    pub groups: Vec<Group>,
    /// 0 to 100.
    pub score: Score,
    /// The score before what is wrong began, and when that was.
    pub before: Option<(Nanos, f64)>,
    /// How it is.
    pub state: ServiceState,
    /// In a sentence.
    pub verdict: Verdict,
    /// What damage keeps from the answer.
    pub missing: Vec<String>,
}

/// Judgements by service, each with the slot that it is of.
pub(super) type Cache = BTreeMap<String, (i64, Arc<Judgement>)>;

/// What was before is told when it is so many points away.
const OTHER: f64 = 3.0;

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
    let findings = findings(&situation);
    let groups = load_line(&situation, &findings);
    let score = score(&loads(&situation));
    let since = findings.iter().filter_map(|finding| finding.since_ns).min();
    let judged = app.judging.with(service, |judged| {
        // Well before the breach was seen, else an hour ago.
        let moment = since.map_or(now - 60 * MINUTE, |since| since - MINUTE);
        (judged.windows, judged.score_at(moment))
    });
    let (windows, before) = judged.unwrap_or_default();
    let before =
        before.filter(|(_, before)| score.value.is_some_and(|now| (now - before).abs() >= OTHER));
    let state = state(&situation, &score, windows, false);
    let verdict = verdict(&situation, state, windows, &groups, &findings);
    Ok(Judgement {
        findings,
        groups,
        score,
        before,
        state,
        verdict,
        situation,
        missing: reading.missing(),
    })
}

/// Remembers the score of each service, once a minute. Blocking.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn note_scores(app: &AppState, now: Nanos) -> Result<(), QueryError> {
    let due: Vec<String> = {
        let services = app.judging.services.lock();
        let due = services.iter().filter(|(_, judged)| {
            judged
                .scores
                .back()
                .is_none_or(|(at, _)| now - at >= MINUTE)
        });
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
