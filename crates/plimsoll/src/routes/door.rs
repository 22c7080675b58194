//! Who may see what is judged and change it: this machine, or whoever shows the token.

use std::net::{IpAddr, SocketAddr};

use axum::extract::rejection::ExtensionRejection;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::problem::Problem;
use crate::config::Secret;
use crate::monitor::Monitor;

/// Headers that only a proxy sets: behind one, everybody comes from this machine.
const FORWARDING: [&str; 6] = [
    "forwarded",
    "via",
    "x-real-ip",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
];

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    /// No token, or not the right one.
    Token,
    /// Comes from another machine, and there is no token that would help.
    Elsewhere,
    /// Nobody told where it comes from.
    Unknown,
    /// A page of another site sent it.
    Foreign,
}

/// Lets a request in, or answers that it may not.
pub(super) async fn guard(
    State(monitor): State<Monitor>,
    peer: Result<ConnectInfo<SocketAddr>, ExtensionRejection>,
    request: Request,
    next: Next,
) -> Response {
    let peer = peer.ok().map(|ConnectInfo(address)| address.ip());
    let token = monitor.config().performance_token.as_ref();
    match admit(
        token,
        peer,
        request.method(),
        request.uri(),
        request.headers(),
    ) {
        Ok(()) => next.run(request).await,
        Err(refused) => answer(refused),
    }
}

fn admit(
    token: Option<&Secret>,
    peer: Option<IpAddr>,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<(), Refused> {
    // A browser adds what it knows of this site to the requests of any other.
    if !method.is_safe() && is_foreign(headers) {
        return Err(Refused::Foreign);
    }
    if let Some(token) = token.filter(|_| headers.contains_key(AUTHORIZATION)) {
        let shown = shown(headers);
        let is_right = shown.is_some_and(|shown| token.is(&shown));
        return if is_right {
            Ok(())
        } else {
            Err(Refused::Token)
        };
    }
    let is_forwarded = FORWARDING.iter().any(|name| headers.contains_key(*name));
    let is_near = peer.is_some_and(|peer| peer.to_canonical().is_loopback());
    if is_near && !is_forwarded && is_named_local(uri, headers) {
        return Ok(());
    }
    Err(match (token, peer) {
        (Some(_), _) => Refused::Token,
        (None, Some(_)) => Refused::Elsewhere,
        (None, None) => Refused::Unknown,
    })
}

/// A name of another site that leads here would let its pages ask as this machine.
fn is_named_local(uri: &Uri, headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = uri.authority().map(|host| host.as_str()).or(host);
    host.is_some_and(is_local)
}

fn is_local(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let address = name.parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |value: &HeaderValue| value.to_str().map(str::to_owned).unwrap_or_default();
    if let Some(site) = headers.get("sec-fetch-site").map(text) {
        return site != "same-origin" && site != "none";
    }
    let (origin, host) = (headers.get(ORIGIN).map(text), headers.get(HOST).map(text));
    origin.is_some_and(|origin| {
        let of = origin.split_once("://").map(|(_, host)| host.to_owned());
        of != host
    })
}

/// `Bearer TOKEN`, or `Basic` with the token as the password.
fn shown(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = value.split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
    decoded
        .split_once(':')
        .map(|(_, password)| password.to_owned())
}

fn answer(refused: Refused) -> Response {
    let detail = match refused {
        Refused::Token => "show the token: Authorization: Bearer …, or as the password",
        Refused::Elsewhere => {
            "this answers to this machine only; PLIMSOLL_PERFORMANCE_TOKEN lets others in who show it"
        }
        Refused::Unknown => {
            "it is not known where the request comes from: serve the application with connect info \
             (into_make_service_with_connect_info::<SocketAddr>()), or set PLIMSOLL_PERFORMANCE_TOKEN and show it"
        }
        Refused::Foreign => "a page of another site may not change anything here",
    };
    if refused == Refused::Token {
        let challenge = HeaderValue::from_static("Basic realm=\"performance\", charset=\"UTF-8\"");
        let problem = Problem::unauthorized(detail);
        return ([(WWW_AUTHENTICATE, challenge)], problem).into_response();
    }
    Problem::forbidden(detail).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "a-token-of-the-test";

    fn knock(
        token: bool,
        peer: Option<&str>,
        method: Method,
        headers: &[(&'static str, &str)],
    ) -> Result<(), Refused> {
        let secret = Secret::new(TOKEN);
        let peer = peer.map(|peer| peer.parse().unwrap());
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        let uri = Uri::from_static("/performance");
        admit(token.then_some(&secret), peer, &method, &uri, &map)
    }

    fn get(peer: Option<&str>, headers: &[(&'static str, &str)]) -> Result<(), Refused> {
        knock(false, peer, Method::GET, headers)
    }

    #[test]
    fn this_machine_is_let_in_under_its_own_names() {
        for host in [
            "localhost:3000",
            "127.0.0.1",
            "[::1]:80",
            "LOCALHOST",
            "127.0.0.2:1",
        ] {
            for peer in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
                assert_eq!(get(Some(peer), &[("host", host)]), Ok(()), "{host} {peer}");
            }
        }
        for host in ["shop.example", "localhost.example:80", "10.0.0.1", ""] {
            assert_eq!(
                get(Some("127.0.0.1"), &[("host", host)]),
                Err(Refused::Elsewhere)
            );
        }
    }

    #[test]
    fn others_and_whoever_comes_through_a_proxy_are_not() {
        let local = ("host", "localhost");
        assert_eq!(get(Some("10.0.0.7"), &[local]), Err(Refused::Elsewhere));
        assert_eq!(get(None, &[local]), Err(Refused::Unknown));
        for name in FORWARDING {
            let refused = get(Some("127.0.0.1"), &[local, (name, "10.0.0.7")]);
            assert_eq!(refused, Err(Refused::Elsewhere), "{name}");
        }
    }

    #[test]
    fn the_token_opens_from_anywhere_and_a_wrong_one_from_nowhere() {
        let basic = format!("Basic {}", STANDARD.encode(format!("me:{TOKEN}")));
        for good in [format!("Bearer {TOKEN}"), basic] {
            let shown = [("authorization", good.as_str()), ("host", "shop.example")];
            assert_eq!(knock(true, Some("10.0.0.7"), Method::GET, &shown), Ok(()));
        }
        for bad in ["Bearer no", "Basic no", "Basic bm8=", TOKEN] {
            let shown = [("authorization", bad), ("host", "localhost")];
            let refused = knock(true, Some("127.0.0.1"), Method::GET, &shown);
            assert_eq!(refused, Err(Refused::Token), "{bad}");
        }
        assert_eq!(
            knock(true, Some("10.0.0.7"), Method::GET, &[]),
            Err(Refused::Token)
        );
    }

    #[test]
    fn pages_of_other_sites_change_nothing() {
        let put = |headers: &[(&'static str, &str)]| {
            let mut all = vec![("host", "localhost:3000")];
            all.extend(headers);
            knock(false, Some("127.0.0.1"), Method::PUT, &all)
        };
        assert_eq!(put(&[]), Ok(()));
        assert_eq!(put(&[("origin", "http://localhost:3000")]), Ok(()));
        assert_eq!(put(&[("sec-fetch-site", "same-origin")]), Ok(()));
        for foreign in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
        ] {
            assert_eq!(put(&[foreign]), Err(Refused::Foreign), "{foreign:?}");
        }
    }
}
