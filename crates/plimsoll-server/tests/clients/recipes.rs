//! Every recipe of `plimsoll connect`, run as it is printed.
//!
//! Python, Node.js and Rust run whole. Java, Go and .NET have no registry that these tests may count on (Maven Central, the Go
//! module proxy, NuGet), so of theirs only the shell's syntax is checked. Home Assistant and Telegraf are told by what they
//! make of the printed configuration.

mod services;
mod sources;

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;

use crate::server::{Server, outcome, plimsoll};

/// How long a service may take to be installed, built and started.
const START_PATIENCE: Duration = Duration::from_secs(500);
/// How long its numbers may take once it has answered: exports come every ten seconds.
const EXPORT_PATIENCE: Duration = Duration::from_secs(60);

/// What `plimsoll connect` prints beside a running server.
struct Recipe {
    steps: Vec<Step>,
}

struct Step {
    language: String,
    file: Option<String>,
    code: String,
}

impl Recipe {
    /// Prints the recipe, as text and as JSON, which must hold the same lines.
    fn printed(name: &str, service: &str, data: &Path) -> Self {
        let run = |more: &[&str]| {
            let output = plimsoll()
                .args(["connect", name, "--service", service, "--data"])
                .arg(data)
                .args(more)
                .output();
            let (code, text, error) = outcome(output.unwrap());
            assert_eq!(code, 0, "{error}");
            text
        };
        let text = run(&[]);
        let recipe: Value = serde_json::from_str(&run(&["--json"])).unwrap();
        let step = |step: &Value| {
            let code = step["code"].as_str().unwrap().to_owned();
            assert!(
                format!("\n{text}\n").contains(&format!("\n{code}\n")),
                "{code}"
            );
            Step {
                language: step["language"].as_str().unwrap().to_owned(),
                file: step["file"].as_str().map(str::to_owned),
                code,
            }
        };
        let steps = recipe["steps"].as_array().unwrap().iter().map(step);
        Self {
            steps: steps.collect(),
        }
    }

    /// The code for a file.
    fn file(&self, name: &str) -> &str {
        let step = self
            .steps
            .iter()
            .find(|step| step.file.as_deref() == Some(name));
        &step.unwrap_or_else(|| panic!("no step for {name}")).code
    }

    /// All code for the shell but the last step, which asks for what has come.
    fn script(&self) -> String {
        let (_, steps) = self.steps.split_last().expect("a step");
        let shell = steps.iter().filter(|step| step.file.is_none());
        shell
            .inspect(|step| assert_eq!(step.language, "sh"))
            .map(|step| format!("{}\n", step.code))
            .collect()
    }

    /// Runs the last step.
    fn see(&self) -> Value {
        let (last, _) = self.steps.split_last().expect("a step");
        let output = Command::new("bash")
            .args(["-c", &last.code])
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{} answers no JSON: {error}", last.code))
    }
}

/// A script that runs, with all that it starts; it ends with the test.
struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts `script` in `dir`.
    fn start(script: &str, dir: &Path, path: &[&Path], variables: &[(&str, &str)]) -> Self {
        let log = dir.join("run.log");
        let out = File::create(&log).unwrap();
        let found = std::env::var_os("PATH").unwrap_or_default();
        let path = path.iter().map(|path| path.to_path_buf());
        let path = std::env::join_paths(path.chain(std::env::split_paths(&found))).unwrap();
        let kept = ["HOME", "CARGO_HOME", "RUSTUP_HOME"];
        let kept = kept.map(|name| (name, std::env::var_os(name)));
        let mut command = Command::new("bash");
        command
            .args(["-euc", script])
            .current_dir(dir)
            .env_clear()
            .envs(
                kept.into_iter()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .env("PATH", path)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .process_group(0);
        let child = command.spawn().unwrap();
        Self { child, log }
    }

    fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap()).into_owned()
    }

    /// Waits until something answers on `port`.
    fn answers(&mut self, port: u16) {
        let deadline = Instant::now() + START_PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "{ended:?}: {}", self.log());
            assert!(
                Instant::now() < deadline,
                "it does not answer: {}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let group = Pid::from_raw(i32::try_from(self.child.id()).expect("a process number"));
        let _ = kill_process_group(group.expect("not 0"), Signal::KILL);
        let _ = self.child.wait();
    }
}

/// A port that was free just now.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A folder below the target folder that outlives the test, for it alone: what is installed there is found the next time.
fn kept_folder(name: &str) -> (PathBuf, File) {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("recipes")
        .join(name);
    fs::create_dir_all(&dir).unwrap();
    let lock = File::create(dir.join("lock")).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    (dir, lock)
}

/// The files that come with the tests.
fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/recipes")
        .join(name)
}

/// Sends 20 good requests, 5 that are answered with 500 and 3 for nothing.
async fn customers(port: u16) {
    let client = reqwest::Client::new();
    let paths = (0..20).map(|order| format!("/orders/{order}"));
    let paths = paths.chain((0..5).map(|_| "/broken".to_owned()));
    for path in paths.chain((0..3).map(|_| "/nothing".to_owned())) {
        let url = format!("http://127.0.0.1:{port}{path}");
        client.get(url).send().await.expect("an answer");
    }
}

/// The requests that the recipe's last step shows, by method and status.
fn requests(routes: &Value) -> Vec<(String, u64)> {
    let mut found = std::collections::BTreeMap::new();
    for row in routes["routes"].as_array().into_iter().flatten() {
        let key = format!(
            "{} {}",
            row["method"].as_str().unwrap_or("?"),
            row["status"]
        );
        *found.entry(key).or_insert(0) += row["total_requests"].as_u64().unwrap_or_default();
    }
    found.into_iter().collect()
}

/// Waits until exactly the requests of [`customers`] are shown.
fn all_came(recipe: &Recipe, running: &Running, server: &Server) {
    let expected = [("GET 200", 20), ("GET 404", 3), ("GET 500", 5)];
    let expected = expected.map(|(key, count)| (key.to_owned(), count));
    let deadline = Instant::now() + EXPORT_PATIENCE;
    loop {
        let seen = recipe.see();
        let found = requests(&seen);
        if found == expected {
            return;
        }
        let late = Instant::now() > deadline;
        let log = running.log();
        assert!(!late, "{} shows {found:?} of {seen}: {log}", server.url);
        std::thread::sleep(Duration::from_millis(500));
    }
}

#[test]
fn every_line_for_the_shell_is_understood_by_one() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["python", "node", "java", "go", "dotnet", "rust"] {
        let script = Recipe::printed(name, "shop", dir.path()).script();
        let checked = Command::new("bash")
            .args(["-nc", &script])
            .output()
            .unwrap();
        assert!(checked.status.success(), "{name}: {checked:?}");
        let address = "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1876\n";
        assert!(script.contains(address), "{name}: {script}");
    }
}

#[tokio::test]
async fn the_api_tells_the_same_recipes_by_the_name_under_which_the_client_came() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let output = plimsoll()
        .args(["connect", "--json", "--data"])
        .arg(dir.path())
        .output();
    let (_, text, _) = outcome(output.unwrap());
    let printed: Value = serde_json::from_str(&text).unwrap();
    let (_, told) = server.get("/api/v1/connect").await;
    assert_eq!(told["recipes"], printed);
    assert_eq!(told["address"], server.url.as_str());
    let request = server.request(reqwest::Method::GET, "/api/v1/connect?service=shop");
    let (_, told) = crate::server::read(request.header("host", "localhost:2876")).await;
    assert_eq!(told["address"], "http://localhost:2876");
    let telegraf = told["recipes"].as_array().unwrap().last().unwrap();
    let code = telegraf["steps"][0]["code"].as_str().unwrap();
    assert!(code.contains("\"http://localhost:2876\""), "{code}");
    let (status, refused) = server.get("/api/v1/connect?service=a%3Bb").await;
    assert_eq!(
        (status.as_u16(), &refused["value"]),
        (400, &Value::from("a;b"))
    );
}
