//! `plimsoll alerts`.

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::client::Remote;
use super::say;
use super::table::table;
use super::target::{Target, TargetFlags, block_on};
use crate::http::percent::percent_encoded;
use crate::services::rfc3339;
use crate::tick;

/// Shows what fires, ends and silences it, and tries other thresholds on the past.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  plimsoll alerts list
  plimsoll alerts resolve 12
  plimsoll alerts silence --service shop --key class:write --minutes 60 --reason \"known, fix is on its way\"
  plimsoll alerts replay --set classes.write.investigate_seconds=2 --days 7")]
pub(super) struct AlertsCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lists alerts, the newest first.
    #[command(after_help = "Examples:
  plimsoll alerts list
  plimsoll alerts list --all --service shop --json")]
    List(List),
    /// Ends an alert; if its breach goes on, a new one fires.
    #[command(after_help = "Examples:
  plimsoll alerts resolve 12")]
    Resolve(Numbered),
    /// Notes that an alert is known; it fires on.
    #[command(after_help = "Examples:
  plimsoll alerts acknowledge 12 --by ines")]
    Acknowledge(Numbered),
    /// Keeps alerts from being told for a while.
    #[command(after_help = "Examples:
  plimsoll alerts silence --service shop --minutes 60
  plimsoll alerts silence --key disk --until 2027-01-04T08:00:00Z --reason \"new disk comes on Monday\"
  plimsoll alerts silence --starts 2027-01-03T02:00:00Z --minutes 90 --weekly --reason maintenance")]
    Silence(Silence),
    /// Tells how often other thresholds would have fired.
    #[command(after_help = "Examples:
  plimsoll alerts replay --set error_rate_threshold=0.02
  plimsoll alerts replay --set classes.read.investigate_seconds=0.3 --service shop --days 3")]
    Replay(Replay),
}

#[derive(Debug, Args)]
struct List {
    /// Those that are over, too.
    #[arg(long)]
    all: bool,
    /// Of one service only.
    #[arg(long)]
    service: Option<String>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: TargetFlags,
}

#[derive(Debug, Args)]
struct Numbered {
    /// Its number.
    id: String,
    /// Who says so.
    #[arg(long)]
    by: Option<String>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: TargetFlags,
}

#[derive(Debug, Args)]
struct Silence {
    /// Of one service [default: of all].
    #[arg(long)]
    service: Option<String>,
    /// Of one thing, such as class:write [default: of all].
    #[arg(long)]
    key: Option<String>,
    /// For so long.
    #[arg(long, conflicts_with = "until", required_unless_present = "until")]
    minutes: Option<u32>,
    /// Until then: RFC 3339 or relative, such as +8h.
    #[arg(long)]
    until: Option<String>,
    /// From then on [default: now].
    #[arg(long)]
    starts: Option<String>,
    /// Comes again each week.
    #[arg(long)]
    weekly: bool,
    /// Why.
    #[arg(long, default_value = "")]
    reason: String,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: TargetFlags,
}

#[derive(Debug, Args)]
struct Replay {
    /// A threshold: slow_request_threshold, slow_query_threshold, high_memory_threshold, error_rate_threshold,
    /// classes.NAME.target_seconds, .acceptable_seconds, .investigate_seconds.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Over so many days.
    #[arg(long, default_value_t = 7)]
    days: u32,
    /// Of one service only.
    #[arg(long)]
    service: Option<String>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: TargetFlags,
}

pub(super) fn run(command: &AlertsCommand) -> anyhow::Result<()> {
    match &command.what {
        What::List(command) => list(command),
        What::Resolve(command) => act(command, "resolve"),
        What::Acknowledge(command) => act(command, "acknowledge"),
        What::Silence(command) => silence(command),
        What::Replay(command) => replay(command),
    }
}

fn server(target: &TargetFlags) -> anyhow::Result<Remote> {
    match target.open()? {
        Target::Server(remote) => Ok(remote),
        Target::Store(_) => {
            bail!("no server runs on this folder: alerts are judged while one does")
        }
    }
}

fn list(command: &List) -> anyhow::Result<()> {
    let remote = server(&command.target)?;
    let mut path = "/api/performance/alerts?limit=1000".to_owned();
    if !command.all {
        path.push_str("&resolved=false");
    }
    if let Some(service) = &command.service {
        path.push_str(&format!("&service={}", percent_encoded(service)));
    }
    let found = block_on(remote.ask("GET", &path, None))?;
    if command.json {
        return say(&found.to_string());
    }
    let alerts = found["alerts"].as_array().cloned().unwrap_or_default();
    if alerts.is_empty() {
        return say(if command.all {
            "nothing has fired"
        } else {
            "nothing fires"
        });
    }
    let columns = ["id", "service", "severity", "state", "fired_at", "message"];
    say(table(&alerts, &columns).trim_end())
}

fn act(command: &Numbered, what: &str) -> anyhow::Result<()> {
    let remote = server(&command.target)?;
    let path = format!(
        "/api/performance/alerts/{}/{what}",
        percent_encoded(&command.id)
    );
    let by = command.by.as_ref().map(|by| json!({ "by": by }));
    let begun = rfc3339(tick::now());
    let alert = block_on(remote.ask("POST", &path, by.as_ref()))?;
    if command.json {
        return say(&alert.to_string());
    }
    let message = alert["message"].as_str().unwrap_or_default();
    match alert["resolved_at"].as_str() {
        Some(over) if over < begun.as_str() => say(&format!(
            "alert {} is over since {over}: {message}",
            command.id
        )),
        _ => say(&format!("{what}d alert {}: {message}", command.id)),
    }
}

fn silence(command: &Silence) -> anyhow::Result<()> {
    let remote = server(&command.target)?;
    let wanted = json!({
        "service": command.service,
        "key": command.key,
        "minutes": command.minutes,
        "until": command.until,
        "starts": command.starts,
        "weekly": command.weekly,
        "reason": command.reason,
    });
    let made = block_on(remote.ask("POST", "/api/performance/silences", Some(&wanted)))?;
    if command.json {
        return say(&made.to_string());
    }
    let until = made["until"].as_str().unwrap_or_default();
    say(&format!(
        "silence {} until {until}",
        made["id"].as_str().unwrap_or_default()
    ))
}

fn replay(command: &Replay) -> anyhow::Result<()> {
    let thresholds = thresholds(&command.set)?;
    let remote = server(&command.target)?;
    let wanted =
        json!({ "thresholds": thresholds, "days": command.days, "service": command.service });
    let path = "/api/performance/thresholds/replay";
    let found = block_on(remote.ask("POST", path, Some(&wanted)))?;
    if command.json {
        return say(&found.to_string());
    }
    let firings = found["firings"].as_u64().unwrap_or_default();
    let times = if firings == 1 { "time" } else { "times" };
    say(&format!(
        "with this the last {} days would have fired {firings} {times}",
        command.days
    ))?;
    let by_key = found["by_key"].as_array().cloned().unwrap_or_default();
    if !by_key.is_empty() {
        say(table(
            &by_key,
            &["service", "key", "severity", "count", "first", "last"],
        )
        .trim_end())?;
    }
    Ok(())
}

/// `classes.write.investigate_seconds=2` as the interface takes it.
fn thresholds(set: &[String]) -> anyhow::Result<Value> {
    let mut top = Map::new();
    let mut classes: Map<String, Value> = Map::new();
    for one in set {
        let (name, text) = one
            .split_once('=')
            .with_context(|| format!("--set {one:?} must be NAME=VALUE"))?;
        let value: f64 = text
            .parse()
            .ok()
            .filter(|value: &f64| value.is_finite())
            .with_context(|| format!("--set {one:?}: {text:?} is no number"))?;
        match name
            .strip_prefix("classes.")
            .and_then(|rest| rest.rsplit_once('.'))
        {
            Some((class, band)) => {
                let class = classes.entry(class).or_insert_with(|| json!({}));
                class[band] = value.into();
            }
            None => {
                top.insert(name.to_owned(), value.into());
            }
        }
    }
    if !classes.is_empty() {
        top.insert("classes".to_owned(), classes.into());
    }
    Ok(top.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_put_where_the_interface_expects_them() {
        let set = ["error_rate_threshold=0.02", "classes.a.b.target_seconds=1"].map(str::to_owned);
        let found = thresholds(&set).unwrap();
        let wanted =
            json!({"error_rate_threshold": 0.02, "classes": {"a.b": {"target_seconds": 1.0}}});
        assert_eq!(found, wanted);
        for wrong in ["x", "x=y"] {
            let error = thresholds(&[wrong.to_owned()]).unwrap_err();
            assert!(error.to_string().contains(wrong), "{error}");
        }
    }
}
