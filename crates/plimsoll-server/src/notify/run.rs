//! Tells: each channel in a loop of its own, so that one that hangs keeps no other waiting.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use ring::rand::{SecureRandom, SystemRandom};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::channel::Channel;
use super::outbox::{Next, Outbox, Sending};
use super::outcome::Outcome;
use super::plan::{Fate, Pace};
use crate::meta::MetaError;
use crate::store::table::Nanos;
use crate::tasks::Stop;
use crate::tick;

/// How often it is looked whether something is due, even if nobody says so: a clock may have been set.
const LOOK: Duration = Duration::from_secs(10);
/// How long a file that fails is left alone.
const FILE_PATIENCE: Duration = Duration::from_secs(5);
/// How long a message on its way may take when the server stops. One that takes longer is sent again, with the same key, after
/// the next start.
pub const GRACE: Duration = Duration::from_millis(1_000);
/// How often what is old is forgotten.
const TIDY: Duration = Duration::from_secs(600);

/// Tells what the outbox has, until told to stop.
///
/// # Errors
/// When one of the channels' loops ended on its own.
pub async fn run(outbox: Arc<Outbox>, mut stop: Stop) -> anyhow::Result<()> {
    let mut loops = JoinSet::new();
    for channel in outbox.channels() {
        loops.spawn(tell_for_ever(outbox.clone(), channel.clone(), stop.clone()));
    }
    let mut tidy = tokio::time::interval(TIDY);
    tidy.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.wait() => break,
            Some(ended) = loops.join_next() => {
                ended.context("the loop of a channel failed")?;
                if stop.is_set() {
                    break;
                }
                anyhow::bail!("the loop of a channel ended");
            }
            _ = tidy.tick() => {
                let now = tick::now();
                let outbox = outbox.clone();
                blocking(move || outbox.tidy(now)).await.context("cannot tidy the outbox")?;
            }
        }
    }
    let ended = async { while loops.join_next().await.is_some() {} };
    // Dropping the set ends those that are still on their way.
    let _ = tokio::time::timeout(GRACE, ended).await;
    Ok(())
}

async fn tell_for_ever(outbox: Arc<Outbox>, channel: Arc<Channel>, mut stop: Stop) {
    let mut woken = outbox.woken();
    let mut pace = Pace::new(channel.config.rate_per_minute);
    let mut trouble = Trouble::default();
    while !stop.is_set() {
        // What is put from here on wakes.
        woken.borrow_and_update();
        let now = tick::now();
        let (free_at, asking) = (pace.free_at(now), (outbox.clone(), channel.clone()));
        let next = blocking(move || asking.0.step(&asking.1, free_at, now)).await;
        let wait = match next {
            Ok(Next::Send(sending)) => {
                pace.note(now);
                let outcome = channel.send(&sending.message, now).await;
                pace.hold(&outcome, tick::now());
                settle(&outbox, &channel, sending, outcome, &mut trouble).await;
                continue;
            }
            Ok(Next::Wait(until)) => until.map_or(LOOK, |until| between(now, until).min(LOOK)),
            Err(error) => {
                trouble.of_file(&channel, &error);
                FILE_PATIENCE
            }
        };
        tokio::select! {
            () = stop.wait() => {}
            _ = woken.changed() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Writes down what came of a try. It is written before the next one, however long that takes: what was told is not told again.
async fn settle(
    outbox: &Arc<Outbox>,
    channel: &Arc<Channel>,
    sending: Sending,
    outcome: Outcome,
    trouble: &mut Trouble,
) {
    let chance = chance();
    loop {
        let now = tick::now();
        let (asking, of, what) = (
            outbox.clone(),
            channel.clone(),
            (sending.clone(), outcome.clone()),
        );
        match blocking(move || asking.settle(&of, &what.0, &what.1, chance, now)).await {
            Ok(fate) => return trouble.of_channel(channel, &sending, &outcome, fate),
            Err(error) => trouble.of_file(channel, &error),
        }
        tokio::time::sleep(FILE_PATIENCE).await;
    }
}

/// What was logged: once when something begins, and once when it is over.
#[derive(Debug, Default)]
struct Trouble {
    is_failing: bool,
    is_file_failing: bool,
}

impl Trouble {
    fn of_channel(&mut self, channel: &Channel, sending: &Sending, outcome: &Outcome, fate: Fate) {
        self.is_file_failing = false;
        let name = &*channel.config.name;
        let key = &*sending.message.key;
        let told = outcome.told().unwrap_or_default();
        match fate {
            Fate::Sent => {
                if self.is_failing {
                    tracing::info!(channel = name, "channel {name} takes notices again");
                }
                if !told.is_empty() {
                    tracing::warn!(channel = name, "channel {name} took a part only: {told}");
                }
                self.is_failing = false;
            }
            Fate::Again(_) => {
                if !self.is_failing {
                    let reason = "it is tried again";
                    tracing::warn!(
                        channel = name,
                        "channel {name} takes nothing, {reason}: {told}"
                    );
                }
                self.is_failing = true;
            }
            Fate::Dead => {
                tracing::error!(
                    channel = name,
                    message.key = key,
                    "channel {name} did not take {key}, and it is given up: {told}"
                );
            }
        }
    }

    fn of_file(&mut self, channel: &Channel, error: &MetaError) {
        if !self.is_file_failing {
            let name = &*channel.config.name;
            tracing::error!(
                channel = name,
                "the outbox of channel {name} fails: {error:#}"
            );
        }
        self.is_file_failing = true;
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, MetaError> + Send + 'static,
) -> Result<T, MetaError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        // As if it had happened here: the loop ends and its supervisor tells why.
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // The runtime stops, and with it this.
        Err(_) => std::future::pending().await,
    }
}

fn between(now: Nanos, until: Nanos) -> Duration {
    Duration::from_nanos(u64::try_from(until.saturating_sub(now)).unwrap_or(0))
}

/// A number from 0 to 1.
fn chance() -> f64 {
    let mut bytes = [0; 4];
    SystemRandom::new()
        .fill(&mut bytes)
        .expect("the system has random numbers");
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}
