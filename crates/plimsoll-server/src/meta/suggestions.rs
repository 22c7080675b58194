//! Suggestions that were given.

use rusqlite::{Row, params};

use super::{Meta, MetaError};
use crate::store::table::Nanos;

/// Most suggestions of a service that are kept.
pub const MOST: i64 = 100;
/// How long they are kept: 90 days.
pub const REMEMBERED: Nanos = 90 * 86_400 * 1_000_000_000;

/// A suggestion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// Its number, never used again.
    pub id: i64,
    /// Of which service.
    pub service: String,
    /// When it was given.
    pub time: Nanos,
    /// The findings that it is about.
    pub findings: Vec<String>,
    /// Who gave it.
    pub model: String,
    /// What it says.
    pub text: String,
}

/// One to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSuggestion {
    /// Of which service.
    pub service: String,
    /// When it was given.
    pub time: Nanos,
    /// Tells its findings from others.
    pub hash: String,
    /// Their ids.
    pub findings: Vec<String>,
    /// Who gave it.
    pub model: String,
    /// What it says.
    pub text: String,
}

/// What was asked, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// About which service.
    pub service: String,
    /// When it was answered.
    pub time: Nanos,
    /// About which findings.
    pub hash: String,
}

impl Meta {
    /// Keeps one, and forgets what is old or too much.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn keep_suggestion(&self, new: &NewSuggestion) -> Result<Suggestion, MetaError> {
        let findings = serde_json::to_string(&new.findings).expect("text is JSON");
        self.change(|file| {
            file.execute(
                "INSERT INTO suggestions (service, at, hash, findings, model, text) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![new.service, new.time, new.hash, findings, new.model, new.text],
            )?;
            let id = file.last_insert_rowid();
            file.execute(
                "DELETE FROM suggestions WHERE at < ?1",
                [new.time.saturating_sub(REMEMBERED)],
            )?;
            file.execute(
                "DELETE FROM suggestions WHERE service = ?1 AND id NOT IN
                 (SELECT id FROM suggestions WHERE service = ?1 ORDER BY id DESC LIMIT ?2)",
                params![new.service, MOST],
            )?;
            Ok(Ok(Suggestion {
                id,
                service: new.service.clone(),
                time: new.time,
                findings: new.findings.clone(),
                model: new.model.clone(),
                text: new.text.clone(),
            }))
        })
    }

    /// Suggestions since then, of one service or of all, the newest first.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn suggestions(
        &self,
        service: Option<&str>,
        since: Nanos,
        limit: usize,
    ) -> Result<Vec<Suggestion>, MetaError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read(|file| {
            let newest = "SELECT * FROM suggestions
                 WHERE (?1 IS NULL OR service = ?1) AND at >= ?2 ORDER BY id DESC LIMIT ?3";
            file.prepare(newest)?
                .query_map(params![service, since, limit], suggestion)?
                .collect()
        })
    }

    /// The last of each service, and all of the last hour, at most so many; the newest last.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn asked_last(&self, now: Nanos, most: usize) -> Result<Vec<Asked>, MetaError> {
        const HOUR: Nanos = 3_600 * 1_000_000_000;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.read(|file| {
            let asked = "SELECT service, at, hash FROM suggestions
                 WHERE id IN (SELECT max(id) FROM suggestions GROUP BY service)
                    OR id IN (SELECT id FROM suggestions WHERE at > ?1 ORDER BY id DESC LIMIT ?2)
                 ORDER BY id";
            file.prepare(asked)?
                .query_map(params![now - HOUR, most], |row| {
                    Ok(Asked {
                        service: row.get("service")?,
                        time: row.get("at")?,
                        hash: row.get("hash")?,
                    })
                })?
                .collect()
        })
    }
}

fn suggestion(row: &Row<'_>) -> rusqlite::Result<Suggestion> {
    let findings: String = row.get("findings")?;
    Ok(Suggestion {
        id: row.get("id")?,
        service: row.get("service")?,
        time: row.get("at")?,
        findings: serde_json::from_str(&findings).unwrap_or_default(),
        model: row.get("model")?,
        text: row.get("text")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Nanos = 1_774_569_600_000_000_000;
    const MINUTE: Nanos = 60 * 1_000_000_000;

    fn new(service: &str, time: Nanos) -> NewSuggestion {
        NewSuggestion {
            service: service.to_owned(),
            time,
            hash: format!("of {service}"),
            findings: vec!["class:write".to_owned(), "query:SELECT \"?\"".to_owned()],
            model: "small".to_owned(),
            text: "It is slow.".to_owned(),
        }
    }

    #[test]
    fn suggestions_are_kept_and_listed_the_newest_first() {
        let dir = tempfile::tempdir().unwrap();
        let meta = Meta::open(dir.path(), NOW).unwrap();
        let first = meta.keep_suggestion(&new("shop", NOW)).unwrap();
        let other = meta.keep_suggestion(&new("mail", NOW + 1)).unwrap();
        drop(meta);
        let meta = Meta::open(dir.path(), NOW).unwrap();
        assert_eq!(
            meta.suggestions(None, 0, 10).unwrap(),
            [other.clone(), first.clone()]
        );
        assert_eq!(meta.suggestions(Some("shop"), 0, 10).unwrap(), [first]);
        assert_eq!(
            meta.suggestions(None, NOW + 1, 10).unwrap(),
            std::slice::from_ref(&other)
        );
        assert_eq!(meta.suggestions(None, 0, 1).unwrap(), [other]);
    }

    #[test]
    fn too_many_and_too_old_ones_are_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let meta = Meta::open(dir.path(), NOW).unwrap();
        meta.keep_suggestion(&new("mail", NOW)).unwrap();
        for number in 0..=MOST {
            meta.keep_suggestion(&new("shop", NOW + number)).unwrap();
        }
        let kept = meta.suggestions(Some("shop"), 0, 1_000).unwrap();
        assert_eq!(
            (kept.len() as i64, kept.last().unwrap().time),
            (MOST, NOW + 1)
        );
        assert_eq!(meta.suggestions(Some("mail"), 0, 10).unwrap().len(), 1);
        meta.keep_suggestion(&new("mail", NOW + REMEMBERED + MOST + 1))
            .unwrap();
        assert_eq!(meta.suggestions(None, 0, 1_000).unwrap().len(), 1);
    }

    #[test]
    fn after_a_start_it_is_known_what_was_asked() {
        let dir = tempfile::tempdir().unwrap();
        let meta = Meta::open(dir.path(), NOW).unwrap();
        for (service, time) in [
            ("shop", NOW - 90 * MINUTE),
            ("mail", NOW - 80 * MINUTE),
            ("shop", NOW - 70 * MINUTE),
            ("shop", NOW - 20 * MINUTE),
            ("shop", NOW - 10 * MINUTE),
        ] {
            meta.keep_suggestion(&new(service, time)).unwrap();
        }
        let asked = |most| {
            let asked = meta.asked_last(NOW, most).unwrap();
            let asked = asked
                .into_iter()
                .map(|asked| (asked.service, (NOW - asked.time) / MINUTE));
            asked.collect::<Vec<_>>()
        };
        let all = [("mail", 80), ("shop", 20), ("shop", 10)];
        assert_eq!(
            asked(12),
            all.map(|(service, ago)| (service.to_owned(), ago))
        );
        assert_eq!(asked(1), [("mail".to_owned(), 80), ("shop".to_owned(), 10)]);
    }
}
