//! Pushes windows as OTLP over HTTP (protobuf).
//!
//! Histograms are exponential ones, everything that counts has delta temporality. `docs/data-model.md` lists the names.
//! Only `http://` is spoken: TLS is the business of a collector or of a proxy nearby.
//!
//! A window leaves as soon as it is closed, in requests of at most [`Exporter::MAX_POINTS`] points; those that wait
//! because the other side was away leave together. A request is tried three times, then dropped, and the drop counted.
//! The service never waits for any of this.

mod client;
mod mapping;
mod points;
mod queue;
mod resource;
mod retry;
mod split;

pub use mapping::request;
pub use resource::Resource;
pub use retry::Retry;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::watch;

use crate::config::ExportConfig;
use crate::window::Window;
use client::{Client, Failure};
use queue::{Batch, Queue};

/// Takes windows and sends them. Cheap to clone; clones share the queue.
#[derive(Clone, Debug)]
pub struct Exporter(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    client: Client,
    resource: Resource,
    retry: Retry,
    /// Windows are merged to this length first.
    interval: Option<Duration>,
    state: Mutex<State>,
    /// Told whenever something is queued, and that nothing will be any more.
    wake: watch::Sender<Wake>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Wake {
    queued: u64,
    closed: bool,
}

#[derive(Debug, Default)]
struct State {
    queue: Queue,
    merging: Option<Window>,
    status: ExportStatus,
}

/// What became of the points so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExportStatus {
    /// Taken by the other side.
    pub sent_points: u64,
    /// Refused by the other side, which took the rest of their request.
    pub rejected_points: u64,
    /// Given up: after three tries, or because too much was waiting.
    pub dropped_points: u64,
    /// Windows of which something was given up.
    pub dropped_windows: u64,
    /// Waiting.
    pub queued_points: u64,
    /// Tries that failed.
    pub failed_tries: u64,
    /// Why the latest of them failed; `None` once one succeeded.
    pub last_error: Option<String>,
}

impl Exporter {
    /// Most points of one request.
    pub const MAX_POINTS: usize = 1_000;

    /// Most bytes that wait; beyond them the oldest are dropped.
    pub const MAX_QUEUED_BYTES: usize = 8 << 20;

    /// How long [`Exporter::run`] still sends after [`Exporter::close`].
    pub const FLUSH_TIME: Duration = Duration::from_secs(3);

    /// Sends nothing until [`Exporter::run`] is polled. With an `interval`, windows are merged to that length.
    pub fn new(config: &ExportConfig, resource: Resource, interval: Option<Duration>) -> Self {
        Self::with_retry(config, resource, interval, Retry::default())
    }

    /// The same with other tries.
    pub fn with_retry(
        config: &ExportConfig,
        resource: Resource,
        interval: Option<Duration>,
        retry: Retry,
    ) -> Self {
        Self(Arc::new(Shared {
            client: Client::new(config),
            resource,
            retry,
            interval,
            state: Mutex::default(),
            wake: watch::Sender::default(),
        }))
    }

    /// Queues a window. Never waits for the other side.
    pub fn offer(&self, window: &Window) {
        let mut state = self.0.state.lock();
        let Some(interval) = self.0.interval else {
            drop(state);
            return self.enqueue(window);
        };
        let merged = match state.merging.take() {
            Some(mut merging) => {
                merging.merge(window);
                merging
            }
            None => window.clone(),
        };
        // Half a second of slack: windows are closed by a timer.
        if merged.seconds() + 0.5 >= interval.as_secs_f64() {
            drop(state);
            self.enqueue(&merged);
        } else {
            state.merging = Some(merged);
        }
    }

    /// Sends what is offered, until [`Exporter::close`]; then what is left, for at most [`Exporter::FLUSH_TIME`].
    pub async fn run(&self) {
        let mut wake = self.0.wake.subscribe();
        tokio::select! {
            () = self.send_all() => {}
            () = async {
                // The sender lives as long as `self`.
                let _ = wake.wait_for(|wake| wake.closed).await;
                tokio::time::sleep(Self::FLUSH_TIME).await;
            } => {
                let mut state = self.0.state.lock();
                let left = state.queue.take(usize::MAX);
                state.status.drop(&left);
            }
        }
    }

    /// Nothing more will be offered: [`Exporter::run`] ends when the rest is sent. What was being merged is queued.
    pub fn close(&self) {
        let merging = self.0.state.lock().merging.take();
        if let Some(window) = merging {
            self.enqueue(&window);
        }
        self.0.wake.send_modify(|wake| wake.closed = true);
    }

    /// What became of the points so far.
    pub fn status(&self) -> ExportStatus {
        let state = self.0.state.lock();
        ExportStatus {
            queued_points: state.queue.points() as u64,
            ..state.status.clone()
        }
    }

    /// Where to.
    pub fn url(&self) -> &str {
        self.0.client.url()
    }

    fn enqueue(&self, window: &Window) {
        let chunks = split::encoded(mapping::metrics(window), &self.0.resource, Self::MAX_POINTS);
        if chunks.is_empty() {
            return;
        }
        let mut state = self.0.state.lock();
        let state = &mut *state;
        let pushed_out = state.queue.push_window(chunks, Self::MAX_QUEUED_BYTES);
        state.status.drop(&pushed_out);
        self.0.wake.send_modify(|wake| wake.queued += 1);
    }

    async fn send_all(&self) {
        let mut wake = self.0.wake.subscribe();
        loop {
            let closed = wake.borrow_and_update().closed;
            let batch = self.0.state.lock().queue.take(Self::MAX_POINTS);
            if batch.points > 0 {
                self.send(batch, &mut wake).await;
            } else if closed || wake.changed().await.is_err() {
                return;
            }
        }
    }

    /// Tries until it is taken or given up. While this waits the queue may grow, so a batch in hand is lost only when
    /// its tries are used up or when it is dropped with the run.
    async fn send(&self, batch: Batch, wake: &mut watch::Receiver<Wake>) {
        let mut held = Held {
            exporter: self,
            batch,
        };
        let mut tries = 0;
        loop {
            tries += 1;
            let failure = match self.0.client.post(&held.batch.body).await {
                Ok(rejected) => {
                    held.accepted(rejected);
                    return;
                }
                Err(failure) => failure,
            };
            let pause = self.0.retry.pause(tries, &failure);
            self.failed(&failure, pause.is_none());
            let Some(pause) = pause else { return };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                // Before the end there is no time for patience: try again at once.
                _ = wake.wait_for(|wake| wake.closed) => {
                    if tries > 1 {
                        return;
                    }
                }
            }
        }
    }

    fn failed(&self, failure: &Failure, given_up: bool) {
        let mut state = self.0.state.lock();
        state.status.failed_tries += 1;
        let first = state.status.last_error.is_none();
        state.status.last_error = Some(failure.to_string());
        drop(state);
        if first || given_up {
            tracing::warn!(
                url = self.url(),
                given_up,
                "cannot export windows: {failure}"
            );
        }
    }
}

/// A batch on its way: counted as dropped unless it is accepted.
struct Held<'a> {
    exporter: &'a Exporter,
    batch: Batch,
}

impl Held<'_> {
    fn accepted(&mut self, rejected: u64) {
        let batch = std::mem::take(&mut self.batch);
        let mut state = self.exporter.0.state.lock();
        let rejected = rejected.min(batch.points as u64);
        state.status.sent_points += batch.points as u64 - rejected;
        state.status.rejected_points += rejected;
        if state.status.last_error.take().is_some() {
            tracing::info!(url = self.exporter.url(), "windows are exported again");
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.exporter.0.state.lock().status.drop(&self.batch);
    }
}

impl ExportStatus {
    fn drop(&mut self, batch: &Batch) {
        self.dropped_points += batch.points as u64;
        self.dropped_windows += batch.windows;
    }
}

#[cfg(test)]
mod tests;
