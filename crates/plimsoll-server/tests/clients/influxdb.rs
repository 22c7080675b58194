//! The stock InfluxDB clients for Python: what they write in four precisions is read back equal.

use serde_json::{Value, json};

use super::python;
use crate::server::{Server, now};

/// The row of each precision, as a query answers.
async fn read_back(server: &Server, measurement: &str, precision: &Value) -> Value {
    let names = ["flag", "float", "integer", "text"];
    let query = json!({"measurement": measurement, "fields": names, "filter": {"precision": precision}, "times": "ns",
        "start": "-1h"});
    let (status, answer) = server.post("/api/v1/query", query.to_string()).await;
    assert!(status.is_success(), "{answer}");
    let series = answer["series"].as_array().expect("series");
    assert_eq!(series.len(), 1, "{answer}");
    let rows = series[0]["values"].as_array().expect("rows");
    assert_eq!(rows.len(), 1, "{answer}");
    let mut row = json!({"precision": precision, "time": rows[0][0]});
    for (name, value) in names.iter().zip(&rows[0].as_array().expect("a row")[1..]) {
        row[name] = value.clone();
    }
    row
}

async fn rows_are_what_was_written(server: &Server, measurement: &str, written: &Value) {
    let written = written.as_array().expect("rows");
    assert_eq!(written.len(), 4);
    for row in written {
        assert_eq!(
            read_back(server, measurement, &row["precision"]).await,
            *row
        );
    }
}

/// What is exported as line protocol and written into another server is the same there.
async fn an_export_written_elsewhere_is_equal(server: &Server, measurement: &str, written: &Value) {
    let path = format!(
        "/api/v1/export?format=lp&measurement={}",
        measurement.replace(' ', "%20")
    );
    let (status, lines) = read_text(server, &path).await;
    assert!(status.is_success(), "{lines}");
    let dir = tempfile::tempdir().unwrap();
    let other = Server::start(dir.path());
    other.write(lines).await;
    rows_are_what_was_written(&other, measurement, written).await;
}

async fn read_text(server: &Server, path: &str) -> (reqwest::StatusCode, String) {
    let answer = server
        .request(reqwest::Method::GET, path)
        .send()
        .await
        .expect("an answer");
    (answer.status(), answer.text().await.expect("text"))
}

#[tokio::test]
async fn rows_of_the_version_2_client_are_read_back_equal() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let written = python::run("influxdb_v2.py", &[&server.url, &now().to_string()]);
    rows_are_what_was_written(&server, "v2 rows,with=care", &written).await;
    an_export_written_elsewhere_is_equal(&server, "v2 rows,with=care", &written).await;
}

#[tokio::test]
async fn rows_of_the_version_1_client_are_read_back_equal() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let address = server.url.strip_prefix("http://").expect("an http URL");
    let (host, port) = address.split_once(':').expect("a port");
    let written = python::run("influxdb_v1.py", &[host, port, &now().to_string()]);
    rows_are_what_was_written(&server, "v1_rows", &written).await;
    an_export_written_elsewhere_is_equal(&server, "v1_rows", &written).await;
}
