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
use crate::openapi::tag;
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
#[utoipa::path(
    get,
    path = "",
    operation_id = "login",
    tag = tag::OPERATION,
    params(("code" = Option<String>, Query, description = "Of the link")),
    responses((status = 303, description = "To the page, with a cookie"), (status = 401, description = "The link is not good any more", content_type = "text/html", body = String), (status = 429, description = "Too many codes were tried", content_type = "application/problem+json", body = Object)),
)]
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
#[utoipa::path(
    get,
    path = "",
    operation_id = "logout",
    tag = tag::OPERATION,
    responses((status = 303, description = "To the page, without a cookie"), (status = 200, description = "Out", content_type = "text/html", body = String)),
)]
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

/// The same by a form.
///
/// # Errors
/// As [`logout`].
#[utoipa::path(
    post,
    path = "",
    operation_id = "logoutByForm",
    tag = tag::OPERATION,
    responses((status = 303, description = "To the page, without a cookie"), (status = 200, description = "Out", content_type = "text/html", body = String)),
)]
pub async fn logout_by_form(app: State<App>, request: Request) -> Answer {
    logout(app, request).await
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
