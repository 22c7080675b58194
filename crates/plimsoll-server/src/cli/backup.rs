//! `plimsoll backup` and `plimsoll restore`.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;

use super::client::query_string;
use super::progress::Line;
use super::target::{Target, TargetFlags, block_on};
use super::{Place, say};
use crate::config::Layers;
use crate::meta::Meta;
use crate::store::backup::{self, Copied};
use crate::tick;

/// Copies all data to a new folder, while a server goes on.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  plimsoll backup /backups/plimsoll-monday
  plimsoll backup --data /var/lib/plimsoll /backups/plimsoll-monday
  plimsoll backup --url http://127.0.0.1:1876 /backups/plimsoll-monday

A server that holds the data makes the copy itself, so the folder is one of its machine.")]
pub(super) struct BackupCommand {
    /// The folder to make.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    #[command(flatten)]
    target: TargetFlags,
}

/// Makes a data folder from a backup, checking every byte.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  plimsoll restore /backups/plimsoll-monday --data ./restored
  plimsoll serve --data ./restored")]
pub(super) struct RestoreCommand {
    /// The backup.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(command: &BackupCommand) -> anyhow::Result<()> {
    let folder =
        std::path::absolute(&command.folder).context("cannot tell the folder's full path")?;
    match command.target.open()? {
        Target::Store(store) => {
            let meta = Meta::open(&store.config().dir, tick::now())?;
            let copied = watched(&folder, || store.backup(Some(&meta), &folder, tick::now()))?;
            tell("copied", copied, &folder)
        }
        Target::Server(remote) => {
            let Some(path) = folder.to_str() else {
                bail!(
                    "{} cannot be sent to the server: its name is no text",
                    folder.display()
                );
            };
            let params = [("folder".to_owned(), path.to_owned())];
            let answer = watched(&folder, || {
                block_on(async {
                    let path = format!("/api/v1/backup?{}", query_string(&params));
                    remote.ask("POST", &path, None).await
                })
            })?;
            let number = |name: &str| answer[name].as_u64().unwrap_or_default();
            let files = usize::try_from(number("files")).unwrap_or_default();
            tell(
                "copied",
                Copied {
                    files,
                    bytes: number("bytes"),
                },
                &folder,
            )
        }
    }
}

pub(super) fn run_restore(command: &RestoreCommand) -> anyhow::Result<()> {
    let config = Layers::load(&command.place.flags(), std::env::vars_os())?.config()?;
    let dir = &config.store.dir;
    let copied = watched(dir, || backup::restore(&command.folder, dir))?;
    tell("restored", copied, dir)
}

fn tell(done: &str, copied: Copied, folder: &Path) -> anyhow::Result<()> {
    let Copied { files, bytes } = copied;
    say(&format!(
        "{done} {files} files, {bytes} bytes to {}",
        folder.display()
    ))
}

/// Runs `work`, which fills `folder`, and shows meanwhile how much is there.
fn watched<T>(folder: &Path, work: impl FnOnce() -> T) -> T {
    let done = AtomicBool::new(false);
    let mut partial = folder.as_os_str().to_owned();
    partial.push(".partial");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut line = Line::new();
            while !done.load(Ordering::Relaxed) {
                line.show(|| format!("{} MB", size_of(Path::new(&partial)) / 1_000_000));
                std::thread::park_timeout(Duration::from_millis(100));
            }
        });
        let result = work();
        done.store(true, Ordering::Relaxed);
        result
    })
}

fn size_of(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => size_of(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}
