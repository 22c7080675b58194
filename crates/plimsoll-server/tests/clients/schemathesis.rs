//! schemathesis: no question that the document allows, or forbids, gets an answer that it does not tell.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::python;
use crate::server::Server;

/// How long it may take, on a machine that does other things beside.
const MOST: Duration = Duration::from_secs(90);

/// Paths that it cannot judge: a stream has no end, and what is not taken answers 501, which it takes for a failure.
fn excluded(document: &Value) -> Vec<&str> {
    let paths = document["paths"].as_object().expect("paths").iter();
    let paths = paths.filter(|(_, item)| {
        let mut operations = item.as_object().expect("operations").values();
        operations.any(|operation| {
            let responses = &operation["responses"];
            let is_stream = !responses["200"]["content"]["text/event-stream"].is_null();
            is_stream || !responses["501"].is_null()
        })
    });
    paths.map(|(path, _)| path.as_str()).collect()
}

#[tokio::test]
async fn schemathesis_finds_no_answer_that_the_document_does_not_tell() {
    let dir = tempfile::tempdir().unwrap();
    let files = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    // Its simplest words are `0`, so that some of its questions have an answer.
    server
        .write("temperature,room=kitchen value=21.5\n0,0=0 0=0\n")
        .await;
    let (_, document) = server.get("/openapi.json").await;
    let excluded = excluded(&document);
    assert!(excluded.contains(&"/api/stream"), "{excluded:?}");
    println!("not asked: {excluded:?}");
    let folder = files.path().to_str().expect("text");
    let arguments: Vec<&str> = [server.url.as_str(), folder]
        .into_iter()
        .chain(excluded)
        .collect();
    // Whoever makes the environment first does not count.
    python::ready();
    let started = Instant::now();
    let done = python::run("schemathesis_run.py", &arguments);
    let said = done["said"].as_str().expect("text");
    assert_eq!(done["exit"], 0, "{said}");
    let cases = said.split("Test cases:").nth(1).expect("a count");
    let cases = cases
        .split_whitespace()
        .next()
        .and_then(|count| count.parse::<u32>().ok());
    assert!(cases.is_some_and(|cases| cases > 1_000), "{said}");
    assert!(started.elapsed() < MOST, "{:?}", started.elapsed());
}
