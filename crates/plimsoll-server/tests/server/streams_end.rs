//! Streams end with what opened them.

use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder};

use super::logins::{link, log_in};
use super::streams::Reader;
use super::{STRICT, Server, now, outcome, plimsoll, read, token};

/// How soon a stream ends.
const SOON: Duration = Duration::from_secs(10);

/// A server that asks everybody for a token, and writes nothing of itself.
fn start(dir: &Path) -> Server {
    let quiet = ("PLIMSOLL_MONITOR_ENABLED", "false");
    Server::start_as(dir, &[], &[STRICT, quiet])
}

fn stream(server: &Server) -> RequestBuilder {
    server.request(Method::GET, "/api/stream")
}

async fn ends(mut stream: Reader, what: &str) {
    let reading = async { while stream.block().await.is_some() {} };
    let ended = tokio::time::timeout(SOON, reading).await;
    assert!(ended.is_ok(), "{what} goes on");
}

/// Whether a stream still tells what comes.
async fn goes_on(mut stream: Reader, server: &Server, sender: &str) {
    let line = format!("http_requests,service=late duration=0.25 {}", now());
    let write = server.request(Method::POST, "/write").body(line);
    assert_eq!(read(write.bearer_auth(sender)).await.0, 204);
    let block = loop {
        let block = stream.block().await.expect("the stream goes on");
        if block.contains("\"late\"") {
            break block;
        }
    };
    assert!(block.contains("id: "), "{block}");
}

fn run(dir: &Path, arguments: &[&str]) -> String {
    let mut command = plimsoll();
    let command = command.args(arguments).arg("--data").arg(dir);
    let (code, said, error) = outcome(command.output().unwrap());
    assert_eq!(code, 0, "{error}");
    said.trim().to_owned()
}

#[tokio::test]
async fn a_revoked_token_ends_its_streams_and_no_others() {
    let dir = tempfile::tempdir().unwrap();
    let [one, other, sender, admin] = [
        ("one", "read"),
        ("other", "read"),
        ("sender", "write"),
        ("admin", "admin"),
    ]
    .map(|(name, scope)| token(dir.path(), name, scope));
    let server = start(dir.path());
    let open = |secret: &str| Reader::send(stream(&server).bearer_auth(secret));
    let (of_one, of_other) = (open(&one).await, open(&other).await);
    // Beside other requests of its connection.
    let shared = reqwest::Client::builder().http2_prior_knowledge();
    let shared = shared.build().unwrap();
    let shared = shared.get(format!("{}/api/stream", server.url));
    let shared = Reader::send(shared.bearer_auth(&one)).await;
    run(dir.path(), &["token", "revoke", "one"]);
    ends(of_one, "the stream of a revoked token").await;
    ends(shared, "the stream of a revoked token over HTTP/2").await;
    goes_on(of_other, &server, &sender).await;
    let of_other = open(&other).await;
    let revoke = server.request(Method::DELETE, "/api/v1/tokens/other");
    assert!(read(revoke.bearer_auth(&admin)).await.0.is_success());
    ends(of_other, "the stream of a token that another revoked").await;
}

#[tokio::test]
async fn an_expired_token_ends_its_streams() {
    let dir = tempfile::tempdir().unwrap();
    let kept = token(dir.path(), "kept", "read");
    let sender = token(dir.path(), "sender", "write");
    let server = start(dir.path());
    let create = [
        "token",
        "create",
        "short",
        "--scope",
        "read",
        "--expires",
        "4s",
    ];
    let short = run(dir.path(), &create);
    let begun = Instant::now();
    let of_short = Reader::send(stream(&server).bearer_auth(&short)).await;
    let of_kept = Reader::send(stream(&server).bearer_auth(&kept)).await;
    ends(of_short, "the stream of an expired token").await;
    assert!(begun.elapsed() > Duration::from_millis(2_500));
    goes_on(of_kept, &server, &sender).await;
}

#[tokio::test]
async fn logging_out_ends_the_streams_of_that_browser_alone() {
    let dir = tempfile::tempdir().unwrap();
    token(dir.path(), "mine", "read");
    let sender = token(dir.path(), "sender", "write");
    let server = start(dir.path());
    let one = log_in(&link(dir.path(), &["--token", "mine"])).await;
    let two = log_in(&link(dir.path(), &["--token", "mine"])).await;
    let open = |cookie: &str| Reader::send(stream(&server).header("cookie", cookie));
    let (of_one, of_two) = (open(&one).await, open(&two).await);
    let leaving = server
        .request(Method::POST, "/logout")
        .header("cookie", &one);
    let leaving = leaving.header("sec-fetch-site", "same-origin");
    leaving.send().await.unwrap();
    ends(of_one, "the stream of one that logged out").await;
    goes_on(of_two, &server, &sender).await;
    let of_two = open(&two).await;
    run(dir.path(), &["token", "revoke", "mine"]);
    ends(of_two, "the stream of a login whose token was revoked").await;
}
