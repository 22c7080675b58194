//! Answers over damaged files say what is missing from them.

use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_server::store::query::{Aggregate, FieldQuery, Order, Query};
use plimsoll_server::store::{Store, StoreConfig};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Server, now};

/// Of each kind: more than one block's worth. They are so young that no rollup knows them.
const ROWS: i64 = 3_000;

fn count(dir: &Path, measurement: &str, field: &str) -> (u64, bool) {
    let store = Store::open(StoreConfig::new(dir), now()).unwrap();
    let asked = Query {
        measurement: measurement.into(),
        fields: vec![FieldQuery {
            name: field.into(),
            aggregate: Aggregate::Count,
        }],
        filter: Vec::new(),
        group_by: Vec::new(),
        start: 0,
        end: i64::MAX,
        step: None,
        limit: 1,
        order: Order::Ascending,
    };
    let answer = store.query(&asked).unwrap();
    let count = match answer.series.first().map(|series| &series.columns[0][0]) {
        Some(plimsoll_server::store::query::Value::U64(count)) => *count,
        _ => 0,
    };
    (count, !answer.missing.is_empty())
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, target) = entry.map(|e| (e.path(), to.join(e.file_name()))).unwrap();
        match path.is_dir() {
            true => copy(&path, &target),
            false => drop(fs::copy(path, target).unwrap()),
        }
    }
}

fn day_files(dir: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(dir.join("raw")).unwrap();
    files.map(|entry| entry.unwrap().path()).collect()
}

/// Flips a bit of a block that has rows of this field.
fn harm(dir: &Path, measurement: &str, field: &str) {
    let store = Store::open(StoreConfig::new(dir), now()).unwrap();
    store.flush().unwrap();
    drop(store);
    let (whole, _) = count(dir, measurement, field);
    for path in day_files(dir) {
        let good = fs::read(&path).unwrap();
        for at in (64..good.len()).step_by(499) {
            let mut bad = good.clone();
            bad[at] ^= 1;
            // Opening may change a damaged store, so each try has a copy of its own.
            let tried = tempfile::tempdir().unwrap();
            copy(dir, tried.path());
            fs::write(
                tried.path().join("raw").join(path.file_name().unwrap()),
                &bad,
            )
            .unwrap();
            let (left, told) = count(tried.path(), measurement, field);
            if told && left < whole {
                fs::write(&path, &bad).unwrap();
                return;
            }
        }
    }
    panic!("no bit of {measurement} was hit");
}

fn has_told(answer: &Value) -> bool {
    answer["missing"]
        .as_array()
        .is_some_and(|missing| !missing.is_empty())
}

#[tokio::test]
async fn events_over_damage_say_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let start = now() / 1_000_000 - 10_000;
    let events: Vec<Value> = (0..ROWS)
        .map(|n| {
            let noise = format!("{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as i64));
            json!({"event_type": "turned", "time": start + n, "attributes": {"noise": noise}})
        })
        .collect();
    let (status, answer) = server
        .post("/api/v1/events", json!(events).to_string())
        .await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    let (_, page) = server.get("/api/v1/events").await;
    assert_eq!(
        (&page["total"], &page["missing"]),
        (&json!(ROWS), &json!([]))
    );
    assert!(server.stop().success());
    harm(dir.path(), "events", "attributes");
    let server = Server::start(dir.path());
    let (_, page) = server.get("/api/v1/events").await;
    let (_, stats) = server.get("/api/v1/events/stats").await;
    let (_, all) = server.get("/api/v1/stats").await;
    for (found, answer) in [
        (&page["total"], &page),
        (&stats["total_events"], &stats),
        (&all["events"]["total_events"], &all["events"]),
    ] {
        assert!(
            found.as_i64().unwrap() < ROWS && has_told(answer),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn performance_over_damage_says_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let start = now() - 10_000_000_000;
    let lines = (0..ROWS).map(|n| {
        let (time, noise) = (start + n * 1_000_000, (n as f64 * 1.7).sin());
        format!(
            "http_requests,service=shop,route=/a,method=GET,status=200 duration={} {time}\n\
             process,service=shop,instance=i1 memory_rss={} {time}\n",
            noise.abs(),
            1e6 + noise * 1e5
        )
    });
    server.write(lines.collect::<String>()).await;
    let asked = "service=shop&minutes=120";
    for path in ["metrics", "routes", "resources"] {
        let (status, answer) = server
            .get(&format!("/api/performance/{path}?{asked}"))
            .await;
        assert_eq!(
            (status, &answer["missing"]),
            (StatusCode::OK, &json!([])),
            "{answer}"
        );
    }
    assert!(server.stop().success());
    for (measurement, field, paths) in [
        ("http_requests", "duration", ["metrics", "routes"]),
        ("process", "memory_rss", ["metrics", "resources"]),
    ] {
        let harmed = tempfile::tempdir().unwrap();
        copy(dir.path(), harmed.path());
        harm(harmed.path(), measurement, field);
        let server = Server::start(harmed.path());
        for path in paths {
            let (_, answer) = server
                .get(&format!("/api/performance/{path}?{asked}"))
                .await;
            assert!(has_told(&answer), "{path} over {measurement}: {answer}");
        }
    }
}
