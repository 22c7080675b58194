//! What a request was let in by, for those that go on: they end when it is no longer good.

use axum::http::{HeaderMap, Uri};

use super::Who;
use super::credentials::{self, Presented};
use super::secret::hash;
use crate::meta::tokens::Hash;

/// A token or a session that was good when it was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Of a program.
    Token(Hash),
    /// Of a browser that logged in.
    Session(Hash),
}

impl Pass {
    /// What `who` was known by; `None` for one who needed nothing.
    pub fn of(who: Who, uri: &Uri, headers: &HeaderMap) -> Option<Self> {
        match (who, credentials::of(uri, headers)) {
            (Who::Token { .. }, Presented::Token(text)) => Some(Self::Token(hash(&text))),
            (Who::Session { .. }, Presented::Session(text)) => Some(Self::Session(hash(&text))),
            _ => None,
        }
    }
}
