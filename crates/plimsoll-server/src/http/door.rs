//! Who may come in: without tokens, only programs and pages of this machine.
//!
//! A page of a foreign site can make the user's browser send requests to 127.0.0.1, under a name of its own that it lets
//! point there (DNS rebinding). So the `Host` must be a name of this machine and an `Origin` must be our own page. What a
//! proxy passed on comes from elsewhere, whatever its `Host` says.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header, uri::Authority};
use axum::middleware::Next;
use axum::response::Response;

use super::problem::{Answer, Problem};

/// Headers that proxies add: whoever sent the request is not on this machine.
const FORWARDING: [&str; 3] = ["forwarded", "x-real-ip", "via"];
/// Others of theirs begin so.
const FORWARDED: &str = "x-forwarded-";
/// How our own pages are reached.
const SCHEME: &str = "http";

/// Refuses what does not come from this machine.
///
/// # Errors
/// 403, naming the header.
pub async fn guard(request: Request, next: Next) -> Answer<Response> {
    check(request.uri().authority(), request.headers())?;
    Ok(next.run(request).await)
}

fn check(authority: Option<&Authority>, headers: &HeaderMap) -> Result<(), Problem> {
    let mut hosts = headers.get_all(header::HOST).iter().skip(1);
    if let Some(second) = hosts.next() {
        return Err(refused("Host", text(second), "was sent twice"));
    }
    // HTTP/2 carries the host in the URI.
    let host = match (authority, headers.get(header::HOST)) {
        (Some(authority), _) => authority.clone(),
        (None, Some(value)) => Authority::try_from(value.as_bytes())
            .map_err(|_| refused("Host", text(value), "is no host name"))?,
        (None, None) => return Err(refused("Host", String::new(), "is missing")),
    };
    if !is_this_machine(host.host()) {
        let detail = "is not a name of this machine; use 127.0.0.1 or localhost";
        return Err(refused("Host", host.to_string(), detail));
    }
    if let Some(origin) = headers.get(header::ORIGIN) {
        let own = origin
            .to_str()
            .ok()
            .and_then(|origin| origin.split_once("://"))
            .is_some_and(|(scheme, authority)| {
                scheme == SCHEME && authority.eq_ignore_ascii_case(host.as_str())
            });
        if !own {
            return Err(refused("Origin", text(origin), "is another site"));
        }
    }
    let forwarding = headers.iter().find(|(name, _)| {
        FORWARDING.contains(&name.as_str()) || name.as_str().starts_with(FORWARDED)
    });
    if let Some((name, value)) = forwarding {
        let detail =
            "shows that the request came through a proxy; only programs of this machine may ask";
        return Err(refused(name.as_str(), text(value), detail));
    }
    Ok(())
}

fn text(value: &axum::http::HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

fn refused(name: &str, value: String, why: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "forbidden", format!("{name} {why}")).field(name, value)
}

fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn knock(pairs: &[(&'static str, &str)]) -> Result<(), String> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().expect("a header value"));
        }
        check(None, &headers).map_err(|problem| problem.detail().to_owned())
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
            assert_eq!(knock(&[("host", host)]), Ok(()), "{host}");
        }
    }

    #[test]
    fn a_foreign_name_that_points_here_is_refused() {
        for host in [
            "evil.example:1876",
            "localhost.evil.example",
            "192.168.1.2:1876",
            "0.0.0.0:1876",
        ] {
            assert!(knock(&[("host", host)]).is_err(), "{host}");
        }
        assert!(knock(&[]).is_err());
    }

    #[test]
    fn a_page_of_another_site_is_refused() {
        let host = ("host", "127.0.0.1:1876");
        assert_eq!(knock(&[host, ("origin", "http://127.0.0.1:1876")]), Ok(()));
        for origin in [
            "https://evil.example",
            "null",
            "http://127.0.0.1:8080",
            "http://localhost",
            "https://127.0.0.1:1876",
        ] {
            assert!(knock(&[host, ("origin", origin)]).is_err(), "{origin}");
        }
    }

    #[test]
    fn what_came_through_a_proxy_is_refused() {
        for name in [
            "x-forwarded-for",
            "x-forwarded-proto",
            "x-forwarded-anything",
            "forwarded",
            "x-real-ip",
            "via",
        ] {
            let refused = knock(&[("host", "localhost:1876"), (name, "203.0.113.9")]);
            assert!(refused.is_err(), "{name}");
        }
    }

    #[test]
    fn two_hosts_are_refused() {
        let host = ("host", "localhost:1876");
        assert!(knock(&[host, ("host", "evil.example")]).is_err());
        assert!(knock(&[host, host]).is_err());
    }
}
