//! The report of a real server, beside numbers counted by hand.

use plimsoll::window::{Gauge, RequestKey, RequestSeries, Resources, Window};
use serde_json::Value;

use crate::judge::tests::Bench;
use crate::store::table::Nanos;

const SECOND: Nanos = 1_000_000_000;
const MB: f64 = 1_048_576.0;
const ODD: &str = "/x|<script>alert(1)</script>";

/// Five good minutes, a deploy, almost five slow ones.
async fn shop() -> Bench {
    let mut bench = Bench::just_now(60).await;
    bench.pass(30, 0.1, 50, 1);
    bench.deploy("1.1");
    bench.pass(29, 0.9, 40, 0);
    let mut odd = Window::empty(bench.now() - 10 * SECOND, bench.now());
    let key = RequestKey {
        route: ODD.into(),
        method: "DELETE",
        status: 204,
        error_type: None,
        run: None,
    };
    let mut series = RequestSeries::default();
    series.duration.record_n(0.2, 1);
    odd.requests.insert(key, series);
    odd.resources = Some(Resources {
        process_memory: Gauge::of(125.0 * MB, bench.now()),
        process_cpu: Gauge::of(0.5, bench.now()),
        process_cpu_limit: Gauge::of(2.0, bench.now()),
        system_disk_operations: 6_000,
        ..Resources::default()
    });
    bench.send(&odd);
    let lines = format!(
        "db_queries,service=shop,statement=SELECT\\ <script>,db_system=postgresql,route=/orders,method=GET duration=0.2 {0}\n\
         db_queries,service=shop,statement=SELECT\\ <script>,db_system=postgresql,route=/orders,method=GET duration=0.4 {1}\n\
         outgoing_calls,service=shop,peer=pay.example.org,method=POST,status=200 duration=0.3 {0}\n",
        bench.now() - SECOND,
        bench.now() - 2 * SECOND
    );
    let written = reqwest::Client::new()
        .post(format!("{}/write", bench.url()))
        .body(lines)
        .send();
    assert_eq!(written.await.unwrap().status(), 204);
    bench
}

async fn ask(bench: &Bench, query: &str) -> (reqwest::StatusCode, String, Option<String>, String) {
    let url = format!("{}/api/performance/{query}", bench.url());
    let answer = reqwest::get(url).await.unwrap();
    let header = |name: &str| Some(answer.headers().get(name)?.to_str().unwrap().to_owned());
    let kind = header("content-type").unwrap();
    let policy = header("content-security-policy");
    (answer.status(), kind, policy, answer.text().await.unwrap())
}

async fn json(bench: &Bench, query: &str) -> Value {
    let (status, kind, _, body) = ask(bench, query).await;
    assert_eq!(
        (status.as_u16(), kind.as_str()),
        (200, "application/json"),
        "{body}"
    );
    serde_json::from_str(&body).unwrap()
}

fn near(found: &Value, expected: f64) {
    let value = found
        .as_f64()
        .unwrap_or_else(|| panic!("{found} is no number"));
    // As exact as the sketch.
    assert!(
        (value / expected - 1.0).abs() < 0.015,
        "{value}, not {expected}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_tells_what_was_sent() {
    let bench = shop().await;
    let report = json(&bench, "report?service=shop&since=-1h&format=json").await;
    // 30 times 50, 29 times 40, and one; 30 failed.
    assert_eq!(report["requests"], 2_661);
    near(&report["error_rate"], 30.0 / 2_661.0);
    assert_eq!(report["versions"], serde_json::json!(["1.0", "1.1"]));
    let read = &report["classes"][0];
    assert_eq!(
        (&read["name"], &read["requests"]),
        (&"read".into(), &2_660.into())
    );
    near(&read["p95_seconds"], 0.9);
    assert_eq!(read["place"], "past");
    near(&read["compliance"], 1_500.0 / 2_660.0);
    near(&read["error_rate"], 30.0 / 2_660.0);
    assert_eq!(report["classes"][1]["name"], "delete");

    let orders = &report["routes"][0];
    assert_eq!(
        (&orders["route"], &orders["errors"]),
        (&"/orders".into(), &30.into())
    );
    near(&orders["total_seconds"], 1_500.0 * 0.1 + 1_160.0 * 0.9);
    near(&orders["p50_seconds"], 0.1);
    assert!(orders["before"].is_null(), "{orders}");
    assert_eq!(report["routes"][1]["route"], ODD);

    let statement = &report["statements"][0];
    assert_eq!(statement["statement"], "SELECT <script>");
    assert_eq!(
        (&statement["count"], &statement["asked_by"]),
        (&2.into(), &"GET /orders".into())
    );
    near(&statement["total_seconds"], 0.6);
    assert_eq!(report["calls"][0]["peer"], "pay.example.org");
    near(&report["calls"][0]["mean_seconds"], 0.3);

    let resource = |key: &str| {
        let all = report["resources"].as_array().unwrap();
        all.iter().find(|one| one["key"] == key).unwrap().clone()
    };
    // Half a core of two; 125 of 500 MB.
    near(&resource("cpu")["max"], 0.25);
    near(&resource("memory")["max_ratio"], 0.25);
    // Ten minutes of 6,000 operations, however long before them is asked about.
    for since in ["-1h", "-7d"] {
        let report = json(
            &bench,
            &format!("report?service=shop&since={since}&format=json"),
        )
        .await;
        let all = report["resources"].as_array().unwrap();
        let disk = all.iter().find(|one| one["key"] == "disk_io").unwrap();
        let mean = disk["mean"].as_f64().unwrap();
        assert!((8.5..11.5).contains(&mean), "{since}: {disk}");
    }

    let deploy = &report["deploys"][0];
    assert_eq!(deploy["version"], "1.1");
    let around = &deploy["routes"][0];
    // Without the minute before it, in which its first rows may stand: 25 windows of 50.
    assert_eq!(
        (&around["requests_before"], &around["requests_after"]),
        (&1_250.into(), &1_160.into())
    );
    near(&around["p95_before_seconds"], 0.1);
    near(&around["p95_after_seconds"], 0.9);
    near(&around["error_rate_before"], 25.0 / 1_250.0);
    assert_eq!(around["error_rate_after"], 0.0);

    // The same is told of deploys alone.
    let compared = json(&bench, "deploys/compared?service=shop&since=-1h").await;
    assert_eq!(
        (&compared["deploys"][0]["routes"], &compared["total"]),
        (&deploy["routes"], &1.into())
    );
    let (status, ..) = ask(&bench, "deploys/compared?service=nobody").await;
    assert_eq!(status, 404);

    let alerts = report["alerts"]["list"].as_array().unwrap();
    let slow = alerts
        .iter()
        .find(|alert| alert["key"] == "class:read")
        .unwrap();
    assert_eq!(
        (&slow["severity"], &slow["resolved_at"]),
        (&"medium".into(), &Value::Null)
    );
    let fired = report["alerts"]["firing_seconds"].as_f64().unwrap();
    assert!((1.0..=300.0).contains(&fired), "{fired}");
    assert!(!report["recommendations"].as_array().unwrap().is_empty());
    assert!(report["forecast"][0]["not_enough_data"].is_string());
    assert_eq!(
        (&report["table"], &report["missing"]),
        (&Value::Null, &serde_json::json!([]))
    );

    let course = &report["course"];
    let requests = course["requests_per_minute"].as_array().unwrap();
    assert_eq!(requests.len(), course["times"].as_array().unwrap().len());
    let most = requests
        .iter()
        .filter_map(Value::as_f64)
        .fold(0.0, f64::max);
    assert_eq!(most, 300.0);
    assert_eq!(course["classes"][0]["name"], "read");
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_has_its_days_and_aggregates_are_the_same_by_themselves() {
    let bench = shop().await;
    let report = json(&bench, "report?service=shop&since=-7d&format=json").await;
    assert_eq!(report["requests"], 2_661);
    let days = report["table"]["rows"].as_array().unwrap();
    assert_eq!((&report["table"]["by"], days.len()), (&"day".into(), 8));
    let sum = |rows: &[Value]| {
        rows.iter()
            .filter_map(|row| row["requests"].as_u64())
            .sum::<u64>()
    };
    assert_eq!(sum(days), 2_661);
    let busiest = |rows: &[Value]| {
        let peaks = rows
            .iter()
            .filter_map(|row| row["peak_per_minute"].as_f64());
        peaks.fold(0.0, f64::max).round()
    };
    // Six windows of 50 in a minute.
    assert_eq!(busiest(days), 300.0);
    assert_eq!(days[0]["requests"], Value::Null);
    let weeks = json(&bench, "report?service=shop&since=-28d&format=json").await;
    assert_eq!(weeks["table"]["by"], "week");
    assert_eq!(sum(weeks["table"]["rows"].as_array().unwrap()), 2_661);

    let by_hour = json(&bench, "aggregates?service=shop&by=hour&since=-2h").await;
    let hours = by_hour["rows"].as_array().unwrap();
    assert_eq!((sum(hours), busiest(hours)), (2_661, 300.0));
    let last = hours.last().unwrap();
    assert_eq!(last["is_over"], false);
    let label = last["label"].as_str().unwrap();
    assert!(
        last["start"]
            .as_str()
            .unwrap()
            .starts_with(&label.replace(' ', "T")),
        "{last}"
    );
    let by_day = json(&bench, "aggregates?service=shop").await;
    assert_eq!(
        (&by_day["by"], sum(by_day["rows"].as_array().unwrap())),
        (&"day".into(), 2_661)
    );
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_of_their_kind_and_run_nothing() {
    let bench = shop().await;
    let (status, kind, _, page) = ask(&bench, "report?service=shop&since=-1h").await;
    assert_eq!(
        (status.as_u16(), kind.as_str()),
        (200, "text/markdown; charset=utf-8")
    );
    assert!(page.starts_with("# shop: report\n"), "{page}");
    assert!(
        page.contains("| DELETE /x\\|&lt;script&gt;alert(1)&lt;/script&gt; |"),
        "{page}"
    );
    assert!(page.contains("2,661 requests in all"), "{page}");
    assert!(!page.contains("<script"));

    let (status, kind, policy, page) =
        ask(&bench, "report?service=shop&since=-1h&format=html").await;
    assert_eq!(
        (status.as_u16(), kind.as_str()),
        (200, "text/html; charset=utf-8")
    );
    let policy = policy.unwrap();
    assert!(
        policy.contains("default-src 'none'; style-src 'unsafe-inline'"),
        "{policy}"
    );
    assert!(!policy.contains("script-src"), "{policy}");
    assert!(page.contains("&lt;script&gt;alert(1)") && !page.contains("<script"));
    assert!(page.contains("SELECT &lt;script&gt;"));
    assert!(page.contains("<title>deploy 1.1</title>"), "{page}");
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_answered_names_the_field() {
    let bench = Bench::just_now(3).await;
    for (query, status, field) in [
        ("report?service=nobody", 404, "service"),
        ("aggregates?service=nobody", 404, "service"),
        ("report?service=shop&since=-91d", 400, "since"),
        ("report?service=shop&since=soon", 400, "since"),
        ("report?service=shop&format=pdf", 400, "format"),
        ("report?service=shop&minutes=5", 400, "minutes"),
        ("aggregates?service=shop&by=year", 400, "by"),
        ("aggregates?service=shop&by=hour&since=-31d", 400, "since"),
    ] {
        let (found, kind, _, body) = ask(&bench, query).await;
        let problem: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(
            (found.as_u16(), kind.as_str()),
            (status, "application/problem+json")
        );
        assert_eq!(problem["field"], field, "{problem}");
    }
    bench.stop().await;
}
