//! What is exported as Parquet is what DuckDB reads.

use std::fs::File;

use reqwest::Method;
use serde_json::json;

use super::python;
use crate::server::{Server, now, outcome, plimsoll};

#[tokio::test]
async fn duckdb_reads_rows_of_every_type_from_a_parquet_export() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let time = now() - 60_000_000_000;
    let lines = format!(
        "m,host=a f=1.5,i=-3i,u=18446744073709551615u,b=true,s=\"ünï, code\" {time}\nm,host=b,zone=z f=-0.25 {}",
        time + 1
    );
    server.write(lines).await;
    let point = json!({"attributes": [{"key": "host", "value": {"stringValue": "c"}}],
        "startTimeUnixNano": time.to_string(), "timeUnixNano": (time + 2).to_string(), "count": "4", "sum": 2.5,
        "min": 0.25, "max": 1.0, "explicitBounds": [0.5], "bucketCounts": ["1", "3"]});
    let metrics = json!({"resourceMetrics": [{"resource": {"attributes": []}, "scopeMetrics": [{"metrics": [
        {"name": "took", "histogram": {"aggregationTemporality": 1, "dataPoints": [point]}}]}]}]});
    let sent = server
        .request(Method::POST, "/v1/metrics")
        .header("content-type", "application/json")
        .body(metrics.to_string());
    assert!(sent.send().await.unwrap().status().is_success());

    let read = |measurement: &str| {
        let path = dir.path().join(format!("{measurement}.parquet"));
        let exported = plimsoll()
            .args([
                "export",
                "--format",
                "parquet",
                "--measurement",
                measurement,
            ])
            .arg("--data")
            .arg(dir.path())
            .stdout(File::create(&path).unwrap())
            .output()
            .unwrap();
        let (code, _, error) = outcome(exported);
        assert_eq!(code, 0, "{error}");
        python::run("parquet_rows.py", &[path.to_str().unwrap()])
    };
    let rows = json!([
        {"time": time, "host": "a", "zone": null, "f": 1.5, "i": -3, "u": 18_446_744_073_709_551_615u64, "b": true, "s": "ünï, code"},
        {"time": time + 1, "host": "b", "zone": "z", "f": -0.25, "i": null, "u": null, "b": null, "s": null},
    ]);
    let types = json!({"time": "BIGINT", "host": "VARCHAR", "zone": "VARCHAR", "f": "DOUBLE", "i": "BIGINT",
        "u": "UBIGINT", "b": "BOOLEAN", "s": "VARCHAR"});
    // Through the server that holds the folder, then from the folder itself.
    assert_eq!(read("m"), json!({"types": types, "rows": rows}));
    let took = read("took");
    assert_eq!(
        (
            &took["rows"][0]["distribution_count"],
            &took["rows"][0]["distribution_sum"],
            &took["rows"][0]["distribution_max"]
        ),
        (&json!(4), &json!(2.5), &json!(1.0)),
        "{took}"
    );
    assert!(server.stop().success());
    assert_eq!(read("m"), json!({"types": types, "rows": rows}));
}
