//! `plimsoll token`.

use anyhow::anyhow;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::say;
use super::table::table;
use super::target::{Keys, TargetFlags, block_on};
use crate::api::v1::tokens::{listing, new_token, shown, shown_once};
use crate::doors::secret::Secret;
use crate::http::percent::percent_encoded;
use crate::meta::tokens::Scope;
use crate::tick;

/// Makes, lists and revokes access tokens.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  plimsoll token create telegraf --scope write
  plimsoll token create grafana --scope read --expires 90d
  plimsoll token list
  plimsoll token revoke telegraf")]
pub(super) struct TokenCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Makes a token and prints it, once.
    #[command(after_help = "Examples:
  plimsoll token create telegraf --scope write
  plimsoll token create ci --scope read --expires 90d --json
  plimsoll token create ops --scope admin --data /var/lib/plimsoll > token")]
    Create(Create),
    /// Lists tokens, without their secrets.
    #[command(after_help = "Examples:
  plimsoll token list
  plimsoll token list --json --data /var/lib/plimsoll")]
    List(List),
    /// Ends a token, from the next request on, and the browsers that logged in with it.
    #[command(after_help = "Examples:
  plimsoll token revoke telegraf
  plimsoll token revoke 3")]
    Revoke(Revoke),
}

#[derive(Debug, Args)]
struct Create {
    /// What to call it.
    name: String,
    /// What it allows: to ask, to send, or everything.
    #[arg(long, value_enum)]
    scope: Scope,
    /// How long it is good, such as 90d [default: until it is revoked].
    #[arg(long, value_name = "DURATION")]
    expires: Option<String>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: TargetFlags,
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
struct Revoke {
    /// Its name or number.
    #[arg(value_name = "NAME|ID")]
    token: String,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: TargetFlags,
}

pub(super) fn run(command: &TokenCommand) -> anyhow::Result<()> {
    match &command.what {
        What::Create(command) => create(command),
        What::List(command) => list(command),
        What::Revoke(command) => revoke(command),
    }
}

fn create(command: &Create) -> anyhow::Result<()> {
    let Create {
        name,
        scope,
        expires,
        ..
    } = command;
    let now = tick::now();
    // Before anything is opened: a mistake is told at once.
    let new = new_token(name, *scope, expires.as_deref(), now)
        .map_err(|problem| anyhow!(problem.in_words()))?;
    let made = match command.target.open_keys()? {
        Keys::Folder(meta, _lock) => {
            let secret = Secret::token();
            let token = meta.add_token(&new, &secret.hash(), now)?;
            shown_once(&token, secret.text(), now)
        }
        Keys::Server(remote) => {
            let wanted = json!({"name": name, "scope": scope, "expires": expires});
            block_on(remote.ask("POST", "/api/v1/tokens", Some(&wanted)))?
        }
    };
    if command.json {
        return say(&made.to_string());
    }
    // The token alone on standard output, so that it goes into a file as it is.
    super::note(&format!(
        "made token {name} with the scope {}; it is not shown again:",
        scope.name()
    ));
    say(made["token"].as_str().unwrap_or_default())
}

fn list(command: &List) -> anyhow::Result<()> {
    let found = match command.target.open_keys()? {
        Keys::Folder(meta, _lock) => listing(&meta.tokens()?, tick::now()),
        Keys::Server(remote) => block_on(remote.ask("GET", "/api/v1/tokens", None))?,
    };
    if command.json {
        return say(&found.to_string());
    }
    say(listed(&found).trim_end())
}

fn revoke(command: &Revoke) -> anyhow::Result<()> {
    let now = tick::now();
    let revoked = match command.target.open_keys()? {
        Keys::Folder(meta, _lock) => shown(&meta.revoke_token(&command.token, now)?, now),
        Keys::Server(remote) => {
            let path = format!("/api/v1/tokens/{}", percent_encoded(&command.token));
            block_on(remote.ask("DELETE", &path, None))?
        }
    };
    if command.json {
        return say(&revoked.to_string());
    }
    let name = revoked["name"].as_str().unwrap_or_default();
    say(&format!("revoked token {name}"))
}

fn listed(found: &Value) -> String {
    let empty = Vec::new();
    let tokens = found["tokens"].as_array().unwrap_or(&empty);
    if tokens.is_empty() {
        return "there are no tokens; `plimsoll token create NAME --scope read` makes one"
            .to_owned();
    }
    table(
        tokens,
        &["id", "name", "scope", "state", "created", "expires"],
    )
}
