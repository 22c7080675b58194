//! `/api/v1/tokens` and `/api/v1/login-links`: who may come in.

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::posted::{object, posted};
use super::time::{self, rfc3339};
use crate::doors::Who;
use crate::doors::keyring::{CODE_LIFE, LoginFor};
use crate::http::body::BodyLimits;
use crate::http::extract::PathParams;
use crate::http::percent::percent_encoded;
use crate::http::problem::{Answer, Problem, json_answer};
use crate::meta::tokens::{NewToken, Scope, Token, TokenError};
use crate::openapi::answers::{BodyRefused, Invalid, NotFound};
use crate::openapi::tag;
use crate::state::App;
use crate::store::table::Nanos;
use crate::tick;

const SECOND: Nanos = 1_000_000_000;

/// A token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTokenRequest {
    /// What to call it.
    name: String,
    /// What it may do.
    scope: Scope,
    /// From now on, such as `90d`.
    expires: Option<String>,
}

/// For whom a link is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LoginLinkRequest {
    /// A token by name or number; without one, a new one for this browser alone.
    token: Option<String>,
    /// What that may do.
    scope: Option<Scope>,
}

/// `GET /api/v1/tokens`.
///
/// # Errors
/// 500 for a file that cannot be read.
#[utoipa::path(
    get,
    path = "",
    operation_id = "listTokens",
    tag = tag::OPERATION,
    responses((status = 200, description = "All tokens, without their secrets", body = Object)),
)]
pub async fn list(State(app): State<App>) -> Answer {
    let asking = app.clone();
    let read = tokio::task::spawn_blocking(move || asking.doors.keyring.meta().tokens());
    let tokens = read.await.map_err(|panic| failed(&panic))?;
    let tokens = tokens.map_err(|error| failed(&error))?;
    json_answer(&listing(&tokens, tick::now()))
}

/// `POST /api/v1/tokens`: 201 with the secret, which is not shown again.
///
/// # Errors
/// 400 naming the field that cannot be used, 409 for a name that is taken.
#[utoipa::path(
    post,
    path = "",
    operation_id = "createToken",
    tag = tag::OPERATION,
    request_body(content = NewTokenRequest, content_type = "application/json"),
    responses((status = 201, description = "The token, with its secret", body = Object), (status = 409, description = "The name is taken", content_type = "application/problem+json", body = Object), BodyRefused),
)]
pub async fn create(State(app): State<App>, headers: HeaderMap, body: Body) -> Answer {
    let making = app.clone();
    let made = posted(
        &app,
        &headers,
        body,
        BodyLimits::SHORT,
        object::<NewTokenRequest>,
        move |new| {
            let now = tick::now();
            let new = new_token(&new.name, new.scope, new.expires.as_deref(), now)?;
            let (secret, token) = making.doors.keyring.create(&new, now).map_err(refused)?;
            Ok(shown_once(&token, secret.text(), now))
        },
    );
    created(&made.await?)
}

/// `DELETE /api/v1/tokens/{token}`, by name or number.
///
/// # Errors
/// 404 when there is none.
#[utoipa::path(
    delete,
    path = "",
    operation_id = "revokeToken",
    tag = tag::OPERATION,
    params(("token" = String, Path, description = "Its name or number")),
    responses((status = 200, description = "The token, revoked", body = Object), Invalid, NotFound),
)]
pub async fn revoke(State(app): State<App>, PathParams(which): PathParams<String>) -> Answer {
    let now = tick::now();
    let revoking = tokio::task::spawn_blocking(move || app.doors.keyring.revoke(&which, now));
    let token = revoking.await.map_err(|panic| failed(&panic))?;
    json_answer(&shown(&token.map_err(refused)?, now))
}

/// `POST /api/v1/login-links`: 201 with a link that logs a browser in once. Who is no admin gets one for the own token.
///
/// # Errors
/// 403 for another's token or a wider scope, 404 for a token that is not there.
#[utoipa::path(
    post,
    path = "",
    operation_id = "createLoginLink",
    tag = tag::OPERATION,
    request_body(content = Option<LoginLinkRequest>, content_type = "application/json"),
    responses((status = 201, description = "The link", body = Object), (status = 409, description = "The name is taken", content_type = "application/problem+json", body = Object), BodyRefused, NotFound),
)]
pub async fn login_link(
    State(app): State<App>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let making = app.clone();
    let made = posted(
        &app,
        &headers,
        body,
        BodyLimits::SHORT,
        read_or_default,
        move |asked| {
            let whose = login_for(who, asked)?;
            let now = tick::now();
            let keyring = &making.doors.keyring;
            let (code, token) = keyring.login_code(&whose, now).map_err(refused)?;
            let path = format!("/login?code={}", percent_encoded(code.text()));
            let url = format!("{}{path}", making.doors.url_for_browsers());
            let expires = second(now + CODE_LIFE);
            Ok(json!({"url": url, "path": path, "expires": expires, "token": token.name}))
        },
    );
    created(&made.await?)
}

/// Checks what a token is to be.
///
/// # Errors
/// 400 for a duration that is none.
pub fn new_token(
    name: &str,
    scope: Scope,
    expires: Option<&str>,
    now: Nanos,
) -> Result<NewToken, Problem> {
    let expires = match expires {
        None => None,
        Some(text) => {
            let end = time::duration(text).filter(|life| *life > 0);
            let end = end.and_then(|life| now.checked_add(life));
            Some(end.ok_or_else(|| {
                Problem::bad_field("expires", text, "expires must be a duration such as 90d")
            })?)
        }
    };
    Ok(NewToken {
        name: name.to_owned(),
        scope,
        expires,
        is_login: false,
    })
}

/// A new token with its secret.
pub fn shown_once(token: &Token, secret: &str, now: Nanos) -> Value {
    let mut shown = shown(token, now);
    shown["token"] = secret.into();
    shown
}

/// A token without its secret.
pub fn shown(token: &Token, now: Nanos) -> Value {
    let state = match token {
        Token {
            revoked: Some(_), ..
        } => "revoked",
        token if token.is_live(now) => "live",
        _ => "expired",
    };
    json!({
        "id": token.id,
        "name": token.name,
        "scope": token.scope,
        "login": token.is_login,
        "state": state,
        "created": second(token.created),
        "expires": token.expires.map(second),
        "revoked": token.revoked.map(second),
    })
}

/// To the second: nobody reads more.
fn second(time: Nanos) -> String {
    rfc3339(time - time.rem_euclid(SECOND))
}

/// All of them.
pub fn listing(tokens: &[Token], now: Nanos) -> Value {
    let tokens: Vec<Value> = tokens.iter().map(|token| shown(token, now)).collect();
    json!({ "tokens": tokens })
}

fn login_for(who: Who, asked: LoginLinkRequest) -> Result<LoginFor, Problem> {
    let LoginLinkRequest { token, scope } = asked;
    if token.is_some() && scope.is_some() {
        let detail = "a token has its own scope: name one of both";
        return Err(Problem::bad_request(detail));
    }
    if who.is_admin() {
        return Ok(match token {
            Some(token) => LoginFor::Token(token),
            None => LoginFor::New(scope.unwrap_or(Scope::Admin)),
        });
    }
    match (who.token(), token.is_none() && scope.is_none()) {
        (Some(own), true) => Ok(LoginFor::Token(own.to_string())),
        _ => {
            let detail = "only an admin's token makes links for others";
            Err(Problem::new(StatusCode::FORBIDDEN, "scope", detail))
        }
    }
}

fn read_or_default<T: DeserializeOwned + Default>(text: &[u8]) -> Answer<T> {
    match text.trim_ascii() {
        [] => Ok(T::default()),
        text => object(text),
    }
}

fn created(value: &Value) -> Answer {
    Ok((StatusCode::CREATED, json_answer(value)?).into_response())
}

/// Why a token is not made or found, for the client.
fn refused(error: TokenError) -> Problem {
    let detail = error.to_string();
    match &error {
        TokenError::Name(name) => Problem::bad_field("name", name.as_str(), detail),
        TokenError::Taken(name) => {
            Problem::new(StatusCode::CONFLICT, "taken", detail).field("name", name.as_str())
        }
        TokenError::Unknown(which) => Problem::not_found(detail).field("token", which.as_str()),
        TokenError::TooMany => Problem::new(StatusCode::CONFLICT, "too_many", detail),
        TokenError::Meta(cause) if cause.is_full() => {
            let detail = "the disk is full";
            Problem::new(StatusCode::INSUFFICIENT_STORAGE, "disk_full", detail).because(&error)
        }
        TokenError::Meta(_) => failed(&error),
    }
}

fn failed(error: &(dyn std::fmt::Display + Send + Sync)) -> Problem {
    Problem::internal("tokens cannot be read or kept").because(error)
}
