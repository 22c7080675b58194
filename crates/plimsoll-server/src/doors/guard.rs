//! Every request passes here: who sends it, and whether that is enough.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::credentials::{self, Presented};
use super::hosts::{self, Host};
use super::limits::Sender;
use super::paths::Need;
use super::secret::PREFIX;
use super::{Doors, Peer, Who, headers, page};
use crate::http::problem::Problem;
use crate::state::App;
use crate::store::table::Nanos;
use crate::tick;

/// Code of the problem when it lacks a good token.
const UNAUTHORIZED: &str = "unauthorized";
/// Code of the problem when the token is good for something else.
const SCOPE: &str = "scope";

/// Lets a request in, with [`Who`] sent it among its extensions, or answers that it may not.
pub async fn guard(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let mut response = match app.doors.admit(&request, tick::now(), Instant::now()) {
        Ok(who) => {
            request.extensions_mut().insert(who);
            next.run(request).await
        }
        Err(problem) => answer(&request, problem),
    };
    headers::add(response.headers_mut(), app.doors.config.tls.is_some());
    response
}

impl Doors {
    fn admit(&self, request: &Request, now: Nanos, instant: Instant) -> Result<Who, Problem> {
        let (uri, headers) = (request.uri(), request.headers());
        let host = self.names.check(uri.authority(), headers);
        let host = host.inspect_err(|_| count(&self.counts.foreign))?;
        let address = peer(request);
        let is_forwarded = hosts::is_forwarded(headers);
        let is_local = self.config.trusts_local && host.is_this_machine && !is_forwarded;
        let presented = credentials::of(uri, headers);
        let who = self
            .identify(presented, is_local, address, now)
            .ok_or_else(|| {
                let detail =
                    "the token is not known: it may have expired, been revoked, or be of another server";
                self.failed(address, detail, instant)
            })?;
        self.limit(who, instant)?;
        let route = request.extensions().get::<MatchedPath>();
        let need = self
            .paths
            .need(request.method(), route.map(MatchedPath::as_str));
        self.check_need(need, who, is_forwarded)?;
        self.check_site(request, &host, who, is_forwarded)
            .inspect_err(|_| count(&self.counts.foreign))?;
        Ok(who)
    }

    /// `None` for one who shows something that is not good.
    fn identify(
        &self,
        presented: Presented,
        is_local: bool,
        address: IpAddr,
        now: Nanos,
    ) -> Option<Who> {
        let without = if is_local {
            Who::Local
        } else {
            Who::Stranger(address)
        };
        // Where no token is needed and none was ever made, clients may show what another server gave them.
        let means_nothing = || is_local && !self.keyring.has_tokens();
        match presented {
            Presented::Nothing => Some(without),
            // Browsers send cookies of themselves, also those that are over.
            Presented::Session(text) => Some(self.keyring.session(&text, now).unwrap_or(without)),
            Presented::Token(text) => {
                let found = self.keyring.token(&text, now);
                found.or_else(|| (!text.starts_with(PREFIX) && means_nothing()).then_some(without))
            }
            Presented::Unreadable => means_nothing().then_some(without),
        }
    }

    fn check_need(&self, need: Need, who: Who, is_forwarded: bool) -> Result<(), Problem> {
        if need.is_met_by(who) || self.config.is_insecure && need.is_met_without_doors() {
            return Ok(());
        }
        let scope = need.scope();
        if !matches!(who, Who::Stranger(_)) {
            count(&self.counts.forbidden);
            let or_admin = if scope == "admin" { "" } else { " or admin" };
            let detail = format!("this needs a token with the scope {scope}{or_admin}");
            let problem = Problem::new(StatusCode::FORBIDDEN, SCOPE, detail);
            return Err(problem.with("needs", scope));
        }
        count(&self.counts.unauthorized);
        let why = if is_forwarded && self.config.trusts_local {
            "the request came through a proxy, so it "
        } else {
            "this "
        };
        let detail = format!(
            "{why}needs a token with the scope {scope}; `plimsoll token create NAME --scope {scope}` makes one"
        );
        let problem = Problem::new(StatusCode::UNAUTHORIZED, UNAUTHORIZED, detail);
        Err(problem.with("needs", scope))
    }

    fn check_site(
        &self,
        request: &Request,
        host: &Host,
        who: Who,
        is_forwarded: bool,
    ) -> Result<(), Problem> {
        let schemes: &[&str] = if self.config.tls.is_some() {
            &["https"]
        } else if is_forwarded && !matches!(who, Who::Stranger(_)) {
            // A proxy may speak TLS for the server; what it says is believed from whoever has a token.
            &["http", "https"]
        } else {
            &["http"]
        };
        let (method, headers) = (request.method(), request.headers());
        hosts::check_origin(host, method, headers, schemes)?;
        if matches!(who, Who::Session { .. }) {
            hosts::check_is_own_page(host, method, headers, schemes)?;
        }
        Ok(())
    }

    fn limit(&self, who: Who, now: Instant) -> Result<(), Problem> {
        let sender = match who {
            Who::Local => return Ok(()),
            Who::Token { id, .. } | Who::Session { id, .. } => Sender::Token(id),
            Who::Stranger(address) => Sender::of(address),
        };
        let taken = self.limits.request(sender, now);
        taken.map_err(|secs| self.limited("too many requests", secs))
    }

    /// Something was shown that opens nothing: 401, or 429 from an address that does so often.
    pub(super) fn failed(&self, address: IpAddr, detail: &str, now: Instant) -> Problem {
        match self.limits.failure(address, now) {
            Ok(()) => {
                count(&self.counts.unauthorized);
                Problem::new(StatusCode::UNAUTHORIZED, UNAUTHORIZED, detail)
            }
            Err(secs) => self.limited("too many bad tokens or login codes", secs),
        }
    }

    fn limited(&self, detail: &str, secs: u32) -> Problem {
        count(&self.counts.limited);
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "limited", detail).retry_after(secs)
    }
}

/// Where a request comes from.
pub(super) fn peer(request: &Request) -> IpAddr {
    let peer = request.extensions().get::<Peer>();
    peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |Peer(address)| *address)
}

fn answer(request: &Request, problem: Problem) -> Response {
    let challenge = match problem.member("code").and_then(|code| code.as_str()) {
        Some(UNAUTHORIZED) => "Bearer realm=\"plimsoll\"",
        Some(SCOPE) => "Bearer realm=\"plimsoll\", error=\"insufficient_scope\"",
        _ => return problem.into_response(),
    };
    let status = problem.status();
    let mut response = if status == StatusCode::UNAUTHORIZED
        && page::is_wanted(request.method(), request.headers())
    {
        let again = page::came_by_link(request.headers());
        page::how_to_log_in(status, "This server asks who you are.", again)
    } else {
        problem.into_response()
    };
    response.headers_mut().insert(
        header::WWW_AUTHENTICATE,
        HeaderValue::from_static(challenge),
    );
    response
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
