//! The command line.

mod alerts;
mod backup;
mod client;
mod config;
mod connect;
mod doctor;
mod export;
mod login;
mod manual;
mod notify;
mod place;
mod progress;
mod query;
mod report;
mod serve;
mod standards;
mod suggestions;
mod table;
mod target;
mod token;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use place::Place;

/// The load line for your services.
///
/// Exit codes: 0 good, 1 error, 2 wrong usage, 99 a standard failed.
#[derive(Debug, Parser)]
#[command(
    name = "plimsoll",
    version,
    arg_required_else_help = true,
    after_help = "Examples:
  plimsoll serve
  plimsoll connect python
  plimsoll doctor
  plimsoll query http_requests --field duration:p95 --group-by route --start -1h
  plimsoll backup /backups/plimsoll-monday
  plimsoll COMMAND --help"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the server.
    Serve(serve::Serve),
    /// Prints what to paste so that a service sends here.
    Connect(connect::ConnectCommand),
    /// Looks for what is wrong, and says how to set it right.
    Doctor(doctor::DoctorCommand),
    /// Asks a server whether it is well.
    Health(doctor::HealthCommand),
    /// Asks for stored rows or their aggregates.
    Query(query::QueryCommand),
    /// Writes stored rows to standard output.
    Export(export::ExportCommand),
    /// Copies all data to a new folder, while a server goes on.
    Backup(backup::BackupCommand),
    /// Makes a data folder from a backup.
    Restore(backup::RestoreCommand),
    /// Prints what a shell needs to complete the commands.
    Completions(manual::CompletionsCommand),
    /// Prints the manual page, or writes those of all commands into a folder.
    Man(manual::ManCommand),
    /// Makes, lists and revokes access tokens.
    Token(token::TokenCommand),
    /// Shows what fires, ends and silences it, and tries other thresholds on the past.
    Alerts(alerts::AlertsCommand),
    /// Shows what a model says of what is found, or asks it now.
    Suggestions(suggestions::SuggestionsCommand),
    /// Checks and prints what services are judged by.
    Standards(standards::StandardsCommand),
    /// Writes what happened to a service over a stretch of time.
    Report(report::ReportCommand),
    /// Prints a link that logs a browser in.
    Login(login::LoginCommand),
    /// Shows where alerts are told, and tries it.
    Notify(notify::NotifyCommand),
    /// Shows how the server is configured.
    Config(config::ConfigCommand),
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    run_with(std::env::args_os())
}

fn run_with(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            return ExitCode::from(code);
        }
    };
    let result = match cli.command {
        Command::Serve(command) => serve::run(&command),
        Command::Connect(command) => read_enough(connect::run(&command)),
        Command::Doctor(command) => doctor::run(&command),
        Command::Health(command) => doctor::run_health(&command),
        Command::Query(command) => read_enough(query::run(&command)),
        Command::Export(command) => read_enough(export::run(&command)),
        Command::Backup(command) => backup::run(&command),
        Command::Restore(command) => backup::run_restore(&command),
        Command::Completions(command) => read_enough(manual::run_completions(&command)),
        Command::Man(command) => read_enough(manual::run_man(&command)),
        Command::Token(command) => read_enough(token::run(&command)),
        Command::Alerts(command) => read_enough(alerts::run(&command)),
        Command::Suggestions(command) => read_enough(suggestions::run(&command)),
        Command::Standards(command) => read_enough(standards::run(&command)),
        Command::Report(command) => read_enough(report::run(&command)),
        Command::Login(command) => read_enough(login::run(&command)),
        Command::Notify(command) => read_enough(notify::run(&command)),
        Command::Config(command) => read_enough(config::run(&command)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

fn report(error: &anyhow::Error) {
    complain("error:", "\x1b[31m", &format!("{error:#}"));
}

/// Tells what was done, beside what is printed for other programs.
fn note(message: &str) {
    complain("plimsoll:", "\x1b[32m", message);
}

/// Tells of something that is odd, but no error.
fn warn(notice: &str) {
    complain("warning:", "\x1b[33m", notice);
}

#[expect(clippy::print_stderr, reason = "the command's own message")]
fn complain(what: &str, colour: &str, message: &str) {
    let coloured = io::stderr().is_terminal() && !no_colour();
    let (on, off) = if coloured {
        (colour, "\x1b[0m")
    } else {
        ("", "")
    };
    eprintln!("{on}{what}{off} {message}");
}

/// A result could not be printed.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output")]
struct Unprinted(#[from] io::Error);

/// Whoever reads a result may leave before its end, as `head` does: no error.
fn read_enough(result: anyhow::Result<()>) -> anyhow::Result<()> {
    let left = |Unprinted(cause): &Unprinted| cause.kind() == io::ErrorKind::BrokenPipe;
    match result {
        Err(error) if error.downcast_ref().is_some_and(left) => Ok(()),
        result => result,
    }
}

/// Prints a result.
fn say(line: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}").map_err(Unprinted)?;
    Ok(out.flush().map_err(Unprinted)?)
}

/// Whether the user asked for no colours (<https://no-color.org>).
fn no_colour() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}
