//! `/api/performance/*`: what services did in the last minutes, from the store.

pub mod metrics;
pub mod resources;
pub mod routes;

use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::http::problem::{Answer, Problem, json_answer};
use crate::performance::{Period, Scope};
use crate::state::AppState;
use crate::store::Store;
use crate::store::read::error::QueryError;
use crate::store::table::Nanos;
use crate::tick;

/// Minutes looked back unless asked for otherwise.
const MINUTES: u32 = 5;
/// Most minutes: as long as the daily rollup reaches.
const MAX_MINUTES: u32 = 90 * 24 * 60;

/// What can be asked of all of them.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    /// One service only; without it all but the server itself.
    pub(super) service: Option<String>,
    /// How far to look back.
    pub(super) minutes: Option<u32>,
    /// Most rows of a list.
    pub(super) limit: Option<usize>,
}

/// A question that can be answered.
#[derive(Clone, Debug)]
struct Question {
    scope: Scope,
    service: Option<String>,
    minutes: u32,
    period: Period,
    now: Nanos,
}

impl Asked {
    /// Checks the parameters.
    fn question(&self, app: &AppState) -> Answer<Question> {
        let minutes = self.minutes.unwrap_or(MINUTES);
        if !(1..=MAX_MINUTES).contains(&minutes) {
            let detail = format!("minutes must be between 1 and {MAX_MINUTES}");
            return Err(Problem::bad_field("minutes", minutes, detail));
        }
        if let Some(service) = &self.service
            && !app.services.may_know(service)
        {
            let detail = format!("nothing was received from a service named {service}");
            let known: Vec<_> = app.services.names().into_iter().take(20).collect();
            return Err(Problem::not_found(detail)
                .field("service", service.as_str())
                .with("known", known));
        }
        let now = tick::now();
        Ok(Question {
            scope: self.service.clone().map_or(Scope::Observed, Scope::Service),
            service: self.service.clone(),
            minutes,
            period: Period::minutes_before(now, minutes),
            now,
        })
    }

    fn limit(&self, most: usize) -> Answer<usize> {
        match self.limit {
            Some(limit) if limit == 0 || limit > most => Err(Problem::bad_field(
                "limit",
                limit,
                format!("limit must be between 1 and {most}"),
            )),
            limit => Ok(limit.unwrap_or(most)),
        }
    }
}

/// Reads the store apart from short requests.
async fn answered<T: Serialize + Send + 'static>(
    app: &AppState,
    read: impl FnOnce(&Store) -> Result<T, QueryError> + Send + 'static,
) -> Answer<Response> {
    let store = app.store.clone();
    let read = move || {
        read(&store)
            .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, "invalid", error.to_string()))
    };
    json_answer(&app.slow.run(read).await?)
}
