//! Starts the programs and stops them, whatever happens.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A program that runs; killed when dropped.
pub(crate) struct Program {
    child: Child,
    /// What it printed as its address.
    pub(crate) url: String,
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail when it has ended already, which is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server on a free port.
pub(crate) fn server(folder: &Path) -> Program {
    let path = sibling("plimsoll");
    assert!(
        path.exists(),
        "the server is not built: run `cargo build --workspace` first"
    );
    let mut command = Command::new(path);
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder.join("data"));
    start(command)
}

/// The shop on a free port, telling the server.
pub(crate) fn shop(folder: &Path, server: &Program) -> Program {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shop"));
    command
        .args(["--listen", "127.0.0.1:0", "--stopwatch", "--database"])
        .arg(folder.join("shop.db"))
        // Every sixteenth recommendation fails on purpose.
        .env("RUST_LOG", "off")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &server.url);
    start(command)
}

/// The shop's customers, until they have gone; their report.
pub(crate) fn traffic(folder: &Path, shop: &Program, arguments: &[&str]) -> serde_json::Value {
    let report = folder.join("report.json");
    let status = Command::new(env!("CARGO_BIN_EXE_traffic"))
        .args(["--url", &shop.url])
        .args(arguments)
        .arg("--report")
        .arg(&report)
        .status()
        .expect("the driver starts");
    assert!(status.success(), "the driver ended with {status}");
    serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap()
}

/// An address that is free now.
pub(crate) fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// Asks until the answer satisfies, and returns what was made of it.
///
/// # Panics
/// When it does not for a minute; with what was found last.
pub(crate) async fn until<T, A, F>(what: &str, mut ask: A) -> T
where
    A: FnMut() -> F,
    F: Future<Output = Result<T, String>>,
{
    const DEADLINE: Duration = Duration::from_secs(60);
    let started = Instant::now();
    loop {
        match ask().await {
            Ok(found) => return found,
            Err(reason) if started.elapsed() > DEADLINE => panic!("{what}: {reason}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// Runs a program that prints its address on its standard output when it is ready.
fn start(mut command: Command) -> Program {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    let output = child.stdout.take().expect("standard output is a pipe");
    let mut program = Program {
        child,
        url: String::new(),
    };
    for line in BufReader::new(output).lines() {
        let line = line.unwrap();
        if let Some(at) = line.find("http://") {
            program.url = line[at..].trim_end().to_owned();
            return program;
        }
    }
    panic!(
        "{command:?} ended before it was ready: {:?}",
        program.child.wait()
    );
}

/// A program of another package of the workspace, which the same build has put beside ours.
fn sibling(name: &str) -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_shop")).with_file_name(name)
}
