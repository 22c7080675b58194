//! `plimsoll notify`.

use anyhow::bail;
use clap::{Args, Subcommand};
use serde_json::Value;

use super::client::Remote;
use super::say;
use super::table::table;
use super::target::{Keys, TargetFlags, block_on};
use crate::http::percent::percent_encoded;

/// Shows where alerts are told, and tries it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  plimsoll notify list
  plimsoll notify test ops")]
pub(super) struct NotifyCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lists the channels of a running server, and how they do.
    #[command(after_help = "Examples:
  plimsoll notify list
  plimsoll notify list --json --url http://127.0.0.1:1876")]
    List(List),
    /// Sends a test notice on a channel and says what came of it.
    #[command(after_help = "Examples:
  plimsoll notify test ops
  plimsoll notify test ops --data /var/lib/plimsoll")]
    Test(Test),
}

#[derive(Debug, Args)]
struct List {
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: TargetFlags,
}

#[derive(Debug, Args)]
struct Test {
    /// The channel, by its name in the configuration.
    name: String,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: TargetFlags,
}

pub(super) fn run(command: &NotifyCommand) -> anyhow::Result<()> {
    match &command.what {
        What::List(command) => list(command),
        What::Test(command) => test(command),
    }
}

fn list(command: &List) -> anyhow::Result<()> {
    let remote = server(&command.target)?;
    let found = block_on(remote.ask("GET", "/api/performance/channels", None))?;
    if command.json {
        return say(&found.to_string());
    }
    let empty = Vec::new();
    let channels = found["channels"].as_array().unwrap_or(&empty);
    if channels.is_empty() {
        return say("no channel is configured; [[notify]] in plimsoll.toml makes one");
    }
    let columns = [
        "name",
        "kind",
        "state",
        "waiting",
        "dead",
        "last_success",
        "last_error",
    ];
    say(table(channels, &columns).trim_end())
}

fn test(command: &Test) -> anyhow::Result<()> {
    let remote = server(&command.target)?;
    let path = format!(
        "/api/performance/channels/{}/test",
        percent_encoded(&command.name)
    );
    let came = block_on(remote.ask("POST", &path, None))?;
    if command.json {
        say(&came.to_string())?;
    }
    let name = &command.name;
    let error = came["error"].as_str();
    if came["delivered"] != Value::Bool(true) {
        bail!("channel {name} took nothing: {}", error.unwrap_or_default());
    }
    if command.json {
        return Ok(());
    }
    match error {
        Some(odd) => say(&format!("channel {name} took the test notice; {odd}")),
        None => say(&format!("channel {name} took the test notice")),
    }
}

/// Channels belong to a server that runs.
fn server(target: &TargetFlags) -> anyhow::Result<Remote> {
    match target.open_keys()? {
        Keys::Server(remote) => Ok(remote),
        Keys::Folder(meta, _lock) => bail!(
            "no server has the folder {} open; start it, or name a server with --url",
            meta.dir().display()
        ),
    }
}
