//! `plimsoll standards`.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::{Args, Subcommand};
use plimsoll::config::Profile;
use plimsoll::standards::{Standards, json_schema};

use super::{note, say};

/// Checks and prints what services are judged by.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  plimsoll standards check standards.toml
  plimsoll standards print
  plimsoll standards print standards.toml --profile prod
  plimsoll standards schema > standards.schema.json")]
pub(super) struct StandardsCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Reads a file and says what is wrong with it, with line and key.
    #[command(after_help = "Examples:
  plimsoll standards check
  plimsoll standards check deploy/standards.toml")]
    Check(File),
    /// Prints every class and limit that is in force with a file.
    #[command(after_help = "Examples:
  plimsoll standards print
  plimsoll standards print standards.toml --profile prod")]
    Print(File),
    /// Prints the JSON schema of the file, for editors.
    #[command(after_help = "Examples:
  plimsoll standards schema > standards.schema.json")]
    Schema,
}

#[derive(Debug, Args)]
struct File {
    /// The file [default: standards.toml, if it exists].
    file: Option<PathBuf>,
    /// Whose numbers hold where the file says nothing: dev, prod or home-assistant.
    #[arg(long, default_value = "dev")]
    profile: String,
}

/// The file that is read when none is named.
const DEFAULT_FILE: &str = "standards.toml";

pub(super) fn run(command: &StandardsCommand) -> anyhow::Result<()> {
    match &command.what {
        What::Check(file) => {
            let (standards, from) = file.read()?;
            let classes = standards.classes.len();
            say(&format!(
                "{from}: {classes} classes, profile {}",
                standards.profile.as_str()
            ))
        }
        What::Print(file) => {
            let (standards, from) = file.read()?;
            note(&format!("standards of {from}"));
            say(printed(&standards).trim_end())
        }
        What::Schema => say(json_schema().trim_end()),
    }
}

impl File {
    fn read(&self) -> anyhow::Result<(Standards, String)> {
        let profile = Profile::named(&self.profile).with_context(|| {
            format!(
                "--profile must be dev, prod or home-assistant, but is {:?}",
                self.profile
            )
        })?;
        let path = self.file.as_deref().unwrap_or(Path::new(DEFAULT_FILE));
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if self.file.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                return Ok((
                    Standards::of(profile),
                    format!("the profile {}", profile.as_str()),
                ));
            }
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        let standards = Standards::parse(&text, profile)
            .map_err(|error| anyhow!("{} {error}", path.display()))?;
        Ok((standards, path.display().to_string()))
    }
}

/// As a file that says all of it.
fn printed(standards: &Standards) -> String {
    let mut out = format!(
        "profile = \"{}\"\nobjective_days = {}\n",
        standards.profile.as_str(),
        standards.objective_days
    );
    for class in &standards.classes {
        let key = plimsoll::config::join("classes", &class.name);
        let ms = |secs: f64| (secs * 1e6).round() / 1e3;
        out += &format!(
            "\n[{key}]\ntarget_ms = {}\nacceptable_ms = {}\ninvestigate_ms = {}\nobjective = {}\n",
            ms(class.bands.target),
            ms(class.bands.acceptable),
            ms(class.bands.investigate),
            class.objective
        );
        if let Some(throughput) = class.throughput_per_second {
            out += &format!("throughput_per_second = {throughput}\n");
        }
        if let Some(floor) = class.floor_per_minute {
            out += &format!("floor_per_minute = {floor}\n");
        }
    }
    let limits = &standards.limits;
    out += "\n[limits]\n";
    for (name, value) in [
        ("memory_mb", limits.memory_mb),
        ("memory_ratio", limits.memory_ratio),
        ("cpu_ratio", limits.cpu_ratio),
        ("disk_ratio", limits.disk_ratio),
        ("disk_iops", limits.disk_iops),
        ("network_mbit_per_second", limits.network_mbit_per_second),
        ("open_files_ratio", limits.open_files_ratio),
        ("error_rate", limits.error_rate),
        ("db_connections", limits.db_connections),
        ("cache_hit_rate", limits.cache_hit_rate),
        ("floor_per_minute", limits.floor_per_minute),
    ] {
        out += &format!("{name} = {value}\n");
    }
    if let Some(most) = limits.requests_per_second {
        out += &format!("requests_per_second = {most}\n");
    }
    let slow = &standards.slow;
    out += &format!(
        "\n[slow]\nrequest_seconds = {}\nquery_seconds = {}\nbottleneck_query_seconds = {}\n",
        slow.request.as_secs_f64(),
        slow.query.as_secs_f64(),
        slow.bottleneck_query.as_secs_f64()
    );
    let alerts = &standards.alerts;
    out += &format!(
        "\n[alerts]\nfire_after_seconds = {}\nresolve_after_seconds = {}\nrecover_ratio = {}\nflap_firings = {}\nlongest_resolve_seconds = {}\n",
        alerts.fire_after.as_secs_f64(),
        alerts.resolve_after.as_secs_f64(),
        alerts.recover_ratio,
        alerts.flap_firings,
        alerts.longest_resolve.as_secs_f64()
    );
    for (name, limit) in &standards.resources {
        out += &format!(
            "\n[{}]\nlimit = {limit}\n",
            plimsoll::config::join("resources", name)
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_can_be_read_again() {
        for profile in [Profile::Dev, Profile::Prod] {
            let standards = Standards::of(profile);
            let again = Standards::parse(&printed(&standards), Profile::Dev).unwrap();
            assert_eq!(again, standards);
        }
    }
}
