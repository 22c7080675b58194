//! Tokens as they are kept: name, scope, life, and the hash of a secret that nobody can read here.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use super::{Meta, MetaError};
use crate::store::table::Nanos;

/// SHA-256 of a secret. The secrets are random with 256 bits, so there is nothing to guess that a slow hash would protect.
pub type Hash = [u8; 32];

/// How many live tokens there may be.
pub const MAX_LIVE: usize = 1_000;
/// How long a revoked or expired token is still listed: 90 days.
pub const REMEMBERED: Nanos = 90 * 86_400 * 1_000_000_000;
/// Most characters of a name.
pub const MAX_NAME: usize = 64;

/// What the bearer of a token may do.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    clap::ValueEnum,
    utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Ask, but not send.
    Read,
    /// Send, but not ask.
    Write,
    /// Everything.
    Admin,
}

impl Scope {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }
}

/// A token without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its number, never used again.
    pub id: i64,
    /// What its owner calls it; unique among those that are not revoked.
    pub name: String,
    /// What it allows.
    pub scope: Scope,
    /// Whether it stands for a browser that logged in, and has no secret of its own.
    pub is_login: bool,
    /// When it was made.
    pub created: Nanos,
    /// From when on it is no longer good.
    pub expires: Option<Nanos>,
    /// When it was revoked.
    pub revoked: Option<Nanos>,
}

impl Token {
    /// Whether it is good.
    pub fn is_live(&self, now: Nanos) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|expires| now < expires)
    }
}

/// A token to be.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// As [`Token::name`].
    pub name: String,
    /// As [`Token::scope`].
    pub scope: Scope,
    /// As [`Token::expires`].
    pub expires: Option<Nanos>,
    /// As [`Token::is_login`].
    pub is_login: bool,
}

/// Why a token is not made or found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// No name for a token.
    #[error(
        "a token's name has 1 to {MAX_NAME} letters, digits, `-`, `_` and `.`, and is no number alone"
    )]
    Name(String),
    /// Another has that name.
    #[error("there is a token named {0} already; revoke it, or choose another name")]
    Taken(String),
    /// Nobody has that name or number.
    #[error("there is no token {0}; `plimsoll token list` shows all")]
    Unknown(String),
    /// Too many.
    #[error("there are {MAX_LIVE} tokens already; revoke some")]
    TooMany,
    /// The file failed.
    #[error(transparent)]
    Meta(#[from] MetaError),
}

const COLUMNS: &str = "id, name, scope, is_login, created, expires, revoked";

impl Meta {
    /// Keeps a new token.
    ///
    /// # Errors
    /// A name that is none or taken, too many tokens, a failed file.
    pub fn add_token(&self, new: &NewToken, hash: &Hash, now: Nanos) -> Result<Token, TokenError> {
        let NewToken {
            name,
            scope,
            expires,
            is_login,
        } = new;
        if !is_name(name) {
            return Err(TokenError::Name(name.clone()));
        }
        self.change(|change| {
            forget_dead(change, now)?;
            let live: i64 = change.query_row(
                "SELECT count(*) FROM tokens WHERE revoked IS NULL",
                [],
                |row| row.get(0),
            )?;
            if live >= MAX_LIVE as i64 {
                return Ok(Err(TokenError::TooMany));
            }
            let taken = change
                .query_row(
                    "SELECT 1 FROM tokens WHERE name = ?1 AND revoked IS NULL",
                    [name],
                    |_| Ok(()),
                )
                .optional()?;
            if taken.is_some() {
                return Ok(Err(TokenError::Taken(name.clone())));
            }
            change.execute(
                "INSERT INTO tokens (name, scope, hash, is_login, created, expires) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![name, scope.name(), hash, is_login, now, expires],
            )?;
            Ok(Ok(Token {
                id: change.last_insert_rowid(),
                name: name.clone(),
                scope: *scope,
                is_login: *is_login,
                created: now,
                expires: *expires,
                revoked: None,
            }))
        })
    }

    /// All tokens that are remembered, the oldest first.
    ///
    /// # Errors
    /// A failed file.
    pub fn tokens(&self) -> Result<Vec<Token>, MetaError> {
        self.read(|file| {
            let mut rows = file.prepare(&format!("SELECT {COLUMNS} FROM tokens ORDER BY id"))?;
            rows.query_map([], token)?.collect()
        })
    }

    /// The secrets' hashes of those that are not revoked.
    ///
    /// # Errors
    /// A failed file.
    pub fn unrevoked(&self) -> Result<Vec<(Hash, Token)>, MetaError> {
        self.read(|file| {
            let all = format!("SELECT {COLUMNS}, hash FROM tokens WHERE revoked IS NULL");
            let mut rows = file.prepare(&all)?;
            rows.query_map([], |row| Ok((row.get("hash")?, token(row)?)))?
                .collect()
        })
    }

    /// Ends a token and the sessions of its browsers, by name or number.
    ///
    /// # Errors
    /// [`TokenError::Unknown`], also for one that is revoked already.
    pub fn revoke_token(&self, which: &str, now: Nanos) -> Result<Token, TokenError> {
        self.change(|change| {
            let Some(mut found) = find(change, which)? else {
                return Ok(Err(TokenError::Unknown(which.to_owned())));
            };
            change.execute(
                "UPDATE tokens SET revoked = ?1 WHERE id = ?2",
                (now, found.id),
            )?;
            change.execute("DELETE FROM sessions WHERE token = ?1", [found.id])?;
            change.execute("DELETE FROM login_codes WHERE token = ?1", [found.id])?;
            found.revoked = Some(now);
            Ok(Ok(found))
        })
    }
}

/// Whether somebody could come in from elsewhere: how many tokens with a secret are good.
///
/// # Errors
/// As SQLite.
pub fn count_live(file: &Connection, now: Nanos) -> rusqlite::Result<usize> {
    let count: i64 = file.query_row(
        "SELECT count(*) FROM tokens WHERE NOT is_login AND revoked IS NULL AND (expires IS NULL OR expires > ?1)",
        [now],
        |row| row.get(0),
    )?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// A token that is not revoked, by name or number.
pub(super) fn find(file: &Connection, which: &str) -> rusqlite::Result<Option<Token>> {
    let one =
        format!("SELECT {COLUMNS} FROM tokens WHERE revoked IS NULL AND (name = ?1 OR id = ?2)");
    let id = which.parse::<i64>().ok();
    file.query_row(&one, params![which, id], token).optional()
}

/// The names of expired ones are free again; after a while they are forgotten.
fn forget_dead(file: &Connection, now: Nanos) -> rusqlite::Result<()> {
    file.execute(
        "UPDATE tokens SET revoked = expires WHERE revoked IS NULL AND expires <= ?1",
        [now],
    )?;
    file.execute(
        "DELETE FROM tokens WHERE revoked < ?1",
        [now.saturating_sub(REMEMBERED)],
    )?;
    Ok(())
}

fn token(row: &Row<'_>) -> rusqlite::Result<Token> {
    let scope: String = row.get("scope")?;
    Ok(Token {
        id: row.get("id")?,
        name: row.get("name")?,
        // The table's own check leaves no other.
        scope: match scope.as_str() {
            "admin" => Scope::Admin,
            "write" => Scope::Write,
            _ => Scope::Read,
        },
        is_login: row.get("is_login")?,
        created: row.get("created")?,
        expires: row.get("expires")?,
        revoked: row.get("revoked")?,
    })
}

fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=MAX_NAME).contains(&name.len())
        && name.bytes().all(is_plain)
        && !name.bytes().all(|byte| byte.is_ascii_digit())
}
