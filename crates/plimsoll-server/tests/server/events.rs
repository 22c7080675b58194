//! `/api/v1/events`, its statistics and those of everything.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Server, now};

/// One event a second for 1,500 seconds, of two entities by turns.
async fn filled(dir: &std::path::Path) -> (Server, i64) {
    let server = Server::start(dir);
    let start = now() / 1_000_000_000 - 2_000;
    let event = |second: i64| {
        let entity = if second % 2 == 0 {
            "light.kitchen"
        } else {
            "sensor.power"
        };
        json!({"event_type": "state_changed", "entity_id": entity, "state": second, "time": (start + second) * 1_000,
            "attributes": {"unit": "W"}})
    };
    let events: Vec<Value> = (0..1_500).map(event).collect();
    let (status, answer) = server
        .post("/api/v1/events", json!(events).to_string())
        .await;
    assert_eq!(
        (status, &answer["stored"]),
        (StatusCode::CREATED, &json!(1_500))
    );
    (server, start)
}

#[tokio::test]
async fn pages_are_newest_first_and_lead_on_to_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let (server, _) = filled(dir.path()).await;
    let mut path = Some("/api/v1/events?limit=1000&entity_id=sensor.power".to_owned());
    let mut states = Vec::new();
    while let Some(next) = path {
        let (status, page) = server.get(&next).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        assert_eq!(page["total"], 750);
        let events = page["events"].as_array().unwrap();
        states.extend(events.iter().map(|event| event["value"].as_f64().unwrap()));
        path = page["next"].as_str().map(str::to_owned);
    }
    let expected: Vec<f64> = (0..1_500)
        .rev()
        .filter(|second| second % 2 == 1)
        .map(f64::from)
        .collect();
    assert_eq!(states, expected);
}

#[tokio::test]
async fn limits_of_every_size_answer_in_time() {
    let dir = tempfile::tempdir().unwrap();
    let (server, start) = filled(dir.path()).await;
    for limit in [10, 100, 1_000] {
        let asked = std::time::Instant::now();
        let range = format!(
            "start_time={}&end_time={}",
            start * 1_000,
            (start + 1_200) * 1_000
        );
        let (status, page) = server
            .get(&format!("/api/v1/events?limit={limit}&{range}"))
            .await;
        assert_eq!(status, StatusCode::OK, "{page}");
        assert_eq!(page["events"].as_array().unwrap().len(), limit);
        assert_eq!(page["total"], 1_200);
        assert!(asked.elapsed().as_millis() <= 2_000);
    }
    let (status, answer) = server.get("/api/v1/events?limit=1001").await;
    assert_eq!(
        (status, answer["field"].as_str()),
        (StatusCode::BAD_REQUEST, Some("limit"))
    );
}

#[tokio::test]
async fn an_event_comes_back_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let event = json!({"event_type": "deploy", "state": "done", "attributes": {"version": "1.2", "by": ["a", "b"]}});
    assert_eq!(
        server.post("/api/v1/events", event.to_string()).await.0,
        StatusCode::CREATED
    );
    let (_, page) = server.get("/api/v1/events").await;
    let found = &page["events"][0];
    for (name, value) in event.as_object().unwrap() {
        assert_eq!(&found[name], value);
    }
    assert_eq!(found["entity_id"], Value::Null);
}

#[tokio::test]
async fn events_that_are_not_understood_are_named_and_the_others_kept() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let events = json!([{"event_type": "a"}, {"colour": "red"}, {"time": "1970-01-01T00:00:00Z"}]);
    let (status, answer) = server.post("/api/v1/events", events.to_string()).await;
    assert_eq!(
        (status, &answer["stored"]),
        (StatusCode::BAD_REQUEST, &json!(1))
    );
    assert_eq!(answer["errors"][0]["index"], 1);
    assert!(
        answer["errors"][0]["reason"]
            .as_str()
            .unwrap()
            .contains("colour"),
        "{answer}"
    );
    assert_eq!(answer["errors"][1]["index"], 2);
}

#[tokio::test]
async fn statistics_count_by_type_and_entity() {
    let dir = tempfile::tempdir().unwrap();
    let (server, start) = filled(dir.path()).await;
    let range = format!(
        "start_time={}&end_time={}",
        start * 1_000,
        (start + 600) * 1_000
    );
    let path = format!("/api/v1/events/stats?{range}");
    let answer = server
        .request(reqwest::Method::GET, &path)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.headers()["cache-control"], "max-age=600");
    let (_, stats) = server.get(&path).await;
    assert_eq!(stats["total_events"], 600);
    assert_eq!(stats["events_per_minute"], 60.0);
    assert_eq!(
        stats["by_type"],
        json!([{"event_type": "state_changed", "count": 600}])
    );
    assert_eq!(stats["by_entity"][0]["count"], 300);
    // The running range is kept for a moment only, and new events are seen at once.
    let (_, before) = server.get("/api/v1/stats").await;
    server.post("/api/v1/events", "{}").await;
    let (_, after) = server.get("/api/v1/stats").await;
    assert_eq!(before["events"]["total_events"], 1_500);
    assert_eq!(after["events"]["total_events"], 1_501);
}
