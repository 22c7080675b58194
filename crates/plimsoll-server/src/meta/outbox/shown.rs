//! What is shown of the outbox.

use rusqlite::{OptionalExtension, Row, params};

use super::State;
use crate::meta::{Meta, MetaError};
use crate::store::table::Nanos;

/// A row as it is listed.
#[derive(Clone, Debug)]
pub struct Listed {
    /// As [`super::Waiting::id`].
    pub id: i64,
    /// Which channel it is for.
    pub channel: String,
    /// The same for every try.
    pub key: String,
    /// Whose alert it is; of a summary, whose alerts.
    pub service: String,
    /// What happened.
    pub kind: String,
    /// What it is about.
    pub alert_type: String,
    /// How bad it is.
    pub severity: String,
    /// In a sentence.
    pub headline: String,
    /// What becomes of it.
    pub state: State,
    /// Tries so far.
    pub attempts: u32,
    /// When it was written.
    pub created: Nanos,
    /// When it is tried next, while it waits.
    pub due: Option<Nanos>,
    /// When it was told or given up.
    pub done: Option<Nanos>,
    /// Why the last try failed.
    pub error: Option<String>,
}

/// How a channel does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChannelStatus {
    /// Rows that wait.
    pub waiting: u64,
    /// Rows that were given up lately.
    pub dead: u64,
    /// When it took something last.
    pub last_success: Option<Nanos>,
    /// Why the last try that failed did.
    pub last_error: Option<String>,
    /// When that was.
    pub last_error_at: Option<Nanos>,
}

impl Meta {
    /// What tells this server's alerts from those of others: made once with the file.
    pub(crate) fn origin(&self) -> Result<String, MetaError> {
        self.read(|file| file.query_row("SELECT id FROM notify_origin", [], |row| row.get(0)))
    }

    /// The newest rows, and how many there are.
    pub(crate) fn outbox(
        &self,
        state: Option<State>,
        limit: usize,
    ) -> Result<(Vec<Listed>, u64), MetaError> {
        let state = state.map(State::as_str);
        self.read(|file| {
            let mut rows = file.prepare(
                "SELECT id, channel, key, service, kind, type, severity, headline, state, attempts, created, due, done, error
                    FROM outbox WHERE ?1 IS NULL OR state = ?1 ORDER BY id DESC LIMIT ?2",
            )?;
            let rows = rows.query_map(params![state, limit as i64], listed)?;
            let rows = rows.collect::<Result<_, _>>()?;
            let total = file.query_row(
                "SELECT count(*) FROM outbox WHERE ?1 IS NULL OR state = ?1",
                [state],
                |row| row.get::<_, i64>(0),
            )?;
            Ok((rows, total.unsigned_abs()))
        })
    }

    /// How a channel does.
    pub(crate) fn channel_status(&self, channel: &str) -> Result<ChannelStatus, MetaError> {
        self.read(|file| {
            let noted = file.query_row(
                "SELECT last_success, last_error, last_error_at FROM notify_channels WHERE name = ?1",
                [channel],
                |row| {
                    Ok(ChannelStatus {
                        last_success: row.get(0)?,
                        last_error: row.get(1)?,
                        last_error_at: row.get(2)?,
                        ..ChannelStatus::default()
                    })
                },
            );
            let count = |state: State| {
                file.query_row(
                    "SELECT count(*) FROM outbox WHERE state = ?1 AND channel = ?2",
                    params![state.as_str(), channel],
                    |row| row.get::<_, i64>(0).map(i64::unsigned_abs),
                )
            };
            Ok(ChannelStatus {
                waiting: count(State::Waiting)?,
                dead: count(State::Dead)?,
                ..noted.optional()?.unwrap_or_default()
            })
        })
    }
}

fn listed(row: &Row<'_>) -> rusqlite::Result<Listed> {
    let state: String = row.get(8)?;
    // The table's own check leaves no other.
    let state = match state.as_str() {
        "sent" => State::Sent,
        "dead" => State::Dead,
        _ => State::Waiting,
    };
    Ok(Listed {
        id: row.get(0)?,
        channel: row.get(1)?,
        key: row.get(2)?,
        service: row.get(3)?,
        kind: row.get(4)?,
        alert_type: row.get(5)?,
        severity: row.get(6)?,
        headline: row.get(7)?,
        state,
        attempts: row.get(9)?,
        created: row.get(10)?,
        due: row
            .get::<_, Option<Nanos>>(11)?
            .filter(|_| state == State::Waiting),
        done: row.get(12)?,
        error: row.get(13)?,
    })
}
