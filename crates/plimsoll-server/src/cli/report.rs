//! `plimsoll report`.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use http_body_util::BodyExt;

use super::client::{Remote, query_string};
use super::progress::Line;
use super::target::{Target, TargetFlags, block_on};
use super::{Unprinted, note};
use crate::api::v1::time;

/// Writes what happened to a service over a stretch of time, for people who were not there.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  plimsoll report --service shop
  plimsoll report --service shop --since 24h --output shop.html
  plimsoll report --service shop --since 2027-01-01T00:00:00Z --format json | jq .alerts
  plimsoll report --service shop --url https://plimsoll.example.org --token-file token --output shop.md

A period is at most 90 days long. The page (html) has its charts within it and can be sent and printed as it is.")]
pub(super) struct ReportCommand {
    /// Which service.
    #[arg(long, value_name = "NAME")]
    service: String,
    /// Since then, or for so long: 7d, -7d, RFC 3339, epoch milliseconds.
    #[arg(
        long,
        value_name = "T",
        default_value = "7d",
        allow_hyphen_values = true
    )]
    since: String,
    /// How it is written [default: as the output's name ends (.md, .html, .json), else markdown].
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The file to write [default: standard output].
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    target: TargetFlags,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// GitHub's Markdown.
    Markdown,
    /// A page with charts.
    Html,
    /// For programs.
    Json,
}

pub(super) fn run(command: &ReportCommand) -> anyhow::Result<()> {
    let format = match (command.format, &command.output) {
        (Some(format), _) => format,
        (None, Some(file)) => Format::of_file(file)?,
        (None, None) => Format::Markdown,
    };
    let remote = match command.target.open()? {
        Target::Server(remote) => remote,
        Target::Store(_) => {
            bail!("no server runs on this folder: reports are made by one, for it is what judges")
        }
    };
    let params = [
        ("service", command.service.clone()),
        ("since", since(&command.since)),
        ("format", format.name().to_owned()),
    ];
    let params = params.map(|(name, value)| (name.to_owned(), value));
    let path = format!("/api/performance/report?{}", query_string(&params));
    let report = block_on(fetch(&remote, &path))?;
    let Some(file) = &command.output else {
        let mut out = std::io::stdout().lock();
        out.write_all(&report).map_err(Unprinted)?;
        return Ok(out.flush().map_err(Unprinted)?);
    };
    std::fs::write(file, &report).with_context(|| format!("cannot write {}", file.display()))?;
    note(&format!(
        "wrote {}, {} kB",
        file.display(),
        report.len().div_ceil(1_000)
    ));
    Ok(())
}

/// Asks for the report, and shows on a terminal that it is being made.
async fn fetch(remote: &Remote, path: &str) -> anyhow::Result<Vec<u8>> {
    let mut line = Line::new();
    let mut asked = std::pin::pin!(remote.send("GET", path, None));
    let mut look = tokio::time::interval(std::time::Duration::from_millis(100));
    let response = loop {
        tokio::select! {
            response = &mut asked => break response?,
            _ = look.tick() => line.show(|| "the server makes the report".to_owned()),
        }
    };
    let mut body = response.into_body();
    let mut received = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.context("the answer broke off")?;
        if let Ok(data) = frame.into_data() {
            received.extend_from_slice(&data);
            line.show(|| format!("{} kB", received.len() / 1_000));
        }
    }
    Ok(received)
}

/// A bare length is one that is over: `7d` as `-7d`.
fn since(text: &str) -> String {
    match time::duration(text) {
        Some(_) => format!("-{}", text.trim()),
        None => text.to_owned(),
    }
}

impl Format {
    /// As the interface calls it.
    fn name(self) -> &'static str {
        match self {
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Json => "json",
        }
    }

    /// The format that a file's name ends with.
    fn of_file(file: &Path) -> anyhow::Result<Self> {
        let extension = file.extension().map(|end| end.to_ascii_lowercase());
        match extension.as_deref().and_then(|end| end.to_str()) {
            Some("md" | "markdown") => Ok(Self::Markdown),
            Some("html" | "htm") => Ok(Self::Html),
            Some("json") => Ok(Self::Json),
            _ => bail!(
                "--output {}: its name does not end with .md, .html or .json; say --format markdown, html or json",
                file.display()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_that_of_the_file() {
        let of = |name: &str| Format::of_file(Path::new(name));
        assert_eq!(of("a/shop.MD").unwrap(), Format::Markdown);
        assert_eq!(of("shop.htm").unwrap(), Format::Html);
        assert_eq!(of("shop.json").unwrap(), Format::Json);
        for odd in ["shop", "shop.pdf"] {
            let error = of(odd).unwrap_err().to_string();
            assert!(error.contains(odd) && error.contains("--format"), "{error}");
        }
    }

    #[test]
    fn a_length_is_one_that_is_over() {
        assert_eq!(since("7d"), "-7d");
        assert_eq!(since("1h30m"), "-1h30m");
        for time in ["-7d", "2027-01-04T08:00:00Z", "1766000000000", "soon"] {
            assert_eq!(since(time), time);
        }
    }
}
