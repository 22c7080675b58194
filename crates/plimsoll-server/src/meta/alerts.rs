//! Alerts as they are kept: those that fire, and what became of the others.

use rusqlite::{Connection, OptionalExtension, Row, params};

use plimsoll::alert::Severity;

use super::{Meta, MetaError};
use crate::store::table::Nanos;

/// How long what is over is remembered: 90 days.
pub const REMEMBERED: Nanos = 90 * 86_400 * 1_000_000_000;
/// Most alerts that are remembered; the oldest of those that are over go first.
pub const MOST: i64 = 100_000;

/// An alert.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Its number, never used again.
    pub id: i64,
    /// Whose.
    pub service: String,
    /// Of what, within the service: `class:write`.
    pub key: String,
    /// What kind of trouble: `slow_request`.
    pub kind: String,
    /// The worst so far.
    pub severity: Severity,
    /// In a sentence or two.
    pub message: String,
    /// The finding when it was last told, as JSON.
    pub finding: String,
    /// What was found.
    pub value: Option<f64>,
    /// Its line.
    pub line: f64,
    /// The unit of both.
    pub unit: String,
    /// When the breach began.
    pub since: Nanos,
    /// When it fired.
    pub fired: Nanos,
    /// How often something of it was told: part of what tells two tellings apart.
    pub transitions: i64,
    /// Whether it was told: one that is silent is told when the silence is over.
    pub told: bool,
    /// When it was over.
    pub resolved: Option<Nanos>,
    /// `itself`, or who said so.
    pub resolved_by: Option<String>,
    /// When somebody said that it is known.
    pub acknowledged: Option<Nanos>,
    /// Who.
    pub acknowledged_by: Option<String>,
}

/// Which alerts are asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Only those that are over, or only those that are not.
    pub resolved: Option<bool>,
    /// Of one service.
    pub service: Option<String>,
    /// At least so severe.
    pub severity: Option<Severity>,
    /// That fired or were over since then.
    pub since: Option<Nanos>,
    /// At most so many, the newest.
    pub limit: usize,
}

const COLUMNS: &str = "id, service, key, kind, severity, message, finding, value, line, unit, since, fired, transitions, told, \
    resolved, resolved_by, acknowledged, acknowledged_by";

impl Meta {
    /// The alerts asked for, the newest first, and how many there are in all.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn alerts(&self, asked: &Asked) -> Result<(Vec<Alert>, usize), MetaError> {
        let severities: Vec<&str> = Severity::ALL
            .iter()
            .filter(|severity| asked.severity.is_none_or(|least| **severity >= least))
            .map(|severity| severity.as_str())
            .collect();
        let wanted = format!("'{}'", severities.join("','"));
        let filter = format!(
            "WHERE (?1 IS NULL OR (resolved IS NOT NULL) = ?1) AND (?2 IS NULL OR service = ?2)
             AND (?3 IS NULL OR fired >= ?3 OR resolved >= ?3 OR resolved IS NULL) AND severity IN ({wanted})"
        );
        let limit = i64::try_from(asked.limit).unwrap_or(i64::MAX);
        self.read(|file| {
            let list = format!(
                "SELECT {COLUMNS} FROM alerts {filter} ORDER BY fired DESC, id DESC LIMIT ?4"
            );
            let mut list = file.prepare(&list)?;
            let which = params![asked.resolved, asked.service, asked.since, limit];
            let alerts = list
                .query_map(which, alert)?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            let total = format!("SELECT count(*) FROM alerts {filter}");
            let which = params![asked.resolved, asked.service, asked.since];
            let total: i64 = file.query_row(&total, which, |row| row.get(0))?;
            Ok((alerts, usize::try_from(total).unwrap_or_default()))
        })
    }

    /// The alert of this number.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn alert(&self, id: i64) -> Result<Option<Alert>, MetaError> {
        self.read(|file| by_id(file, id))
    }

    /// Notes that somebody knows of an alert; `None` when there is none of this number. What is noted already stays.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn acknowledge(&self, id: i64, by: &str, now: Nanos) -> Result<Option<Alert>, MetaError> {
        self.change(|file| {
            file.execute(
                "UPDATE alerts SET acknowledged = ?2, acknowledged_by = ?3 WHERE id = ?1 AND acknowledged IS NULL",
                params![id, now, by],
            )?;
            Ok(Ok(by_id(file, id)?))
        })
    }
}

/// Keeps a new one; its number. One of the same key that still fires, which there should not be, is over.
pub(crate) fn insert(file: &Connection, new: &Alert) -> rusqlite::Result<i64> {
    resolve(file, &new.service, &new.key, "itself", new.fired)?;
    file.execute(
        "INSERT INTO alerts (service, key, kind, severity, message, finding, value, line, unit, since, fired, told)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        params![
            new.service,
            new.key,
            new.kind,
            new.severity.as_str(),
            new.message,
            new.finding,
            new.value,
            new.line,
            new.unit,
            new.since,
            new.fired,
            new.told
        ],
    )?;
    Ok(file.last_insert_rowid())
}

/// Notes that the one that fires is more severe now.
pub(crate) fn worsen(file: &Connection, new: &Alert) -> rusqlite::Result<Option<Alert>> {
    file.execute(
        "UPDATE alerts SET severity = ?3, message = ?4, finding = ?5, value = ?6, transitions = transitions + 1
         WHERE service = ?1 AND key = ?2 AND resolved IS NULL",
        params![
            new.service,
            new.key,
            new.severity.as_str(),
            new.message,
            new.finding,
            new.value
        ],
    )?;
    firing(file, &new.service, &new.key)
}

/// Ends the one that fires, if one does; returns it as it is now.
pub(crate) fn resolve(
    file: &Connection,
    service: &str,
    key: &str,
    by: &str,
    now: Nanos,
) -> rusqlite::Result<Option<Alert>> {
    let Some(found) = firing(file, service, key)? else {
        return Ok(None);
    };
    file.execute(
        "UPDATE alerts SET resolved = ?2, resolved_by = ?3, transitions = transitions + 1 WHERE id = ?1",
        params![found.id, now, by],
    )?;
    by_id(file, found.id)
}

/// Forgets what is over for long, and what is too much.
pub(crate) fn forget_old(file: &Connection, now: Nanos) -> rusqlite::Result<()> {
    file.execute(
        "DELETE FROM alerts WHERE resolved < ?1",
        [now.saturating_sub(REMEMBERED)],
    )?;
    file.execute(
        "DELETE FROM alerts WHERE resolved IS NOT NULL AND id <= (SELECT max(id) FROM alerts) - ?1",
        [MOST],
    )?;
    Ok(())
}

/// All that fire.
pub(crate) fn all_firing(file: &Connection) -> rusqlite::Result<Vec<Alert>> {
    let all = format!("SELECT {COLUMNS} FROM alerts WHERE resolved IS NULL ORDER BY id");
    file.prepare(&all)?.query_map([], alert)?.collect()
}

/// Notes that one was told.
pub(crate) fn told(file: &Connection, id: i64) -> rusqlite::Result<()> {
    file.execute("UPDATE alerts SET told = 1 WHERE id = ?1", [id])?;
    Ok(())
}

/// When alerts of a key fired since then, the oldest first.
pub(crate) fn firings(
    file: &Connection,
    service: &str,
    key: &str,
    since: Nanos,
) -> rusqlite::Result<Vec<Nanos>> {
    let times =
        "SELECT fired FROM alerts WHERE service = ?1 AND key = ?2 AND fired >= ?3 ORDER BY fired";
    let mut times = file.prepare(times)?;
    times
        .query_map(params![service, key, since], |row| row.get(0))?
        .collect()
}

fn firing(file: &Connection, service: &str, key: &str) -> rusqlite::Result<Option<Alert>> {
    let one = format!(
        "SELECT {COLUMNS} FROM alerts WHERE service = ?1 AND key = ?2 AND resolved IS NULL"
    );
    file.query_row(&one, params![service, key], alert)
        .optional()
}

fn by_id(file: &Connection, id: i64) -> rusqlite::Result<Option<Alert>> {
    let one = format!("SELECT {COLUMNS} FROM alerts WHERE id = ?1");
    file.query_row(&one, [id], alert).optional()
}

fn alert(row: &Row<'_>) -> rusqlite::Result<Alert> {
    let severity: String = row.get("severity")?;
    Ok(Alert {
        id: row.get("id")?,
        service: row.get("service")?,
        key: row.get("key")?,
        kind: row.get("kind")?,
        // The table's own check leaves no other.
        severity: Severity::named(&severity).unwrap_or(Severity::Low),
        message: row.get("message")?,
        finding: row.get("finding")?,
        value: row.get("value")?,
        line: row.get("line")?,
        unit: row.get("unit")?,
        since: row.get("since")?,
        fired: row.get("fired")?,
        transitions: row.get("transitions")?,
        told: row.get("told")?,
        resolved: row.get("resolved")?,
        resolved_by: row.get("resolved_by")?,
        acknowledged: row.get("acknowledged")?,
        acknowledged_by: row.get("acknowledged_by")?,
    })
}
