//! `plimsoll export`.

use std::io::{BufWriter, Write};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use http_body_util::BodyExt;

use super::Unprinted;
use super::client::{Remote, query_string};
use super::progress::Line;
use super::target::{Target, TargetFlags, block_on};
use crate::api::v1::time;
use crate::export::{Export, ExportError, Exported, Format};
use crate::store::table::Nanos;
use crate::tick;

/// Writes stored rows to standard output.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  plimsoll export --format lp > backup.lp
  plimsoll export --measurement http_requests --start -24h --format csv > day.csv
  plimsoll export --url http://127.0.0.1:1876 --format lp | curl --data-binary @- http://other:1876/write

Times are RFC 3339, epoch milliseconds, or relative to now (-7d).
What is known to be missing stands in lines at the end that begin with `# missing:`, and the exit code is 1.
Line protocol has no distributions: their count, sum and extremes are written as fields of their own.")]
pub(super) struct ExportCommand {
    #[command(flatten)]
    target: TargetFlags,
    /// Only this measurement; needed for csv.
    #[arg(long, value_name = "M")]
    measurement: Option<String>,
    /// First time [default: the oldest].
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    start: Option<String>,
    /// First time after the range [default: the newest].
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    end: Option<String>,
    /// How rows are written.
    #[arg(long, value_enum, default_value = "lp")]
    format: FormatName,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FormatName {
    /// InfluxDB line protocol.
    Lp,
    /// Comma-separated values.
    Csv,
    /// Apache Parquet, where the program was built with the cargo feature `parquet`.
    Parquet,
}

pub(super) fn run(command: &ExportCommand) -> anyhow::Result<()> {
    let (format, name) = match command.format {
        FormatName::Lp => (Format::Lines, "lp"),
        FormatName::Csv => (Format::Csv, "csv"),
        FormatName::Parquet => (Format::Parquet, "parquet"),
    };
    let now = tick::now();
    let time = |flag: &str, text: &Option<String>, otherwise: Nanos| match text {
        Some(text) => {
            time::parse(text, now).with_context(|| format!("{flag} {text} is no time; see --help"))
        }
        None => Ok(otherwise),
    };
    let (start, end) = (
        time("--start", &command.start, 0)?,
        time("--end", &command.end, Nanos::MAX)?,
    );
    match command.target.open()? {
        Target::Store(store) => {
            let export = Export {
                measurement: command.measurement.clone(),
                start,
                end,
                format,
            };
            let mut out = BufWriter::new(std::io::stdout().lock());
            let mut line = Line::new();
            let exported = export.write(&store, &mut out, &mut |progress| {
                line.show(|| format!("{}: {} rows", progress.measurement, progress.rows));
            });
            let exported = match exported {
                Err(ExportError::Write(cause)) => return Err(Unprinted(cause).into()),
                exported => exported?,
            };
            out.flush().map_err(Unprinted)?;
            complete(exported.missing.first().map(String::as_str))
        }
        Target::Server(remote) => {
            let mut params = vec![("format".to_owned(), name.to_owned())];
            let given = [
                ("start", &command.start),
                ("end", &command.end),
                ("measurement", &command.measurement),
            ];
            for (name, value) in given {
                params.extend(value.clone().map(|value| (name.to_owned(), value)));
            }
            block_on(receive(&remote, &params))
        }
    }
}

/// Whether everything was there.
fn complete(missing: Option<&str>) -> anyhow::Result<()> {
    match missing {
        None => Ok(()),
        Some(first) => bail!("rows are missing, the end of the output tells which: {first}"),
    }
}

/// Bytes at the end of an export in which its notes lie.
const END_BYTES: usize = 64 << 10;

async fn receive(remote: &Remote, params: &[(String, String)]) -> anyhow::Result<()> {
    let path = format!("/api/v1/export?{}", query_string(params));
    let response = remote.send("GET", &path, None).await?;
    let mut body = response.into_body();
    let mut out = std::io::stdout().lock();
    let mut line = Line::new();
    let (mut received, mut end) = (0, Vec::new());
    while let Some(frame) = body.frame().await {
        let frame = frame.context("the server broke the export off; its log says why")?;
        if let Ok(data) = frame.into_data() {
            received += data.len();
            end.extend_from_slice(&data);
            end.drain(..end.len().saturating_sub(END_BYTES));
            out.write_all(&data).map_err(Unprinted)?;
            line.show(|| format!("{} MB", received / 1_000_000));
        }
    }
    out.flush().map_err(Unprinted)?;
    let end = String::from_utf8_lossy(&end);
    let mut lines = end.lines();
    complete(lines.find_map(|line| line.strip_prefix(Exported::NOTE)))
}
