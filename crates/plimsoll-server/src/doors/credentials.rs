//! What a request presents to be let in.

use axum::extract::Query;
use axum::http::{HeaderMap, Uri, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The cookie of a browser that logged in.
pub const COOKIE: &str = "plimsoll_session";
/// The paths at which InfluxDB 1.x takes `u=` and `p=`.
const WITH_PASSWORD: [&str; 2] = ["/write", "/query"];
/// The token of clients that insist on one where none is needed.
const NO_TOKEN: &str = "none";

/// Secrets of a request, not looked up yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presented {
    /// Nothing.
    Nothing,
    /// A token, sent on purpose.
    Token(String),
    /// A session, which a browser adds by itself.
    Session(String),
    /// An `Authorization` that is not understood.
    Unreadable,
}

/// Finds them: `Authorization: Bearer T`, `Token T` (InfluxDB 2.x), `Basic` with the token as password (InfluxDB 1.x), the
/// parameters `u` and `p` of `/write` and `/query` (likewise), or the session's cookie. What was sent on purpose wins.
pub fn of(uri: &Uri, headers: &HeaderMap) -> Presented {
    let mut authorizations = headers.get_all(header::AUTHORIZATION).iter();
    match (authorizations.next(), authorizations.next()) {
        (Some(_), Some(_)) => return Presented::Unreadable,
        (Some(value), None) => {
            let token = value.to_str().ok().and_then(in_authorization);
            match token {
                Some(token) if is_none(&token) => {}
                Some(token) => return Presented::Token(token),
                None => return Presented::Unreadable,
            }
        }
        (None, _) => {
            if let Some(token) = in_query(uri).filter(|token| !is_none(token)) {
                return Presented::Token(token);
            }
        }
    }
    match in_cookies(headers) {
        Some(session) => Presented::Session(session.to_owned()),
        None => Presented::Nothing,
    }
}

fn is_none(token: &str) -> bool {
    token.is_empty() || token == NO_TOKEN
}

fn in_authorization(value: &str) -> Option<String> {
    let (scheme, rest) = value.trim().split_once(' ').unwrap_or((value.trim(), ""));
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token") {
        // InfluxDB 1.8 takes `Token user:password` as well.
        return Some(rest.rsplit(':').next().unwrap_or(rest).to_owned());
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let pair = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
        let (user, password) = pair.split_once(':')?;
        // `curl -u TOKEN:` has it as the user.
        let token = if password.is_empty() { user } else { password };
        return Some(token.to_owned());
    }
    None
}

fn in_query(uri: &Uri) -> Option<String> {
    let query = uri.query()?;
    if !WITH_PASSWORD.contains(&uri.path()) || !query.contains("p=") {
        return None;
    }
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri).ok()?;
    pairs
        .into_iter()
        .find_map(|(name, value)| (name == "p").then_some(value))
}

fn in_cookies(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .find_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name == COOKIE && !value.is_empty()).then_some(value)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presented(uri: &str, pairs: &[(&'static str, &str)]) -> Presented {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().expect("a header value"));
        }
        of(&uri.parse().expect("a path"), &headers)
    }

    fn token(text: &str) -> Presented {
        Presented::Token(text.to_owned())
    }

    #[test]
    fn every_scheme_is_understood() {
        for value in [
            "Bearer plm_a",
            "bearer plm_a",
            "Token plm_a",
            "Token user:plm_a",
            // user:plm_a and plm_a: by another tool's base64.
            "Basic dXNlcjpwbG1fYQ==",
            "Basic cGxtX2E6",
        ] {
            assert_eq!(
                presented("/v1/metrics", &[("authorization", value)]),
                token("plm_a"),
                "{value}"
            );
        }
        assert_eq!(presented("/write?db=x&u=me&p=plm_a", &[]), token("plm_a"));
        assert_eq!(presented("/write?p=plm%5Fa", &[]), token("plm_a"));
        let cookie = ("cookie", "other=1; plimsoll_session=abc");
        assert_eq!(
            presented("/", &[cookie]),
            Presented::Session("abc".to_owned())
        );
        let both = [cookie, ("authorization", "Bearer plm_a")];
        assert_eq!(presented("/", &both), token("plm_a"));
    }

    #[test]
    fn a_password_in_the_query_counts_where_influxdb_has_it() {
        assert_eq!(presented("/api/v1/query?p=plm_a", &[]), Presented::Nothing);
    }

    #[test]
    fn none_is_no_token() {
        for value in ["Token none", "Bearer", "Basic Og==", "Basic dXNlcjpub25l"] {
            let found = presented("/api/v2/write", &[("authorization", value)]);
            assert_eq!(found, Presented::Nothing, "{value}");
        }
    }

    #[test]
    fn what_is_not_understood_opens_nothing() {
        for value in ["Digest a", "Basic ???", "plm_a", "Basic cGxtX2E="] {
            let found = presented("/", &[("authorization", value)]);
            assert_eq!(found, Presented::Unreadable, "{value}");
        }
        let twice = [
            ("authorization", "Bearer plm_a"),
            ("authorization", "Bearer plm_b"),
        ];
        assert_eq!(presented("/", &twice), Presented::Unreadable);
    }
}
