//! Targets that the server fetches metrics from: its own, and hostile ones over raw sockets.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::Ordering;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::Server;
use super::targets::{
    TEXT, gzip, raw, read_head, rows, scraped, scraping, target, until, with_body,
};

#[tokio::test]
async fn a_hostile_target_is_down_with_its_reason_and_a_good_one_beside_it_is_up() {
    let silent = |_: &mut TcpStream| {
        std::thread::sleep(Duration::from_secs(60));
        Ok(())
    };
    let stuck = |stream: &mut TcpStream| {
        write!(
            stream,
            "HTTP/1.1 200 OK\r\n{TEXT}Content-Length: 100\r\n\r\na 1\n"
        )?;
        std::thread::sleep(Duration::from_secs(60));
        Ok(())
    };
    let moved = |stream: &mut TcpStream| {
        write!(
            stream,
            "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
        )
    };
    let page = |stream: &mut TcpStream| {
        with_body(stream, "Content-Type: text/html\r\n", b"<html>a 1</html>")
    };
    let endless = |stream: &mut TcpStream| {
        write!(stream, "HTTP/1.1 200 OK\r\n{TEXT}Connection: close\r\n\r\n")?;
        let line = b"a_long_enough_name_of_a_metric{with=\"labels\"} 1\n".repeat(1_000);
        loop {
            stream.write_all(&line)?;
        }
    };
    let announced = |stream: &mut TcpStream| {
        write!(
            stream,
            "HTTP/1.1 200 OK\r\n{TEXT}Content-Length: 1000000000\r\n\r\n"
        )
    };
    let cut = |stream: &mut TcpStream| {
        let packed = gzip(b"a 1\n");
        with_body(
            stream,
            &format!("{TEXT}Content-Encoding: gzip\r\n"),
            &packed[..packed.len() - 6],
        )
    };
    let bomb = |stream: &mut TcpStream| {
        let packed = gzip(&vec![b'\n'; 50_000_000]);
        assert!(packed.len() < 1_000_000, "{}", packed.len());
        with_body(
            stream,
            &format!("{TEXT}Content-Encoding: gzip\r\n"),
            &packed,
        )
    };
    let failing = |stream: &mut TcpStream| {
        write!(
            stream,
            "HTTP/1.1 500 Oh\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\na 1\n"
        )
    };
    let gone = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/metrics", listener.local_addr().unwrap())
    };
    let hostile = [
        (
            "silent",
            raw(silent).0,
            "no answer within 1 s (`timeout_secs`)",
        ),
        (
            "stuck",
            raw(stuck).0,
            "no answer within 1 s (`timeout_secs`)",
        ),
        (
            "moved",
            raw(moved).0,
            "answered 302; redirects are not followed, set `url` to where it points: /elsewhere",
        ),
        (
            "html",
            raw(page).0,
            "answered with content of type \"text/html\"",
        ),
        (
            "endless",
            raw(endless).0,
            "answered with more than 1000000 bytes (`body_max_mb`)",
        ),
        (
            "announced",
            raw(announced).0,
            "answered with more than 1000000 bytes (`body_max_mb`)",
        ),
        ("cut", raw(cut).0, "answered with a damaged gzip body"),
        (
            "bomb",
            raw(bomb).0,
            "answered with more than 1000000 bytes (`body_max_mb`)",
        ),
        ("failing", raw(failing).0, "answered 500"),
        ("gone", gone, "cannot connect"),
    ];
    let (good, connections) =
        raw(|stream| with_body(stream, TEXT, b"good 1\nw{x=\"\xff\"} 2\nbad\nbetter 3\n"));
    let mut targets = target(
        "good",
        &good,
        "labels = { zone = \"z\" }\nservice = \"shop\"",
    );
    for (job, url, _) in &hostile {
        targets.push_str(&target(job, url, "body_max_mb = 1"));
    }
    let dir = tempfile::tempdir().unwrap();
    let server = scraping(dir.path(), &targets);
    for (job, _, reason) in &hostile {
        let found = scraped(&server, job, 2).await;
        assert_eq!(found["state"], "down", "{found}");
        let error = found["last_error"].as_str().unwrap();
        assert!(error.starts_with(reason), "{job}: {error}");
        assert_eq!(found["failures"], found["scrapes"], "{found}");
    }
    let found = scraped(&server, "good", 3).await;
    assert_eq!(found["state"], "up");
    assert_eq!(
        (&found["samples"], &found["last_error"]),
        (&json!(2), &Value::Null)
    );
    let refused = &found["refused"];
    assert_eq!(refused["count"], 2, "{found}");
    assert_eq!(refused["reasons"][0]["reason"], "is not UTF-8");
    assert_eq!(refused["reasons"][1]["example"], "bad");
    // One connection for all scrapes.
    assert_eq!(connections.load(Ordering::Relaxed), 1);
    rows(&server, "better", "value").await;
    let query = json!({"measurement": "up", "fields": [{"name": "value", "aggregate": "last"}], "start": "-1h",
        "group_by": ["job", "service", "instance", "zone"]});
    let (_, answer) = server.post("/api/v1/query", query.to_string()).await;
    let series = answer["series"].as_array().unwrap();
    assert_eq!(series.len(), hostile.len() + 1, "{answer}");
    for one in series {
        let (tags, last) = (&one["tags"], one["values"][0][1].as_f64().unwrap());
        match tags["job"] == "good" {
            true => assert_eq!(
                (&tags["zone"], &tags["service"], last),
                (&json!("z"), &json!("shop"), 1.0)
            ),
            false => assert_eq!((&tags["service"], last), (&tags["job"], 0.0)),
        }
    }
}

#[tokio::test]
async fn a_million_series_cost_no_more_than_the_limit_allows() {
    let mut page = String::new();
    for n in 0..1_000_000 {
        use std::fmt::Write;
        writeln!(page, "m{{n=\"{n}\"}} 1").unwrap();
    }
    let page = page.into_bytes();
    let (url, _) = raw(move |stream| with_body(stream, TEXT, &page));
    let more = "interval_secs = 20\ntimeout_secs = 20\nbody_max_mb = 50\nseries_max = 1000";
    let slow = target("many", &url, more).replace("interval_secs = 1\ntimeout_secs = 1\n", "");
    let dir = tempfile::tempdir().unwrap();
    let server = scraping(dir.path(), &slow);
    let found = scraped(&server, "many", 1).await;
    assert_eq!(
        (&found["state"], &found["samples"]),
        (&json!("up"), &json!(1_000)),
        "{found}"
    );
    assert_eq!(found["refused"]["count"], 999_000);
    assert_eq!(
        found["refused"]["reasons"][0]["reason"],
        "is beyond the 1000 samples of `series_max`"
    );
    assert_eq!(rows(&server, "m", "value").await.len(), 1_000);
    assert_eq!(server.get("/livez").await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_token_is_read_from_its_file_for_each_scrape() {
    let dir = tempfile::tempdir().unwrap();
    let (url, _) = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/m", listener.local_addr().unwrap());
        let heads = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut stream = stream;
                while let Ok(head) = read_head(&mut stream) {
                    let second = head.contains("authorization: Bearer two\r\n");
                    let status = if second { "200 OK" } else { "401 Unauthorized" };
                    let answer =
                        format!("HTTP/1.1 {status}\r\n{TEXT}Content-Length: 4\r\n\r\na 1\n");
                    if stream.write_all(answer.as_bytes()).is_err() {
                        break;
                    }
                }
            }
        });
        (url, heads)
    };
    let token = dir.path().join("token");
    let server = scraping(
        dir.path(),
        &target(
            "t",
            &url,
            &format!("bearer_token_file = {:?}", token.to_str().unwrap()),
        ),
    );
    let missing = scraped(&server, "t", 1).await;
    let error = missing["last_error"].as_str().unwrap();
    assert!(error.starts_with("cannot read the token in "), "{error}");
    std::fs::write(&token, "one\n").unwrap();
    let refused = scraped(&server, "t", missing["scrapes"].as_u64().unwrap() + 2).await;
    assert_eq!(refused["last_error"], "answered 401 Unauthorized");
    std::fs::write(&token, "two\n").unwrap();
    let good = scraped(&server, "t", refused["scrapes"].as_u64().unwrap() + 2).await;
    assert_eq!(good["state"], "up");
}

#[tokio::test]
async fn our_own_metrics_are_scraped_and_equal_the_page() {
    let dir = tempfile::tempdir().unwrap();
    let observed = Server::start(dir.path().join("observed").as_path());
    for _ in 0..7 {
        observed.get("/api/v1/services").await;
    }
    let url = format!("{}/metrics", observed.url);
    let server = scraping(dir.path(), &target("shop", &url, ""));
    scraped(&server, "shop", 2).await;
    for _ in 0..5 {
        observed.get("/api/v1/services").await;
        observed.get("/api/v1/stats").await;
    }
    let page = observed
        .request(reqwest::Method::GET, "/metrics")
        .send()
        .await
        .unwrap();
    let page = page.text().await.unwrap();
    let done = scraped(&server, "shop", 1).await["scrapes"]
        .as_u64()
        .unwrap();
    let found = scraped(&server, "shop", done + 2).await;
    assert_eq!(found["refused"]["count"], 0, "{found}");
    // A route that was there at the first scrape counts from then on, a later one from its first request.
    until("the requests are there", async || {
        let (_, answer) = server.get("/api/performance/routes?service=shop").await;
        let of = |route: &str| {
            let routes = answer["routes"].as_array()?;
            routes.iter().find(|found| found["route"] == route)?["total_requests"].as_u64()
        };
        match (of("/api/v1/services"), of("/api/v1/stats")) {
            (Some(5), Some(5)) => Ok(()),
            _ => Err(answer.to_string()),
        }
    })
    .await;
    // The totals are those of the page, which nobody has moved since.
    let query = json!({"measurement": "http_requests", "fields": [{"name": "duration_cumulative", "aggregate": "none"}],
        "filter": {"service": "shop", "source": "scrape"}, "group_by": ["route", "method", "status"], "start": "-1h", "limit": 10_000});
    let (status, answer) = server.post("/api/v1/query", query.to_string()).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let mut compared = 0;
    for series in answer["series"].as_array().unwrap() {
        let route = series["tags"]["route"].as_str().unwrap();
        if !route.starts_with("/api/v1/s") {
            continue;
        }
        let last = &series["values"].as_array().unwrap().last().unwrap()[1];
        let line = page
            .lines()
            .find(|line| {
                line.starts_with("http_server_request_duration_seconds_count{")
                    && line.contains(&format!("\"{route}\""))
            })
            .unwrap_or_else(|| panic!("{route} is on the page: {page}"));
        let count: u64 = line.rsplit(' ').next().unwrap().parse().unwrap();
        assert_eq!(last["count"], count, "{route}: {last}");
        compared += 1;
    }
    assert_eq!(compared, 2, "{answer}");
}

#[tokio::test]
async fn what_was_scraped_before_a_stop_is_there_after_it() {
    let (url, _) =
        raw(|stream| with_body(stream, TEXT, b"# TYPE work_total counter\nwork_total 7\n"));
    let dir = tempfile::tempdir().unwrap();
    let server = scraping(dir.path(), &target("w", &url, ""));
    // Not long enough for it to be written by itself.
    let scrapes = scraped(&server, "w", 1).await["scrapes"].as_u64().unwrap();
    assert!(server.stop().success());
    let server = Server::start(&dir.path().join("data"));
    let kept = rows(&server, "work_total", "value_cumulative").await;
    assert!(kept.len() as u64 >= scrapes, "{kept:?}");
    assert!(kept.iter().all(|row| row[1] == 7.0), "{kept:?}");
}
