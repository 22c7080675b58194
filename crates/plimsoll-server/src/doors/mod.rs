//! Who may come in, and what for.
//!
//! A request passes [`guard`]: its `Host` and `Origin` ([`hosts`]), what it presents to be let in ([`credentials`],
//! looked up in the [`keyring`]), what its path needs ([`paths`]), and how often it came ([`limits`]). What is kept of
//! tokens and sessions lies in [`crate::meta`].

pub mod bind;
pub mod credentials;
pub mod guard;
pub mod headers;
pub mod hosts;
pub mod keyring;
pub mod limits;
pub mod local_key;
pub mod login;
pub mod page;
pub mod pass;
pub mod paths;
pub mod secret;
pub mod tls;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::meta::Meta;
use crate::meta::tokens::Scope;
use hosts::Names;
use keyring::Keyring;
use limits::{Limits, Rates};
use local_key::LocalKey;
use paths::{Moved, Paths};
use tls::Certificate;

/// How the doors are set.
#[derive(Clone, Debug)]
pub struct DoorsConfig {
    /// Whether programs of this machine need no token: the port is its own, and it is not said otherwise.
    pub trusts_local: bool,
    /// Whether whoever reaches the port may read and write.
    pub is_insecure: bool,
    /// Whether a server in a container makes its first token itself.
    pub makes_first_token: bool,
    /// Names, beside addresses, under which the server is reached.
    pub hosts: Vec<String>,
    /// How many requests are taken from one.
    pub rates: Rates,
    /// Certificate and key, for TLS.
    pub tls: Option<TlsFiles>,
}

/// Files in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, followed by those that vouch for it.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// The doors of a running server.
#[derive(Debug)]
pub struct Doors {
    /// How they are set.
    pub config: DoorsConfig,
    /// What opens them.
    pub keyring: Keyring,
    /// What has been refused.
    pub counts: DoorCounts,
    /// The key of the data folder.
    pub local_key: LocalKey,
    /// What TLS shows.
    pub certificate: Option<Arc<Certificate>>,
    /// How the server is reached from its own machine: `http://127.0.0.1:1876`.
    pub url: String,
    paths: Paths,
    names: Names,
    limits: Limits,
}

impl Doors {
    /// Reads keys and certificate; `listen` is the open port. Blocking.
    ///
    /// # Errors
    /// A `meta.db` or a certificate that cannot be read.
    pub fn open(
        config: DoorsConfig,
        moved: &Moved<'_>,
        listen: SocketAddr,
        meta: Arc<Meta>,
    ) -> anyhow::Result<Self> {
        let certificate = config.tls.as_ref().map(Certificate::load).transpose()?;
        let local_key = LocalKey::new(meta.dir());
        let keyring = Keyring::open(meta, local_key.secret())?;
        Ok(Self {
            names: Names::new(config.trusts_local, &config.hosts),
            limits: Limits::new(config.rates),
            counts: DoorCounts::default(),
            url: url(&config, listen),
            paths: Paths::new(moved),
            keyring,
            local_key,
            certificate,
            config,
        })
    }

    /// How a browser of a user reaches the server, as far as it knows.
    pub fn url_for_browsers(&self) -> String {
        let named = self.config.hosts.first();
        match named.filter(|_| !self.config.trusts_local) {
            Some(host) => {
                let port = self.url.rsplit(':').next().unwrap_or_default();
                format!("{}://{host}:{port}", scheme(&self.config))
            }
            None => self.url.clone(),
        }
    }
}

fn scheme(config: &DoorsConfig) -> &'static str {
    match config.tls {
        Some(_) => "https",
        None => "http",
    }
}

/// A port that is open at all addresses is reached at this machine's own.
fn url(config: &DoorsConfig, listen: SocketAddr) -> String {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let address = SocketAddr::new(ip, listen.port());
    format!("{}://{address}", scheme(config))
}

/// Who sends a request. In its extensions when it reaches a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A program or page of this machine, where that is enough; or one that can read the data folder.
    Local,
    /// The bearer of a token.
    Token {
        /// Its number.
        id: i64,
        /// What it allows.
        scope: Scope,
    },
    /// A browser that logged in.
    Session {
        /// Number of its token.
        id: i64,
        /// What that allows.
        scope: Scope,
    },
    /// Somebody else, from this address.
    Stranger(IpAddr),
}

impl Who {
    /// Number of the token.
    pub fn token(self) -> Option<i64> {
        match self {
            Self::Token { id, .. } | Self::Session { id, .. } => Some(id),
            Self::Local | Self::Stranger(_) => None,
        }
    }

    /// Whether everything is allowed.
    pub fn is_admin(self) -> bool {
        matches!(
            self,
            Self::Local
                | Self::Token {
                    scope: Scope::Admin,
                    ..
                }
                | Self::Session {
                    scope: Scope::Admin,
                    ..
                }
        )
    }
}

/// The other end of a connection. In the extensions of its requests.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// Requests that were refused, by reason.
#[derive(Debug, Default)]
pub struct DoorCounts {
    /// Without a token, or with one that is not good (401).
    pub unauthorized: AtomicU64,
    /// With a token of another scope (403).
    pub forbidden: AtomicU64,
    /// Under a foreign name or from a page of another site (403).
    pub foreign: AtomicU64,
    /// Too many (429).
    pub limited: AtomicU64,
}

impl DoorCounts {
    /// Names and values, for statistics.
    pub fn read(&self) -> [(&'static str, u64); 4] {
        [
            ("unauthorized", &self.unauthorized),
            ("forbidden", &self.forbidden),
            ("foreign", &self.foreign),
            ("limited", &self.limited),
        ]
        .map(|(name, count)| (name, count.load(Ordering::Relaxed)))
    }
}
