//! Browsers: the link that works once, the cookie, and what other sites cannot do with it.

use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::{STRICT, Server, outcome, plimsoll, read, token};

/// A link as the command prints it.
pub(super) fn link(dir: &std::path::Path, flags: &[&str]) -> String {
    let mut command = plimsoll();
    command.arg("login").args(flags).arg("--data").arg(dir);
    let (code, link, error) = outcome(command.output().unwrap());
    assert_eq!(code, 0, "{error}");
    link.trim().to_owned()
}

/// Follows a link as far as the first answer.
async fn follow(link: &str) -> (StatusCode, HeaderMap, String) {
    let client = reqwest::Client::builder();
    let client = client.redirect(reqwest::redirect::Policy::none());
    let answer = client.build().unwrap().get(link).send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    (status, headers, answer.text().await.unwrap())
}

/// Logs in; the cookie as a browser sends it back.
pub(super) async fn log_in(link: &str) -> String {
    let (status, headers, _) = follow(link).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(headers["location"], "/");
    let cookie = headers["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_link_logs_in_once() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_as(dir.path(), &["--insecure"], &[STRICT]);
    let link = link(dir.path(), &["--scope", "read"]);
    assert!(
        link.starts_with(&format!("{}/login?code=", server.url)),
        "{link}"
    );
    // A look at it does not use it up.
    let looked = server.request(Method::HEAD, link.trim_start_matches(&server.url));
    assert_eq!(looked.send().await.unwrap().status(), 401);
    let (status, headers, _) = follow(&link).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let cookie = headers["set-cookie"].to_str().unwrap();
    let (session, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(
        attributes,
        "Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict"
    );
    assert_eq!(session.len(), "plimsoll_session=".len() + 43);
    let (status, headers, page) = follow(&link).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(headers.get("set-cookie"), None);
    assert!(page.contains("used already"), "{page}");
    let ask = |path| {
        let asking = server.request(Method::GET, path).header("cookie", session);
        async { asking.send().await.unwrap().status() }
    };
    assert_eq!(ask("/api/v1/services").await, StatusCode::OK);
    assert_eq!(ask("/api/v1/tokens").await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_session_ends_by_logging_out_and_with_its_token() {
    let dir = tempfile::tempdir().unwrap();
    token(dir.path(), "mine", "read");
    let server = Server::start_as(dir.path(), &[], &[STRICT]);
    let ask = |cookie: &str| {
        let asking = server.request(Method::GET, "/api/v1/services");
        let asking = asking.header("cookie", cookie);
        async { asking.send().await.unwrap().status() }
    };
    let one = log_in(&link(dir.path(), &["--token", "mine"])).await;
    let two = log_in(&link(dir.path(), &["--token", "mine"])).await;
    assert_eq!(
        (ask(&one).await, ask(&two).await),
        (StatusCode::OK, StatusCode::OK)
    );
    let leaving = server
        .request(Method::POST, "/logout")
        .header("cookie", &one);
    let left = leaving.header("sec-fetch-site", "same-origin");
    // It leads to the page, which asks who comes.
    assert_eq!(
        left.send().await.unwrap().status(),
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(ask(&one).await, StatusCode::UNAUTHORIZED);
    assert_eq!(ask(&two).await, StatusCode::OK);
    let revoke = ["token", "revoke", "mine", "--data"];
    let output = plimsoll().args(revoke).arg(dir.path()).output().unwrap();
    assert_eq!(outcome(output).0, 0);
    assert_eq!(ask(&two).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn another_site_changes_nothing_with_the_cookie_of_a_user() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_as(dir.path(), &["--insecure"], &[STRICT]);
    let cookie = log_in(&link(dir.path(), &[])).await;
    let create = |name: &str, headers: &[(&str, &str)]| {
        let body = format!(r#"{{"name":"{name}","scope":"admin"}}"#);
        let asking = server.request(Method::POST, "/api/v1/tokens").body(body);
        let asking = asking.header("cookie", &cookie);
        let asking = headers
            .iter()
            .fold(asking, |asking, (name, value)| asking.header(*name, *value));
        async { read(asking).await.0 }
    };
    let own = server.url.clone();
    for foreign in [
        &[][..],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("origin", &own), ("sec-fetch-site", "cross-site")],
        &[("referer", &own)],
    ] {
        let status = create("stolen", foreign).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{foreign:?}");
    }
    assert_eq!(create("a", &[("origin", &own)]).await, StatusCode::CREATED);
    let same = [("sec-fetch-site", "same-origin")];
    assert_eq!(create("b", &same).await, StatusCode::CREATED);
    let (_, stats) = server.get("/api/v1/stats").await;
    assert_eq!(stats["doors"]["foreign"], 8, "{stats}");
}

#[tokio::test]
async fn a_person_who_is_not_let_in_reads_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    token(dir.path(), "x", "read");
    let server = Server::start_as(dir.path(), &[], &[STRICT]);
    let visit = |headers: &[(&str, &str)]| {
        let asking = server.request(Method::GET, "/");
        let asking = asking.header("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
        let asking = headers
            .iter()
            .fold(asking, |asking, (name, value)| asking.header(*name, *value));
        async { asking.send().await.unwrap() }
    };
    let answer = visit(&[]).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let policy = answer.headers()["content-security-policy"]
        .to_str()
        .unwrap();
    assert!(policy.starts_with("default-src 'self';"), "{policy}");
    assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
    let page = answer.text().await.unwrap();
    assert!(page.contains("plimsoll login"), "{page}");
    assert!(!page.contains("refresh"), "{page}");
    // Browsers keep a strict cookie to themselves on the way from another site's link, and not on the next.
    let followed = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
    ];
    let page = visit(&followed).await.text().await.unwrap();
    assert!(
        page.contains(r#"http-equiv="refresh" content="0""#),
        "{page}"
    );
    let (_, answer) = server.get("/api/v1/services").await;
    assert_eq!(
        answer["code"], "unauthorized",
        "programs read JSON: {answer}"
    );
}

#[tokio::test]
async fn who_is_no_admin_gets_links_for_the_own_token_alone() {
    let dir = tempfile::tempdir().unwrap();
    let reader = token(dir.path(), "reader", "read");
    let server = Server::start_as(dir.path(), &[], &[STRICT]);
    let ask = |body: &'static str| {
        let asking = server.request(Method::POST, "/api/v1/login-links");
        read(asking.bearer_auth(&reader).body(body))
    };
    for wider in [r#"{"scope":"admin"}"#, r#"{"token":"reader"}"#] {
        assert_eq!(ask(wider).await.0, StatusCode::FORBIDDEN, "{wider}");
    }
    let (status, made) = ask("").await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    assert_eq!(made["token"], "reader");
    let cookie = log_in(made["url"].as_str().unwrap()).await;
    let asking = server.request(Method::GET, "/api/v1/services");
    let (status, answer): (_, Value) = read(asking.header("cookie", cookie)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
}
