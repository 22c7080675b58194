//! `plimsoll config`.

use std::io::Write;

use clap::{Args, Subcommand};

use super::{Place, Unprinted};
use crate::config::{Flags, Layers};

/// Shows how the server is configured.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  plimsoll config print
  plimsoll config print --listen 127.0.0.1:0 --data /var/lib/plimsoll")]
pub(super) struct ConfigCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Prints every effective value and where it came from.
    #[command(after_help = "Examples:
  plimsoll config print
  PLIMSOLL_STORE_RAW_DAYS=14 plimsoll config print --config plimsoll.toml")]
    Print(Print),
}

#[derive(Debug, Args)]
struct Print {
    /// As of `plimsoll serve`.
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<String>,
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(command: &ConfigCommand) -> anyhow::Result<()> {
    let What::Print(print) = &command.what;
    let flags = Flags {
        listen: print.listen.clone(),
        ..print.place.flags()
    };
    let layers = Layers::load(&flags, std::env::vars_os())?;
    layers.config()?;
    let mut out = std::io::stdout().lock();
    let mut section = "";
    let mut settings: Vec<_> = layers
        .settings()
        .map(|(key, setting)| (key.rsplit_once('.').unwrap_or(("", key)), key, setting))
        .collect();
    // A table's own keys stand before the tables below it.
    settings.sort_by_key(|(place, ..)| *place);
    for ((table, name), key, setting) in settings {
        if table != section {
            section = table;
            writeln!(out, "[{section}]").map_err(Unprinted)?;
        }
        let line = format!("{name} = {}", setting.shown(key));
        writeln!(out, "{line:<40} # {}", setting.source).map_err(Unprinted)?;
    }
    for notice in &layers.notices {
        writeln!(out, "# {notice}").map_err(Unprinted)?;
    }
    Ok(())
}
