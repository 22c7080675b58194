//! Line protocol over HTTP.

use std::io::Write;

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{Server, now, read};

const SECOND: i64 = 1_000_000_000;

#[tokio::test]
async fn what_is_acknowledged_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let time = now() / SECOND * SECOND;
    server
        .write(format!(
            "cpu,host=a idle=1.5,n=3i,s=\"a b\",up=true,big=18446744073709551615u {time}"
        ))
        .await;
    let query =
        json!({"measurement": "cpu", "fields": ["idle", "n", "s", "up", "big"], "times": "ns"});
    let expected = vec![vec![
        json!(time),
        json!(1.5),
        json!(3),
        json!("a b"),
        json!(true),
        json!(u64::MAX),
    ]];
    assert_eq!(server.rows(query.clone()).await, expected);
    let ended = server.stop();
    assert!(ended.success(), "{ended}");
    let server = Server::start(dir.path());
    assert_eq!(server.rows(query.clone()).await, expected);
    server.kill();
    assert_eq!(Server::start(dir.path()).rows(query).await, expected);
}

#[tokio::test]
async fn malformed_lines_are_named_and_the_good_ones_kept() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let time = now();
    let lines =
        format!("m a=1 {time}\nm a=\nm,t=x a=2 {time}\nm a=\"text\" {time}\nm a=NaN {time}");
    let (status, answer) = server.post("/write?db=home", lines).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(answer["written"], 2);
    assert_eq!(answer["dropped"], 3);
    let errors = answer["errors"].as_array().unwrap();
    let numbers: Vec<_> = errors
        .iter()
        .map(|error| error["line"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, [2, 4, 5]);
    assert_eq!(errors[0]["reason"], "missing value of field `a`");
    assert_eq!(
        errors[1]["reason"],
        "field `a` of `m` is a float, but this value is a string"
    );
    assert_eq!(errors[2]["reason"], "field `a` is not a finite number");
    assert!(
        answer["error"]
            .as_str()
            .unwrap()
            .starts_with("partial write: line 2: "),
        "{answer}"
    );
    assert_eq!(
        server
            .rows(json!({"measurement": "m", "fields": ["a"]}))
            .await
            .len(),
        2
    );
}

#[tokio::test]
async fn times_in_every_precision_mean_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let hour = now() / (3_600 * SECOND);
    let units = [
        ("ns", 3_600 * SECOND),
        ("u", 3_600_000_000),
        ("ms", 3_600_000),
        ("s", 3_600),
        ("m", 60),
        ("h", 1),
    ];
    for (index, (precision, per_hour)) in units.into_iter().enumerate() {
        let line = format!("m,way={precision} a={index} {}", hour * per_hour);
        let (status, answer) = server
            .post(&format!("/write?precision={precision}"), line)
            .await;
        assert_eq!(status, StatusCode::NO_CONTENT, "{answer}");
    }
    for (precision, per_hour) in [
        ("ns", 3_600 * SECOND),
        ("us", 3_600_000_000),
        ("ms", 3_600_000),
        ("s", 3_600),
    ] {
        let line = format!("m,way=2{precision} a=9 {}", hour * per_hour);
        let path = format!("/api/v2/write?org=o&bucket=b&precision={precision}");
        assert_eq!(server.post(&path, line).await.0, StatusCode::NO_CONTENT);
    }
    let rows = server
        .rows(json!({"measurement": "m", "fields": ["a"], "times": "ns", "start": "-2h"}))
        .await;
    assert_eq!(rows.len(), 10);
    assert!(
        rows.iter()
            .all(|row| row[0] == json!(hour * 3_600 * SECOND)),
        "{rows:?}"
    );
    let (status, answer) = server.post("/api/v2/write?precision=h", "m a=1").await;
    assert_eq!(
        (status, answer["field"].as_str()),
        (StatusCode::BAD_REQUEST, Some("precision"))
    );
}

#[tokio::test]
async fn gzip_bodies_are_taken() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let time = now() - SECOND;
    let lines: String = (0..20_000)
        .map(|row| format!("m,host=h{} a={row} {}\n", row % 7, time + row))
        .collect();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(lines.as_bytes()).unwrap();
    let request = server
        .request(Method::POST, "/write")
        .header("content-encoding", "gzip");
    let (status, answer) = read(request.body(gzip.finish().unwrap())).await;
    assert_eq!(status, StatusCode::NO_CONTENT, "{answer}");
    let sums = server
        .rows(json!({"measurement": "m", "fields": [{"name": "a", "aggregate": "sum"}]}))
        .await;
    assert_eq!(sums[0][1], json!(f64::from(19_999 * 10_000)));
}

#[tokio::test]
async fn an_oversized_body_is_refused_before_it_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("plimsoll.toml");
    std::fs::write(
        &config,
        "[server]\nbody_max_mb = 1\nbody_decompressed_max_mb = 1\n",
    )
    .unwrap();
    let server = Server::start_with(dir.path(), &["--config", config.to_str().unwrap()]);
    let (status, answer) = server.post("/write", vec![b'a'; 1_000_001]).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer["limit"], 1_000_000);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&vec![b'a'; 5_000_000]).unwrap();
    let request = server
        .request(Method::POST, "/write")
        .header("content-encoding", "gzip");
    let (status, _) = read(request.body(gzip.finish().unwrap())).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn over_the_series_limit_known_series_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("plimsoll.toml");
    // The server measures itself, too: leave it room.
    std::fs::write(&config, "[store]\nmax_series = 1000\n").unwrap();
    let server = Server::start_with(dir.path(), &["--config", config.to_str().unwrap()]);
    let time = now();
    server.write(format!("m,host=known a=1 {time}")).await;
    let lines: String = (0..1_500)
        .map(|row| format!("m,host=h{row} a=1 {time}\n"))
        .collect();
    let (status, answer) = server.post("/write", lines).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(
        answer["detail"]
            .as_str()
            .unwrap()
            .contains("store.max_series"),
        "{answer}"
    );
    assert!(answer["written"].as_u64().unwrap() > 0);
    server.write(format!("m,host=known a=2 {}", time + 1)).await;
}

#[tokio::test]
async fn clocks_far_off_are_refused_by_line_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let (old, ahead) = (now() - 8 * 86_400 * SECOND, now() + 3_600 * SECOND);
    let (status, answer) = server
        .post("/write", format!("m a=1 {old}\nm a=2\nm a=3 {ahead}"))
        .await;
    assert_eq!(
        (status, &answer["written"]),
        (StatusCode::BAD_REQUEST, &json!(1))
    );
    assert_eq!(answer["errors"][0]["line"], 1);
    assert_eq!(answer["errors"][1]["line"], 3);
    let (_, stats) = server.get("/api/v1/stats").await;
    assert_eq!(stats["ingest"]["rows_out_of_time"], 2);
}

#[tokio::test]
async fn ping_tells_whose_protocol_is_spoken() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    for method in [Method::GET, Method::HEAD] {
        let answer = server.request(method, "/ping").send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        assert!(
            answer.headers()["x-influxdb-version"]
                .to_str()
                .unwrap()
                .starts_with("1.8")
        );
    }
}
