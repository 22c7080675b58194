//! Under which names the server answers, and to pages of which sites.
//!
//! A page of a foreign site can make the user's browser send requests to 127.0.0.1 or into the local network, under a name
//! of its own that it lets point there (DNS rebinding). So the `Host` must be a name that the server knows, and an
//! `Origin` must be its own page. An address cannot be made to point elsewhere.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header, uri::Authority};

use crate::http::problem::Problem;

/// Headers that proxies add: whoever sent the request is not on this machine.
const FORWARDING: [&str; 3] = ["forwarded", "x-real-ip", "via"];
/// Others of theirs begin so.
const FORWARDED: &str = "x-forwarded-";
/// What browsers say of the page that makes a request.
const FETCH_SITE: &str = "sec-fetch-site";
/// And of what they want with the answer: `navigate` when they go to it.
const FETCH_MODE: &str = "sec-fetch-mode";

/// The names under which the server is reached.
#[derive(Clone, Debug)]
pub struct Names {
    is_loopback: bool,
    hosts: Vec<String>,
}

/// The name that a request used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// With its port.
    pub authority: Authority,
    /// Whether it stands for this machine alone.
    pub is_this_machine: bool,
}

impl Names {
    /// `hosts` beside this machine's own names; where the port is reached from elsewhere, any address, too.
    pub fn new(is_loopback: bool, hosts: &[String]) -> Self {
        Self {
            is_loopback,
            hosts: hosts.to_vec(),
        }
    }

    /// The name of a request.
    ///
    /// # Errors
    /// 403 for one that is missing, there twice, or none of the server's.
    pub fn check(
        &self,
        authority: Option<&Authority>,
        headers: &HeaderMap,
    ) -> Result<Host, Problem> {
        if let Some(second) = headers.get_all(header::HOST).iter().nth(1) {
            return Err(refused("Host", text(second), "was sent twice"));
        }
        // HTTP/2 carries the host in the URI.
        let authority = match (authority, headers.get(header::HOST)) {
            (Some(authority), _) => authority.clone(),
            (None, Some(value)) => Authority::try_from(value.as_bytes())
                .map_err(|_| refused("Host", text(value), "is no host name"))?,
            (None, None) => return Err(refused("Host", String::new(), "is missing")),
        };
        let host = authority.host();
        let is_this_machine = is_this_machine(host);
        let is_known = is_this_machine
            || self
                .hosts
                .iter()
                .any(|name| name.eq_ignore_ascii_case(host))
            || !self.is_loopback && address(host).is_some();
        if !is_known {
            let detail =
                "is not a name of this server; use its address, or list the name in `server.hosts`";
            return Err(refused("Host", authority.to_string(), detail));
        }
        Ok(Host {
            authority,
            is_this_machine,
        })
    }
}

/// Whether a request came through a proxy: from elsewhere, whatever its `Host` says.
pub fn is_forwarded(headers: &HeaderMap) -> bool {
    headers
        .keys()
        .any(|name| FORWARDING.contains(&name.as_str()) || name.as_str().starts_with(FORWARDED))
}

/// Whether a request is none of another site's page. `schemes` are those of our own pages.
///
/// # Errors
/// 403, naming the header.
pub fn check_origin(
    host: &Host,
    method: &Method,
    headers: &HeaderMap,
    schemes: &[&str],
) -> Result<(), Problem> {
    if let Some(origin) = headers.get(header::ORIGIN)
        && !is_own(origin, host, schemes)
    {
        return Err(refused("Origin", text(origin), "is another site"));
    }
    // Another site's page may link to ours. What it embeds it cannot read, but could keep the server busy with.
    let follows_a_link = || {
        method.is_safe()
            && headers
                .get(FETCH_MODE)
                .is_some_and(|mode| mode == "navigate")
    };
    if let Some(site) = headers.get(FETCH_SITE)
        && !["same-origin", "none"].contains(&text(site).as_str())
        && !follows_a_link()
    {
        return Err(refused("Sec-Fetch-Site", text(site), "shows another site"));
    }
    Ok(())
}

/// Whether a browser says that our own page makes the request, and not merely that no other does: what a request needs
/// that changes something and shows only a cookie, which browsers add by themselves.
///
/// # Errors
/// 403, naming what is missing.
pub fn check_is_own_page(
    host: &Host,
    method: &Method,
    headers: &HeaderMap,
    schemes: &[&str],
) -> Result<(), Problem> {
    let says_so = headers
        .get(header::ORIGIN)
        .is_some_and(|origin| is_own(origin, host, schemes))
        || headers
            .get(FETCH_SITE)
            .is_some_and(|site| site == "same-origin");
    if method.is_safe() || says_so {
        return Ok(());
    }
    let why = "or Sec-Fetch-Site must show that the server's own page asks; programs use a token";
    Err(refused("Origin", String::new(), why))
}

fn is_own(origin: &HeaderValue, host: &Host, schemes: &[&str]) -> bool {
    let parts = origin.to_str().ok().and_then(|text| text.split_once("://"));
    parts.is_some_and(|(scheme, authority)| {
        schemes.contains(&scheme) && authority.eq_ignore_ascii_case(host.authority.as_str())
    })
}

fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

fn refused(name: &str, value: String, why: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "forbidden", format!("{name} {why}")).field(name, value)
}

fn address(host: &str) -> Option<IpAddr> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok()
}

fn is_this_machine(host: &str) -> bool {
    match address(host) {
        Some(address) => address.is_loopback(),
        None => host.eq_ignore_ascii_case("localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().expect("a header value"));
        }
        headers
    }

    fn knock(names: &Names, pairs: &[(&'static str, &str)]) -> Result<bool, String> {
        let headers = headers(pairs);
        let host = names.check(None, &headers);
        let host = host.map_err(|problem| problem.detail().to_owned())?;
        check_origin(&host, &Method::GET, &headers, &["http"])
            .map_err(|problem| problem.detail().to_owned())?;
        Ok(host.is_this_machine)
    }

    fn loopback() -> Names {
        Names::new(true, &["monitor.example.org".to_owned()])
    }

    #[test]
    fn names_of_this_machine_come_in() {
        for host in [
            "127.0.0.1:1876",
            "localhost:1876",
            "LOCALHOST",
            "[::1]:1876",
            "127.0.0.1",
        ] {
            assert_eq!(knock(&loopback(), &[("host", host)]), Ok(true), "{host}");
        }
    }

    #[test]
    fn a_configured_name_is_known_but_not_of_this_machine() {
        for host in ["monitor.example.org", "Monitor.Example.Org:443"] {
            assert_eq!(knock(&loopback(), &[("host", host)]), Ok(false), "{host}");
        }
    }

    #[test]
    fn a_foreign_name_that_points_here_is_refused() {
        for host in [
            "evil.example:1876",
            "localhost.evil.example",
            "monitor.example.org.evil.example",
            "192.168.1.2:1876",
            "0.0.0.0:1876",
        ] {
            assert!(knock(&loopback(), &[("host", host)]).is_err(), "{host}");
        }
        assert!(knock(&loopback(), &[]).is_err());
    }

    #[test]
    fn a_port_for_all_is_reached_by_address_and_configured_name() {
        let names = Names::new(false, &["monitor.example.org".to_owned()]);
        for host in [
            "192.168.1.2:1876",
            "[2001:db8::1]:1876",
            "monitor.example.org",
        ] {
            assert_eq!(knock(&names, &[("host", host)]), Ok(false), "{host}");
        }
        assert!(knock(&names, &[("host", "evil.example")]).is_err());
    }

    #[test]
    fn a_page_of_another_site_is_refused() {
        let host = ("host", "127.0.0.1:1876");
        let own = knock(&loopback(), &[host, ("origin", "http://127.0.0.1:1876")]);
        assert_eq!(own, Ok(true));
        for origin in [
            "https://evil.example",
            "null",
            "http://127.0.0.1:8080",
            "http://localhost",
            "https://127.0.0.1:1876",
        ] {
            let refused = knock(&loopback(), &[host, ("origin", origin)]);
            assert!(refused.is_err(), "{origin}");
        }
    }

    #[test]
    fn what_the_browser_tells_of_another_site_is_refused_unless_it_is_a_link() {
        let host = Host {
            authority: "127.0.0.1:1876".parse().unwrap(),
            is_this_machine: true,
        };
        let check = |method: Method, pairs: &[(&'static str, &str)]| {
            let headers = headers(pairs);
            check_origin(&host, &method, &headers, &["http"]).is_ok()
        };
        assert!(!check(Method::POST, &[(FETCH_SITE, "cross-site")]));
        assert!(!check(Method::POST, &[(FETCH_SITE, "same-site")]));
        assert!(check(Method::POST, &[(FETCH_SITE, "same-origin")]));
        assert!(check(Method::POST, &[]));
        assert!(!check(Method::GET, &[(FETCH_SITE, "cross-site")]));
        let followed = [(FETCH_SITE, "cross-site"), (FETCH_MODE, "navigate")];
        assert!(check(Method::GET, &followed));
        assert!(!check(Method::POST, &followed));
        let own = |pairs: &[(&'static str, &str)]| {
            let headers = headers(pairs);
            check_is_own_page(&host, &Method::POST, &headers, &["http"]).is_ok()
        };
        assert!(!own(&[]));
        assert!(!own(&[(FETCH_SITE, "none")]));
        assert!(own(&[("origin", "http://127.0.0.1:1876")]));
        assert!(own(&[(FETCH_SITE, "same-origin")]));
    }

    #[test]
    fn what_came_through_a_proxy_is_seen() {
        for name in [
            "x-forwarded-for",
            "x-forwarded-proto",
            "x-forwarded-anything",
            "forwarded",
            "x-real-ip",
            "via",
        ] {
            assert!(is_forwarded(&headers(&[(name, "203.0.113.9")])), "{name}");
        }
        assert!(!is_forwarded(&headers(&[("host", "localhost")])));
    }

    #[test]
    fn two_hosts_are_refused() {
        let host = ("host", "localhost:1876");
        assert!(knock(&loopback(), &[host, ("host", "evil.example")]).is_err());
        assert!(knock(&loopback(), &[host, host]).is_err());
    }
}
