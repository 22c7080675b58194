//! `plimsoll standards`.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::{Args, Subcommand};
use plimsoll::config::Profile;
use plimsoll::standards::{Bands, CPU_THRESHOLD, Standards, json_schema};

use super::{note, say};
use crate::config::thresholds::OfEnvironment;

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
    /// Whose numbers hold where the file says nothing: dev, prod or home-assistant [default: PLIMSOLL_PROFILE, or dev].
    #[arg(long)]
    profile: Option<String>,
}

/// The file that is read when none is named.
const DEFAULT_FILE: &str = "standards.toml";
/// Variables that name the profile for a server, the first one first.
const PROFILES: [&str; 2] = ["PLIMSOLL_JUDGE_PROFILE", "PLIMSOLL_PROFILE"];

pub(super) fn run(command: &StandardsCommand) -> anyhow::Result<()> {
    match &command.what {
        What::Check(file) => {
            let (standards, from) = file.read(&OfEnvironment::of_process()?)?;
            let classes = standards.classes.len();
            say(&format!(
                "{from}: {classes} classes, profile {}",
                standards.profile.as_str()
            ))
        }
        What::Print(file) => {
            let environment = OfEnvironment::of_process()?;
            let (standards, from) = file.read(&environment)?;
            note(&format!("standards of {from}"));
            say(printed(&standards, &environment).trim_end())
        }
        What::Schema => say(json_schema().trim_end()),
    }
}

impl File {
    /// What is in force with the file, and where that was read.
    fn read(&self, environment: &OfEnvironment) -> anyhow::Result<(Standards, String)> {
        let (mut standards, from) = self.of_file(self.profile()?)?;
        environment.lay_over(&mut standards);
        Ok((standards, from))
    }

    fn profile(&self) -> anyhow::Result<Profile> {
        let of_variable = || {
            let set = |name| Some((name, std::env::var(name).ok().filter(|it| !it.is_empty())?));
            PROFILES.into_iter().find_map(set)
        };
        let of_flag = self.profile.clone().map(|profile| ("--profile", profile));
        let Some((name, profile)) = of_flag.or_else(of_variable) else {
            return Ok(Profile::default());
        };
        Profile::named(&profile).with_context(|| {
            format!("{name} must be dev, prod or home-assistant, but is {profile:?}")
        })
    }

    fn of_file(&self, profile: Profile) -> anyhow::Result<(Standards, String)> {
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

/// As a file that says all of it; what comes from the environment says so.
fn printed(standards: &Standards, environment: &OfEnvironment) -> String {
    let origin = |threshold: &str| match environment.variable(threshold) {
        Some(variable) => format!("  # environment {variable}"),
        None => String::new(),
    };
    let mut out = format!(
        "profile = \"{}\"\nobjective_days = {}\n",
        standards.profile.as_str(),
        standards.objective_days
    );
    for class in &standards.classes {
        let key = plimsoll::config::join("classes", &class.name);
        out += &format!(
            "\n[{key}]\n{}objective = {}\n",
            of_bands(&class.bands),
            class.objective
        );
        if let Some(throughput) = class.throughput_per_second {
            out += &format!("throughput_per_second = {throughput}\n");
        }
        if let Some(floor) = class.floor_per_minute {
            out += &format!("floor_per_minute = {floor}\n");
        }
    }
    for (route, class, bands) in standards.routes() {
        let quoted = serde_json::Value::from(route);
        out += &format!("\n[[routes]]\nroute = {quoted}\n");
        if let Some(class) = class {
            out += &format!("class = {}\n", serde_json::Value::from(class));
        }
        if let Some(bands) = bands {
            out += &of_bands(&bands);
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
        let origin = match name {
            "memory_mb" => origin("high_memory_threshold"),
            "cpu_ratio" => origin(CPU_THRESHOLD),
            "error_rate" => origin("error_rate_threshold"),
            _ => String::new(),
        };
        out += &format!("{name} = {value}{origin}\n");
    }
    if let Some(most) = limits.requests_per_second {
        out += &format!("requests_per_second = {most}\n");
    }
    let slow = &standards.slow;
    out += &format!(
        "\n[slow]\nrequest_seconds = {}{}\nquery_seconds = {}{}\nbottleneck_query_seconds = {}\n",
        slow.request.as_secs_f64(),
        origin("slow_request_threshold"),
        slow.query.as_secs_f64(),
        origin("slow_query_threshold"),
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

fn of_bands(bands: &Bands) -> String {
    let ms = |secs: f64| (secs * 1e6).round() / 1e3;
    format!(
        "target_ms = {}\nacceptable_ms = {}\ninvestigate_ms = {}\n",
        ms(bands.target),
        ms(bands.acceptable),
        ms(bands.investigate)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_of_ones_own_are_printed() {
        let own = "[[routes]]\nroute = \"POST /checkout\"\nclass = \"external\"\n\
                   [[routes]]\nroute = \"/\"\ntarget_ms = 1\nacceptable_ms = 2\ninvestigate_ms = 3\n";
        let standards = Standards::parse(own, Profile::Dev).unwrap();
        let printed = printed(&standards, &OfEnvironment::default());
        assert_eq!(
            Standards::parse(&printed, Profile::Dev).unwrap(),
            standards,
            "{printed}"
        );
        let of_class = "[classes.checkout]\ninvestigate_ms = 900\nroutes = [\"POST /checkout\"]";
        let standards = Standards::parse(of_class, Profile::Dev).unwrap();
        let printed = super::printed(&standards, &OfEnvironment::default());
        let again = Standards::parse(&printed, Profile::Dev).unwrap();
        assert_eq!(&*again.expected("POST", "/checkout").class.name, "checkout");
    }

    #[test]
    fn what_is_printed_can_be_read_again() {
        for profile in [Profile::Dev, Profile::Prod] {
            let standards = Standards::of(profile);
            let printed = printed(&standards, &OfEnvironment::default());
            let again = Standards::parse(&printed, Profile::Dev).unwrap();
            assert_eq!(again, standards);
        }
    }

    #[test]
    fn what_the_environment_sets_is_printed_with_its_variable() {
        let environment = OfEnvironment::of([("MAX_MEMORY_USAGE_MB", "1024")]).unwrap();
        let mut standards = Standards::default();
        environment.lay_over(&mut standards);
        let printed = printed(&standards, &environment);
        let line = "memory_mb = 1024  # environment MAX_MEMORY_USAGE_MB";
        assert!(printed.lines().any(|found| found == line), "{printed}");
        assert_eq!(Standards::parse(&printed, Profile::Dev).unwrap(), standards);
    }
}
