//! The parts of a URL.

use axum::http::Uri;

/// Where an `http://` or `https://` URL points.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// Whether it is `https://`.
    pub is_tls: bool,
    /// Name or address, without the brackets of IPv6.
    pub host: String,
    /// The port; 80 or 443 where none is named.
    pub port: u16,
    /// With the query.
    pub path: String,
}

/// Why a text is no address. Says nothing of the text, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAddress {
    /// No URL of these schemes.
    Malformed,
    /// There is a user, maybe with a password, before the host.
    HasUser,
}

impl Address {
    /// Reads a URL.
    ///
    /// # Errors
    /// What is no URL, or names a user.
    pub fn parse(url: &str) -> Result<Self, NoAddress> {
        let uri: Uri = url.parse().map_err(|_| NoAddress::Malformed)?;
        let is_tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(NoAddress::Malformed),
        };
        let authority = uri.authority().ok_or(NoAddress::Malformed)?;
        if authority.as_str().contains('@') {
            return Err(NoAddress::HasUser);
        }
        let host = authority.host();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return Err(NoAddress::Malformed);
        }
        let usual = if is_tls { 443 } else { 80 };
        Ok(Self {
            is_tls,
            host: host.to_owned(),
            port: authority.port_u16().unwrap_or(usual),
            path: uri
                .path_and_query()
                .map_or("/", |path| path.as_str())
                .to_owned(),
        })
    }

    /// As the header `Host` has it: without the port that a URL of this scheme need not name.
    pub fn authority(&self) -> String {
        let usual = if self.is_tls { 443 } else { 80 };
        match (self.port == usual, self.host.contains(':')) {
            (false, _) => host_and_port(&self.host, self.port),
            (true, true) => format!("[{}]", self.host),
            (true, false) => self.host.clone(),
        }
    }
}

impl std::fmt::Debug for Address {
    /// Without the path, which may be a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Address({}:{})", self.host, self.port)
    }
}

/// Host and port as they stand in a URL.
pub fn host_and_port(host: &str, port: u16) -> String {
    match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    }
}

/// Whether a name or address is this machine's.
pub fn is_here(host: &str) -> bool {
    match host.parse::<std::net::IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

/// Where a redirect points, without what may be a secret in it.
pub(crate) fn without_path(location: &str) -> String {
    let uri: Option<Uri> = location.parse().ok();
    let place = uri.and_then(|uri| {
        let port = uri.port_u16();
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        Some(format!("{}://{}{port}/…", uri.scheme_str()?, uri.host()?))
    });
    place.unwrap_or_else(|| "another path".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_host_port_and_path() {
        for (url, expected) in [
            ("http://a", (false, "a", 80, "/")),
            (
                "https://a.example:8443/b?c=d",
                (true, "a.example", 8443, "/b?c=d"),
            ),
            ("https://[::1]/x", (true, "::1", 443, "/x")),
        ] {
            let found = Address::parse(url).unwrap();
            let found = (found.is_tls, &*found.host, found.port, &*found.path);
            assert_eq!(found, expected, "{url}");
        }
        for url in ["", "a:80", "ftp://a/", "http://", "/only/a/path"] {
            assert_eq!(Address::parse(url), Err(NoAddress::Malformed), "{url}");
        }
        assert_eq!(Address::parse("http://u:p@a"), Err(NoAddress::HasUser));
    }

    #[test]
    fn its_authority_names_a_port_where_it_is_not_the_usual_one() {
        for (url, expected) in [
            ("https://a1/x", "a1"),
            ("https://a1:443/x", "a1"),
            ("https://a1:80/x", "a1:80"),
            ("http://[::1]:80/", "[::1]"),
            ("http://[::1]:81/", "[::1]:81"),
        ] {
            assert_eq!(Address::parse(url).unwrap().authority(), expected, "{url}");
        }
    }

    #[test]
    fn its_path_is_not_shown() {
        let shown = format!("{:?}", Address::parse("https://hooks.example/T0/B0/xyz"));
        assert_eq!(shown, "Ok(Address(hooks.example:443))");
    }

    #[test]
    fn a_name_of_this_machine_is_known() {
        for host in ["127.0.0.1", "127.8.9.1", "::1", "LocalHost"] {
            assert!(is_here(host), "{host}");
        }
        for host in ["10.0.0.1", "localhost.example", "example.org"] {
            assert!(!is_here(host), "{host}");
        }
    }

    #[test]
    fn of_a_redirect_only_the_host_is_told() {
        for (location, expected) in [
            (
                "https://new.example/services/geheim",
                "https://new.example/…",
            ),
            ("http://u:p@new.example:81/x", "http://new.example:81/…"),
            ("http://[::1]:81/x", "http://[::1]:81/…"),
            ("/services/geheim", "another path"),
            ("??", "another path"),
        ] {
            assert_eq!(without_path(location), expected, "{location}");
        }
    }
}
