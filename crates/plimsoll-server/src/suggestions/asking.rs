//! Asks, one question at a time, and remembers how that went.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Semaphore, watch};

use super::breaker::Breaker;
use super::endpoint::{Endpoint, TIME_OUT};
use super::plan::Plan;
use super::question::{Question, hash};
use crate::config::suggestions::SuggestionsConfig;
use crate::judge::judgement::Judgement;
use crate::meta::suggestions::{NewSuggestion, Suggestion};
use crate::meta::{Meta, MetaError};
use crate::outward::Address;
use crate::outward::address::is_here;
use crate::store::table::Nanos;
use crate::tick;

/// What turns findings into a paragraph.
#[derive(Debug)]
pub struct Suggestions {
    meta: Arc<Meta>,
    /// None where it is off.
    asking: Option<Asking>,
    /// Counts the looks of the judge.
    woken: watch::Sender<u64>,
}

#[derive(Debug)]
struct Asking {
    endpoint: Endpoint,
    standing: Mutex<Standing>,
    /// One question at a time: who runs a model on the same machine has no more.
    turn: Semaphore,
}

/// How it stands.
#[derive(Debug)]
struct Standing {
    plan: Plan,
    breaker: Breaker,
    failures: u64,
    last_error: Option<String>,
    /// Whether the last question failed: each trouble is logged once.
    is_failing: bool,
}

/// Whether it may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[schema(as = SuggestionsState)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nobody is configured.
    Off,
    /// It may.
    Ready,
    /// It failed, and is left alone for a while.
    Open,
}

/// How it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Whether it may be asked.
    pub state: State,
    /// Questions without an answer since the start.
    pub failures: u64,
    /// Why the last of them had none.
    pub last_error: Option<String>,
}

/// Why there is no suggestion.
#[derive(Debug, thiserror::Error)]
pub enum NotAsked {
    /// Nobody is configured.
    #[error("suggestions are off")]
    Off,
    /// There is nothing to ask about.
    #[error("nothing is found")]
    Nothing,
    /// Another question takes all the time.
    #[error("another question is being asked")]
    Busy,
    /// It failed too often.
    #[error("the endpoint is left alone until {until}")]
    Open {
        /// When it is tried next.
        until: Nanos,
    },
    /// That many questions were asked in the last hour.
    #[error("all questions of this hour are asked")]
    UsedUp {
        /// When the next one may be.
        until: Nanos,
    },
    /// It gave no answer.
    #[error("{0}")]
    Failed(String),
    /// The answer could not be kept.
    #[error("the suggestion cannot be kept")]
    Unkept(#[from] MetaError),
}

impl Suggestions {
    /// Takes up where it was. Blocking.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn open(
        meta: Arc<Meta>,
        config: Option<SuggestionsConfig>,
        now: Nanos,
    ) -> Result<Self, MetaError> {
        let asking = match config {
            Some(config) => Some(Asking::open(&meta, config, now)?),
            None => None,
        };
        Ok(Self {
            meta,
            asking,
            woken: watch::Sender::new(0),
        })
    }

    /// With another time-out, for whoever cannot wait.
    #[cfg(test)]
    pub(super) fn within(mut self, time_out: std::time::Duration) -> Self {
        if let Some(asking) = &mut self.asking {
            asking.endpoint.time_out = time_out;
        }
        self
    }

    /// Whether somebody is configured.
    pub fn is_on(&self) -> bool {
        self.asking.is_some()
    }

    /// Has its task look at what is judged.
    pub fn wake(&self) {
        self.woken
            .send_modify(|looks| *looks = looks.wrapping_add(1));
    }

    /// Hears of each [`Suggestions::wake`].
    pub(super) fn woken(&self) -> watch::Receiver<u64> {
        self.woken.subscribe()
    }

    /// How it goes.
    pub fn status(&self) -> Status {
        let Some(asking) = &self.asking else {
            return Status {
                state: State::Off,
                failures: 0,
                last_error: None,
            };
        };
        let standing = asking.standing.lock();
        Status {
            state: match standing.breaker.is_open() {
                true => State::Open,
                false => State::Ready,
            },
            failures: standing.failures,
            last_error: standing.last_error.clone(),
        }
    }

    /// Those of these judgements that it is time to ask about, the one that waits for longest first.
    pub(super) fn due(&self, judged: Vec<Arc<Judgement>>, now: Nanos) -> Vec<Arc<Judgement>> {
        let Some(asking) = &self.asking else {
            return Vec::new();
        };
        let mut standing = asking.standing.lock();
        let plan = &mut standing.plan;
        let mut due = judged;
        due.retain(|judgement| {
            let service = &judgement.situation.service;
            if judgement.findings.is_empty() {
                plan.note_well(service);
                return false;
            }
            plan.is_due(service, &hash(&judgement.findings), now)
        });
        due.sort_by_key(|judgement| plan.last_asked(&judgement.situation.service));
        due
    }

    /// Asks about a judgement now, and keeps what is answered.
    ///
    /// # Errors
    /// Why there is no suggestion.
    pub async fn ask(&self, judgement: &Judgement) -> Result<Suggestion, NotAsked> {
        self.ask_at(judgement, tick::now).await
    }

    /// The same, with the clock that says when it is begun and ended.
    pub(super) async fn ask_at(
        &self,
        judgement: &Judgement,
        clock: impl Fn() -> Nanos,
    ) -> Result<Suggestion, NotAsked> {
        let asking = self.asking.as_ref().ok_or(NotAsked::Off)?;
        let config = &asking.endpoint.config;
        let question = Question::of(judgement, &config.model, config.shared);
        let question = question.ok_or(NotAsked::Nothing)?;
        let turn = tokio::time::timeout(TIME_OUT, asking.turn.acquire()).await;
        let Ok(Ok(_turn)) = turn else {
            return Err(NotAsked::Busy);
        };
        asking.begin(&question.service, clock())?;
        let answered = asking.endpoint.ask(question.body).await;
        let now = clock();
        asking.note(&question.service, &question.hash, &answered, now);
        let new = NewSuggestion {
            service: question.service,
            time: now,
            hash: question.hash,
            findings: question.findings,
            model: config.model.clone(),
            text: answered.map_err(NotAsked::Failed)?,
        };
        let meta = self.meta.clone();
        match tokio::task::spawn_blocking(move || meta.keep_suggestion(&new)).await {
            Ok(kept) => Ok(kept?),
            // As if it had happened here.
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // The runtime stops, and with it this.
            Err(_) => std::future::pending().await,
        }
    }
}

impl Asking {
    fn open(meta: &Meta, config: SuggestionsConfig, now: Nanos) -> Result<Self, MetaError> {
        let mut plan = Plan::new(config.max_per_hour);
        for asked in meta.asked_last(now, config.max_per_hour)? {
            plan.note_asked(&asked.service, asked.time);
            plan.note_told(&asked.service, &asked.hash);
        }
        let host = Address::parse(&config.url).map(|address| (address.is_tls, address.host));
        if let (Some(_), Ok((false, host))) = (&config.api_key, host)
            && !is_here(&host)
        {
            tracing::warn!(
                "the key of `suggestions` goes to {host} in the clear: use https:// in `suggestions.url`"
            );
        }
        Ok(Self {
            endpoint: Endpoint::new(config),
            standing: Mutex::new(Standing {
                plan,
                breaker: Breaker::default(),
                failures: 0,
                last_error: None,
                is_failing: false,
            }),
            turn: Semaphore::new(1),
        })
    }

    /// Notes that a question is asked, if it may be.
    fn begin(&self, service: &str, now: Nanos) -> Result<(), NotAsked> {
        let mut standing = self.standing.lock();
        let until = standing.plan.free_at(now);
        if until > now {
            return Err(NotAsked::UsedUp { until });
        }
        let may = standing.breaker.may(now);
        may.map_err(|until| NotAsked::Open { until })?;
        standing.plan.note_asked(service, now);
        Ok(())
    }

    /// Notes how a question ended.
    fn note(&self, service: &str, hash: &str, answered: &Result<String, String>, now: Nanos) {
        let mut standing = self.standing.lock();
        match answered {
            Ok(_) => {
                standing.breaker.succeeded();
                standing.plan.note_told(service, hash);
                if std::mem::take(&mut standing.is_failing) {
                    tracing::info!("suggestions are answered again");
                }
            }
            Err(reason) => {
                standing.breaker.failed(now);
                standing.failures += 1;
                standing.last_error = Some(reason.clone());
                if !std::mem::replace(&mut standing.is_failing, true) {
                    tracing::warn!("a suggestion is not answered, it is tried again: {reason}");
                }
            }
        }
    }
}
