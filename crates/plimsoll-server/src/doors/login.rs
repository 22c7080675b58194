//! Browsers come in by a link that works once, and have a cookie from then on.

use std::time::Instant;

use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::credentials::{self, COOKIE, Presented};
use super::{guard, page};
use crate::http::problem::{Answer, Problem};
use crate::meta::sessions::LoginError;
use crate::state::App;
use crate::store::table::Nanos;
use crate::tick;

const SECOND: Nanos = 1_000_000_000;

#[derive(Debug, Deserialize)]
struct LoginParams {
    code: Option<String>,
}

/// `GET /login?code=`: uses the code up, sets the cookie and goes to `/`.
///
/// # Errors
/// 429 for an address that tries codes; 401 is a page for people.
pub async fn login(State(app): State<App>, request: Request) -> Answer {
    let params = Query::<LoginParams>::try_from_uri(request.uri());
    let code = params.ok().and_then(|Query(params)| params.code);
    let Some(code) = code.filter(|_| request.method() == Method::GET) else {
        let why = "A link to log in has a code.";
        return Ok(page::how_to_log_in(StatusCode::UNAUTHORIZED, why, false));
    };
    let now = tick::now();
    let logging_in = app.clone();
    let done = tokio::task::spawn_blocking(move || logging_in.doors.keyring.log_in(&code, now));
    match done.await.map_err(|panic| failed(&panic))? {
        Ok((session, expires)) => {
            let left = (expires - now) / SECOND;
            let is_secure = app.doors.config.tls.is_some() || came_by_tls(request.headers());
            Ok(to_the_page(&cookie(session.text(), left, is_secure)))
        }
        Err(LoginError::Unknown) => {
            let address = guard::peer(&request);
            let why = "This link has been used already, or is older than ten minutes.";
            let problem = app.doors.failed(address, why, Instant::now());
            if problem.status() != StatusCode::UNAUTHORIZED {
                return Err(problem);
            }
            Ok(page::how_to_log_in(StatusCode::UNAUTHORIZED, why, false))
        }
        Err(error) => Err(failed(&error)),
    }
}

/// `GET` or `POST /logout`: ends the session of the cookie. Another site's page cannot do it: browsers keep the cookie to
/// themselves then.
///
/// # Errors
/// 500 when the session cannot be ended.
pub async fn logout(State(app): State<App>, request: Request) -> Answer {
    if let Presented::Session(session) = credentials::of(request.uri(), request.headers()) {
        let now = tick::now();
        let ending = app.clone();
        let done = tokio::task::spawn_blocking(move || ending.doors.keyring.log_out(&session, now));
        done.await
            .map_err(|panic| failed(&panic))?
            .map_err(|error| failed(&error))?;
    }
    let is_secure = app.doors.config.tls.is_some() || came_by_tls(request.headers());
    Ok(to_the_page(&cookie("", 0, is_secure)))
}

/// Strict: no other site's page or link makes the browser show it. Not for scripts.
fn cookie(session: &str, secs: Nanos, is_secure: bool) -> String {
    let secure = if is_secure { "; Secure" } else { "" };
    format!("{COOKIE}={session}; Path=/; Max-Age={secs}; HttpOnly; SameSite=Strict{secure}")
}

/// What a proxy says is believed here: at worst the sender's own browser keeps its cookie to itself.
fn came_by_tls(headers: &HeaderMap) -> bool {
    let proto = headers.get("x-forwarded-proto");
    proto.is_some_and(|proto| proto.as_bytes().eq_ignore_ascii_case(b"https"))
}

fn to_the_page(cookie: &str) -> Response {
    let cookie = HeaderValue::try_from(cookie).expect("letters and digits");
    let headers = [
        (header::LOCATION, HeaderValue::from_static("/")),
        (header::SET_COOKIE, cookie),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

fn failed(error: &(dyn std::fmt::Display + Send + Sync)) -> Problem {
    Problem::internal("the login failed").because(error)
}
