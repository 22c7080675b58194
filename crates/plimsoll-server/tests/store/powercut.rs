//! What a power cut leaves of a folder: undoes, by the log of `tests/powercut/shim.c`, what was not synced.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::rows::Random;

const PAGE: u64 = 4096;

/// Compiles the shim.
pub(crate) fn build(dir: &Path) -> PathBuf {
    let library = dir.join("shim.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/powercut/shim.c");
    let built = Command::new("cc")
        .args(["-O1", "-shared", "-fPIC", "-o"])
        .arg(&library)
        .args([source, "-ldl", "-lpthread"])
        .status();
    assert!(built.expect("a C compiler").success());
    library
}

/// What a process under the shim did since its begin.
pub(crate) struct Log {
    data: PathBuf,
    log: PathBuf,
    kept: PathBuf,
}

/// One thing to undo.
enum Step {
    Write {
        inode: u64,
        offset: u64,
        old_length: u64,
        old: Vec<u8>,
    },
    Truncate {
        inode: u64,
        old_length: u64,
        cut: Vec<u8>,
    },
    Make(PathBuf),
    Remove(PathBuf, PathBuf),
    Rename(PathBuf, PathBuf, PathBuf),
}

/// What a sync makes last: a file's data or a folder's names, by inode.
type Synced = u64;

impl Log {
    pub(crate) fn begin(place: &Path, data: &Path) -> Log {
        let log = Log {
            data: data.into(),
            log: place.join("log"),
            kept: place.join("kept"),
        };
        let _ = fs::remove_file(&log.log);
        let _ = fs::remove_dir_all(&log.kept);
        fs::create_dir_all(&log.kept).unwrap();
        log
    }

    pub(crate) fn attach(&self, shim: &Path, command: &mut Command) {
        command
            .env("LD_PRELOAD", shim)
            .env("SHIM_DIR", &self.data)
            .env("SHIM_LOG", &self.log)
            .env("SHIM_KEEP", &self.kept);
    }

    /// Takes away what was not synced; of some files and folders a part of it, as far as a disk may have come.
    pub(crate) fn cut(&self, random: &mut Random) {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let inodes = inodes(&[&self.data, &self.kept]);
        let mut pending: Vec<(Synced, Step)> = Vec::new();
        for line in whole.lines() {
            match parse(line) {
                Line::Synced(inode) => pending.retain(|(of, _)| *of != inode),
                Line::Step(of, step) => pending.push((of, step)),
            }
        }
        // As if the disk had come so far with each file and folder.
        let mut counts: BTreeMap<Synced, usize> = BTreeMap::new();
        pending
            .iter()
            .for_each(|(of, _)| *counts.entry(*of).or_default() += 1);
        let mut done: BTreeMap<Synced, usize> = counts
            .iter()
            .map(|(of, count)| {
                (
                    *of,
                    if random.below(2) == 0 {
                        0
                    } else {
                        random.below(count + 1)
                    },
                )
            })
            .collect();
        let mut undone = Vec::new();
        let mut torn = BTreeSet::new();
        for (of, step) in pending {
            match done.get_mut(&of).filter(|left| **left > 0) {
                Some(left) => *left -= 1,
                // The first that is lost may be half there.
                None => undone.push((torn.insert(of) && random.below(2) == 0, step)),
            }
        }
        for (half, step) in undone.into_iter().rev() {
            step.undo(half, &inodes, random);
        }
    }
}

fn inodes(tops: &[&Path]) -> BTreeMap<u64, PathBuf> {
    let mut found = BTreeMap::new();
    let mut open: Vec<PathBuf> = tops.iter().map(PathBuf::from).collect();
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let about = fs::metadata(&path).unwrap();
            if about.is_dir() {
                open.push(path);
            } else {
                // The kept link outlives what happens to names; it is looked at last and wins.
                found.insert(about.ino(), path);
            }
        }
    }
    found
}

enum Line {
    Synced(Synced),
    Step(Synced, Step),
}

fn parse(line: &str) -> Line {
    let words: Vec<&str> = line.split(' ').collect();
    let number = |at: usize| words[at].parse::<u64>().unwrap();
    let bytes = |at: usize| -> Vec<u8> {
        let hex = words.get(at).copied().unwrap_or_default();
        (0..hex.len() / 2)
            .map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap())
            .collect()
    };
    let folder = |at: usize| {
        fs::metadata(Path::new(words[at]).parent().unwrap()).map_or(0, |about| about.ino())
    };
    let path = |at: usize| PathBuf::from(words[at]);
    match words[0] {
        "S" => Line::Synced(number(1)),
        "W" => Line::Step(
            number(1),
            Step::Write {
                inode: number(1),
                offset: number(2),
                old_length: number(3),
                old: bytes(5),
            },
        ),
        "T" => Line::Step(
            number(1),
            Step::Truncate {
                inode: number(1),
                old_length: number(2),
                cut: bytes(3),
            },
        ),
        "C" | "M" => Line::Step(folder(1), Step::Make(path(1))),
        "U" => Line::Step(folder(1), Step::Remove(path(1), path(2))),
        "R" => Line::Step(folder(2), Step::Rename(path(1), path(2), path(3))),
        other => panic!("{other}"),
    }
}

impl Step {
    fn undo(self, half: bool, inodes: &BTreeMap<u64, PathBuf>, random: &mut Random) {
        let open = |inode: u64| -> Option<File> {
            OpenOptions::new()
                .write(true)
                .open(inodes.get(&inode)?)
                .ok()
        };
        match self {
            Step::Write {
                inode,
                offset,
                old_length,
                old,
            } => {
                let Some(file) = open(inode) else { return };
                let end = file.metadata().unwrap().len();
                let written = end.saturating_sub(offset).max(1);
                let reached = if half {
                    (offset + random.below(written as usize) as u64) / PAGE * PAGE
                } else {
                    offset
                };
                let skipped = (reached.saturating_sub(offset) as usize).min(old.len());
                file.write_all_at(&old[skipped..], offset + skipped as u64)
                    .unwrap();
                file.set_len(old_length.max(reached.min(end))).unwrap();
            }
            Step::Truncate {
                inode,
                old_length,
                cut,
            } => {
                let Some(file) = open(inode) else { return };
                file.set_len(old_length).unwrap();
                file.write_all_at(&cut, old_length - cut.len() as u64)
                    .unwrap();
            }
            // What an undone write or name left on the way may be missing here: then there is nothing to undo.
            Step::Make(path) if path.is_dir() => drop(fs::remove_dir_all(path)),
            Step::Make(path) => drop(fs::remove_file(path)),
            Step::Remove(path, kept) => drop(fs::hard_link(kept, path)),
            Step::Rename(from, to, kept) => {
                drop(fs::rename(&to, from));
                drop(fs::hard_link(kept, to));
            }
        }
    }
}
