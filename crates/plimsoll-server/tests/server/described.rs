//! The document and the server say the same.

use std::collections::BTreeSet;

use plimsoll_server::doors::paths::TABLE;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::Server;

const ROUTER: &str = include_str!("../../src/router.rs");
/// Paths of the library's router.
const PROBES: [&str; 6] = [
    "/health", "/healthz", "/livez", "/readyz", "/status", "/metrics",
];
const METHODS: [Method; 5] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::DELETE,
    Method::PATCH,
];

async fn document(server: &Server) -> Value {
    let (status, document) = server.get("/openapi.json").await;
    assert_eq!(status, StatusCode::OK);
    document
}

/// The paths that the router's source names.
fn routed() -> BTreeSet<&'static str> {
    let parts = ROUTER.split(".path(").skip(1);
    let literals = parts.map(|part| part.trim_start().split('"').nth(1).expect("a path"));
    let routed: BTreeSet<_> = literals.chain(PROBES).collect();
    assert!(!ROUTER.contains(".route("), "a path that is not described");
    routed
}

/// Paths that browsers ask for, which are no part of the document.
const PAGE: [&str; 8] = [
    "/",
    "/connect",
    "/alerts",
    "/standards",
    "/services",
    "/services/{name}",
    "/services/{name}/standards",
    "/assets/{*path}",
];

#[tokio::test]
async fn the_doors_know_what_each_described_path_needs_and_no_others() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let document = document(&server).await;
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        let methods = METHODS.iter().map(Method::as_str);
        let methods = methods.filter(|method| !item[method.to_ascii_lowercase()].is_null());
        described.extend(methods.map(|method| (method, path.as_str())));
    }
    let table = TABLE.iter().map(|(method, path, _)| (*method, *path));
    let known: BTreeSet<_> = table.filter(|(_, path)| !PAGE.contains(path)).collect();
    assert_eq!(described, known);
}

#[tokio::test]
async fn every_path_and_method_of_the_router_is_described_and_the_other_way_round() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let document = document(&server).await;
    let paths = document["paths"].as_object().expect("paths");
    let described: BTreeSet<_> = paths.keys().map(String::as_str).collect();
    assert_eq!(described, routed());
    for (path, item) in paths {
        let url = path.replace(['{', '}'], "");
        let mut allowed = BTreeSet::new();
        for method in METHODS {
            let is_described = !item[method.as_str().to_ascii_lowercase()].is_null();
            let answer = server.request(method.clone(), &url).send().await.unwrap();
            let is_taken = answer.status() != StatusCode::METHOD_NOT_ALLOWED;
            assert_eq!(is_taken, is_described, "{method} {path}");
            if is_taken {
                allowed.insert(method.to_string());
                if method == Method::GET {
                    allowed.insert("HEAD".to_owned());
                }
            }
        }
        let answer = server.request(Method::PATCH, &url).send().await.unwrap();
        let told = answer.headers()["allow"].to_str().unwrap().split(',');
        let told: BTreeSet<String> = told.map(|method| method.trim().to_owned()).collect();
        assert_eq!(told, allowed, "{path}");
    }
}

#[tokio::test]
async fn operations_have_names_for_generated_clients_and_stand_in_one_area() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let document = document(&server).await;
    assert_eq!(document["openapi"], "3.1.0");
    let areas = document["tags"].as_array().expect("tags").iter();
    let areas: Vec<&Value> = areas.map(|tag| &tag["name"]).collect();
    let mut names = BTreeSet::new();
    for operation in document["paths"].as_object().expect("paths").values() {
        for operation in operation.as_object().expect("operations").values() {
            let name = operation["operationId"].as_str().expect("a name");
            assert!(name.starts_with(|first: char| first.is_ascii_lowercase()));
            assert!(
                name.chars().all(|one| one.is_ascii_alphanumeric()),
                "{name}"
            );
            assert!(names.insert(name.to_owned()), "{name} is there twice");
            assert!(operation["summary"].is_string(), "{name} has no summary");
            let tags = operation["tags"].as_array().expect("tags");
            assert_eq!(tags.len(), 1, "{name}");
            assert!(areas.contains(&&tags[0]), "{name}");
        }
    }
}

/// Names of all shapes that something refers to.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(all) => all.iter().for_each(|one| references(one, found)),
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                let name = reference.strip_prefix("#/components/schemas/");
                found.insert(name.expect("a shape").to_owned());
            }
            members.values().for_each(|one| references(one, found));
        }
        _ => {}
    }
}

#[tokio::test]
async fn every_shape_that_is_named_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let document = document(&server).await;
    let mut named = BTreeSet::new();
    references(&document, &mut named);
    let shapes = document["components"]["schemas"]
        .as_object()
        .expect("shapes");
    let shapes: BTreeSet<String> = shapes.keys().cloned().collect();
    assert_eq!(named, shapes);
}

#[tokio::test]
async fn the_page_shows_every_operation_and_asks_no_other_host() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let document = document(&server).await;
    let answer = server.request(Method::GET, "/docs").send().await.unwrap();
    let policy = answer.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    let page = answer.text().await.unwrap();
    for item in document["paths"].as_object().expect("paths").values() {
        for operation in item.as_object().expect("operations").values() {
            let id = operation["operationId"].as_str().expect("a name");
            assert!(page.contains(&format!("<article id=\"{id}\">")), "{id}");
            assert!(page.contains(&format!("href=\"#{id}\"")), "{id}");
        }
    }
    for inline in ["<script", "<style", " style=", " onclick=", "javascript:"] {
        assert!(!page.contains(inline), "{inline}");
    }
    let places = page
        .split("href=\"")
        .skip(1)
        .chain(page.split("src=\"").skip(1));
    for place in places {
        assert!(
            place.starts_with('#') || place.starts_with('/'),
            "{place:.80}"
        );
    }
    let (status, style) = server.get("/docs/style.css").await;
    assert_eq!(status, StatusCode::OK);
    let style = style.as_str().expect("text");
    assert!(!style.contains("url(") && !style.contains("@import"));
}

#[tokio::test]
async fn examples_of_the_page_can_be_run_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    // Its own windows would give the field another type.
    let config = dir.path().join("plimsoll.toml");
    let text = "monitor.enabled = false\n[[notify]]\nname = \"ops\"\nkind = \"log\"\n";
    std::fs::write(&config, text).unwrap();
    let data = dir.path().join("data");
    let server = Server::start_with(&data, &["--config", config.to_str().expect("text")]);
    server
        .write("http_requests,service=shop,route=/orders duration=0.5")
        .await;
    let (_, page) = server.get("/docs").await;
    let page = page.as_str().expect("text");
    let mut ran = 0;
    for example in page.split("<pre>").skip(1) {
        let example = example.split("</pre>").next().expect("an end");
        let example = example
            .replace("&quot;", "\"")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&");
        // Streams have no end, files are the reader's, a backup writes where it is told, tokens and logins are made first, and
        // the monitor is off.
        let others = [" -N ", "@FILE", "/backup", "/tokens", "/log", "/metrics'"];
        if others.iter().any(|other| example.contains(other)) && !example.contains("performance") {
            continue;
        }
        // There is no channel, alert or silence yet that could have that name or number, and nobody who makes suggestions.
        let made_first = [
            "/channels/",
            "/alerts/",
            "/silences/",
            "}' 'http://127.0.0.1:1876/api/v1/suggestions",
        ];
        if made_first.iter().any(|other| example.contains(other)) {
            continue;
        }
        let command = example.replace("http://127.0.0.1:1876", &server.url);
        let command = command.replacen("curl", "curl -sS -o /dev/null -w '%{http_code}'", 1);
        let output = std::process::Command::new("sh")
            .args(["-c", &command])
            .output();
        let status = String::from_utf8(output.expect("a shell").stdout).unwrap();
        assert!(status.starts_with('2'), "{status}: {command}");
        ran += 1;
    }
    assert!(ran >= 20, "{ran}");
}
