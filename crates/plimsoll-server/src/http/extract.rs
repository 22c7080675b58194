//! Parameters, with errors as problems.

use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::Uri;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::percent::percent_encoded;
use super::problem::Problem;

/// Parameters of the query string.
#[derive(Clone, Copy, Debug)]
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        match Query::<T>::try_from_uri(&parts.uri) {
            Ok(Query(params)) => Ok(Self(params)),
            Err(rejection) => Err(refused::<T>(&parts.uri, &rejection)),
        }
    }
}

/// Parts of the path.
#[derive(Clone, Copy, Debug)]
pub struct PathParams<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for PathParams<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(params)) => Ok(Self(params)),
            Err(rejection) => {
                let path = parts.uri.path();
                Err(Problem::bad_field("path", path, rejection.body_text()))
            }
        }
    }
}

/// Names the parameter that cannot be read: the one that cannot be read alone either, or else is there twice.
fn refused<T: DeserializeOwned>(uri: &Uri, rejection: &QueryRejection) -> Problem {
    let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri);
    let pairs = pairs.map(|Query(pairs)| pairs).unwrap_or_default();
    for (at, (name, value)) in pairs.iter().enumerate() {
        if let Some(reason) = refused_alone::<T>(name, value) {
            return Problem::bad_field(name, value.as_str(), reason);
        }
        if pairs[..at].iter().any(|(before, _)| before == name) {
            let detail = format!("{name} is there more than once");
            return Problem::bad_field(name, value.as_str(), detail);
        }
    }
    Problem::bad_request(reason(rejection))
}

/// Why a parameter cannot be read; one that is missing beside it is none of its faults.
fn refused_alone<T: DeserializeOwned>(name: &str, value: &str) -> Option<String> {
    let alone = format!("/?{}={}", percent_encoded(name), percent_encoded(value));
    let rejection = Query::<T>::try_from_uri(&alone.parse().ok()?).err()?;
    Some(reason(&rejection)).filter(|reason| !reason.starts_with("missing field"))
}

/// The reason without the parser's own words around it.
fn reason(rejection: &QueryRejection) -> String {
    let text = rejection.body_text();
    let reason = text.strip_prefix("Failed to deserialize query string: ");
    reason.unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether they can be read is asked")]
    struct Wanted {
        folder: String,
        minutes: Option<u32>,
    }

    fn problem(query: &str) -> (Option<String>, Option<String>, String) {
        let uri: Uri = format!("/x?{query}").parse().unwrap();
        let rejection = Query::<Wanted>::try_from_uri(&uri).unwrap_err();
        let problem = refused::<Wanted>(&uri, &rejection);
        let member = |name| Some(problem.member(name)?.as_str()?.to_owned());
        (
            member("field"),
            member("value"),
            problem.detail().to_owned(),
        )
    }

    #[test]
    fn a_parameter_that_cannot_be_read_is_named_with_its_value() {
        let named = |query| {
            let (field, value, detail) = problem(query);
            (field.unwrap(), value.unwrap(), detail)
        };
        let (field, value, detail) = named("folder=a&minutes=soon");
        assert_eq!((&*field, &*value), ("minutes", "soon"));
        assert_eq!(detail, "minutes: invalid digit found in string");
        let (field, value, detail) = named("folder=a&minute=6%200");
        assert_eq!((&*field, &*value), ("minute", "6 0"));
        assert!(
            detail.contains("expected `folder` or `minutes`"),
            "{detail}"
        );
        let (field, value, _) = named("folder=a&minutes=1&minutes=2");
        assert_eq!((&*field, &*value), ("minutes", "2"));
    }

    #[test]
    fn a_parameter_that_is_missing_is_told() {
        let (field, _, detail) = problem("minutes=1");
        assert_eq!((field, &*detail), (None, "missing field `folder`"));
    }
}
