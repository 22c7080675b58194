//! Tokens: made, shown, expired, revoked.

use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{STRICT, Server, outcome, plimsoll, read, token};

fn run(dir: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = plimsoll();
    command.args(arguments).arg("--data").arg(dir);
    outcome(command.output().unwrap())
}

#[tokio::test]
async fn every_scheme_opens_the_door() {
    let dir = tempfile::tempdir().unwrap();
    let secret = token(dir.path(), "sender", "write");
    let server = Server::start_as(dir.path(), &[], &[STRICT]);
    let write = |query: &str| {
        let path = format!("/write?db=x{query}");
        server.request(Method::POST, &path).body("m v=1")
    };
    let with = |value: String| write("").header("authorization", value);
    let good = [
        write("").bearer_auth(&secret),
        with(format!("Token {secret}")),
        with(format!("Token me:{secret}")),
        write("").basic_auth("me", Some(&secret)),
        write(&format!("&u=me&p={secret}")),
    ];
    for (at, request) in good.into_iter().enumerate() {
        let (status, answer) = read(request).await;
        assert_eq!(status, StatusCode::NO_CONTENT, "{at}: {answer}");
    }
    let bad = [
        write(""),
        write("").bearer_auth("none"),
        write("").bearer_auth(format!("{secret}x")),
        with(format!("Digest {secret}")),
        write("").basic_auth(&secret, Some("other")),
        write(&format!("&u={secret}&p=other")),
        write("").header("cookie", format!("plimsoll_session={secret}")),
    ];
    for (at, request) in bad.into_iter().enumerate() {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{at}");
        assert_eq!(
            response.headers()["www-authenticate"],
            "Bearer realm=\"plimsoll\""
        );
        let problem: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        assert!(!problem.to_string().contains(&secret), "{problem}");
    }
}

#[tokio::test]
async fn on_this_machine_a_token_that_is_shown_must_be_good() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let ask = |token: &str| {
        let asking = server.request(Method::GET, "/api/v1/services");
        read(asking.header("authorization", format!("Token {token}")))
    };
    // Nothing to compare with yet: what another server gave them, clients may show.
    assert_eq!(ask("of-another-server").await.0, StatusCode::OK);
    assert_eq!(
        ask("plm_of-another-server").await.0,
        StatusCode::UNAUTHORIZED
    );
    let secret = token(dir.path(), "reader", "read");
    assert_eq!(ask(&secret).await.0, StatusCode::OK);
    assert_eq!(ask("of-another-server").await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(ask("none").await.0, StatusCode::OK);
    assert_eq!(server.get("/api/v1/services").await.0, StatusCode::OK);
    // A token narrows what may be done, also on this machine.
    let write = server.request(Method::POST, "/write").body("m v=1");
    let (status, answer) = read(write.bearer_auth(&secret)).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{answer}");
    assert_eq!(answer["needs"], "write");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_revoked_in_the_middle_ends_at_the_next_request() {
    let dir = tempfile::tempdir().unwrap();
    let secret = token(dir.path(), "sender", "write");
    let reader = token(dir.path(), "reader", "read");
    let server = Server::start_as(dir.path(), &[], &[STRICT]);
    // Writes until it is refused; how many were acknowledged.
    let sender = tokio::spawn({
        let (url, client) = (format!("{}/write", server.url), reqwest::Client::new());
        let begun = super::now();
        async move {
            for row in 0_u32.. {
                let line = format!("m n={row}i {}", begun + i64::from(row));
                let writing = client.post(&url).body(line).bearer_auth(&secret);
                let status = writing.send().await.unwrap().status();
                if status != StatusCode::NO_CONTENT {
                    return (u64::from(row), status);
                }
            }
            unreachable!("it is revoked before")
        }
    });
    let patience = Instant::now() + Duration::from_secs(20);
    let path = "/api/v1/query?measurement=m&field=n:count&start=-1h";
    let count = || {
        let asking = server.request(Method::GET, path).bearer_auth(&reader);
        async {
            let (_, answer) = read(asking).await;
            answer["series"][0]["values"][0][1].as_u64().unwrap_or(0)
        }
    };
    while count().await < 20 {
        assert!(Instant::now() < patience, "nothing is written");
    }
    let (code, said, error) = run(dir.path(), &["token", "revoke", "sender"]);
    assert_eq!((code, said.trim()), (0, "revoked token sender"), "{error}");
    let (acknowledged, refused) = sender.await.unwrap();
    assert_eq!(refused, StatusCode::UNAUTHORIZED);
    assert_eq!(count().await, acknowledged);
    let (code, _, error) = run(dir.path(), &["token", "revoke", "sender"]);
    assert_eq!(code, 1);
    assert!(error.contains("there is no token sender"), "{error}");
}

#[tokio::test]
async fn tokens_outlive_a_restart_and_are_never_kept_in_the_clear() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_as(dir.path(), &["--insecure"], &[STRICT]);
    let secret = token(dir.path(), "reader", "read");
    let ended = token(dir.path(), "ended", "read");
    assert_eq!(run(dir.path(), &["token", "revoke", "ended"]).0, 0);
    server.kill();
    let server = Server::start_as(dir.path(), &[], &[STRICT]);
    let ask = |secret: &str| {
        let asking = server.request(Method::GET, "/api/v1/services");
        read(asking.bearer_auth(secret))
    };
    assert_eq!(ask(&secret).await.0, StatusCode::OK);
    assert_eq!(ask(&ended).await.0, StatusCode::UNAUTHORIZED);
    for name in ["meta.db", "meta.db-wal"] {
        let bytes = std::fs::read(dir.path().join(name)).unwrap_or_default();
        let found = bytes
            .windows(secret.len())
            .any(|window| window == secret.as_bytes());
        assert!(!found, "{name}");
    }
    assert!(server.stop().success());
    assert!(!dir.path().join("local-key").exists());
}

#[tokio::test]
async fn a_token_ends_when_it_expires() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let wanted = json!({"name": "short", "scope": "read", "expires": "1ns"});
    let (status, made) = server.post("/api/v1/tokens", wanted.to_string()).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let secret = made["token"].as_str().unwrap();
    let asking = server.request(Method::GET, "/api/v1/services");
    let (status, _) = read(asking.bearer_auth(secret)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let (_, listed) = server.get("/api/v1/tokens").await;
    assert_eq!(listed["tokens"][0]["state"], "expired", "{listed}");
    assert_eq!(listed["tokens"][0].get("token"), None);
}

#[tokio::test]
async fn a_token_that_cannot_be_made_names_the_field() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    for (wanted, field, status) in [
        (json!({"name": "a b", "scope": "read"}), "name", 400),
        (
            json!({"name": "x", "scope": "read", "expires": "soon"}),
            "expires",
            400,
        ),
        (
            json!({"name": "x", "scope": "read", "expires": "0s"}),
            "expires",
            400,
        ),
    ] {
        let (found, problem) = server.post("/api/v1/tokens", wanted.to_string()).await;
        assert_eq!((found.as_u16(), &problem["field"]), (status, &field.into()));
    }
    for wanted in [
        r#"{"name":"x"}"#,
        r#"{"name":"x","scope":"all"}"#,
        "{",
        "[]",
    ] {
        let (status, problem) = server.post("/api/v1/tokens", wanted).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{problem}");
    }
    let twice = json!({"name": "x", "scope": "read"}).to_string();
    assert_eq!(server.post("/api/v1/tokens", twice.clone()).await.0, 201);
    assert_eq!(server.post("/api/v1/tokens", twice).await.0, 409);
}

#[test]
fn the_command_line_makes_lists_and_revokes_without_a_server() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("not/yet");
    let create = [
        "token",
        "create",
        "ci",
        "--scope",
        "read",
        "--expires",
        "90d",
        "--json",
    ];
    let (code, made, error) = run(&folder, &create);
    assert_eq!(code, 0, "{error}");
    let made: Value = serde_json::from_str(&made).unwrap();
    assert!(made["token"].as_str().unwrap().starts_with("plm_"));
    assert!(made["expires"].is_string(), "{made}");
    let (_, listed, _) = run(&folder, &["token", "list"]);
    let row: Vec<_> = listed.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(row[..4], ["1", "ci", "read", "live"]);
    let (code, _, error) = run(&folder, &create);
    assert_eq!(code, 1);
    assert!(
        error.contains("there is a token named ci already"),
        "{error}"
    );
    assert_eq!(run(&folder, &["token", "revoke", "1"]).0, 0);
    let (_, listed, _) = run(&folder, &["token", "list", "--json"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["tokens"][0]["state"], "revoked");
    let (code, _, _) = run(&folder, &["token", "create", "x", "--scope", "all"]);
    assert_eq!(code, 2);
}

#[tokio::test]
async fn commands_show_a_token_to_a_server_that_was_named() {
    let dir = tempfile::tempdir().unwrap();
    let secret = token(dir.path(), "reader", "read");
    let server = Server::start_as(dir.path(), &[], &[STRICT]);
    let key = token(dir.path(), "sender", "write");
    let writing = server.request(Method::POST, "/write").body("m v=1");
    assert_eq!(read(writing.bearer_auth(key)).await.0, 204);
    let file = dir.path().join("token");
    std::fs::write(&file, format!("{secret}\n")).unwrap();
    let file = file.to_str().unwrap();
    let query = |flags: &[&str], variables: &[(&str, &str)]| {
        let mut command = plimsoll();
        command.args(["query", "m", "--field", "v", "--url", &server.url]);
        command.args(flags).envs(variables.iter().copied());
        outcome(command.output().unwrap())
    };
    let (code, _, error) = query(&[], &[]);
    assert_eq!(code, 1);
    assert!(error.contains("--token-file"), "{error}");
    for (flags, variables) in [
        (&["--token-file", file][..], &[][..]),
        (&[], &[("PLIMSOLL_TOKEN", &*secret)]),
        (&[], &[("PLIMSOLL_TOKEN_FILE", file)]),
        (&["--token-file", file], &[("PLIMSOLL_TOKEN", "plm_wrong")]),
    ] {
        let (code, found, error) = query(flags, variables);
        assert_eq!(code, 0, "{error}");
        assert!(found.contains('1'), "{found}");
        assert!(error.is_empty(), "{error}");
    }
    // Through the folder, its key is enough.
    let (code, found, error) = run(dir.path(), &["query", "m", "--field", "v"]);
    assert_eq!(code, 0, "{found}{error}");
}

#[tokio::test]
async fn a_backup_has_the_tokens() {
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(dir.path());
    let secret = token(dir.path(), "reader", "read");
    server.write("m v=1").await;
    let copies = ["running", "stopped"].map(|name| elsewhere.path().join(name));
    let backup = |copy: &Path| run(dir.path(), &["backup", copy.to_str().unwrap()]);
    let (code, _, error) = backup(&copies[0]);
    assert_eq!(code, 0, "{error}");
    // Later tokens are none of its.
    token(dir.path(), "later", "read");
    assert!(server.stop().success());
    let (code, _, error) = backup(&copies[1]);
    assert_eq!(code, 0, "{error}");
    for (copy, tokens) in copies.iter().zip([1, 2]) {
        let restored = copy.with_extension("restored");
        let (code, _, error) = run(&restored, &["restore", copy.to_str().unwrap()]);
        assert_eq!(code, 0, "{error}");
        let server = Server::start_as(&restored, &[], &[STRICT]);
        let asking = server.request(Method::GET, "/api/v1/measurements");
        assert_eq!(read(asking.bearer_auth(&secret)).await.0, StatusCode::OK);
        let (_, listed, _) = run(&restored, &["token", "list", "--json"]);
        let listed: Value = serde_json::from_str(&listed).unwrap();
        assert_eq!(listed["tokens"].as_array().unwrap().len(), tokens);
    }
    // A flipped bit is found.
    let file = copies[1].join("meta.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let restored = elsewhere.path().join("broken");
    let (code, _, error) = run(&restored, &["restore", copies[1].to_str().unwrap()]);
    assert_eq!(
        (code, error.contains("meta.db is damaged")),
        (1, true),
        "{error}"
    );
}
