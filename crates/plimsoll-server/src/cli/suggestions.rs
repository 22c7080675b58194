//! `plimsoll suggestions`.

use anyhow::bail;
use clap::Args;
use serde_json::{Value, json};

use super::client::Remote;
use super::say;
use super::target::{Target, TargetFlags, block_on};
use crate::http::percent::percent_encoded;

/// Shows what a model says of what is found, or asks it now.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  plimsoll suggestions
  plimsoll suggestions --service shop
  plimsoll suggestions --service shop --ask")]
pub(super) struct SuggestionsCommand {
    /// Of one service only.
    #[arg(long)]
    service: Option<String>,
    /// Asks about that service now.
    #[arg(long, requires = "service")]
    ask: bool,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: TargetFlags,
}

pub(super) fn run(command: &SuggestionsCommand) -> anyhow::Result<()> {
    let remote = server(&command.target)?;
    let path = "/api/v1/suggestions";
    if command.ask {
        let wanted = json!({ "service": command.service });
        let given = block_on(remote.ask("POST", path, Some(&wanted)))?;
        return match command.json {
            true => say(&given.to_string()),
            false => say(&in_words(&given)),
        };
    }
    let path = match &command.service {
        Some(service) => format!("{path}?service={}", percent_encoded(service)),
        None => path.to_owned(),
    };
    let found = block_on(remote.ask("GET", &path, None))?;
    if command.json {
        return say(&found.to_string());
    }
    if let Some(odd) = odd(&found) {
        super::warn(&odd);
    }
    let given = found["suggestions"].as_array().cloned().unwrap_or_default();
    match given.is_empty() {
        true => say("nothing was suggested"),
        false => {
            let given: Vec<String> = given.iter().map(in_words).collect();
            say(&given.join("\n\n"))
        }
    }
}

fn server(target: &TargetFlags) -> anyhow::Result<Remote> {
    match target.open()? {
        Target::Server(remote) => Ok(remote),
        Target::Store(_) => {
            bail!("no server runs on this folder: suggestions are given while one does")
        }
    }
}

/// Why there may be fewer than one would expect.
fn odd(found: &Value) -> Option<String> {
    let last = found["last_error"].as_str().unwrap_or_default();
    match found["state"].as_str() {
        Some("off") => {
            Some("suggestions are off; [suggestions] in plimsoll.toml turns them on".to_owned())
        }
        Some("open") => Some(format!(
            "the endpoint failed and is left alone for a while: {last}"
        )),
        _ => None,
    }
}

fn in_words(given: &Value) -> String {
    let text = |name: &str| given[name].as_str().unwrap_or_default();
    format!(
        "{}  {}  {}\n{}",
        text("time"),
        text("service"),
        text("model"),
        text("text")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_off_or_failed_is_said() {
        let off = json!({"state": "off", "last_error": null});
        assert!(odd(&off).is_some_and(|odd| odd.contains("[suggestions]")));
        let open = json!({"state": "open", "last_error": "it answers 500"});
        assert!(odd(&open).is_some_and(|odd| odd.ends_with(": it answers 500")));
        assert_eq!(odd(&json!({"state": "ready", "last_error": "old"})), None);
    }

    #[test]
    fn a_suggestion_is_a_line_and_its_paragraph() {
        let given = json!({"time": "2027-01-01T00:00:00Z", "service": "shop", "model": "m", "text": "It is slow."});
        assert_eq!(
            in_words(&given),
            "2027-01-01T00:00:00Z  shop  m\nIt is slow."
        );
    }
}
