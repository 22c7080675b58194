//! Opening a day file: from commit to commit backwards; where one is damaged, frame by frame, keeping what is whole.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use super::block::{self, Block};
use super::commit::{self, Commit, SealedRun};
use super::damage::Damage;
use super::error::StoreError;
use super::frame::{self, Found, Frames, HEADER, Hole, Kind};

/// What a day file holds.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// Up to here the file counts.
    pub(crate) length: u64,
    /// In the order of the file.
    pub(crate) commits: Vec<Commit>,
    /// Of blocks whose commit is lost.
    pub(crate) runs: Vec<Arc<SealedRun>>,
    pub(crate) damage: Vec<Damage>,
}

/// Reads what a file holds. Blocks without a commit count, unless their seal is `live`: then it will be done again.
pub(crate) fn read(file: &File, path: &Path, live: &BTreeSet<u64>) -> Result<Contents, StoreError> {
    let size = file
        .metadata()
        .map_err(|source| StoreError::io("read", path, source))?
        .len();
    let (head, mut walk) = (head(file, size, path)?, Walk::new(path));
    let mut end = size;
    let mut commits = Vec::new();
    while Some(end) != head {
        let Some(commit) = commit_before(file, end) else {
            break;
        };
        end = commit.start;
        commits.push(commit);
    }
    if Some(end) != head && size > 0 {
        walk.frames(file, end)?;
    }
    let whole = commits.is_empty();
    if whole {
        walk.tail(size, live);
    } else {
        walk.keep_pending();
        walk.contents.length = size;
    }
    let mut contents = walk.contents;
    contents.commits.extend(commits.into_iter().rev());
    contents.length = contents.length.max(head.unwrap_or(0));
    Ok(contents)
}

/// The end of the file's first frame; `None` when that is damaged.
fn head(file: &File, size: u64, path: &Path) -> Result<Option<u64>, StoreError> {
    match Frames::new(file, 0, size).next() {
        Some(Found::Frame(frame)) => Ok((frame.kind == Kind::File).then(|| frame.end())),
        Some(Found::Foreign { format }) => newer(format, path).map(|()| None),
        Some(Found::Hole(_)) => Ok(None),
        None => Ok(Some(0)),
    }
}

fn newer(format: u8, path: &Path) -> Result<(), StoreError> {
    if format > frame::FORMAT {
        return Err(StoreError::NewerFormat {
            path: path.into(),
            found: format,
            reads: frame::FORMAT,
        });
    }
    Ok(())
}

/// The commit that ends here.
fn commit_before(file: &File, end: u64) -> Option<Commit> {
    let mut length = [0; 4];
    file.read_exact_at(&mut length, end.checked_sub(4)?).ok()?;
    let length = u32::from_le_bytes(length) as usize + HEADER;
    let start = end.checked_sub(length as u64)?;
    let frame =
        frame::read_known(file, start, length).filter(|frame| frame.kind == Kind::Commit)?;
    Commit::decode(&frame.payload)
        .ok()
        .filter(|commit| commit.start <= start)
}

/// The runs that commits speak of; blocks are looked at one by one where an index is damaged.
pub(crate) fn index(
    file: &File,
    path: &Path,
    commits: &[Commit],
) -> (Vec<Arc<SealedRun>>, Vec<Damage>) {
    let (mut runs, mut damage) = (Vec::new(), Vec::new());
    for commit in commits {
        let Some((offset, length)) = commit.index else {
            continue;
        };
        match index_at(file, offset, length as usize) {
            Some(found) => runs.extend(found),
            None => {
                damage.push(Damage::bytes(
                    path,
                    offset,
                    offset + u64::from(length),
                    false,
                ));
                let mut walk = Walk::new(path);
                // Another format inside was refused when the file was opened.
                let _ = Frames::new(file, commit.start, offset)
                    .try_for_each(|found| walk.found(file, found));
                walk.keep_pending();
                runs.extend(walk.contents.runs);
                damage.extend(walk.contents.damage);
            }
        }
    }
    (runs, damage)
}

fn index_at(file: &File, offset: u64, length: usize) -> Option<Vec<Arc<SealedRun>>> {
    let frame =
        frame::read_known(file, offset, length).filter(|frame| frame.kind == Kind::Index)?;
    let runs = commit::decode_index(&frame.payload).ok()?;
    Some(runs.into_iter().map(Arc::new).collect())
}

/// Goes through a file, and remembers what no commit has spoken for yet.
struct Walk<'a> {
    path: &'a Path,
    contents: Contents,
    blocks: Vec<(u64, u32, Block)>,
    holes: Vec<Hole>,
    /// An index that came behind the blocks.
    index: Option<Vec<SealedRun>>,
    /// Where the last commit (or the head) ends.
    settled: u64,
}

impl<'a> Walk<'a> {
    fn new(path: &'a Path) -> Walk<'a> {
        let contents = Contents::default();
        Walk {
            path,
            contents,
            blocks: Vec::new(),
            holes: Vec::new(),
            index: None,
            settled: 0,
        }
    }

    fn frames(&mut self, file: &File, end: u64) -> Result<(), StoreError> {
        Frames::new(file, 0, end).try_for_each(|found| self.found(file, found))
    }

    fn found(&mut self, file: &File, found: Found) -> Result<(), StoreError> {
        match found {
            Found::Hole(hole) => self.holes.push(hole),
            Found::Foreign { format } => newer(format, self.path)?,
            Found::Frame(frame) => {
                let (start, end) = (frame.start, frame.end());
                let understood = match frame.kind {
                    Kind::File => {
                        self.settled = end;
                        true
                    }
                    Kind::Batch | Kind::Padding => false,
                    Kind::Block => {
                        let block = block::decode(frame.payload).ok();
                        block
                            .map(|block| self.blocks.push((start, (end - start) as u32, block)))
                            .is_some()
                    }
                    Kind::Index => {
                        self.index = commit::decode_index(&frame.payload).ok();
                        self.index.is_some()
                    }
                    Kind::Commit => {
                        let commit = Commit::decode(&frame.payload).ok();
                        commit
                            .map(|commit| self.commit(file, commit, end))
                            .is_some()
                    }
                };
                if !understood {
                    self.holes.push(Hole {
                        start,
                        end,
                        unfinished: false,
                    });
                }
            }
        }
        Ok(())
    }

    /// What stands behind `commit.start` is its; what stands before has lost its commit.
    fn commit(&mut self, file: &File, commit: Commit, end: u64) {
        let own = |start: u64| start >= commit.start;
        let blocks = std::mem::take(&mut self.blocks);
        let (_, lost): (Vec<_>, Vec<_>) = blocks.into_iter().partition(|(start, ..)| own(*start));
        let (inside, before): (Vec<_>, Vec<_>) =
            self.holes.drain(..).partition(|hole| own(hole.start));
        let index = self.index.take();
        (self.blocks, self.holes) = (lost, before);
        self.keep_pending();
        let runs = index.or_else(|| {
            let (offset, length) = commit.index?;
            index_at(file, offset, length as usize)
                .map(|runs| runs.iter().map(|run| (**run).clone()).collect())
        });
        self.report(&inside, runs.as_deref().unwrap_or_default());
        self.settled = end;
        self.contents.length = end;
        self.contents.commits.push(commit);
    }

    /// Blocks that have lost their commit are kept, by their index if that is whole.
    fn keep_pending(&mut self) {
        let blocks = std::mem::take(&mut self.blocks);
        let holes = std::mem::take(&mut self.holes);
        let index = self.index.take();
        let mut runs = Vec::new();
        for (offset, length, block) in &blocks {
            commit::add_block(&mut runs, block, *offset, *length);
        }
        self.report(&holes, index.as_deref().unwrap_or_default());
        if blocks.is_empty() {
            return;
        }
        let mut commit = Commit {
            start: self.settled,
            ..Commit::default()
        };
        for (.., block) in &blocks {
            commit.seal = commit.seal.max(block.seal);
            commit.add_salvaged(block);
        }
        self.contents.commits.push(commit);
        self.contents.runs.extend(runs.into_iter().map(Arc::new));
    }

    /// Tells holes, by the blocks that were in them where an index knows.
    fn report(&mut self, holes: &[Hole], runs: &[SealedRun]) {
        for hole in holes {
            let mut known = false;
            for (run, block) in runs
                .iter()
                .flat_map(|run| run.blocks.iter().map(move |block| (run, block)))
            {
                if block.offset < hole.end && block.offset + u64::from(block.length) > hole.start {
                    self.contents
                        .damage
                        .push(Damage::block(self.path, run, block));
                    known = true;
                }
            }
            if !known {
                self.contents.damage.push(Damage::bytes(
                    self.path,
                    hole.start,
                    hole.end,
                    hole.unfinished,
                ));
            }
        }
    }

    /// What stands behind the last commit of the file.
    fn tail(&mut self, size: u64, live: &BTreeSet<u64>) {
        let again = match self.blocks.last() {
            Some((.., block)) => live.contains(&block.seal),
            // Nothing readable was written behind the last commit: a seal that had just begun.
            None => self.holes.iter().all(|hole| hole.unfinished),
        };
        if again {
            self.blocks.clear();
            self.holes.clear();
            self.index = None;
            self.contents.length = self.settled;
        } else {
            self.keep_pending();
            self.contents.length = size;
        }
    }
}
