//! The tables of `meta.db`, and how a file gets from one format to the next.
//!
//! A format is the number of migrations that a file has seen (`user_version`). A migration that was released never
//! changes; a part that needs a table adds one at the end. `formats` has which version of the server first wrote each,
//! so that an older one can name the version that it would take.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension};
use rusqlite_migration::{M, Migrations};

use super::error::MetaError;
use crate::store::table::Nanos;

/// Oldest first.
pub(super) const ALL: &[M<'_>] = &[
    // 1: tokens, and what browsers have instead. Times are nanoseconds since the epoch.
    M::up(
        "CREATE TABLE formats (
            format INTEGER PRIMARY KEY,
            plimsoll TEXT NOT NULL,
            since INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE tokens (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL,
            scope TEXT NOT NULL CHECK (scope IN ('read', 'write', 'admin')),
            hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
            is_login INTEGER NOT NULL CHECK (is_login IN (0, 1)),
            created INTEGER NOT NULL,
            expires INTEGER,
            revoked INTEGER
        ) STRICT;
        CREATE UNIQUE INDEX names_in_use ON tokens (name) WHERE revoked IS NULL;
        CREATE TABLE login_codes (
            hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
            token INTEGER NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
            expires INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE sessions (
            hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
            token INTEGER NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
            created INTEGER NOT NULL,
            expires INTEGER NOT NULL
        ) STRICT;",
    ),
    // 2: alerts and what users say about them; thresholds that were set; versions that began to run.
    M::up(
        "CREATE TABLE alerts (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            service TEXT NOT NULL,
            key TEXT NOT NULL,
            kind TEXT NOT NULL,
            severity TEXT NOT NULL CHECK (severity IN ('low', 'medium', 'high', 'critical')),
            message TEXT NOT NULL,
            finding TEXT NOT NULL,
            value REAL,
            line REAL NOT NULL,
            unit TEXT NOT NULL,
            since INTEGER NOT NULL,
            fired INTEGER NOT NULL,
            transitions INTEGER NOT NULL DEFAULT 1,
            told INTEGER NOT NULL DEFAULT 0 CHECK (told IN (0, 1)),
            resolved INTEGER,
            resolved_by TEXT,
            acknowledged INTEGER,
            acknowledged_by TEXT
        ) STRICT;
        CREATE UNIQUE INDEX alerts_firing ON alerts (service, key) WHERE resolved IS NULL;
        CREATE INDEX alerts_by_time ON alerts (fired);
        CREATE TABLE silences (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            service TEXT,
            key TEXT,
            severity TEXT CHECK (severity IN ('low', 'medium', 'high', 'critical')),
            starts INTEGER NOT NULL,
            ends INTEGER NOT NULL,
            weekly INTEGER NOT NULL CHECK (weekly IN (0, 1)),
            reason TEXT NOT NULL,
            created INTEGER NOT NULL,
            created_by TEXT
        ) STRICT;
        CREATE TABLE thresholds (
            name TEXT PRIMARY KEY,
            value REAL NOT NULL,
            set_at INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE deploys (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            service TEXT NOT NULL,
            version TEXT NOT NULL,
            revision TEXT,
            at INTEGER NOT NULL,
            source TEXT NOT NULL CHECK (source IN ('api', 'seen'))
        ) STRICT;
        CREATE INDEX deploys_of_service ON deploys (service, at);",
    ),
    // 3: what is to be told, and where telling stands. `message` is the id of the first row of those that are told at once.
    M::up(
        "CREATE TABLE outbox (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            channel TEXT NOT NULL,
            key TEXT NOT NULL,
            alert TEXT,
            service TEXT NOT NULL,
            kind TEXT NOT NULL,
            type TEXT NOT NULL,
            severity TEXT NOT NULL,
            headline TEXT NOT NULL,
            content TEXT NOT NULL,
            state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'dead')),
            attempts INTEGER NOT NULL DEFAULT 0,
            created INTEGER NOT NULL,
            due INTEGER NOT NULL,
            done INTEGER,
            message INTEGER,
            error TEXT,
            UNIQUE (channel, key)
        ) STRICT;
        CREATE INDEX outbox_states ON outbox (state, channel, id);
        CREATE INDEX outbox_messages ON outbox (message) WHERE message IS NOT NULL;
        CREATE TABLE notify_channels (
            name TEXT PRIMARY KEY,
            last_success INTEGER,
            last_error TEXT,
            last_error_at INTEGER
        ) STRICT;
        CREATE TABLE notify_origin (id TEXT NOT NULL) STRICT;
        INSERT INTO notify_origin VALUES (lower(hex(randomblob(6))));",
    ),
    // 4: suggestions that were given; `hash` tells the findings that one is about from others, `findings` has their ids as JSON.
    M::up(
        "CREATE TABLE suggestions (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            service TEXT NOT NULL,
            at INTEGER NOT NULL,
            hash TEXT NOT NULL,
            findings TEXT NOT NULL,
            model TEXT NOT NULL,
            text TEXT NOT NULL
        ) STRICT;
        CREATE INDEX suggestions_of_service ON suggestions (service, id);
        CREATE INDEX suggestions_by_time ON suggestions (at);",
    ),
];

/// Does the migrations that a file lacks.
pub(super) fn bring_up_to_date(
    connection: &mut Connection,
    path: &Path,
    now: Nanos,
) -> Result<(), MetaError> {
    up_to(connection, path, now, ALL)
}

pub(super) fn up_to(
    connection: &mut Connection,
    path: &Path,
    now: Nanos,
    migrations: &[M<'_>],
) -> Result<(), MetaError> {
    let found = format_of(connection, path)?;
    refuse_above(connection, path, migrations.len())?;
    if found < migrations.len() {
        if found > 0 {
            keep_copy(connection, path, found)?;
        }
        let done = Migrations::from_slice(migrations).to_latest(connection);
        done.map_err(|error| MetaError::Sql {
            doing: "bring up to date",
            path: path.into(),
            source: cause(error),
        })?;
    }
    // Those that are noted already stay as they are.
    for format in 1..=migrations.len() {
        connection
            .execute(
                "INSERT OR IGNORE INTO formats (format, plimsoll, since) VALUES (?1, ?2, ?3)",
                (format as i64, env!("CARGO_PKG_VERSION"), now),
            )
            .map_err(|source| MetaError::sql("write", path, source))?;
    }
    Ok(())
}

/// Whether no server has brought it to any format yet.
pub(super) fn is_empty(connection: &Connection, path: &Path) -> Result<bool, MetaError> {
    Ok(format_of(connection, path)? == 0)
}

/// Refuses a file of a newer format than this server's.
pub(super) fn refuse_newer(connection: &Connection, path: &Path) -> Result<(), MetaError> {
    refuse_above(connection, path, ALL.len())
}

fn refuse_above(connection: &Connection, path: &Path, reads: usize) -> Result<(), MetaError> {
    let found = format_of(connection, path)?;
    if found <= reads {
        return Ok(());
    }
    // What a newer server did to the table is not known, so not finding the version is no other error.
    let needs = connection
        .query_row(
            "SELECT plimsoll FROM formats WHERE format = ?1",
            [found as i64],
            |row| row.get::<_, String>(0),
        )
        .optional();
    let needs = needs.ok().flatten();
    Err(MetaError::Newer {
        path: path.into(),
        found,
        reads,
        needs: needs.unwrap_or_else(|| "of the version that wrote it".to_owned()),
    })
}

/// The name has the format that the copy is of: `meta.db.format-1`. One of an interrupted try gives way.
fn keep_copy(connection: &Connection, path: &Path, format: usize) -> Result<(), MetaError> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".format-{format}"));
    let kept = Path::new(&name);
    match std::fs::remove_file(kept) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(MetaError::io("remove", kept, error))
        }
        _ => super::copy(connection, kept),
    }
}

fn format_of(connection: &Connection, path: &Path) -> Result<usize, MetaError> {
    let format = connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0));
    let format = format.map_err(|source| MetaError::sql("read", path, source))?;
    Ok(usize::try_from(format).unwrap_or(usize::MAX))
}

fn cause(error: rusqlite_migration::Error) -> rusqlite::Error {
    match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => err,
        other => rusqlite::Error::ToSqlConversionFailure(Box::new(other)),
    }
}
