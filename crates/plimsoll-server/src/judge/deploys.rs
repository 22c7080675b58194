//! Notes versions and revisions that begin to run, as the data of services tell them.

use crate::meta::deploys::Deployed;
use crate::state::AppState;
use crate::store::table::Nanos;
use crate::stream::Change;

/// What began longer ago was seen by the server that ran then.
const NEW: Nanos = 600 * 1_000_000_000;

/// Notes what was first seen lately. The first build of a service is no deploy: nothing was before it.
pub(super) fn note(app: &AppState, now: Nanos) {
    for (service, (build, first)) in app.services.newest_builds() {
        if now - first > NEW || !app.services.has_other_builds(&service, &build) {
            continue;
        }
        let deployed = Deployed {
            service,
            version: build.version,
            revision: Some(build.revision).filter(|revision| !revision.is_empty()),
            at: first,
            source: "seen".to_owned(),
        };
        tell(app, &deployed);
    }
}

/// Keeps a deploy, and tells it if it is new; returns whether it is.
pub fn tell(app: &AppState, deployed: &Deployed) -> bool {
    match app.judging.meta().deployed(deployed) {
        Ok(is_new) => {
            if is_new {
                let Deployed {
                    service,
                    version,
                    revision,
                    ..
                } = deployed;
                tracing::info!(revision, "{service} runs {version} now");
                app.stream.announce(Change::Deploy {
                    service: service.clone(),
                    version: version.clone(),
                });
            }
            is_new
        }
        Err(error) => {
            tracing::warn!(%error, "a deploy cannot be kept: {error}");
            false
        }
    }
}
