//! Who sends: listed at once, in pages, and known beyond what is listed.

use std::collections::BTreeSet;

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::targets::{scraped, scraping, target, until};
use super::{Server, now};

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

/// When a service was first and last seen, as the list tells it.
async fn seen(server: &Server, name: &str) -> Option<(Value, Value)> {
    let (_, all) = server.get("/api/v1/services").await;
    let listed = all["services"].as_array().unwrap().iter();
    let found = listed.into_iter().find(|service| service["name"] == name)?;
    Some((found["first_seen"].clone(), found["last_seen"].clone()))
}

/// A time as the list writes it.
fn written(nanos: i64) -> Value {
    let time = jiff::Timestamp::from_nanosecond(i128::from(nanos)).unwrap();
    json!(format!("{time:.3}"))
}

/// Two services in rows of the same two hours: one sends until now, the other went silent an hour ago. Where the rows are
/// is up to the server's environment.
async fn a_restarted_server_tells_who_is_silent(variables: &[(&str, &str)]) {
    const MINUTE: i64 = 60_000_000_000;
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_as(dir.path(), &[], variables);
    let begun = now() - 120 * MINUTE;
    let line = |service: &str, minute: i64| {
        let time = begun + minute * MINUTE;
        format!("http_requests,instance={service}-1,service={service} duration=0.5 {time}\n")
    };
    let busy = (0..=120).map(|minute| line("busy", minute));
    let quiet = (0..=60).map(|minute| line("quiet", minute));
    server.write(busy.chain(quiet).collect::<String>()).await;
    if !variables.is_empty() {
        until("the rows are sealed", async || {
            let days = std::fs::read_dir(dir.path().join("raw"));
            let sealed = days.is_ok_and(|mut days| days.next().is_some());
            sealed.then_some(()).ok_or_else(|| "no day file".to_owned())
        })
        .await;
    }
    assert!(server.stop().success());
    let server = Server::start_as(dir.path(), &[], variables);
    for (service, last) in [("busy", 120), ("quiet", 60)] {
        let expected = (written(begun), written(begun + last * MINUTE));
        until("the past is recalled", async || {
            match seen(&server, service).await {
                Some(times) if times == expected => Ok(()),
                other => Err(format!("{service}: {other:?}, not {expected:?}")),
            }
        })
        .await;
    }
}

#[tokio::test]
async fn a_service_that_went_silent_before_a_restart_was_last_seen_then() {
    a_restarted_server_tells_who_is_silent(&[]).await;
}

#[tokio::test]
async fn the_same_of_one_whose_rows_share_a_block_with_those_of_others() {
    a_restarted_server_tells_who_is_silent(&[("PLIMSOLL_STORE_SEAL_SECS", "1")]).await;
}

#[tokio::test]
async fn a_target_that_does_not_answer_is_not_seen() {
    let dir = tempfile::tempdir().unwrap();
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/metrics", listener.local_addr().unwrap())
    };
    let server = scraping(dir.path(), &target("gone", &gone, ""));
    assert_eq!(scraped(&server, "gone", 2).await["state"], "down");
    // That it is down is written all the same.
    assert!(
        !super::targets::rows(&server, "up", "value")
            .await
            .is_empty()
    );
    assert_eq!(seen(&server, "gone").await, None);
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
