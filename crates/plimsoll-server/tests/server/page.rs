//! The page as browsers get it.

use plimsoll_server::page::files;
use reqwest::{Method, Response, StatusCode, header};

use super::Server;

fn told<'a>(response: &'a Response, name: &str) -> &'a str {
    let value = response.headers().get(name);
    value.map_or("", |value| value.to_str().unwrap())
}

/// Without the page in the program there is a page that says so; the tests of the page itself then have nothing to look at.
#[tokio::test]
async fn the_root_is_the_page_or_says_how_to_build_it() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    for path in [
        "/",
        "/connect",
        "/services",
        "/services/shop",
        "/services/a%2Fb",
        "/services/shop/standards",
        "/alerts",
        "/standards",
    ] {
        let answer = server.request(Method::GET, path).send().await.unwrap();
        assert!(
            told(&answer, "content-type").starts_with("text/html"),
            "{path}"
        );
        if files::NAME.is_empty() {
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert!(answer.text().await.unwrap().contains("make page"));
            continue;
        }
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(told(&answer, "cache-control"), "no-cache");
        assert_eq!(told(&answer, "x-plimsoll-page"), files::NAME);
        assert!(told(&answer, "content-security-policy").contains("default-src 'self'"));
        let etag = told(&answer, "etag").to_owned();
        let again = server
            .request(Method::GET, path)
            .header(header::IF_NONE_MATCH, etag);
        assert_eq!(
            again.send().await.unwrap().status(),
            StatusCode::NOT_MODIFIED
        );
    }
}

#[tokio::test]
async fn a_file_has_its_form_and_is_kept_for_a_year() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    for file in files::FILES
        .iter()
        .filter(|file| file.path.starts_with("assets/"))
    {
        let path = format!("/{}", file.path);
        let ask = |method, accepted: &'static str| {
            let request = server.request(method, &path);
            request.header(header::ACCEPT_ENCODING, accepted).send()
        };
        for (accepted, encoding, body) in [
            ("gzip, br", "br", file.brotli),
            ("gzip", "gzip", file.gzip),
            ("identity", "", Some(file.plain)),
        ] {
            // What compresses to nothing smaller comes as it is.
            let (encoding, body) = body.map_or(("", file.plain), |body| (encoding, body));
            let answer = ask(Method::GET, accepted).await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK, "{path}");
            assert_eq!(
                told(&answer, "content-encoding"),
                encoding,
                "{path} as {accepted}"
            );
            assert_eq!(told(&answer, "content-type"), file.content_type());
            assert_eq!(
                told(&answer, "cache-control"),
                "public, max-age=31536000, immutable"
            );
            assert!(told(&answer, "vary").contains("accept-encoding"));
            assert_eq!(answer.bytes().await.unwrap(), body, "{path} as {accepted}");
        }
        let head = ask(Method::HEAD, "identity").await.unwrap();
        assert_eq!(told(&head, "content-length"), file.plain.len().to_string());
        assert!(head.bytes().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_file_of_another_build_is_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    for path in [
        "/assets/index-OLDNAME.js",
        "/assets/",
        "/assets/../index.html",
        "/assets/%2e%2e/index.html",
        "/index.html",
    ] {
        let answer = server.request(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(told(&answer, "content-type"), "application/problem+json");
    }
}
