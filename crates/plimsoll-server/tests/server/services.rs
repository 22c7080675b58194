//! Who sends: listed at once, in pages, and known beyond what is listed.

use std::collections::BTreeSet;

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::Server;

fn names(page: &Value) -> Vec<String> {
    let services = page["services"].as_array().expect("a list").iter();
    let names = services.map(|service| service["name"].as_str().expect("a name").to_owned());
    names.collect()
}

#[tokio::test]
async fn a_service_is_known_as_soon_as_its_line_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let path = "/api/performance/metrics?service=new";
    // What the store remembers has been looked through by then.
    while server.get(path).await.0 != StatusCode::NOT_FOUND {
        tokio::task::yield_now().await;
    }
    server
        .write("http_requests,service=new,instance=i1,version=1.2 duration=0.5")
        .await;
    let (status, answer) = server.get(path).await;
    assert_eq!(
        (status, &answer["requests"]["total_requests"]),
        (StatusCode::OK, &json!(1))
    );
    let (_, all) = server.get("/api/v1/services").await;
    let listed = all["services"].as_array().unwrap().iter();
    let new: Vec<&Value> = listed.filter(|service| service["name"] == "new").collect();
    assert_eq!(new.len(), 1, "{all}");
    assert_eq!(new[0]["versions"], json!(["1.2"]));
}

#[tokio::test]
async fn services_come_in_pages_and_those_beyond_the_list_are_answered_too() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let lines = (0..10_050).map(|n| format!("http_requests,service=s{n} duration=0.5\n"));
    server.write(lines.collect::<String>()).await;
    let mut listed = BTreeSet::new();
    let mut path = Some("/api/v1/services?limit=4000".to_owned());
    while let Some(next) = path {
        let (status, page) = server.get(&next).await;
        assert_eq!((status, &page["total"]), (StatusCode::OK, &json!(10_000)));
        assert_eq!(page["truncated"], true);
        listed.extend(names(&page));
        path = page["next"].as_str().map(str::to_owned);
    }
    assert_eq!(listed.len(), 10_000);
    let beyond = (0..10_050).map(|n| format!("s{n}"));
    let beyond = beyond
        .into_iter()
        .find(|name| !listed.contains(name))
        .unwrap();
    let (status, answer) = server
        .get(&format!("/api/performance/metrics?service={beyond}"))
        .await;
    assert_eq!(
        (status, &answer["requests"]["total_requests"]),
        (StatusCode::OK, &json!(1))
    );
    let (_, page) = server.get("/api/v1/services").await;
    assert_eq!(names(&page).len(), 1_000);
}

#[tokio::test]
async fn measurements_come_in_pages() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    server
        .write(
            (0..25)
                .map(|n| format!("a{n:02} v=1\n"))
                .collect::<String>(),
        )
        .await;
    let mut names = Vec::new();
    let mut path = Some("/api/v1/measurements?limit=10".to_owned());
    while let Some(next) = path {
        let (_, page) = server.get(&next).await;
        let entries = page["measurements"].as_array().unwrap();
        assert!(
            entries.len() <= 10 && page["total"].as_u64() >= Some(25),
            "{page}"
        );
        names.extend(entries.iter().map(|entry| entry["name"].to_string()));
        path = page["next"].as_str().map(str::to_owned);
    }
    let expected: Vec<String> = (0..25).map(|n| format!("\"a{n:02}\"")).collect();
    names.retain(|name| expected.contains(name));
    assert_eq!(names, expected);
}
