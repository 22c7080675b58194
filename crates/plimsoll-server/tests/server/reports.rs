//! `plimsoll report`.

use super::{Server, now, outcome, plimsoll};

#[tokio::test]
async fn a_report_is_written_to_a_file_as_its_name_says_or_printed() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("data"));
    let time = now() - 60_000_000_000;
    let row = format!(
        "http_requests,service=shop,route=/orders,method=GET,status=200 duration=0.25 {time}"
    );
    server.write(row).await;
    let report = |arguments: &[&str]| {
        let mut command = plimsoll();
        command
            .args(["report", "--url", &server.url])
            .args(arguments);
        outcome(command.output().unwrap())
    };
    let (code, page, error) = report(&["--service", "shop"]);
    assert_eq!(code, 0, "{error}");
    assert!(page.starts_with("# shop: report\n"), "{page}");
    assert!(
        page.contains("| GET /orders |") && page.contains("250\u{a0}ms"),
        "{page}"
    );

    let file = dir.path().join("shop.html");
    let (code, out, error) = report(&[
        "--service",
        "shop",
        "--since",
        "1h",
        "--output",
        file.to_str().unwrap(),
    ]);
    assert_eq!((code, out.as_str()), (0, ""), "{error}");
    assert!(
        error.contains("wrote") && error.contains("shop.html"),
        "{error}"
    );
    assert!(
        std::fs::read_to_string(&file)
            .unwrap()
            .starts_with("<!doctype html>")
    );

    let (code, json, _) = report(&["--service", "shop", "--since", "-2d", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((code, &json["requests"]), (0, &1.into()));

    for (arguments, reason) in [
        (
            &["--service", "nobody"][..],
            "nothing was received from a service named nobody",
        ),
        (
            &["--service", "shop", "--since", "1y"],
            "since must be RFC 3339",
        ),
        (
            &["--service", "shop", "--output", "shop.pdf"],
            "say --format",
        ),
        (
            &["--service", "shop", "--output", "/nowhere/shop.md"],
            "cannot write /nowhere/shop.md",
        ),
    ] {
        let (code, _, error) = report(arguments);
        assert_eq!(code, 1, "{error}");
        assert!(error.contains(reason), "{error}");
    }
    let (code, _, error) = report(&["--service", "shop", "--format", "pdf"]);
    assert_eq!(code, 2, "{error}");
    assert!(error.contains("markdown, html, json"), "{error}");
}
