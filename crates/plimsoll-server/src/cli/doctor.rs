//! `plimsoll doctor` and `plimsoll health`.

use std::io::IsTerminal;
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};
use clap::Args;
use http_body_util::BodyExt;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::client::Remote;
use super::place::{remote, running, server_address};
use super::progress::Line;
use super::target::block_on;
use super::{Place, no_colour, say};
use crate::config::{Config, Layers};
use crate::doctor::limits::{self, Limits};
use crate::doctor::{Finding, State, machine, server, targets, worst};
use crate::judge::in_force::InForce;
use crate::store::Holder;

/// How long a server may take for one answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Looks for what is wrong, and says how to set it right.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  plimsoll doctor
  plimsoll doctor --data /var/lib/plimsoll
  plimsoll doctor --url http://127.0.0.1:1876 --json

Ports, the data folder, its disk, the clock, limits of the system, versions, what is configured to be reached, and, of a
server that runs: its health, who sends and what is refused. Exit code 1 when something does not work.")]
pub(super) struct DoctorCommand {
    #[command(flatten)]
    place: Place,
    /// A server to ask, when it is not the one that has the data folder open.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Asks a server whether it is well. Exit code 1 when it is not, or does not answer.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  plimsoll health
  plimsoll health --url http://127.0.0.1:1876")]
pub(super) struct HealthCommand {
    #[command(flatten)]
    place: Place,
    /// The server [default: the one that has the data folder open, else that of the configuration].
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

pub(super) fn run_health(command: &HealthCommand) -> anyhow::Result<()> {
    let url = server_address(&command.place, command.url.as_deref())?.to_string();
    let config = command
        .place
        .layers()
        .and_then(|layers| layers.config().map_err(Into::into));
    let report = health(&remote(&url, config.as_ref().ok())?)?;
    let status = report["status"]
        .as_str()
        .context("the answer tells no status")?;
    say(&format!("{url} is {status}"))?;
    for finding in server::health(&url, &report).iter().skip(1) {
        say(&finding.detail)?;
    }
    match status {
        "unhealthy" => bail!("{url} is unhealthy"),
        _ => Ok(()),
    }
}

pub(super) fn run(command: &DoctorCommand) -> anyhow::Result<()> {
    let mut found = Found {
        findings: Vec::new(),
        line: Line::new(),
    };
    match command
        .place
        .layers()
        .and_then(|layers| Ok((layers.config()?, layers)))
    {
        Ok((config, layers)) => examine(&mut found, command.url.as_deref(), &config, &layers),
        Err(error) => {
            let fix = "correct the key that is named; plimsoll.example.toml lists all with their defaults";
            found.add([Finding::fail("configuration", format!("{error:#}"), fix)]);
            if let Some(url) = &command.url {
                ask_server(&mut found, url, None);
            }
        }
    }
    let Found { findings, line } = found;
    drop(line);
    match command.json {
        true => say(&serde_json::to_string_pretty(
            &json!({"state": worst(&findings), "checks": findings}),
        )?)?,
        false => findings
            .iter()
            .try_for_each(|finding| say(&text(finding)))?,
    }
    let failed = findings
        .iter()
        .filter(|finding| finding.state == State::Fail);
    match failed.count() {
        0 => Ok(()),
        1 => bail!("one check failed"),
        failed => bail!("{failed} checks failed"),
    }
}

/// What was found so far.
struct Found {
    findings: Vec<Finding>,
    line: Line,
}

impl Found {
    fn add(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.findings.extend(findings);
    }

    fn looking_at(&mut self, what: &str) {
        self.line.show(|| format!("looking at {what}"));
    }
}

fn examine(found: &mut Found, url: Option<&str>, config: &Config, layers: &Layers) {
    found.add([match layers.notices.as_slice() {
        [] => Finding::ok("configuration", "is good"),
        notices => Finding::warn("configuration", notices.join("; "), "plimsoll config print"),
    }]);
    found.add([match InForce::check(&config.judge) {
        Ok(()) => Finding::ok("standards", "can be used"),
        Err(error) => Finding::fail("standards", error, "plimsoll standards check"),
    }]);
    let dir = &config.store.dir;
    let holder = Holder::of(dir).ok().flatten();
    let own = running(config);
    found.looking_at("the machine");
    if holder.is_none() {
        found.add([machine::port(config)]);
    }
    found.add([
        machine::grpc_port(config, own.is_some()),
        machine::folder(dir),
    ]);
    found.add(machine::disk(dir));
    found.add(machine::clock(dir, SystemTime::now()));
    let process = holder.as_ref().and_then(|holder| holder.process);
    found.add(limits::judge(&Limits::of(process), config));
    for target in targets::configured(layers) {
        found.looking_at(&target.what);
        found.add([targets::reach(&target)]);
    }
    match (url, &own, holder) {
        (Some(url), _, _) => ask_server(found, url, Some(config)),
        (None, Some(url), _) => ask_server(found, url, Some(config)),
        (None, None, Some(holder)) => {
            let process = holder
                .process
                .map_or("?".to_owned(), |process| process.to_string());
            let detail = format!(
                "process {process} has {} open, but answers nowhere",
                dir.display()
            );
            let fix = format!(
                "wait if it has just started; else look into its log and end it: kill {process}"
            );
            found.add([Finding::warn("server", detail, fix)]);
        }
        (None, None, None) => {
            let detail = format!("none has {} open", dir.display());
            found.add([Finding::warn(
                "server",
                detail,
                format!("plimsoll serve --data {}", dir.display()),
            )]);
        }
    }
}

fn ask_server(found: &mut Found, url: &str, config: Option<&Config>) {
    found.looking_at(url);
    let url = url.trim_end_matches('/');
    let asked = remote(url, config).and_then(|remote| Ok((health(&remote)?, remote)));
    let (health, remote) = match asked {
        Ok(found) => found,
        Err(error) => {
            let fix = format!("look into the server's log; is it {url} that it listens on?");
            return found.add([Finding::fail("server", format!("{error:#}"), fix)]);
        }
    };
    found.add(server::health(url, &health));
    found.add([server::version(
        version(&remote).as_deref(),
        env!("CARGO_PKG_VERSION"),
    )]);
    let now = Timestamp::now();
    type Judge = fn(&Value, Timestamp) -> Vec<Finding>;
    for (path, judge) in [
        (
            "/api/v1/services?limit=1000&instances=0",
            server::senders as Judge,
        ),
        ("/api/v1/refused", server::refused),
    ] {
        found.looking_at(path);
        match ask(&remote, path) {
            Ok(answer) => found.add(judge(&answer, now)),
            Err(error) => {
                let fix = "restart the server with the program that this doctor came with";
                found.add([Finding::warn("server", format!("{path}: {error:#}"), fix)]);
            }
        }
    }
}

fn version(remote: &Remote) -> Option<String> {
    let answer = block_on(timed(remote.send("GET", "/ping", None))).ok()?;
    let version = answer.headers().get("x-influxdb-version")?.to_str().ok()?;
    server::version_of_ping(version).map(str::to_owned)
}

/// The server's report on itself, also when it answers 503 for it.
fn health(remote: &Remote) -> anyhow::Result<Value> {
    let body = block_on(timed(async {
        let answer = remote.request("GET", "/api/v1/health", None).await?;
        let body = answer.into_body().collect().await;
        Ok(body.context("the answer broke off")?.to_bytes())
    }))?;
    serde_json::from_slice(&body)
        .with_context(|| format!("{} does not tell its health", remote.url))
}

/// The JSON at a path of a server.
fn ask(remote: &Remote, path: &str) -> anyhow::Result<Value> {
    let body = block_on(timed(remote.fetch("GET", path)))?;
    serde_json::from_slice(&body).with_context(|| format!("{}{path} answers no JSON", remote.url))
}

async fn timed<T>(asking: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let answer = tokio::time::timeout(PATIENCE, asking).await;
    answer.unwrap_or_else(|_| bail!("no answer in {PATIENCE:?}"))
}

/// One finding for people, its fix in a line of its own.
fn text(finding: &Finding) -> String {
    let coloured = std::io::stdout().is_terminal() && !no_colour();
    let (state, colour) = match finding.state {
        State::Ok => ("ok  ", "\x1b[32m"),
        State::Warn => ("warn", "\x1b[33m"),
        State::Fail => ("FAIL", "\x1b[31m"),
    };
    let (on, off) = if coloured {
        (colour, "\x1b[0m")
    } else {
        ("", "")
    };
    let mut text = format!(
        "{on}{state}{off}  {:<15}  {}",
        finding.check, finding.detail
    );
    if let Some(fix) = &finding.fix {
        text += &format!("\n{:23}fix: {fix}", "");
    }
    text
}
