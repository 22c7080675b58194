//! Times in which alerts of something are not told.

use plimsoll::alert::Severity;
use rusqlite::{Row, params};

use super::{Meta, MetaError};
use crate::store::table::Nanos;

const WEEK: Nanos = 7 * 86_400 * 1_000_000_000;
/// Most silences at once.
pub const MOST: usize = 1_000;

/// A silence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// Its number, never used again.
    pub id: i64,
    /// Of which service; none: of all.
    pub service: Option<String>,
    /// Of what within it; none: of all.
    pub key: Option<String>,
    /// Of what severity; none: of all.
    pub severity: Option<Severity>,
    /// From when on.
    pub starts: Nanos,
    /// Until when.
    pub ends: Nanos,
    /// Whether it comes again each week at the same time: a maintenance window.
    pub weekly: bool,
    /// Why.
    pub reason: String,
    /// When it was made.
    pub created: Nanos,
    /// By whom.
    pub created_by: Option<String>,
}

impl Silence {
    /// Until when alerts of a key are silent, if they are at `now`.
    pub fn covers(
        &self,
        service: &str,
        key: &str,
        severity: Severity,
        now: Nanos,
    ) -> Option<Nanos> {
        let is_meant = self.service.as_deref().is_none_or(|own| own == service)
            && self.key.as_deref().is_none_or(|own| own == key)
            && self.severity.is_none_or(|own| own == severity);
        let into = now.saturating_sub(self.starts);
        if !is_meant || into < 0 {
            return None;
        }
        let length = self.ends.saturating_sub(self.starts);
        let into = if self.weekly { into % WEEK } else { into };
        (into < length).then(|| now.saturating_add(length - into))
    }
}

impl Meta {
    /// Keeps a new one; its number, or `None` when there are [`MOST`] already.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn silence(&self, new: &Silence) -> Result<Option<i64>, MetaError> {
        self.change(|file| {
            file.execute("DELETE FROM silences WHERE weekly = 0 AND ends < ?1", [new.created])?;
            let there: i64 = file.query_row("SELECT count(*) FROM silences", [], |row| row.get(0))?;
            if there >= MOST as i64 {
                return Ok(Ok(None));
            }
            file.execute(
                "INSERT INTO silences (service, key, severity, starts, ends, weekly, reason, created, created_by)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                params![
                    new.service,
                    new.key,
                    new.severity.map(Severity::as_str),
                    new.starts,
                    new.ends,
                    new.weekly,
                    new.reason,
                    new.created,
                    new.created_by
                ],
            )?;
            Ok(Ok(Some(file.last_insert_rowid())))
        })
    }

    /// Removes one; whether there was one.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn remove_silence(&self, id: i64) -> Result<bool, MetaError> {
        self.change(|file| {
            Ok(Ok(file
                .execute("DELETE FROM silences WHERE id = ?1", [id])?
                > 0))
        })
    }

    /// All that are not over, the newest first.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn silences(&self, now: Nanos) -> Result<Vec<Silence>, MetaError> {
        self.read(|file| {
            let all = "SELECT * FROM silences WHERE weekly = 1 OR ends > ?1 ORDER BY id DESC";
            file.prepare(all)?.query_map([now], silence)?.collect()
        })
    }
}

fn silence(row: &Row<'_>) -> rusqlite::Result<Silence> {
    let severity: Option<String> = row.get("severity")?;
    Ok(Silence {
        severity: severity.and_then(|name| Severity::named(&name)),
        id: row.get("id")?,
        service: row.get("service")?,
        key: row.get("key")?,
        starts: row.get("starts")?,
        ends: row.get("ends")?,
        weekly: row.get("weekly")?,
        reason: row.get("reason")?,
        created: row.get("created")?,
        created_by: row.get("created_by")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Nanos = 3_600 * 1_000_000_000;

    fn of(service: Option<&str>, key: Option<&str>, weekly: bool) -> Silence {
        Silence {
            id: 1,
            service: service.map(str::to_owned),
            key: key.map(str::to_owned),
            severity: None,
            starts: 10 * HOUR,
            ends: 12 * HOUR,
            weekly,
            reason: String::new(),
            created: 0,
            created_by: None,
        }
    }

    #[test]
    fn a_silence_covers_what_it_names_while_it_lasts() {
        let shop = of(Some("shop"), None, false);
        assert_eq!(
            shop.covers("shop", "cpu", Severity::Low, 11 * HOUR),
            Some(12 * HOUR)
        );
        assert_eq!(shop.covers("shop", "cpu", Severity::Low, 9 * HOUR), None);
        assert_eq!(shop.covers("shop", "cpu", Severity::Low, 12 * HOUR), None);
        assert_eq!(shop.covers("mail", "cpu", Severity::Low, 11 * HOUR), None);
        let cpu = of(None, Some("cpu"), false);
        assert_eq!(
            cpu.covers("mail", "cpu", Severity::Low, 11 * HOUR),
            Some(12 * HOUR)
        );
        assert_eq!(cpu.covers("mail", "disk", Severity::Low, 11 * HOUR), None);
        let light = Silence {
            severity: Some(Severity::Low),
            ..of(None, None, false)
        };
        assert_eq!(
            light.covers("mail", "disk", Severity::Low, 11 * HOUR),
            Some(12 * HOUR)
        );
        assert_eq!(
            light.covers("mail", "disk", Severity::High, 11 * HOUR),
            None
        );
    }

    #[test]
    fn a_maintenance_window_comes_again_each_week() {
        let weekly = of(None, None, true);
        let next_week = 11 * HOUR + 3 * WEEK;
        assert_eq!(
            weekly.covers("shop", "cpu", Severity::Low, next_week),
            Some(next_week + HOUR)
        );
        assert_eq!(
            weekly.covers("shop", "cpu", Severity::Low, next_week + HOUR),
            None
        );
    }
}
