//! Connections that the server begins itself: to fetch metrics, to tell of alerts, and to ask for suggestions.
//!
//! An [`Address`] says where, [`tls`] whose certificate is believed there, and a [`Connection`] asks.

pub mod address;
pub mod connection;
pub mod tls;

pub use address::Address;
pub use connection::Connection;
pub use tls::{Believed, Shared, Tls};

/// Who asks.
pub(crate) const USER_AGENT: &str = concat!("Plimsoll/", env!("CARGO_PKG_VERSION"));

/// Why nobody answers. For people.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Nobody listens there, or there is no such host.
    #[error("cannot connect: {0}")]
    Connect(#[source] std::io::Error),
    /// They do not agree on TLS.
    #[error("no TLS: {0}")]
    Tls(String),
    /// The file with authorities, and why it cannot be used.
    #[error("cannot use `ca_file` {0}: {1}")]
    Authorities(String, String),
    /// What came was no answer, or none came.
    #[error("the connection broke: {0}")]
    Http(String),
}
