//! `plimsoll config`.

use std::io::Write;

use clap::{Args, Subcommand};

use super::{Place, Unprinted};
use crate::config::Layers;

/// Shows how the server is configured.
#[derive(Debug, Args)]
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
    Print(Place),
}

pub(super) fn run(command: &ConfigCommand) -> anyhow::Result<()> {
    let What::Print(place) = &command.what;
    let layers = Layers::load(&place.flags(), std::env::vars())?;
    layers.config()?;
    let mut out = std::io::stdout().lock();
    let mut section = "";
    let mut settings: Vec<_> = layers
        .settings()
        .map(|(key, setting)| (key.rsplit_once('.').unwrap_or(("", key)), setting))
        .collect();
    // A table's own keys stand before the tables below it.
    settings.sort_by_key(|(place, _)| *place);
    for ((table, name), setting) in settings {
        if table != section {
            section = table;
            writeln!(out, "[{section}]").map_err(Unprinted)?;
        }
        let line = format!("{name} = {}", setting.value);
        writeln!(out, "{line:<40} # {}", setting.source).map_err(Unprinted)?;
    }
    for notice in &layers.notices {
        writeln!(out, "# {notice}").map_err(Unprinted)?;
    }
    Ok(())
}
