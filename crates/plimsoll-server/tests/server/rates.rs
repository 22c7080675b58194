//! How often one may come.

use reqwest::{Method, StatusCode};

use super::{STRICT, Server, read, token};

#[tokio::test]
async fn who_sends_too_much_is_told_when_to_come_again() {
    let dir = tempfile::tempdir().unwrap();
    let secrets = ["one", "two"].map(|name| token(dir.path(), name, "read"));
    let rates = [
        STRICT,
        ("PLIMSOLL_SERVER_REQUESTS_PER_SEC", "1"),
        ("PLIMSOLL_SERVER_REQUESTS_BURST", "5"),
    ];
    let server = Server::start_as(dir.path(), &[], &rates);
    let ask = |secret: &str| {
        let asking = server.request(Method::GET, "/api/v1/services");
        let asking = asking.bearer_auth(secret);
        async { asking.send().await.unwrap() }
    };
    let mut limited = None;
    for _ in 0..30 {
        let answer = ask(&secrets[0]).await;
        if answer.status() != StatusCode::OK {
            limited = Some(answer);
            break;
        }
    }
    let limited = limited.expect("30 requests in less than 25 seconds");
    assert_eq!(limited.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(limited.headers()["retry-after"], "1");
    assert_eq!(
        limited.headers()["content-type"],
        "application/problem+json"
    );
    // Each has its own.
    let asking = server.request(Method::GET, "/api/v1/stats");
    let (status, stats) = read(asking.bearer_auth(&secrets[1])).await;
    assert_eq!(status, StatusCode::OK);
    assert!(stats["doors"]["limited"].as_u64() >= Some(1), "{stats}");
    // And who shows none has that of the address.
    let statuses: Vec<_> = {
        let mut statuses = Vec::new();
        for _ in 0..20 {
            statuses.push(server.get("/health").await.0);
        }
        statuses
    };
    assert_eq!(statuses[0], StatusCode::OK);
    assert!(
        statuses.contains(&StatusCode::TOO_MANY_REQUESTS),
        "{statuses:?}"
    );
}

#[tokio::test]
async fn who_tries_tokens_is_soon_refused_and_who_has_one_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let good = token(dir.path(), "reader", "read");
    let rates = [STRICT, ("PLIMSOLL_SERVER_FAILURES_PER_MIN", "3")];
    let server = Server::start_as(dir.path(), &[], &rates);
    let ask = |path: &str, secret: &str| {
        let asking = server.request(Method::GET, path);
        let asking = asking.bearer_auth(secret);
        async { asking.send().await.unwrap().status().as_u16() }
    };
    let mut found = Vec::new();
    for at in 0..5 {
        found.push(ask("/api/v1/services", &format!("plm_{at}")).await);
    }
    assert_eq!(found, [401, 401, 401, 429, 429]);
    let (status, _) = server.get("/login?code=guess").await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(ask("/api/v1/services", &good).await, 200);
}
