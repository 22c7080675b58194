//! What the journal holds after a stop or a crash.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use super::damage::{Damage, nanos_of};
use super::error::StoreError;
use super::frame::{self, Found, Frames, Hole, Kind};
use super::memtable::Memtable;
use super::rows;
use super::schema::Schema;
use super::segment;
use super::series::SeriesIndex;
use super::table::{Batch, Nanos, Table};

/// A segment that was read.
#[derive(Debug)]
pub(crate) struct Replayed {
    pub(crate) memtable: Arc<Memtable>,
    /// Behind the last good frame.
    pub(crate) length: u64,
    /// What could not be read of it.
    pub(crate) damage: Vec<Damage>,
    /// Whether it can be written to again.
    pub(crate) usable: bool,
}

/// Reads all segments of a folder, oldest first.
pub(crate) fn replay(
    dir: &Path,
    index: &SeriesIndex,
    schema: &Schema,
) -> Result<Vec<Replayed>, StoreError> {
    segment::list(dir)?
        .into_iter()
        .map(|number| read(dir, number, index, schema))
        .collect()
}

fn read(
    dir: &Path,
    number: u64,
    index: &SeriesIndex,
    schema: &Schema,
) -> Result<Replayed, StoreError> {
    let path = segment::path(dir, number);
    let file = File::open(&path).map_err(|source| StoreError::io("open", &path, source))?;
    let size = file
        .metadata()
        .map_err(|source| StoreError::io("read", &path, source))?
        .len();
    let memtable = Memtable::new(number);
    let mut replayed = Replayed {
        memtable: Arc::new(memtable),
        length: 0,
        damage: Vec::new(),
        usable: false,
    };
    let mut holes = Holes::new(&path);
    let mut headed = false;
    for found in Frames::new(&file, 0, size) {
        match found {
            Found::Frame(frame) if frame.kind == Kind::File => {
                headed = segment::read_head(&frame.payload) == Ok(number);
                replayed.length = frame.end();
            }
            Found::Frame(frame) if frame.kind == Kind::Padding => replayed.length = frame.end(),
            Found::Frame(frame) => {
                match rows::read(&frame.payload, index).map(|batch| fitting(batch, schema)) {
                    Ok(batch) => {
                        holes.pass(time_range(&batch));
                        replayed.memtable.insert([batch]);
                    }
                    Err(_) => holes.add(Hole {
                        start: frame.start,
                        end: frame.end(),
                        unfinished: false,
                    }),
                }
                replayed.memtable.tidy();
                replayed.length = frame.end();
            }
            Found::Foreign { format } if format > frame::FORMAT => {
                return Err(StoreError::NewerFormat {
                    path,
                    found: format,
                    reads: frame::FORMAT,
                });
            }
            Found::Foreign { .. } => {}
            Found::Hole(hole) => holes.add(hole),
        }
    }
    // Rows that were written last are not much younger than the file's last change.
    let changed = file.metadata().and_then(|about| about.modified()).ok();
    replayed.damage = holes.finish(changed.and_then(nanos_of));
    replayed.usable = headed && replayed.damage.iter().all(|damage| damage.unfinished);
    Ok(replayed)
}

/// What could not be read of a segment, and of which time its rows are, as those before and behind it tell: rows are
/// written in about the order of their times.
struct Holes<'a> {
    path: &'a Path,
    /// Times of the last batch that was read.
    before: Option<(Nanos, Nanos)>,
    found: Vec<Damage>,
    /// So many of them, at the end, are followed by no batch yet.
    open: usize,
}

impl<'a> Holes<'a> {
    fn new(path: &'a Path) -> Self {
        Self {
            path,
            before: None,
            found: Vec::new(),
            open: 0,
        }
    }

    fn add(&mut self, hole: Hole) {
        let times = self.before.filter(|_| !hole.unfinished);
        self.found.push(Damage {
            times,
            ..Damage::bytes(self.path, hole.start, hole.end, hole.unfinished)
        });
        self.open += 1;
    }

    /// A batch that was read.
    fn pass(&mut self, times: Option<(Nanos, Nanos)>) {
        if let Some((_, last)) = times {
            self.close(last);
            self.before = times;
        }
    }

    fn close(&mut self, latest: Nanos) {
        let first_open = self.found.len() - self.open;
        for damage in &mut self.found[first_open..] {
            if let Some((_, last)) = &mut damage.times {
                *last = latest.max(*last);
            }
        }
        self.open = 0;
    }

    fn finish(mut self, changed: Option<Nanos>) -> Vec<Damage> {
        self.close(changed.unwrap_or(Nanos::MAX));
        self.found
    }
}

fn time_range(batch: &Batch) -> Option<(Nanos, Nanos)> {
    let ranges = batch.tables.iter().filter_map(Table::time_range);
    ranges.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
}

/// The types of all fields are fixed by what was acknowledged; a column that does not fit (it never was) is left out.
fn fitting(mut batch: Batch, schema: &Schema) -> Batch {
    for table in &mut batch.tables {
        let measurement = table.measurement.clone();
        table.columns.retain_mut(|column| {
            let fixed = schema.fix(
                &measurement,
                &column.name,
                column.values.value_type(),
                column.kind,
            );
            fixed.map(|kind| column.kind = kind).is_ok()
        });
    }
    batch
}

/// Keeps a damaged segment for whoever wants to look, instead of removing it.
pub(crate) fn move_aside(dir: &Path, number: u64) -> std::io::Result<()> {
    let aside = dir.join("damaged");
    fs::create_dir_all(&aside)?;
    fs::rename(segment::path(dir, number), segment::path(&aside, number))?;
    segment::sync_dir(&aside)?;
    segment::sync_dir(dir)
}
