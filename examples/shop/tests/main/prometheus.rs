//! What Prometheus makes of `/metrics`.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::programs::{self, free_address, until};

const MISSING: &str = "promtool and prometheus must be on the PATH: `make tools` fetches them";

#[tokio::test(flavor = "multi_thread")]
async fn promtool_accepts_the_metrics_of_shop_and_server() {
    let folder = tempfile::tempdir().unwrap();
    let server = programs::server(folder.path());
    let shop = programs::shop(folder.path(), &server);
    programs::traffic(folder.path(), &shop, &["--duration", "2", "--rate", "100"]);
    for url in [&shop.url, &server.url] {
        let metrics = get(&format!("{url}/metrics")).await.unwrap();
        let (accepted, complaints) = promtool(&metrics);
        assert!(accepted, "{url}/metrics: {complaints}\n{metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prometheus_scrapes_shop_and_server_and_counts_the_same_requests() {
    let folder = tempfile::tempdir().unwrap();
    let server = programs::server(folder.path());
    let shop = programs::shop(folder.path(), &server);
    let report = programs::traffic(folder.path(), &shop, &["--duration", "3", "--rate", "100"]);

    let prometheus = Prometheus::start(folder.path(), &[&shop.url, &server.url]);
    until("both targets are up", async || {
        let up = prometheus.values("up", "job").await?;
        let expected = [("0".to_owned(), 1.0), ("1".to_owned(), 1.0)];
        if up == expected {
            Ok(())
        } else {
            Err(format!("{up:?}"))
        }
    })
    .await;

    for line in report["routes"].as_array().unwrap() {
        let (method, route) = (
            line["method"].as_str().unwrap(),
            line["route"].as_str().unwrap(),
        );
        let status = &line["status"];
        let count = format!(
            r#"sum by (job) (http_server_request_duration_seconds_count{{job="0",http_request_method="{method}",http_route="{route}",http_response_status_code="{status}"}})"#
        );
        let counted = prometheus.values(&count, "job").await.unwrap();
        let expected = [("0".to_owned(), line["requests"].as_f64().unwrap())];
        assert_eq!(counted, expected, "{count}");
    }
}

async fn get(url: &str) -> Result<String, String> {
    let answer = reqwest::get(url).await.map_err(|error| error.to_string())?;
    let answer = answer
        .error_for_status()
        .map_err(|error| error.to_string())?;
    answer.text().await.map_err(|error| error.to_string())
}

fn promtool(metrics: &str) -> (bool, String) {
    let mut child = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect(MISSING);
    let mut input = child.stdin.take().expect("standard input is a pipe");
    input.write_all(metrics.as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    (
        output.status.success(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

/// A Prometheus that scrapes every second.
struct Prometheus {
    child: Child,
    address: String,
}

impl Prometheus {
    /// The job of a target is its place in `urls`.
    fn start(folder: &Path, urls: &[&str]) -> Self {
        let mut config = "global: {scrape_interval: 1s}\nscrape_configs:\n".to_owned();
        for (number, url) in urls.iter().enumerate() {
            let target = url.trim_start_matches("http://");
            config += &format!(
                "- {{job_name: '{number}', static_configs: [{{targets: ['{target}']}}]}}\n"
            );
        }
        let file = folder.join("prometheus.yml");
        std::fs::write(&file, config).unwrap();
        let address = free_address();
        let log = std::fs::File::create(folder.join("prometheus.log")).unwrap();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.join("prometheus").display()
            ))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect(MISSING);
        Self { child, address }
    }

    /// Results of an instant query: a label and the value of each, sorted by the label.
    async fn values(&self, query: &str, label: &str) -> Result<Vec<(String, f64)>, String> {
        let mut url =
            reqwest::Url::parse(&format!("http://{}/api/v1/query", self.address)).unwrap();
        url.query_pairs_mut().append_pair("query", query);
        let answer: Value =
            serde_json::from_str(&get(url.as_str()).await?).map_err(|error| error.to_string())?;
        let found = answer["data"]["result"].as_array().ok_or("no result")?;
        let mut values: Vec<_> = found
            .iter()
            .map(|one| {
                let value = one["value"][1]
                    .as_str()
                    .expect("a value is text")
                    .parse()
                    .unwrap();
                (
                    one["metric"][label].as_str().unwrap_or_default().to_owned(),
                    value,
                )
            })
            .collect();
        values.sort_by(|one: &(String, f64), other| one.0.cmp(&other.0));
        Ok(values)
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // Both fail when it has ended already, which is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
