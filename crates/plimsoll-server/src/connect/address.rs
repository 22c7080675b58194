//! Where clients reach the server, as recipes spell it.

use std::fmt;
use std::net::Ipv6Addr;

use axum::http::Uri;
use axum::http::uri::Authority;

/// Scheme, host and port. Its text is safe in a shell, in TOML and in YAML: it holds letters, digits, dots, hyphens, colons
/// and brackets only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    tls: bool,
    host: String,
    port: u16,
}

/// Text that is no address of a server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no address of a server such as http://127.0.0.1:1876")]
pub struct BadAddress(String);

impl Address {
    /// Reads a URL without path, query or user.
    ///
    /// # Errors
    /// [`BadAddress`] for anything else.
    pub fn of_url(url: &str) -> Result<Self, BadAddress> {
        let bad = || BadAddress(url.to_owned());
        let uri: Uri = url.trim_end_matches('/').parse().map_err(|_| bad())?;
        let tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(bad()),
        };
        let bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
        let authority = uri.authority().filter(|_| bare).ok_or_else(bad)?;
        Self::of_authority(authority, tls).ok_or_else(bad)
    }

    /// The address by which a client came, as its request names it; `None` when that is no plain host and port.
    pub fn of_authority(authority: &Authority, tls: bool) -> Option<Self> {
        let host = authority.host();
        // `user@host` is no host of ours.
        let plain = is_plain(host) && !authority.as_str().contains('@');
        plain.then(|| Self {
            tls,
            host: host.to_owned(),
            port: authority.port_u16().unwrap_or(if tls { 443 } else { 80 }),
        })
    }

    /// Whether it is reached by HTTPS.
    pub fn tls(&self) -> bool {
        self.tls
    }

    /// The host without brackets.
    pub fn host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// As a URL without a slash at its end.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        let usual = if self.tls { 443 } else { 80 };
        write!(f, "{scheme}://{}", self.host)?;
        match self.port {
            port if port == usual => Ok(()),
            port => write!(f, ":{port}"),
        }
    }
}

fn is_plain(host: &str) -> bool {
    if let Some(inner) = host.strip_prefix('[') {
        return inner
            .strip_suffix(']')
            .is_some_and(|inner| inner.parse::<Ipv6Addr>().is_ok());
    }
    !host.is_empty()
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_spelled_as_they_came() {
        for url in [
            "http://127.0.0.1:1876",
            "http://[::1]:1876",
            "https://plimsoll.example.org",
        ] {
            assert_eq!(Address::of_url(url).unwrap().to_string(), url);
        }
        let address = Address::of_url("http://[::1]:1876/").unwrap();
        assert_eq!((address.host(), address.port()), ("::1", 1876));
        let address = Address::of_url("https://a.example").unwrap();
        assert_eq!((address.tls(), address.port()), (true, 443));
    }

    #[test]
    fn what_a_shell_would_run_is_no_address() {
        for url in [
            "",
            "127.0.0.1:1876",
            "ftp://a",
            "http://",
            "http://a/b",
            "http://a?b",
            "http://user@a",
            "http://a;b",
            "http://$a",
            "http://a'b",
        ] {
            assert!(Address::of_url(url).is_err(), "{url}");
        }
    }
}
