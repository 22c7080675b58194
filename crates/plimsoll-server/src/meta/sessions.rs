//! Browsers: a code that logs in once, and the session that it begins. Both belong to a token and end with it.

use rusqlite::{OptionalExtension, params};

use super::tokens::{Hash, Token, TokenError, find};
use super::{Meta, MetaError};
use crate::store::table::Nanos;

/// How many sessions there may be; the one that began first gives way.
pub const MAX_SESSIONS: usize = 1_000;
/// How many codes may wait for their use; the one that expires first gives way.
pub const MAX_CODES: usize = 100;

/// A session without its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Number of the token that it belongs to.
    pub token: i64,
    /// From when on it is no longer good.
    pub expires: Nanos,
}

/// Why nobody is logged in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// Not one of ours, used already, or too old.
    #[error("the login code is not known: it works once, and for ten minutes")]
    Unknown,
    /// The file failed.
    #[error(transparent)]
    Meta(#[from] MetaError),
}

impl Meta {
    /// Keeps a code for a token, found by name or number.
    ///
    /// # Errors
    /// [`TokenError::Unknown`] when there is no such token or it is no longer good.
    pub fn add_login_code(
        &self,
        token: &str,
        hash: &Hash,
        expires: Nanos,
        now: Nanos,
    ) -> Result<Token, TokenError> {
        self.change(|change| {
            let found = find(change, token)?.filter(|token| token.is_live(now));
            let Some(found) = found else {
                return Ok(Err(TokenError::Unknown(token.to_owned())));
            };
            change.execute("DELETE FROM login_codes WHERE expires <= ?1", [now])?;
            change.execute(
                "INSERT INTO login_codes (hash, token, expires) VALUES (?1, ?2, ?3)",
                params![hash, found.id, expires],
            )?;
            change.execute(
                "DELETE FROM login_codes WHERE hash IN
                    (SELECT hash FROM login_codes ORDER BY expires DESC LIMIT -1 OFFSET ?1)",
                [MAX_CODES as i64],
            )?;
            Ok(Ok(found))
        })
    }

    /// Uses a code up and begins a session until `expires`, or until its token's end if that is sooner. A token that was
    /// made for this login alone lives as long as the session.
    ///
    /// # Errors
    /// [`LoginError::Unknown`].
    pub fn log_in(
        &self,
        code: &Hash,
        session: &Hash,
        expires: Nanos,
        now: Nanos,
    ) -> Result<Session, LoginError> {
        self.change(|change| {
            let used = change
                .query_row(
                    "DELETE FROM login_codes WHERE hash = ?1 RETURNING token, expires",
                    [code],
                    |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Nanos>(1)?)),
                )
                .optional()?;
            let token = match used {
                Some((token, code_expires)) if now < code_expires => {
                    find(change, &token.to_string())?
                }
                _ => None,
            };
            let Some(token) = token.filter(|token| token.is_live(now)) else {
                return Ok(Err(LoginError::Unknown));
            };
            let ends = match token.expires {
                Some(ends) if !token.is_login => expires.min(ends),
                _ => expires,
            };
            if token.is_login {
                change.execute(
                    "UPDATE tokens SET expires = ?1 WHERE id = ?2",
                    (ends, token.id),
                )?;
            }
            change.execute("DELETE FROM sessions WHERE expires <= ?1", [now])?;
            change.execute(
                "INSERT INTO sessions (hash, token, created, expires) VALUES (?1, ?2, ?3, ?4)",
                params![session, token.id, now, ends],
            )?;
            change.execute(
                "DELETE FROM sessions WHERE hash IN
                    (SELECT hash FROM sessions ORDER BY created DESC LIMIT -1 OFFSET ?1)",
                [MAX_SESSIONS as i64],
            )?;
            Ok(Ok(Session {
                token: token.id,
                expires: ends,
            }))
        })
    }

    /// Ends a session, and the token that was made for its login alone. One that is not known has ended already.
    ///
    /// # Errors
    /// A failed file.
    pub fn log_out(&self, session: &Hash, now: Nanos) -> Result<(), MetaError> {
        self.change(|change| {
            change.execute(
                "UPDATE tokens SET revoked = ?1 WHERE is_login AND revoked IS NULL
                    AND id IN (SELECT token FROM sessions WHERE hash = ?2)",
                params![now, session],
            )?;
            change.execute("DELETE FROM sessions WHERE hash = ?1", [session])?;
            Ok(Ok(()))
        })
    }

    /// All sessions with their secrets' hashes.
    ///
    /// # Errors
    /// A failed file.
    pub fn sessions(&self) -> Result<Vec<(Hash, Session)>, MetaError> {
        self.read(|file| {
            let mut rows = file.prepare("SELECT hash, token, expires FROM sessions")?;
            rows.query_map([], |row| {
                let session = Session {
                    token: row.get(1)?,
                    expires: row.get(2)?,
                };
                Ok((row.get(0)?, session))
            })?
            .collect()
        })
    }
}
