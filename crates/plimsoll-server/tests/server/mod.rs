//! The real binary over real sockets.

mod backups;
mod bounded;
mod commands;
mod counted_once;
mod described;
mod disk;
mod doctor;
mod doors;
mod environment;
mod event_rows;
mod events;
mod filters;
mod grpc;
mod influxql;
mod killed;
mod lifecycle;
mod limits;
mod logins;
mod missing;
mod named;
mod otlp;
mod packaging;
mod page;
mod problems;
mod queries;
mod rates;
mod refused;
mod reports;
mod runtimes;
mod scopes;
mod scraping;
mod series;
mod services;
mod stalled;
mod streams;
mod streams_end;
pub(crate) mod targets;
mod tls;
mod tls_targets;
mod tls_told;
mod tokens;
mod writes;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use reqwest::StatusCode;
use serde_json::Value;

/// A server of its own, killed when the test ends.
pub(crate) struct Server {
    child: Child,
    /// `http://127.0.0.1:…`.
    pub(crate) url: String,
    client: reqwest::Client,
}

impl Server {
    /// Starts a server on a folder.
    pub(crate) fn start(dir: &Path) -> Self {
        Self::start_with(dir, &[])
    }

    /// Starts a server with further flags.
    pub(crate) fn start_with(dir: &Path, flags: &[&str]) -> Self {
        Self::start_as(dir, flags, &[])
    }

    /// Starts a server with further flags and an environment.
    pub(crate) fn start_as(dir: &Path, flags: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = plimsoll()
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(dir)
            .args(flags)
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut line = String::new();
        let out = child.stdout.as_mut().expect("a pipe");
        BufReader::new(out).read_line(&mut line).expect("text");
        let Some(url) = line
            .trim()
            .split(' ')
            .next_back()
            .filter(|url| url.starts_with("http"))
        else {
            let mut log = String::new();
            let _ = child
                .stderr
                .take()
                .expect("a pipe")
                .read_to_string(&mut log);
            panic!("no URL but {line:?}: {log}");
        };
        let url = url.to_owned();
        // The log must not fill its pipe.
        let mut log = child.stderr.take().expect("a pipe");
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self {
            child,
            url,
            client: reqwest::Client::new(),
        }
    }

    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).expect("a process number")
    }

    /// Sends SIGTERM and returns how it ended.
    pub(crate) fn stop(mut self) -> std::process::ExitStatus {
        self.terminate();
        self.child.wait().expect("it ends")
    }

    /// Waits for the end of one that was told to stop.
    pub(crate) fn stop_after_term(mut self) -> std::process::ExitStatus {
        self.child.wait().expect("it ends")
    }

    pub(crate) fn terminate(&self) {
        let pid = rustix::process::Pid::from_raw(self.pid()).expect("a process number");
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it runs");
    }

    /// Ends it at once, as a crash would.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    pub(crate) fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        read(self.request(reqwest::Method::GET, path)).await
    }

    pub(crate) async fn post(
        &self,
        path: &str,
        body: impl Into<reqwest::Body>,
    ) -> (StatusCode, Value) {
        read(self.request(reqwest::Method::POST, path).body(body)).await
    }

    /// Writes lines that must be good.
    pub(crate) async fn write(&self, lines: impl Into<reqwest::Body>) {
        let (status, answer) = self.post("/write", lines).await;
        assert_eq!(status, StatusCode::NO_CONTENT, "{answer}");
    }

    /// The rows of a query as `[time, value, …]`, all series behind each other.
    pub(crate) async fn rows(&self, query: Value) -> Vec<Vec<Value>> {
        let (status, answer) = self.post("/api/v1/query", query.to_string()).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let series = answer["series"].as_array().expect("series").iter();
        let rows = series.flat_map(|series| series["values"].as_array().expect("rows"));
        rows.map(|row| row.as_array().expect("a row").clone())
            .collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a request; an answer without JSON is null or its text.
pub(crate) async fn read(request: reqwest::RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.expect("an answer");
    let status = response.status();
    let text = response.text().await.expect("text");
    let value = match text.as_str() {
        "" => Value::Null,
        text => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
    };
    (status, value)
}

/// The command, free of the environment's settings.
pub(crate) fn plimsoll() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PLIMSOLL_")) {
        command.env_remove(name);
    }
    command
        .env("NO_COLOR", "1")
        .current_dir(env!("CARGO_TARGET_TMPDIR"));
    command
}

/// Output of a command that has run: exit code, standard output, standard error.
pub(crate) fn outcome(output: Output) -> (i32, String, String) {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (
        output.status.code().expect("no signal"),
        text(output.stdout),
        text(output.stderr),
    )
}

/// Makes a token for the data folder, or for the server that holds it.
pub(crate) fn token(dir: &Path, name: &str, scope: &str) -> String {
    let mut command = plimsoll();
    command.args(["token", "create", name, "--scope", scope, "--data"]);
    let (code, token, error) = outcome(command.arg(dir).output().expect("it runs"));
    assert_eq!(code, 0, "{error}");
    token.trim().to_owned()
}

/// Needs a token from everybody, as a server does that others reach.
pub(crate) const STRICT: (&str, &str) = ("PLIMSOLL_SERVER_TRUST_LOCAL", "false");

/// Now, in nanoseconds.
pub(crate) fn now() -> i64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970");
    i64::try_from(since.as_nanos()).expect("before 2262")
}
