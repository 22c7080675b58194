//! What clients of InfluxDB 1.x ask before they write, and how Telegraf writes: its requests as its sources make them.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Server, read};

/// As Telegraf's `outputs.influxdb` asks: a form in a POST.
async fn asked(server: &Server, query: &str) -> (StatusCode, Value) {
    let form = format!(
        "q={}",
        query
            .replace('%', "%25")
            .replace(' ', "+")
            .replace('"', "%22")
            .replace(';', "%3B")
    );
    let request = server
        .request(Method::POST, "/query")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("User-Agent", "Telegraf/1.30.0 Go/1.22.0")
        .basic_auth("telegraf", Some("metricsmetricsmetricsmetrics"));
    read(request.body(form)).await
}

#[tokio::test]
async fn databases_are_created_and_listed() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let created = asked(&server, "CREATE DATABASE \"telegraf\"").await;
    assert_eq!(
        created,
        (StatusCode::OK, json!({"results": [{"statement_id": 0}]}))
    );
    let (status, listed) = server.get("/query?q=SHOW%20DATABASES&db=telegraf").await;
    assert_eq!(status, StatusCode::OK);
    let series =
        json!({"name": "databases", "columns": ["name"], "values": [["plimsoll"], ["telegraf"]]});
    assert_eq!(
        listed,
        json!({"results": [{"statement_id": 0, "series": [series]}]})
    );
    let (_, both) = asked(&server, "DROP DATABASE telegraf; SHOW DATABASES").await;
    assert_eq!(
        both["results"][1]["series"][0]["values"],
        json!([["plimsoll"]])
    );
}

#[tokio::test]
async fn what_was_written_is_listed() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    server.write("cpu,host=a,zone=x\\ y idle=1.5,n=3i\ncpu,host=b idle=2\nmem,host=a used=1u,ok=true,text=\"t\"").await;
    let values = async |query: &str| {
        let (status, answer) = asked(&server, query).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let series = answer["results"][0]["series"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let own = series.into_iter().filter(|series| {
            let name = series["name"].as_str().unwrap_or_default();
            ["", "cpu", "mem", "measurements"].contains(&name)
        });
        own.map(|series| series["values"].clone())
            .collect::<Vec<_>>()
    };
    let measurements = values("SHOW MEASUREMENTS").await[0].clone();
    let found: Vec<&Value> = measurements
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row[0])
        .collect();
    assert!(
        found.contains(&&json!("cpu")) && found.contains(&&json!("mem")),
        "{measurements}"
    );
    assert_eq!(
        values("SHOW TAG KEYS FROM cpu").await,
        [json!([["host"], ["zone"]])]
    );
    let fields = [json!([
        ["ok", "boolean"],
        ["text", "string"],
        ["used", "unsigned"]
    ])];
    assert_eq!(
        values("SHOW FIELD KEYS ON telegraf FROM \"mem\"").await,
        fields
    );
    assert_eq!(
        values("SHOW TAG VALUES FROM cpu WITH KEY = host LIMIT 1").await,
        [json!([["host", "a"]])]
    );
    let mut series = values("SHOW SERIES FROM cpu").await;
    let keys = series[0].as_array_mut().unwrap();
    keys.sort_by_key(Value::to_string);
    assert_eq!(series, [json!([["cpu,host=a,zone=x\\ y"], ["cpu,host=b"]])]);
    let policies = values("SHOW RETENTION POLICIES ON telegraf").await;
    assert_eq!(
        policies,
        [json!([["autogen", "168h0m0s", "24h0m0s", 1, true]])]
    );
}

#[tokio::test]
async fn what_is_not_understood_is_an_error_in_the_client_s_shape() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let (status, answer) = asked(&server, "SELECT mean(idle) FROM cpu").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        answer["results"][0]["error"],
        "data is not asked for in InfluxQL here: use /api/v1/query"
    );
    let (status, answer) = asked(&server, "hello").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(
        answer["error"]
            .as_str()
            .unwrap()
            .starts_with("error parsing query: found hello"),
        "{answer}"
    );
    let (status, answer) = server.get("/query").await;
    assert_eq!(
        (status, &answer["error"]),
        (
            StatusCode::BAD_REQUEST,
            &json!("missing required parameter \"q\"")
        )
    );
    let (status, answer) = server.post("/write?precision=fortnight", "a b=1").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(
        answer["error"]
            .as_str()
            .unwrap()
            .contains("precision must be"),
        "{answer}"
    );
    assert_eq!(answer["error"], answer["message"]);
}

/// As Telegraf's `outputs.influxdb` writes; it keeps what it cannot deliver unless the status is 204 or 4xx, or `error` says
/// "partial write" or "unable to parse".
#[tokio::test]
async fn telegraf_drops_what_is_bad_and_loses_nothing_that_is_good() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let write = async |lines: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut encoder, lines.as_bytes()).unwrap();
        let request = server
            .request(
                Method::POST,
                "/write?consistency=any&db=telegraf&rp=autogen",
            )
            .header("Content-Type", "text/plain; charset=utf-8")
            .header("Content-Encoding", "gzip")
            .header("User-Agent", "Telegraf/1.30.0 Go/1.22.0")
            .basic_auth("telegraf", Some("metricsmetricsmetricsmetrics"));
        read(request.body(encoder.finish().unwrap())).await
    };
    let now = super::now();
    let good = format!("cpu,cpu=cpu0,host=a usage_idle=98.5,usage_user=1i {now}\n");
    assert_eq!(write(&good).await, (StatusCode::NO_CONTENT, Value::Null));
    let conflict =
        format!("cpu,cpu=cpu0,host=a usage_idle=\"text\" {now}\nmem,host=a used=5i {now}\n");
    let (status, answer) = write(&conflict).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(
        answer["error"]
            .as_str()
            .unwrap()
            .starts_with("partial write: line 1: "),
        "{answer}"
    );
    assert_eq!(
        server
            .rows(json!({"measurement": "mem", "fields": ["used"], "start": "-1h"}))
            .await
            .len(),
        1
    );
    let (status, answer) = write("nothing good\n").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(
        answer["error"]
            .as_str()
            .unwrap()
            .starts_with("unable to parse"),
        "{answer}"
    );
}

#[tokio::test]
async fn ping_tells_its_version_to_those_who_ask_for_words() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let (status, answer) = server.get("/ping?verbose=true").await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        answer["version"].as_str().unwrap().starts_with("1.8.10"),
        "{answer}"
    );
    let silent = server
        .request(Method::GET, "/ping?wait_for_leader=1s")
        .send()
        .await
        .unwrap();
    assert_eq!(silent.status(), StatusCode::NO_CONTENT);
    assert!(
        silent.headers().contains_key("x-influxdb-version")
            && silent.headers().contains_key("x-influxdb-build")
    );
}
