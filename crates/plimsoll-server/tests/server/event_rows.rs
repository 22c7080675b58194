//! Every event that was posted is there, and what was refused is told in few words.

use std::sync::Arc;

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Server, now};

async fn states(server: &Server) -> (u64, Vec<String>) {
    let (_, page) = server.get("/api/v1/events?limit=1000").await;
    let events = page["events"].as_array().unwrap().iter();
    let mut states: Vec<String> = events.map(|event| event["state"].to_string()).collect();
    states.sort();
    (page["total"].as_u64().unwrap(), states)
}

#[tokio::test]
async fn events_of_the_same_moment_are_all_kept() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let time = now() / 1_000_000 - 5_000;
    let event =
        |state: &str| json!({"event_type": "t", "entity_id": "e", "time": time, "state": state});
    let three = json!([event("a"), event("b"), event("b")]);
    let (_, answer) = server.post("/api/v1/events", three.to_string()).await;
    assert_eq!(answer["stored"], 3);
    assert_eq!(states(&server).await.0, 3);
    // In another request, and after a restart.
    server.post("/api/v1/events", event("c").to_string()).await;
    assert!(server.stop().success());
    let server = Server::start(dir.path());
    let (status, _) = server
        .post(
            "/api/v1/events",
            json!([event("d"), event("e")]).to_string(),
        )
        .await;
    assert_eq!(status, StatusCode::CREATED);
    let expected = ["a", "b", "b", "c", "d", "e"].map(|state| format!("\"{state}\""));
    assert_eq!(states(&server).await, (6, expected.to_vec()));
}

#[tokio::test]
async fn events_of_the_same_moment_posted_at_once_are_all_kept() {
    let dir = tempfile::tempdir().unwrap();
    let server = Arc::new(Server::start(dir.path()));
    let time = now() / 1_000_000 - 5_000;
    let posts: Vec<_> = (0..40)
        .map(|n| {
            let server = server.clone();
            let event = json!({"entity_id": "e", "time": time, "state": n});
            tokio::spawn(async move { server.post("/api/v1/events", event.to_string()).await.0 })
        })
        .collect();
    for post in posts {
        assert_eq!(post.await.unwrap(), StatusCode::CREATED);
    }
    let (total, states) = states(&server).await;
    let mut expected: Vec<String> = (0..40).map(|n| format!("\"{n}\"")).collect();
    expected.sort();
    assert_eq!((total, states), (40, expected));
}

#[tokio::test]
async fn of_many_refused_events_the_first_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut events = vec![json!({"time": "never"}); 10_000];
    events[7] = json!({});
    let (status, answer) = server
        .post("/api/v1/events", json!(events).to_string())
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(
        (&answer["stored"], &answer["dropped"]),
        (&json!(1), &json!(9_999))
    );
    let indexes: Vec<u64> = answer["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["index"].as_u64().unwrap())
        .collect();
    assert_eq!(
        indexes,
        (0..21).filter(|index| *index != 7).collect::<Vec<u64>>()
    );
    let (_, stats) = server.get("/api/v1/stats").await;
    assert_eq!(stats["ingest"]["rows_refused"], 9_999);
    events.push(json!({}));
    let (status, answer) = server
        .post("/api/v1/events", json!(events).to_string())
        .await;
    assert_eq!(
        (status, &answer["field"], &answer["value"]),
        (StatusCode::BAD_REQUEST, &json!("events"), &json!(10_001))
    );
}

#[tokio::test]
async fn statistics_know_events_that_were_written_as_lines() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let time = now() / 1_000_000 - 60_000;
    let range = format!("start_time={}&end_time={}", time - 1_000, time + 1_000);
    let path = format!("/api/v1/events/stats?{range}");
    let total = |answer: Value| answer["total_events"].clone();
    assert_eq!(total(server.get(&path).await.1), 0);
    let line = format!("events,event_type=t attributes=\"{{}}\" {time}000000");
    server.write(line).await;
    assert_eq!(total(server.get(&path).await.1), 1);
}
