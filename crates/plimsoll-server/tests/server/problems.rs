//! Every error is a problem (RFC 9457), whoever refused.

use std::io::Read;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;

use super::Server;

async fn problem(request: RequestBuilder, expected: u16) -> Value {
    let answer = request.send().await.expect("an answer");
    let status = answer.status();
    let kind = answer.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    let text = answer.text().await.unwrap();
    assert_eq!(
        (status.as_u16(), &*kind),
        (expected, "application/problem+json"),
        "{text}"
    );
    let problem: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(problem["type"], "about:blank");
    assert_eq!(problem["status"], expected);
    for member in ["title", "code", "detail"] {
        assert!(problem[member].is_string(), "{member}: {problem}");
    }
    problem
}

#[tokio::test]
async fn whatever_is_refused_is_refused_with_a_problem() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_as(dir.path(), &[], &[("PLIMSOLL_SERVER_BODY_MAX_MB", "1")]);
    let ask = |method: Method, path: &str| server.request(method, path);
    let get = |path: &str| ask(Method::GET, path);

    let unknown = problem(get("/nothing/here"), 404).await;
    assert_eq!(unknown["code"], "not_found");
    let wrong = ask(Method::DELETE, "/api/v1/query").send().await.unwrap();
    assert_eq!(wrong.headers()["allow"], "GET,HEAD,POST");
    problem(ask(Method::DELETE, "/api/v1/query"), 405).await;

    let number = problem(get("/api/v1/services?limit=many"), 400).await;
    assert_eq!(
        (&number["field"], &number["value"]),
        (&"limit".into(), &"many".into())
    );
    problem(get("/api/v1/services?limit=%ff"), 400).await;
    let name = problem(get("/api/v1/measurements/%ff"), 400).await;
    assert_eq!(name["field"], "path");
    problem(get("/api/v1/measurements/none"), 404).await;
    problem(get("/api/stream?types=all"), 400).await;

    let metrics = ask(Method::POST, "/v1/metrics");
    problem(metrics.header("content-type", "text/html").body("x"), 415).await;
    let squeezed = ask(Method::POST, "/write").header("content-encoding", "br");
    problem(squeezed.body("x"), 415).await;
    let large = ask(Method::POST, "/write").body(vec![b'a'; 1_000_001]);
    problem(large, 413).await;
    problem(ask(Method::POST, "/api/v1/query").body("{"), 400).await;
    problem(ask(Method::POST, "/api/v1/events").body("1"), 400).await;
    problem(get("/health").header("origin", "https://evil.example"), 403).await;
}

#[tokio::test]
async fn answers_of_influxdb_keep_its_members() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let refused = problem(server.request(Method::POST, "/write").body("no line"), 400).await;
    assert!(
        refused["error"].is_string() && refused["message"].is_string(),
        "{refused}"
    );
}

#[tokio::test]
async fn an_answer_that_is_known_already_is_not_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let get = |path: &str| server.request(Method::GET, path);
    for path in [
        "/openapi.json",
        "/docs",
        "/docs/style.css",
        "/api/v1/measurements",
    ] {
        let first = get(path).send().await.unwrap();
        let tag = first.headers()["etag"].clone();
        assert!(first.headers().contains_key("cache-control"), "{path}");
        let again = get(path)
            .header("if-none-match", &tag)
            .send()
            .await
            .unwrap();
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path}");
        assert_eq!(again.headers()["etag"], tag);
        assert_eq!(again.bytes().await.unwrap().len(), 0);
    }
    server.write("fresh value=1").await;
    let before = get("/api/v1/measurements").send().await.unwrap();
    let before = before.headers()["etag"].clone();
    server.write("fresher value=1").await;
    let after = get("/api/v1/measurements").header("if-none-match", before);
    assert_eq!(after.send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn large_answers_are_compressed_under_a_tag_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let get = || server.request(Method::GET, "/openapi.json");
    let plain = get().send().await.unwrap();
    let plain_tag = plain.headers()["etag"].clone();
    let plain = plain.bytes().await.unwrap();
    let mut tags = vec![plain_tag];
    // As browsers ask, and as others do.
    for (accepted, encoding) in [("gzip, deflate, br, zstd", "zstd"), ("gzip", "gzip")] {
        let get = || get().header("accept-encoding", accepted);
        let squeezed = get().send().await.unwrap();
        assert_eq!(squeezed.headers()["content-encoding"], encoding);
        assert_eq!(squeezed.headers()["vary"], "accept-encoding");
        let tag = squeezed.headers()["etag"].clone();
        assert!(!tags.contains(&tag), "{tag:?}");
        let body = squeezed.bytes().await.unwrap();
        let most = plain.len() / 4;
        assert!(body.len() < most, "{} of {}", body.len(), plain.len());
        let unpacked = match encoding {
            "zstd" => zstd::decode_all(&body[..]).unwrap(),
            _ => {
                let mut unpacked = Vec::new();
                let mut decoder = flate2::read::GzDecoder::new(&body[..]);
                decoder.read_to_end(&mut unpacked).unwrap();
                unpacked
            }
        };
        assert_eq!(unpacked, plain);
        let again = get().header("if-none-match", &tag).send().await.unwrap();
        assert_eq!(
            (again.status(), &again.headers()["etag"]),
            (StatusCode::NOT_MODIFIED, &tag)
        );
        tags.push(tag);
    }
    let small = server
        .request(Method::GET, "/livez")
        .header("accept-encoding", "gzip");
    assert!(
        !small
            .send()
            .await
            .unwrap()
            .headers()
            .contains_key("content-encoding")
    );
}
