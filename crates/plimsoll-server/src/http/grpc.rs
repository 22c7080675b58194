//! gRPC, which is not spoken here: an answer that its clients show, with what to set instead.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Response, StatusCode, Version, header};

use super::percent::percent_encoded;

/// The status of a method that a server does not have: no client tries again.
const UNIMPLEMENTED: &str = "12";

/// Whether a request is a call of gRPC. Over HTTP/1.1 there is none, whatever the content type says.
pub fn is_call(request: &Request) -> bool {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    request.version() == Version::HTTP_2
        && content_type.is_some_and(|kind| {
            let kind = kind.as_bytes();
            let start = b"application/grpc";
            kind.len() >= start.len() && kind[..start.len()].eq_ignore_ascii_case(start)
        })
}

/// What whoever runs the client reads.
pub fn advice(url: &str) -> String {
    format!(
        "gRPC is not spoken here: set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf and OTEL_EXPORTER_OTLP_ENDPOINT={url}"
    )
}

/// The answer to a call, all of it in the head ("trailers-only").
pub fn unimplemented(advice: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/grpc"),
    );
    headers.insert("grpc-status", HeaderValue::from_static(UNIMPLEMENTED));
    // Percent-encoded text is good for a header.
    if let Ok(message) = HeaderValue::try_from(percent_encoded(advice)) {
        headers.insert("grpc-message", message);
    }
    response
}

/// Where a request says that it was sent to: `http://` and its host.
pub fn url_of(request: &Request, otherwise: &str) -> String {
    let host = request.headers().get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok());
    let host = request.uri().authority().map(|host| host.as_str()).or(host);
    let plain = |host: &&str| {
        host.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte))
    };
    match host.filter(plain) {
        Some(host) => format!("http://{host}"),
        None => otherwise.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_goes_through_a_header_whole() {
        let response = unimplemented("set A=b/c, é");
        let message = response.headers()["grpc-message"].to_str().unwrap();
        assert_eq!(message, "set%20A%3Db%2Fc%2C%20%C3%A9");
        assert_eq!(response.headers()["grpc-status"], "12");
    }

    #[test]
    fn calls_are_told_by_their_content_type() {
        let is = |kind: &str, version: Version| {
            let request = Request::builder().version(version);
            let request = request.header(header::CONTENT_TYPE, kind);
            is_call(&request.body(Body::empty()).unwrap())
        };
        for kind in [
            "application/grpc",
            "application/grpc+proto",
            "Application/GRPC",
        ] {
            assert!(is(kind, Version::HTTP_2), "{kind}");
            assert!(!is(kind, Version::HTTP_11), "{kind}");
        }
        assert!(!is("application/json", Version::HTTP_2) && !is("application/gr", Version::HTTP_2));
    }
}
