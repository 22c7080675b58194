//! Debian's `prometheus` and `prometheus-node-exporter`, scraped: what is stored equals their pages.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::server::targets::{scraped, scraping, target, until};
use crate::server::{Server, now};

const MISSING: &str =
    "prometheus and prometheus-node-exporter must be on the PATH: `make tools` fetches them";

/// A program that is killed when the test ends.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Program {
    fn start(command: &mut Command) -> Self {
        let started = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Self(started.expect(MISSING))
    }
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

async fn page(url: &str) -> String {
    until(&format!("{url} answers"), async || {
        let answer = reqwest::get(url).await.map_err(|error| error.to_string())?;
        answer.text().await.map_err(|error| error.to_string())
    })
    .await
}

/// A sample by name and labels, in the order of their names.
type Samples = BTreeMap<(String, BTreeMap<String, String>), f64>;

/// The samples of a page; of the plain form that Go's library writes.
fn samples(page: &str) -> Samples {
    let lines = page
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    let sample = |line: &str| {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let mut pairs = BTreeMap::new();
        let mut rest = labels.strip_suffix('}').unwrap();
        while let Some((label, after)) = rest.split_once("=\"") {
            let mut end = 0;
            while after.as_bytes()[end] != b'"' {
                end += if after.as_bytes()[end] == b'\\' { 2 } else { 1 };
            }
            let value = after[..end]
                .replace("\\\"", "\"")
                .replace("\\n", "\n")
                .replace("\\\\", "\\");
            pairs.insert(label.trim_start_matches(',').to_owned(), value);
            rest = &after[end + 1..];
        }
        ((name.to_owned(), pairs), value.parse().unwrap())
    };
    lines.map(sample).collect()
}

/// The types that a page tells, by family.
fn types(page: &str) -> BTreeMap<String, String> {
    let lines = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let pairs = lines.filter_map(|line| line.split_once(' '));
    pairs
        .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
        .collect()
}

/// Samples that stood still between two pages: what was scraped between them must be equal.
fn still(before: &str, after: &str) -> Samples {
    let after = samples(after);
    let mut still = samples(before);
    still.retain(|key, value| {
        after
            .get(key)
            .is_some_and(|after| after.to_bits() == value.to_bits())
    });
    still
}

/// What a server keeps of a target up to a time in milliseconds.
struct Stored {
    server: Server,
    job: String,
    end: i64,
}

/// Under names of the data model, or moved by the very request that reads them.
const ELSEWHERE: [&str; 8] = [
    "process_resident_memory_bytes",
    "process_cpu_seconds_total",
    "process_open_fds",
    "process_max_fds",
    "go_goroutines",
    "go_threads",
    "net_conntrack_listener_conn_accepted_total",
    "promhttp_metric_handler_requests_in_flight",
];

/// States of the whole machine, which whatever else runs there moves and moves back.
const MOVING: [&str; 8] = [
    "node_netstat_",
    "node_sockstat_",
    "node_load",
    "node_memory_",
    "node_procs_",
    "node_filefd_",
    "node_filesystem_",
    "go_memstats_",
];

/// Tags of the target.
const OWN: [&str; 3] = ["job", "instance", "service"];

/// Of each series its values, the last one last, by its tags.
type Found = Vec<(BTreeMap<String, String>, Vec<Value>)>;

impl Stored {
    /// The values of each series of a field, by the tags that it got from the page.
    async fn values(&self, measurement: &str, field: &str) -> Found {
        let query = json!({"measurement": measurement, "fields": [field], "filter": {"job": self.job},
            "start": "-1h", "end": self.end, "limit": 10_000});
        let (status, answer) = self.server.post("/api/v1/query", query.to_string()).await;
        assert_eq!(status, StatusCode::OK, "{measurement}.{field}: {answer}");
        let series = answer["series"].as_array().unwrap().iter();
        series
            .map(|series| {
                let tags = series["tags"].as_object().unwrap().iter();
                let tags =
                    tags.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
                let tags = tags.filter(|(name, _)| !OWN.contains(&&**name)).collect();
                {
                    let values = series["values"].as_array().unwrap().iter();
                    (tags, values.map(|row| row[1].clone()).collect())
                }
            })
            .collect()
    }

    /// Compares everything that stood still; returns how many values were equal.
    async fn equals(&self, still: &Samples, types: &BTreeMap<String, String>) -> usize {
        let mut compared = 0;
        let mut answers: BTreeMap<(String, String), Found> = BTreeMap::new();
        for ((name, labels), value) in still {
            let kind = |name: &str| types.get(name).map_or("untyped", String::as_str);
            let family = |ending: &str| {
                name.strip_suffix(ending)
                    .map(|family| (family.to_owned(), kind(family)))
            };
            let mut labels = labels.clone();
            let (measurement, field, part) =
                match (family("_bucket"), family("_sum"), family("_count")) {
                    (Some((family, "histogram")), ..) => {
                        let le = labels.remove("le").unwrap();
                        (family, "distribution_cumulative", format!("le={le}"))
                    }
                    (_, Some((family, "histogram")), _) => {
                        (family, "distribution_cumulative", "sum".to_owned())
                    }
                    (.., Some((family, "histogram"))) => {
                        (family, "distribution_cumulative", "count".to_owned())
                    }
                    (_, Some((family, "summary")), _) => (family, "sum_cumulative", String::new()),
                    (.., Some((family, "summary"))) => (family, "count_cumulative", String::new()),
                    _ if kind(name) == "counter" => {
                        (name.clone(), "value_cumulative", String::new())
                    }
                    _ => (name.clone(), "value", String::new()),
                };
            // Not finite: left out.
            if !value.is_finite() || ELSEWHERE.contains(&&*measurement) {
                continue;
            }
            if field == "value" && MOVING.iter().any(|start| name.starts_with(start)) {
                continue;
            }
            let key = (measurement.clone(), field.to_owned());
            if !answers.contains_key(&key) {
                let found = self.values(&measurement, field).await;
                answers.insert(key.clone(), found);
            }
            labels.retain(|_, value| !value.is_empty());
            let found = answers[&key].iter().find(|(tags, _)| *tags == labels);
            let (_, found) =
                found.unwrap_or_else(|| panic!("{name} {labels:?} is stored: {:?}", answers[&key]));
            let last = found.last().unwrap();
            // A state may have moved and come back.
            if field == "value" && found.iter().any(|other| other != last) {
                continue;
            }
            let found = last;
            let stored = match &*part {
                "" => found.as_f64(),
                "sum" => found["sum"].as_f64(),
                "count" => found["count"].as_f64(),
                le => up_to(found, le.strip_prefix("le=").unwrap().parse().unwrap()),
            };
            assert!(
                stored.is_some_and(|stored| is_same(stored, *value)),
                "{name} {labels:?} {part} is {value}: {found}"
            );
            compared += 1;
        }
        compared
    }
}

/// Whether two floats are the same, but for the last bit, which the JSON reader of this test does not keep of long numbers.
fn is_same(one: f64, other: f64) -> bool {
    one.to_bits().abs_diff(other.to_bits()) <= 1
}

/// How many values of a histogram lie up to a bound.
fn up_to(histogram: &Value, bound: f64) -> Option<f64> {
    if bound == f64::INFINITY {
        return histogram["count"].as_f64();
    }
    let bounds = histogram["buckets"]["bounds"].as_array()?;
    let at = bounds
        .iter()
        .position(|known| known.as_f64().is_some_and(|known| is_same(known, bound)))?;
    let counts = histogram["buckets"]["counts"].as_array()?;
    Some(
        counts[..=at]
            .iter()
            .map(|count| count.as_f64().unwrap())
            .sum(),
    )
}

/// Compares what scrapes between two fetches of a page brought with what stood still between these.
async fn compare(dir: &Path, job: &str, url: &str, at_least: usize) {
    page(url).await;
    let server = scraping(dir, &target(job, url, ""));
    let first = scraped(&server, job, 2).await;
    assert_eq!(
        (&first["state"], &first["refused"]["count"]),
        (&json!("up"), &json!(0)),
        "{first}"
    );
    let before = page(url).await;
    let done = scraped(&server, job, 2).await["scrapes"].as_u64().unwrap();
    scraped(&server, job, done + 2).await;
    let end = now() / 1_000_000;
    let after = page(url).await;
    // All rows of then are written when one of later is.
    until("the rows are written", async || {
        let query = json!({"measurement": "up", "fields": ["value"], "start": end, "limit": 1});
        let (_, answer) = server.post("/api/v1/query", query.to_string()).await;
        match answer["series"]
            .as_array()
            .is_some_and(|series| !series.is_empty())
        {
            true => Ok(()),
            false => Err(answer.to_string()),
        }
    })
    .await;
    let still = still(&before, &after);
    let stored = Stored {
        server,
        job: job.to_owned(),
        end,
    };
    let compared = stored.equals(&still, &types(&before)).await;
    assert!(
        compared >= at_least,
        "{compared} values of {} that stood still",
        still.len()
    );
}

#[tokio::test]
async fn what_the_node_exporter_tells_is_stored() {
    let dir = tempfile::tempdir().unwrap();
    let address = free_address();
    let mut command = Command::new("prometheus-node-exporter");
    let _running = Program::start(command.arg(format!("--web.listen-address={address}")));
    compare(
        dir.path(),
        "node",
        &format!("http://{address}/metrics"),
        200,
    )
    .await;
}

#[tokio::test]
async fn what_prometheus_tells_of_itself_is_stored() {
    let dir = tempfile::tempdir().unwrap();
    let address = free_address();
    let config = dir.path().join("prometheus.yml");
    std::fs::write(&config, "global: {}\n").unwrap();
    let mut command = Command::new("prometheus");
    command
        .arg(format!("--config.file={}", config.display()))
        .arg(format!(
            "--storage.tsdb.path={}",
            dir.path().join("tsdb").display()
        ))
        .arg(format!("--web.listen-address={address}"));
    let _running = Program::start(&mut command);
    compare(
        dir.path(),
        "prometheus",
        &format!("http://{address}/metrics"),
        150,
    )
    .await;
}
