//! The outbox: a row for each notice and channel, from the moment that there is something to tell until it has been told.
//!
//! Statements only; what they are for is decided in [`crate::notify`]. They take a connection, so that several of them, and
//! those of other parts, make one change.

mod shown;

use rusqlite::{Connection, Row, Statement, params};

pub use shown::{ChannelStatus, Listed};

use crate::store::table::Nanos;

/// How long rows that are told or given up are kept: 7 days.
pub const REMEMBERED: Nanos = 7 * 86_400 * 1_000_000_000;
/// Most rows of each of these states.
pub const MAX_REMEMBERED: i64 = 10_000;

/// What becomes of a row.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[schema(as = OutboxState)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is to be told.
    Waiting,
    /// It was taken.
    Sent,
    /// It will not be told: it was refused, or tried for too long.
    Dead,
}

impl State {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Dead => "dead",
        }
    }
}

/// A row to be.
#[derive(Clone, Debug)]
pub(crate) struct NewRow<'a> {
    pub(crate) channel: &'a str,
    pub(crate) key: &'a str,
    /// None of a summary.
    pub(crate) alert: Option<&'a str>,
    pub(crate) service: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) alert_type: &'a str,
    pub(crate) severity: &'a str,
    /// The sentence for people.
    pub(crate) headline: &'a str,
    /// All of it, as JSON.
    pub(crate) content: &'a str,
    pub(crate) created: Nanos,
    pub(crate) due: Nanos,
}

/// What a row is called whose kind is none of a notice's.
pub(crate) const SUMMARY: &str = "summary";

/// A row that waits, as far as its turn depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its number, never used again.
    pub id: i64,
    /// Its alert; none of a summary.
    pub alert: Option<String>,
    /// Whose alert it is.
    pub service: String,
    /// When it may be tried.
    pub due: Nanos,
    /// The message that it is in, by the number of that message's first row.
    pub message: Option<i64>,
    /// Whether it stands for several.
    pub is_summary: bool,
    /// Whether it tells that an alert is over.
    pub is_over: bool,
}

/// What a row tells.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    pub(crate) key: String,
    pub(crate) is_summary: bool,
    /// As JSON.
    pub(crate) text: String,
}

/// A message that is tried.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tried {
    /// Tries so far.
    pub(crate) attempts: u32,
    /// When its first row was written.
    pub(crate) made: Nanos,
    pub(crate) contents: Vec<Content>,
}

/// Writes rows.
pub(crate) struct Insert<'a>(Statement<'a>);

impl<'a> Insert<'a> {
    pub(crate) fn into(file: &'a Connection) -> rusqlite::Result<Self> {
        let insert = file.prepare(
            "INSERT OR IGNORE INTO outbox
                (channel, key, alert, service, kind, type, severity, headline, content, created, due)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        );
        Ok(Self(insert?))
    }

    /// Where one with the same key is there already for the same channel, nothing happens.
    pub(crate) fn row(&mut self, new: &NewRow<'_>) -> rusqlite::Result<bool> {
        let inserted = self.0.execute(params![
            new.channel,
            new.key,
            new.alert,
            new.service,
            new.kind,
            new.alert_type,
            new.severity,
            new.headline,
            new.content,
            new.created,
            new.due,
        ])?;
        Ok(inserted > 0)
    }
}

/// The rows of a channel that wait, in the order in which they were written.
pub(crate) fn waiting(file: &Connection, channel: &str) -> rusqlite::Result<Vec<Waiting>> {
    let mut rows = file.prepare(
        "SELECT id, alert, service, due, message, kind FROM outbox
            WHERE state = 'waiting' AND channel = ?1 ORDER BY id",
    )?;
    let rows = rows.query_map([channel], |row| {
        let kind: String = row.get(5)?;
        Ok(Waiting {
            id: row.get(0)?,
            alert: row.get(1)?,
            service: row.get(2)?,
            due: row.get(3)?,
            message: row.get(4)?,
            is_summary: kind == SUMMARY,
            is_over: kind == "resolved",
        })
    })?;
    rows.collect()
}

/// What rows tell, in their order.
pub(crate) fn contents(file: &Connection, ids: &[i64]) -> rusqlite::Result<Vec<Content>> {
    let mut one = file.prepare("SELECT key, kind, content FROM outbox WHERE id = ?1")?;
    ids.iter()
        .map(|id| one.query_row([id], |row| content(row, 0)))
        .collect()
}

/// Puts rows into a message that is known by its first row.
pub(crate) fn compose(file: &Connection, ids: &[i64], message: i64) -> rusqlite::Result<()> {
    let mut one = file.prepare("UPDATE outbox SET message = ?1 WHERE id = ?2")?;
    ids.iter()
        .try_for_each(|id| one.execute([message, *id]).map(drop))
}

/// Takes rows out, in whose place another stands.
pub(crate) fn remove(file: &Connection, ids: &[i64]) -> rusqlite::Result<()> {
    let mut one = file.prepare("DELETE FROM outbox WHERE id = ?1")?;
    ids.iter().try_for_each(|id| one.execute([id]).map(drop))
}

/// A message.
pub(crate) fn tried(file: &Connection, message: i64) -> rusqlite::Result<Tried> {
    let mut rows = file.prepare(
        "SELECT key, kind, content, attempts, created FROM outbox
            WHERE message = ?1 AND state = 'waiting' ORDER BY id",
    )?;
    let mut tried = Tried::default();
    let mut rows = rows.query([message])?;
    while let Some(row) = rows.next()? {
        if tried.contents.is_empty() {
            tried.attempts = row.get(3)?;
            tried.made = row.get(4)?;
        }
        tried.contents.push(content(row, 0)?);
    }
    Ok(tried)
}

/// A message was told, or is given up.
pub(crate) fn done(
    file: &Connection,
    message: i64,
    state: State,
    error: Option<&str>,
    now: Nanos,
) -> rusqlite::Result<()> {
    file.execute(
        "UPDATE outbox SET state = ?1, attempts = attempts + 1, done = ?2, error = ?3
            WHERE message = ?4 AND state = 'waiting'",
        params![state.as_str(), now, error, message],
    )?;
    Ok(())
}

/// A message is to be tried again.
pub(crate) fn again(
    file: &Connection,
    message: i64,
    due: Nanos,
    error: &str,
) -> rusqlite::Result<()> {
    file.execute(
        "UPDATE outbox SET due = ?1, attempts = attempts + 1, error = ?2
            WHERE message = ?3 AND state = 'waiting'",
        params![due, error, message],
    )?;
    Ok(())
}

/// Notes that a channel took something. After a failure, what waits to be tried again need not wait any longer.
pub(crate) fn note_success(file: &Connection, channel: &str, now: Nanos) -> rusqlite::Result<()> {
    file.execute(
        "UPDATE outbox SET due = ?1 WHERE state = 'waiting' AND channel = ?2 AND message IS NOT NULL AND due > ?1
            AND EXISTS (SELECT 1 FROM notify_channels WHERE name = ?2 AND last_error_at > coalesce(last_success, 0))",
        params![now, channel],
    )?;
    file.execute(
        "INSERT INTO notify_channels (name, last_success) VALUES (?1, ?2)
            ON CONFLICT (name) DO UPDATE SET last_success = ?2",
        params![channel, now],
    )?;
    Ok(())
}

/// Notes that a channel took nothing, or only a part.
pub(crate) fn note_error(
    file: &Connection,
    channel: &str,
    error: &str,
    now: Nanos,
) -> rusqlite::Result<()> {
    file.execute(
        "INSERT INTO notify_channels (name, last_error, last_error_at) VALUES (?1, ?2, ?3)
            ON CONFLICT (name) DO UPDATE SET last_error = ?2, last_error_at = ?3",
        params![channel, error, now],
    )?;
    Ok(())
}

/// Gives up rows that were written before `written_before` for channels that are not configured.
pub(crate) fn give_up_others(
    file: &Connection,
    channels: &[&str],
    written_before: Nanos,
    now: Nanos,
) -> rusqlite::Result<usize> {
    let names = serde_json::to_string(channels).expect("text is JSON");
    file.execute(
        "UPDATE outbox SET state = 'dead', done = ?1, error = 'no channel of this name is configured'
            WHERE state = 'waiting' AND created < ?2 AND channel NOT IN (SELECT value FROM json_each(?3))",
        params![now, written_before, names],
    )
}

/// Forgets what was told or given up long ago, and the oldest of too many.
pub(crate) fn forget(file: &Connection, now: Nanos) -> rusqlite::Result<()> {
    for state in [State::Sent, State::Dead] {
        file.execute(
            "DELETE FROM outbox WHERE state = ?1 AND (done < ?2
                OR id <= (SELECT id FROM outbox WHERE state = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?3))",
            params![state.as_str(), now.saturating_sub(REMEMBERED), MAX_REMEMBERED],
        )?;
    }
    Ok(())
}

fn content(row: &Row<'_>, first: usize) -> rusqlite::Result<Content> {
    let kind: String = row.get(first + 1)?;
    Ok(Content {
        key: row.get(first)?,
        is_summary: kind == SUMMARY,
        text: row.get(first + 2)?,
    })
}
