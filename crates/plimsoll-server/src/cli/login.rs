//! `plimsoll login`.

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;

use super::say;
use super::target::{Keys, TargetFlags, block_on};
use crate::meta::tokens::Scope;

/// Prints a link that logs a browser in, once and within ten minutes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  plimsoll login
  plimsoll login --scope read
  plimsoll login --token ops --base https://monitor.example.org
  PLIMSOLL_TOKEN_FILE=token plimsoll login --url https://monitor.example.org

The browser stays logged in for 30 days, until it logs out, or until its token is revoked.")]
pub(super) struct LoginCommand {
    /// What the browser may do [default: admin].
    #[arg(long, value_enum, conflicts_with = "token")]
    scope: Option<Scope>,
    /// The token that the browser's session belongs to, by name or number [default: one made for this browser].
    #[arg(long, value_name = "NAME|ID")]
    token: Option<String>,
    /// How the browser reaches the server, when that is not as the server thinks.
    #[arg(long, value_name = "URL")]
    base: Option<String>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: TargetFlags,
}

pub(super) fn run(command: &LoginCommand) -> anyhow::Result<()> {
    let Keys::Server(remote) = command.target.open_keys()? else {
        bail!(
            "no server runs on this folder: there is nothing to log in to; start `plimsoll serve`"
        );
    };
    let mut wanted = json!({});
    if let Some(token) = &command.token {
        wanted["token"] = token.as_str().into();
    }
    if let Some(scope) = command.scope {
        wanted["scope"] = scope.name().into();
    }
    let mut made = block_on(remote.ask("POST", "/api/v1/login-links", Some(&wanted)))?;
    let path = made["path"].as_str().context("the answer has no path")?;
    // Whoever names a server knows how to reach it; of a folder's server, it knows itself.
    let named = command.target.names_a_server().then_some(&*remote.url);
    if let Some(base) = command.base.as_deref().or(named) {
        made["url"] = format!("{}{path}", base.trim_end_matches('/')).into();
    }
    if command.json {
        return say(&made.to_string());
    }
    say(made["url"].as_str().unwrap_or_default())
}
