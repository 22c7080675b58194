//! Backups through the running server, and those that fail.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::StatusCode;

use super::{Server, now, outcome, plimsoll};

/// Starts an export that nobody goes on reading.
fn stalled_export(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
    let request = "GET /api/v1/export?format=lp HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut first = [0; 12];
    stream.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    stream
}

fn run(command: &str, data: &Path, folder: &Path) -> (i32, String, String) {
    let mut call = plimsoll();
    call.args([command, "--data"]).arg(data).arg(folder);
    outcome(call.output().unwrap())
}

#[tokio::test]
async fn stalled_exports_keep_no_backup_waiting() {
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(dir.path());
    // More than all buffers between the two hold.
    let text = "x".repeat(30_000);
    for batch in 0..8 {
        let line = |at| format!("m s=\"{text}\" {}", now() - at);
        let lines: Vec<_> = (batch * 100..batch * 100 + 100).map(line).collect();
        server.write(lines.join("\n")).await;
    }
    let _stalled = [stalled_export(&server), stalled_export(&server)];
    let begun = Instant::now();
    let folder = elsewhere.path().join("copy");
    let path = format!("/api/v1/backup?folder={}", folder.display());
    let (status, answer) = server.post(&path, "").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert!(begun.elapsed() < Duration::from_secs(10), "kept waiting");
}

#[tokio::test]
async fn a_backup_into_the_data_folder_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    server.write("m v=1").await;
    let inside = dir.path().join("deep/inside");
    let (status, problem) = server
        .post(&format!("/api/v1/backup?folder={}", inside.display()), "")
        .await;
    assert_eq!(
        (status, &problem["field"]),
        (StatusCode::BAD_REQUEST, &"folder".into()),
        "{problem}"
    );
    assert!(server.stop().success());
    let (code, _, error) = run("backup", dir.path(), &inside);
    assert_eq!(code, 1);
    assert!(error.contains("lies in the data folder"), "{error}");
    assert!(!dir.path().join("deep").exists());
}

#[tokio::test]
async fn a_failed_restore_leaves_nothing_behind() {
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(dir.path());
    server.write("m v=1").await;
    assert!(server.stop().success());
    let copy = elsewhere.path().join("copy");
    let (code, _, error) = run("backup", dir.path(), &copy);
    assert_eq!(code, 0, "{error}");
    let day = std::fs::read_dir(copy.join("raw")).unwrap().next();
    let day = day.expect("a day file").unwrap().path();
    let mut bytes = std::fs::read(&day).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&day, bytes).unwrap();
    let restored = elsewhere.path().join("restored");
    let (code, _, error) = run("restore", &restored, &copy);
    assert_eq!((code, error.contains("is damaged")), (1, true), "{error}");
    let left: Vec<_> = std::fs::read_dir(elsewhere.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["copy"]);
}
