//! The outbox: what is to be told, on disk before anybody is told.

mod put;

use std::sync::Arc;

use rusqlite::{Connection, Transaction};
use tokio::sync::watch;

use super::channel::Channel;
use super::message::{Content, Message};
use super::notice::Notice;
use super::outcome::Outcome;
use super::plan::{self, Fate, Step};
use crate::config::notify::NotifyChannel;
use crate::meta::outbox::{self, ChannelStatus, Listed, State};
use crate::meta::{Meta, MetaError};
use crate::outward::Shared;
use crate::store::table::Nanos;

/// What is to be told on which channels.
#[derive(Debug)]
pub struct Outbox {
    meta: Arc<Meta>,
    channels: Vec<Arc<Channel>>,
    origin: String,
    /// Counts what was put.
    woken: watch::Sender<u64>,
}

/// What a channel does next.
#[derive(Debug)]
pub enum Next {
    /// It sends.
    Send(Sending),
    /// It waits; without a time until there is more.
    Wait(Option<Nanos>),
}

/// A message on its way.
#[derive(Clone, Debug)]
pub struct Sending {
    /// What is sent.
    pub message: Message,
    id: i64,
    attempts: u32,
    made: Nanos,
}

impl Outbox {
    /// The outbox of `meta` for these channels. Blocking.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn open(meta: Arc<Meta>, channels: &[NotifyChannel]) -> Result<Self, MetaError> {
        let tls = Shared::default();
        let channel = |config: &NotifyChannel| Arc::new(Channel::new(config.clone(), tls.clone()));
        Ok(Self {
            origin: meta.origin()?,
            channels: channels.iter().map(channel).collect(),
            meta,
            woken: watch::Sender::new(0),
        })
    }

    /// The channels in the order of the configuration.
    pub fn channels(&self) -> &[Arc<Channel>] {
        &self.channels
    }

    /// A channel by its name.
    pub fn channel(&self, name: &str) -> Option<&Arc<Channel>> {
        let mut channels = self.channels.iter();
        channels.find(|channel| channel.config.name == name)
    }

    /// Keeps notices for the channels that want them, all or none. When it returns, they are on disk. One that is there
    /// already, by its key, is not told twice. Blocking.
    ///
    /// # Errors
    /// A failed file: nothing is kept.
    pub fn put(&self, notices: &[Notice], now: Nanos) -> Result<(), MetaError> {
        self.meta.change::<_, MetaError>(|change| {
            self.put_in(change, notices, now)?;
            Ok(Ok(()))
        })?;
        self.wake();
        Ok(())
    }

    /// The same as a part of a change to the same file. Call [`Outbox::wake`] when it has been committed.
    ///
    /// # Errors
    /// As SQLite.
    pub fn put_in(
        &self,
        change: &Transaction<'_>,
        notices: &[Notice],
        now: Nanos,
    ) -> rusqlite::Result<()> {
        put::put(change, &self.channels, notices, now)
    }

    /// Lets the channels look at once.
    pub fn wake(&self) {
        self.woken.send_modify(|puts| *puts = puts.wrapping_add(1));
    }

    /// Hears of each [`Outbox::wake`].
    pub(super) fn woken(&self) -> watch::Receiver<u64> {
        self.woken.subscribe()
    }

    /// What a channel does next, if it may send from `free_at` on. A message is on disk as such before it is sent: it stays the
    /// same whatever happens. Blocking.
    ///
    /// # Errors
    /// A failed file.
    pub fn step(&self, channel: &Channel, free_at: Nanos, now: Nanos) -> Result<Next, MetaError> {
        let (name, rules) = (&*channel.config.name, channel.rules());
        let look = |file: &Connection| {
            let waiting = outbox::waiting(file, name)?;
            Ok(plan::next(&waiting, rules, free_at, now))
        };
        loop {
            match self.meta.read(look)? {
                Step::Wait(until) => return Ok(Next::Wait(until)),
                Step::Send(message) => {
                    if let Some(sending) = self.sending(message, now)? {
                        return Ok(Next::Send(sending));
                    }
                }
                Step::Compose(_) | Step::Merge(_) => {
                    // More may have come meanwhile, or less be there: it is looked at anew.
                    self.meta.change::<_, MetaError>(|change| {
                        match look(change)? {
                            Step::Compose(ids) => gather(change, &ids)?,
                            Step::Merge(ids) => {
                                if let Some(id) = put::merge(change, name, &ids, now)? {
                                    gather(change, &[id])?;
                                } else {
                                    gather(change, &ids[..1])?;
                                }
                            }
                            Step::Send(_) | Step::Wait(_) => {}
                        }
                        Ok(Ok(()))
                    })?;
                }
            }
        }
    }

    /// Writes down what came of a try; `chance` as of [`plan::fate`]. Blocking.
    ///
    /// # Errors
    /// A failed file: what was delivered must not be sent again, so try to write it down again.
    pub fn settle(
        &self,
        channel: &Channel,
        sending: &Sending,
        outcome: &Outcome,
        chance: f64,
        now: Nanos,
    ) -> Result<Fate, MetaError> {
        let Sending {
            id, attempts, made, ..
        } = *sending;
        let name = &*channel.config.name;
        let fate = plan::fate(outcome, attempts + 1, made, chance, now);
        let told = outcome.told();
        let given_up = match (fate, outcome) {
            (Fate::Dead, Outcome::Failed { reason, .. }) => {
                Some(format!("given up after 24 hours: {reason}"))
            }
            _ => None,
        };
        self.meta.change::<_, MetaError>(|change| {
            match fate {
                Fate::Sent => outbox::done(change, id, State::Sent, told, now)?,
                Fate::Dead => {
                    let reason = given_up.as_deref().or(told);
                    outbox::done(change, id, State::Dead, reason, now)?;
                }
                Fate::Again(due) => outbox::again(change, id, due, told.unwrap_or_default())?,
            }
            note(change, name, outcome, now)?;
            Ok(Ok(()))
        })?;
        Ok(fate)
    }

    /// Sends a notice of no alert at once, past the outbox; `None` where there is no such channel.
    ///
    /// # Errors
    /// A failed file.
    pub async fn test(
        self: &Arc<Self>,
        name: &str,
        now: Nanos,
    ) -> Option<Result<Outcome, MetaError>> {
        let channel = self.channel(name)?.clone();
        let message = Message {
            key: format!("test:{now}"),
            origin: self.origin.clone(),
            content: Content::Notices(vec![channel.test_notice(now)]),
        };
        let outcome = channel.send(&message, now).await;
        let (outbox, noted) = (self.clone(), outcome.clone());
        let noting = tokio::task::spawn_blocking(move || {
            outbox.meta.change::<_, MetaError>(|change| {
                note(change, &channel.config.name, &noted, now)?;
                Ok(Ok(()))
            })
        });
        let noted = noting.await.unwrap_or(Ok(()));
        Some(noted.map(|()| outcome))
    }

    /// How a channel does. Blocking.
    ///
    /// # Errors
    /// A failed file.
    pub fn status(&self, channel: &Channel) -> Result<ChannelStatus, MetaError> {
        self.meta.channel_status(&channel.config.name)
    }

    /// The newest rows, and how many there are. Blocking.
    ///
    /// # Errors
    /// A failed file.
    pub fn list(
        &self,
        state: Option<State>,
        limit: usize,
    ) -> Result<(Vec<Listed>, u64), MetaError> {
        self.meta.outbox(state, limit)
    }

    /// Forgets what is old, and gives up what is for channels that are no more. Blocking.
    ///
    /// # Errors
    /// A failed file.
    pub fn tidy(&self, now: Nanos) -> Result<(), MetaError> {
        let names: Vec<&str> = self
            .channels
            .iter()
            .map(|channel| &*channel.config.name)
            .collect();
        let written_before = now.saturating_sub(plan::GIVEN_UP_AFTER);
        let given_up = self.meta.change::<_, MetaError>(|change| {
            outbox::forget(change, now)?;
            let given_up = outbox::give_up_others(change, &names, written_before, now)?;
            Ok(Ok(given_up))
        })?;
        if given_up > 0 {
            tracing::error!("gave up {given_up} notices for channels that are not configured");
        }
        Ok(())
    }

    /// A message by its first row; `None` when it cannot be read and is given up.
    fn sending(&self, id: i64, now: Nanos) -> Result<Option<Sending>, MetaError> {
        let tried = self.meta.read(|file| outbox::tried(file, id))?;
        let Some(content) = content(&tried.contents) else {
            tracing::error!(message.id = id, "cannot read message {id} of the outbox");
            let reason = "it cannot be read: another version wrote it";
            self.meta.change::<_, MetaError>(|change| {
                outbox::done(change, id, State::Dead, Some(reason), now)?;
                Ok(Ok(()))
            })?;
            return Ok(None);
        };
        let (first, more) = (&tried.contents[0].key, tried.contents.len() - 1);
        let key = match more {
            0 => first.clone(),
            more => format!("{first}+{more}"),
        };
        Ok(Some(Sending {
            message: Message {
                key,
                origin: self.origin.clone(),
                content,
            },
            id,
            attempts: tried.attempts,
            made: tried.made,
        }))
    }
}

/// Makes one message of rows.
fn gather(change: &Connection, ids: &[i64]) -> rusqlite::Result<()> {
    match ids.first() {
        Some(first) => outbox::compose(change, ids, *first),
        None => Ok(()),
    }
}

fn content(rows: &[outbox::Content]) -> Option<Content> {
    match rows {
        [] => None,
        [only] if only.is_summary => {
            let summary = serde_json::from_str(&only.text).ok()?;
            Some(Content::Summary(summary))
        }
        rows => {
            let notices = rows.iter().map(|row| serde_json::from_str(&row.text));
            Some(Content::Notices(notices.collect::<Result<_, _>>().ok()?))
        }
    }
}

/// Notes how a channel does.
fn note(change: &Connection, channel: &str, outcome: &Outcome, now: Nanos) -> rusqlite::Result<()> {
    if let Some(error) = outcome.told() {
        outbox::note_error(change, channel, error, now)?;
    }
    match outcome.is_delivered() {
        true => outbox::note_success(change, channel, now),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests;
