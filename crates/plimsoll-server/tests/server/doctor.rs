//! `doctor` and `health`, with and without a running server.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use super::{Server, now, outcome, plimsoll};

/// Exit code and findings.
fn doctor(data: &Path, flags: &[&str], variables: &[(&str, &str)]) -> (i32, Vec<Value>) {
    let output = plimsoll()
        .args(["doctor", "--json", "--data"])
        .arg(data)
        .args(flags)
        .env("PLIMSOLL_LISTEN", "127.0.0.1:0")
        .envs(variables.iter().copied())
        .output();
    let (code, text, error) = outcome(output.unwrap());
    let report: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{error}"));
    (code, report["checks"].as_array().unwrap().clone())
}

/// The state of the first finding of a check, and all its findings.
fn of<'a>(findings: &'a [Value], check: &str) -> (&'a str, String) {
    let mut found = findings.iter().filter(|finding| finding["check"] == check);
    let first = found
        .next()
        .unwrap_or_else(|| panic!("no {check}: {findings:?}"));
    let rest: Vec<_> = found.map(ToString::to_string).collect();
    (
        first["state"].as_str().unwrap(),
        format!("{first} {}", rest.join(" ")),
    )
}

#[test]
fn without_a_server_the_machine_is_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let (code, found) = doctor(&data, &[], &[]);
    assert_eq!(code, 0, "{found:?}");
    for check in [
        "configuration",
        "port",
        "folder",
        "disk",
        "clock",
        "memory limit",
        "open files",
    ] {
        of(&found, check);
    }
    let (state, told) = of(&found, "server");
    assert!(
        state == "warn" && told.contains("plimsoll serve --data"),
        "{told}"
    );
    assert!(!data.exists(), "asking makes no folder");
}

#[test]
fn a_taken_port_and_a_folder_that_is_none_fail() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let (code, found) = doctor(&file, &[], &[("PLIMSOLL_LISTEN", &address)]);
    assert_eq!(code, 1);
    let (state, told) = of(&found, "port");
    assert!(state == "fail" && told.contains("--listen"), "{told}");
    assert_eq!(of(&found, "folder").0, "fail");
}

#[test]
fn a_folder_without_rights_fails() {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o500)).unwrap();
    let (_, found) = doctor(dir.path(), &[], &[]);
    let (state, told) = of(&found, "folder");
    // Rights do not stop root.
    let expected = if rustix::process::geteuid().is_root() {
        "ok"
    } else {
        "fail"
    };
    assert_eq!(state, expected, "{told}");
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn a_configuration_with_a_wrong_key_fails_and_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("plimsoll.toml");
    fs::write(&config, "[store]\nraw_dayz = 7\n").unwrap();
    let (code, found) = doctor(dir.path(), &["--config", config.to_str().unwrap()], &[]);
    let (state, told) = of(&found, "configuration");
    assert!(
        code == 1 && state == "fail" && told.contains("raw_dayz"),
        "{told}"
    );
    let (_, found) = doctor(dir.path(), &[], &[("PLIMSOLL_STORE_RAW_DAYZ", "7")]);
    assert_eq!(of(&found, "configuration").0, "warn");
}

#[test]
fn few_descriptors_and_a_folder_in_memory_are_told() {
    let dir = tempfile::tempdir_in("/dev/shm").unwrap();
    let (_, found) = doctor(
        dir.path(),
        &[],
        &[("PLIMSOLL_SERVER_CONNECTIONS_MAX", "90000000")],
    );
    let (state, told) = of(&found, "open files");
    assert!(state == "warn" && told.contains("ulimit -n"), "{told}");
    let (state, told) = of(&found, "file system");
    assert!(state == "warn" && told.contains("in memory"), "{told}");
}

#[tokio::test]
async fn of_a_running_server_senders_and_refusals_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let (code, found) = doctor(dir.path(), &[], &[]);
    assert_eq!(code, 0, "{found:?}");
    let (state, told) = of(&found, "server");
    assert!(state == "ok" && told.contains(&server.url), "{told}");
    assert_eq!(of(&found, "version").0, "ok");
    assert!(of(&found, "senders").1.contains("plimsoll connect"));
    assert_eq!(of(&found, "refused").0, "ok");
    server
        .write(format!("orders,service=shop total=1 {}", now()))
        .await;
    server
        .post("/write", "orders,service=shop total=much")
        .await;
    let (_, found) = doctor(dir.path(), &[], &[]);
    let (state, told) = of(&found, "senders");
    assert!(
        state == "ok" && told.contains("shop sent last 0 s ago"),
        "{told}"
    );
    let (state, told) = of(&found, "refused");
    assert!(state == "warn" && told.contains("`much`"), "{told}");
}

#[test]
fn a_server_that_is_not_there_fails() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let dir = tempfile::tempdir().unwrap();
    let (code, found) = doctor(dir.path(), &["--url", &url], &[]);
    assert_eq!((code, of(&found, "server").0), (1, "fail"));
    let output = plimsoll().args(["health", "--url", &url]).output().unwrap();
    assert_eq!(outcome(output).0, 1);
}

#[test]
fn health_finds_the_server_of_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let output = plimsoll()
        .args(["health", "--data"])
        .arg(dir.path())
        .output();
    let (code, text, error) = outcome(output.unwrap());
    assert_eq!(code, 0, "{error}");
    assert!(text.contains(&server.url), "{text}");
}

#[test]
fn on_a_terminal_s_behalf_each_fix_has_a_line_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let output = plimsoll()
        .args(["doctor", "--data"])
        .arg(dir.path())
        .env("PLIMSOLL_LISTEN", "127.0.0.1:0")
        .output();
    let (_, text, _) = outcome(output.unwrap());
    assert!(
        text.contains("\n                       fix: plimsoll serve --data"),
        "{text}"
    );
    assert_eq!(
        json!(text.lines().next()),
        json!("ok    configuration    is good")
    );
}
