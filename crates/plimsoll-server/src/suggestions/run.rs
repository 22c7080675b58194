//! The task that asks: when the judge has looked, and something else is found than before.

use crate::performance::Scope;
use crate::state::{App, AppState};
use crate::tasks::Stop;
use crate::tick;

use super::NotAsked;

/// Asks until told to stop.
///
/// # Errors
/// None: what is not answered is asked again.
pub async fn run(app: App, mut stop: Stop) -> anyhow::Result<()> {
    let mut woken = app.suggestions.woken();
    // What was judged before this began, if anything was.
    woken.mark_changed();
    loop {
        tokio::select! {
            () = stop.wait() => return Ok(()),
            _ = woken.changed() => {}
        }
        // A question on its way is given up: it is asked again after the next start.
        tokio::select! {
            () = stop.wait() => return Ok(()),
            () = look(&app) => {}
        }
    }
}

/// Asks about every service for which it is time.
async fn look(app: &AppState) {
    let mut judged = app.judging.known_judgements();
    judged.retain(|judgement| Scope::Observed.includes(&judgement.situation.service));
    for judgement in app.suggestions.due(judged, tick::now()) {
        match app.suggestions.ask(&judgement).await {
            Ok(_) | Err(NotAsked::Failed(_)) => {}
            Err(NotAsked::Unkept(error)) => {
                tracing::warn!(%error, "a suggestion cannot be kept: {error}");
            }
            // Nor is it for the others.
            Err(_) => return,
        }
    }
}
