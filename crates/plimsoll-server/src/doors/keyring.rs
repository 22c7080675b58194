//! The secrets that open the doors, in memory: every request asks, and none waits for a file.
//!
//! The server alone changes `meta.db`, so what is in memory is what is on disk: each change is written first.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use super::Who;
use super::pass::Pass;
use super::secret::{Secret, hash};
use crate::meta::sessions::{LoginError, Session};
use crate::meta::tokens::{Hash, NewToken, Scope, Token, TokenError};
use crate::meta::{Meta, MetaError};
use crate::store::table::Nanos;

const SECOND: Nanos = 1_000_000_000;
/// How long a login code waits for its use.
pub const CODE_LIFE: Nanos = 600 * SECOND;
/// How long a browser stays logged in.
pub const SESSION_LIFE: Nanos = 30 * 86_400 * SECOND;

/// Tokens and sessions.
#[derive(Debug)]
pub struct Keyring {
    meta: Arc<Meta>,
    known: RwLock<Known>,
    /// Held while the file and then the memory is changed.
    changing: Mutex<()>,
    /// Of whoever can read the data folder.
    local: Hash,
}

#[derive(Debug, Default)]
struct Known {
    tokens: HashMap<Hash, Token>,
    sessions: HashMap<Hash, (Session, Scope)>,
}

/// For whom a login link is.
#[derive(Clone, Debug)]
pub enum LoginFor {
    /// A browser with a token of its own that is made for it.
    New(Scope),
    /// The bearer of a token, by name or number.
    Token(String),
}

impl Keyring {
    /// All that `meta` has, and the key of the data folder.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn open(meta: Arc<Meta>, local: &Secret) -> Result<Self, MetaError> {
        let keyring = Self {
            meta,
            known: RwLock::default(),
            changing: Mutex::default(),
            local: local.hash(),
        };
        keyring.reload()?;
        Ok(keyring)
    }

    /// The file behind it.
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// Whose token this is, if it is good.
    pub fn token(&self, text: &str, now: Nanos) -> Option<Who> {
        let hash = hash(text);
        if hash == self.local {
            return Some(Who::Local);
        }
        let known = self.known.read();
        let token = known.tokens.get(&hash)?;
        token.is_live(now).then_some(Who::Token {
            id: token.id,
            scope: token.scope,
        })
    }

    /// Whose session this is, if it goes on.
    pub fn session(&self, text: &str, now: Nanos) -> Option<Who> {
        let known = self.known.read();
        let (session, scope) = known.sessions.get(&hash(text))?;
        (now < session.expires).then_some(Who::Session {
            id: session.token,
            scope: *scope,
        })
    }

    /// Whether what was good once still is.
    pub fn is_good(&self, pass: &Pass, now: Nanos) -> bool {
        let known = self.known.read();
        match pass {
            Pass::Token(hash) => known
                .tokens
                .get(hash)
                .is_some_and(|token| token.is_live(now)),
            Pass::Session(hash) => known
                .sessions
                .get(hash)
                .is_some_and(|(session, _)| now < session.expires),
        }
    }

    /// Whether there is any token for a program, good or not: then one that is shown means something.
    pub fn has_tokens(&self) -> bool {
        let known = self.known.read();
        known.tokens.values().any(|token| !token.is_login)
    }

    /// Whether a program could come in from elsewhere.
    pub fn has_live_tokens(&self, now: Nanos) -> bool {
        let known = self.known.read();
        let mut tokens = known.tokens.values();
        tokens.any(|token| !token.is_login && token.is_live(now))
    }

    /// Makes a token; its secret is nowhere else. Blocking.
    ///
    /// # Errors
    /// As [`Meta::add_token`].
    pub fn create(&self, new: &NewToken, now: Nanos) -> Result<(Secret, Token), TokenError> {
        let _alone = self.changing.lock();
        let secret = Secret::token();
        let token = self.meta.add_token(new, &secret.hash(), now)?;
        self.reload()?;
        Ok((secret, token))
    }

    /// Ends a token by name or number, from the next request on. Blocking.
    ///
    /// # Errors
    /// As [`Meta::revoke_token`].
    pub fn revoke(&self, which: &str, now: Nanos) -> Result<Token, TokenError> {
        let _alone = self.changing.lock();
        let token = self.meta.revoke_token(which, now)?;
        self.reload()?;
        Ok(token)
    }

    /// Makes a code that logs a browser in once. Blocking.
    ///
    /// # Errors
    /// As [`Meta::add_login_code`].
    pub fn login_code(&self, whose: &LoginFor, now: Nanos) -> Result<(Secret, Token), TokenError> {
        let _alone = self.changing.lock();
        let (code, expires) = (Secret::plain(), now + CODE_LIFE);
        let token = match whose {
            LoginFor::Token(which) => which.clone(),
            LoginFor::New(scope) => {
                let number = &Secret::plain().text().replace(['-', '_'], "x")[..6];
                let new = NewToken {
                    name: format!("browser-{number}"),
                    scope: *scope,
                    // Nobody comes: it ends with its code.
                    expires: Some(expires),
                    is_login: true,
                };
                self.meta
                    .add_token(&new, &Secret::token().hash(), now)?
                    .name
            }
        };
        let token = self
            .meta
            .add_login_code(&token, &code.hash(), expires, now)?;
        self.reload()?;
        Ok((code, token))
    }

    /// Uses a code up and begins a session; tells its secret and its end. Blocking.
    ///
    /// # Errors
    /// [`LoginError::Unknown`].
    pub fn log_in(&self, code: &str, now: Nanos) -> Result<(Secret, Nanos), LoginError> {
        let _alone = self.changing.lock();
        let session = Secret::plain();
        let begun = self
            .meta
            .log_in(&hash(code), &session.hash(), now + SESSION_LIFE, now)?;
        self.reload()?;
        Ok((session, begun.expires))
    }

    /// Ends a session. Blocking.
    ///
    /// # Errors
    /// A failed file.
    pub fn log_out(&self, session: &str, now: Nanos) -> Result<(), MetaError> {
        let _alone = self.changing.lock();
        self.meta.log_out(&hash(session), now)?;
        self.reload()
    }

    fn reload(&self) -> Result<(), MetaError> {
        let tokens: HashMap<Hash, Token> = self.meta.unrevoked()?.into_iter().collect();
        let scopes: HashMap<i64, Scope> = tokens
            .values()
            .map(|token| (token.id, token.scope))
            .collect();
        let sessions = self.meta.sessions()?.into_iter();
        let sessions = sessions
            .filter_map(|(hash, session)| Some((hash, (session, *scopes.get(&session.token)?))))
            .collect();
        *self.known.write() = Known { tokens, sessions };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Nanos = 1_774_569_600 * SECOND;

    fn keyring(dir: &std::path::Path) -> Keyring {
        Keyring::open(Meta::open(dir, NOW).unwrap(), &Secret::token()).unwrap()
    }

    fn new(name: &str, expires: Option<Nanos>) -> NewToken {
        NewToken {
            name: name.to_owned(),
            scope: Scope::Read,
            expires,
            is_login: false,
        }
    }

    #[test]
    fn a_token_is_good_until_it_expires_or_is_revoked() {
        let dir = tempfile::tempdir().unwrap();
        let keys = keyring(dir.path());
        let (short, _) = keys.create(&new("short", Some(NOW + 1)), NOW).unwrap();
        let (long, token) = keys.create(&new("long", None), NOW).unwrap();
        assert!(keys.token(short.text(), NOW).is_some());
        assert_eq!(keys.token(short.text(), NOW + 1), None);
        let who = Who::Token {
            id: token.id,
            scope: Scope::Read,
        };
        assert_eq!(keys.token(long.text(), NOW + SESSION_LIFE), Some(who));
        keys.revoke("long", NOW).unwrap();
        assert_eq!(keys.token(long.text(), NOW), None);
        assert_eq!(keys.token("plm_guess", NOW), None);
    }

    #[test]
    fn a_code_works_once_and_for_ten_minutes() {
        let dir = tempfile::tempdir().unwrap();
        let keys = keyring(dir.path());
        let whose = LoginFor::New(Scope::Read);
        let (late, _) = keys.login_code(&whose, NOW).unwrap();
        assert!(matches!(
            keys.log_in(late.text(), NOW + CODE_LIFE),
            Err(LoginError::Unknown)
        ));
        let (code, token) = keys.login_code(&whose, NOW).unwrap();
        let (session, expires) = keys.log_in(code.text(), NOW + CODE_LIFE - 1).unwrap();
        assert_eq!(expires, NOW + CODE_LIFE - 1 + SESSION_LIFE);
        assert!(keys.log_in(code.text(), NOW).is_err());
        let who = Who::Session {
            id: token.id,
            scope: Scope::Read,
        };
        assert_eq!(keys.session(session.text(), expires - 1), Some(who));
        assert_eq!(keys.session(session.text(), expires), None);
    }

    #[test]
    fn a_session_ends_with_its_token() {
        let dir = tempfile::tempdir().unwrap();
        let keys = keyring(dir.path());
        keys.create(&new("mine", Some(NOW + CODE_LIFE)), NOW)
            .unwrap();
        let log_in = || {
            let whose = LoginFor::Token("mine".to_owned());
            let (code, _) = keys.login_code(&whose, NOW).unwrap();
            keys.log_in(code.text(), NOW).unwrap()
        };
        let ((session, expires), (other, _)) = (log_in(), log_in());
        assert_eq!(expires, NOW + CODE_LIFE);
        keys.log_out(other.text(), NOW).unwrap();
        assert_eq!(keys.session(other.text(), NOW), None);
        assert!(keys.session(session.text(), NOW).is_some());
        keys.revoke("mine", NOW).unwrap();
        assert_eq!(keys.session(session.text(), NOW), None);
    }

    #[test]
    fn what_is_made_is_there_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let keys = keyring(dir.path());
        let (secret, _) = keys.create(&new("kept", None), NOW).unwrap();
        let (code, _) = keys.login_code(&LoginFor::New(Scope::Admin), NOW).unwrap();
        let (session, _) = keys.log_in(code.text(), NOW).unwrap();
        drop(keys);
        let keys = keyring(dir.path());
        assert!(keys.token(secret.text(), NOW).is_some());
        assert!(keys.session(session.text(), NOW).is_some_and(Who::is_admin));
    }
}
