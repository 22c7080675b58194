//! What the journal holds after a stop or a crash.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use super::damage::Damage;
use super::error::StoreError;
use super::frame::{self, Found, Frames, Hole, Kind};
use super::memtable::Memtable;
use super::rows;
use super::schema::Schema;
use super::segment;
use super::series::SeriesIndex;
use super::table::Batch;

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
    let mut hole = |hole: Hole| {
        replayed.damage.push(Damage {
            path: path.clone(),
            start: hole.start,
            end: hole.end,
            measurement: None,
            times: None,
            unfinished: hole.unfinished,
        });
    };
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
                    Ok(batch) => replayed.memtable.insert([batch]),
                    Err(_) => hole(Hole {
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
            Found::Hole(bytes) => hole(bytes),
        }
    }
    replayed.usable = headed && replayed.damage.iter().all(|damage| damage.unfinished);
    Ok(replayed)
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
