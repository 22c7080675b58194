//! What was sent is what was measured.

use serde_json::Value;

use crate::programs;

/// Thirty seconds in which two days pass. The driver itself compares its counts per route and status, and the p95 of the routes slow enough
/// for a fair comparison by two other clocks, with `/api/performance/routes`; it ends with an error when they differ.
#[tokio::test(flavor = "multi_thread")]
async fn the_server_reports_the_requests_that_customers_sent() {
    let folder = tempfile::tempdir().unwrap();
    let server = programs::server(folder.path());
    let shop = programs::shop(folder.path(), &server);
    let arguments = [
        "--duration",
        "30",
        "--day",
        "15",
        "--rate",
        "120",
        "--compare",
        &server.url,
    ];
    let report = programs::traffic(folder.path(), &shop, &arguments);
    assert_eq!(report["unanswered"], 0);
    assert!(report["requests"].as_u64().unwrap() > 1_500, "{report}");

    let compared = |by: &str| report["compared"][by].as_u64().unwrap();
    // Payments, the search and the list of orders; payments alone take so long that the way hardly matters.
    assert!(compared("routes_by_stopwatch") >= 3, "{report}");
    assert!(compared("routes_by_customers") >= 1, "{report}");

    let url = format!(
        "{}/api/performance/metrics?service=shop&minutes=5",
        server.url
    );
    let answer = reqwest::get(url).await.unwrap().text().await.unwrap();
    let metrics: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(
        metrics["requests"]["total_requests"], report["requests"],
        "{metrics}"
    );
}
