//! Error answers as handlers name them in their `responses(…)`.
//!
//! 403 and 500 can come from every path and are added to all of them.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Ref, RefOr, Response, ResponseBuilder};

use super::problem;

/// Media type of a problem.
const PROBLEM_JSON: &str = "application/problem+json";

macro_rules! answers {
    ($($(#[$doc:meta])* $name:ident = $status:literal $meaning:literal $(retry $header:literal)?;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                let retries = [$($header)?].contains(&true);
                BTreeMap::from([($status.to_owned(), told($meaning, retries).into())])
            }
        }
    )*};
}

answers! {
    /// 400.
    Invalid = "400" "The request cannot be understood or granted as it is";
    /// 403.
    Forbidden = "403" "The request does not come from this machine or from a page of this server";
    /// 404.
    NotFound = "404" "There is nothing of that name";
    /// 408.
    BodyTooSlow = "408" "The body did not come in time";
    /// 409.
    Conflict = "409" "As things stand, this cannot be done";
    /// 413.
    TooLarge = "413" "The body is larger than is taken";
    /// 415.
    Unsupported = "415" "The body's type or compression is not taken";
    /// 429.
    TooOften = "429" "That was asked too often: try again" retry true;
    /// 500.
    Failed = "500" "The server failed; its log says why";
    /// 501.
    NotTaken = "501" "This is not taken";
    /// 502.
    NoAnswer = "502" "Whom the server asked gave no answer";
    /// 503.
    Busy = "503" "Too much at once, or the store does not answer: try again" retry true;
    /// 504.
    TooSlow = "504" "The answer took too long: ask for less";
    /// 507.
    DiskFull = "507" "The disk is full" retry true;
}

/// All that can go wrong with a body, whatever is in it.
#[derive(Clone, Copy, Debug)]
pub struct BodyRefused;

impl IntoResponses for BodyRefused {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        [
            Invalid::responses(),
            BodyTooSlow::responses(),
            TooLarge::responses(),
            Unsupported::responses(),
            Busy::responses(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// All that can go wrong with a long read.
#[derive(Clone, Copy, Debug)]
pub struct ReadRefused;

impl IntoResponses for ReadRefused {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        [
            Invalid::responses(),
            Busy::responses(),
            TooSlow::responses(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

fn told(meaning: &str, retries: bool) -> Response {
    let schema = Ref::from_schema_name(problem::NAME);
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let response = ResponseBuilder::new()
        .description(meaning)
        .content(PROBLEM_JSON, content);
    if !retries {
        return response.build();
    }
    let secs = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1));
    let header = HeaderBuilder::new()
        .schema(secs.build())
        .description(Some("Seconds after which to try again"));
    response.header("Retry-After", header.build()).build()
}
