//! Versions that began to run.

use rusqlite::{OptionalExtension, Row, params};

use super::{Meta, MetaError};
use crate::store::table::Nanos;

/// Most deploys of a service that are remembered.
pub const MOST: i64 = 1_000;

/// A version that began to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployed {
    /// Of which service.
    pub service: String,
    /// Which version.
    pub version: String,
    /// Which commit, where it is known.
    pub revision: Option<String>,
    /// When it began.
    pub at: Nanos,
    /// `api` when somebody said so, `seen` when its data came.
    pub source: String,
}

impl Meta {
    /// Notes a deploy. One of the same version and commit within an hour is the same, and gets what was not known of it
    /// before; returns whether it is new. A commit may be told by its first characters, or not at all.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn deployed(&self, new: &Deployed) -> Result<bool, MetaError> {
        const HOUR: Nanos = 3_600 * 1_000_000_000;
        self.change(|file| {
            let same = "SELECT id FROM deploys WHERE service = ?1 AND version = ?2 AND at BETWEEN ?3 AND ?4
                 AND (revision IS NULL OR ?5 IS NULL OR substr(revision, 1, length(?5)) = ?5
                      OR substr(?5, 1, length(revision)) = revision)
                 ORDER BY revision IS NULL, at DESC";
            let (from, to) = (new.at - HOUR, new.at + HOUR);
            let near = params![new.service, new.version, from, to, new.revision];
            let known: Option<i64> = file.query_row(same, near, |row| row.get(0)).optional()?;
            if let Some(known) = known {
                file.execute(
                    "UPDATE deploys SET revision = coalesce(revision, ?2) WHERE id = ?1",
                    params![known, new.revision],
                )?;
                return Ok(Ok(false));
            }
            file.execute(
                "INSERT INTO deploys (service, version, revision, at, source) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![new.service, new.version, new.revision, new.at, new.source],
            )?;
            file.execute(
                "DELETE FROM deploys WHERE service = ?1 AND id NOT IN
                 (SELECT id FROM deploys WHERE service = ?1 ORDER BY at DESC LIMIT ?2)",
                params![new.service, MOST],
            )?;
            Ok(Ok(true))
        })
    }

    /// Deploys since then, of one service or of all, the newest last.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn deploys(
        &self,
        service: Option<&str>,
        since: Nanos,
        limit: usize,
    ) -> Result<Vec<Deployed>, MetaError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read(|file| {
            let newest = "SELECT service, version, revision, at, source FROM deploys
                 WHERE (?1 IS NULL OR service = ?1) AND at >= ?2 ORDER BY at DESC LIMIT ?3";
            let mut newest = file.prepare(newest)?;
            let mut found: Vec<Deployed> = newest
                .query_map(params![service, since, limit], deployed)?
                .collect::<rusqlite::Result<_>>()?;
            found.reverse();
            Ok(found)
        })
    }
}

fn deployed(row: &Row<'_>) -> rusqlite::Result<Deployed> {
    Ok(Deployed {
        service: row.get("service")?,
        version: row.get("version")?,
        revision: row.get("revision")?,
        at: row.get("at")?,
        source: row.get("source")?,
    })
}
