//! `plimsoll completions` and `plimsoll man`: made from the commands themselves.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Command, CommandFactory, ValueEnum};
use clap_complete::aot::{Generator, Shell, generate};
use clap_mangen::Man;

use super::{Cli, Unprinted, say};

/// Name of the program.
const PROGRAM: &str = "plimsoll";

/// Prints what a shell needs to complete the commands.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  source <(plimsoll completions bash)                                       for this shell
  plimsoll completions bash > ~/.local/share/bash-completion/completions/plimsoll
  plimsoll completions zsh > \"${fpath[1]}/_plimsoll\"
  plimsoll completions fish > ~/.config/fish/completions/plimsoll.fish")]
pub(super) struct CompletionsCommand {
    /// The shell.
    #[arg(value_enum)]
    shell: KnownShell,
}

/// A shell that can be told.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum KnownShell {
    Bash,
    Zsh,
    Fish,
}

/// Prints the manual page, or writes those of all commands into a folder.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  plimsoll man | man -l -
  plimsoll man ~/.local/share/man/man1")]
pub(super) struct ManCommand {
    /// The folder; made when it is not there.
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

pub(super) fn run_completions(command: &CompletionsCommand) -> anyhow::Result<()> {
    let shell = match command.shell {
        KnownShell::Bash => Shell::Bash,
        KnownShell::Zsh => Shell::Zsh,
        KnownShell::Fish => Shell::Fish,
    };
    print(&completions(shell))
}

pub(super) fn run_man(command: &ManCommand) -> anyhow::Result<()> {
    let mut cli = Cli::command();
    cli.build();
    let Some(folder) = &command.folder else {
        return print(&page(&cli)?);
    };
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let written = write_pages(&cli, folder)?;
    say(&format!("wrote {written} pages to {}", folder.display()))
}

fn completions(shell: impl Generator) -> Vec<u8> {
    let mut text = Vec::new();
    generate(shell, &mut Cli::command(), PROGRAM, &mut text);
    text
}

fn page(command: &Command) -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    let page = Man::new(command.clone());
    page.render(&mut text).context("cannot make the page")?;
    Ok(text)
}

/// Writes the pages of a command and of those below it, and counts them.
fn write_pages(command: &Command, folder: &Path) -> anyhow::Result<usize> {
    let name = command.get_display_name().unwrap_or(PROGRAM);
    let path = folder.join(format!("{name}.1"));
    fs::write(&path, page(command)?).with_context(|| format!("cannot write {}", path.display()))?;
    let below = command.get_subcommands();
    let below = below.filter(|command| command.get_name() != "help");
    below
        .map(|command| write_pages(command, folder))
        .try_fold(1, |all, more| Ok(all + more?))
}

fn print(text: &[u8]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text).map_err(Unprinted)?;
    Ok(out.flush().map_err(Unprinted)?)
}
