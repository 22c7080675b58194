//! What ends a seal in a day file: an index frame (where the blocks are), then a commit frame (what it brought).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::block::{Block, SortedRows};
use super::calendar::HOUR;
use super::column::{put_field, read_field, zstd_level};
use super::frame;
use super::keys::Keys;
use super::numbers::{self, Effort, MAX_RUN};
use super::schema::Field;
use super::table::Nanos;
use super::wire::{self, Decoded, Malformed, Reader};

/// An hour since the epoch, UTC.
pub type Hour = i64;

/// Sorted rows of one measurement in one file, as one seal or compaction wrote them.
#[derive(Clone, Debug, PartialEq)]
pub struct SealedRun {
    /// A higher seal overwrites a lower.
    pub seal: u64,
    /// The measurement's name.
    pub measurement: Arc<str>,
    /// The series it has rows of; their ranks are what blocks tell.
    pub keys: Keys,
    /// In the order of series and time.
    pub blocks: Vec<BlockRef>,
}

/// Where a block is and what it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockRef {
    /// Of its frame in the file.
    pub offset: u64,
    /// Of its frame.
    pub length: u32,
    /// How many rows.
    pub rows: u32,
    /// Rank of the first series in [`SealedRun::keys`].
    pub first_series: u32,
    /// Rank of the last; all between have rows here too.
    pub last_series: u32,
    /// Earliest time.
    pub first: Nanos,
    /// Latest time.
    pub last: Nanos,
}

/// What a seal brought to a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Commit {
    /// Its number; of a compaction the highest that it joined.
    pub seal: u64,
    /// Where its blocks begin: where the commit before ends.
    pub start: u64,
    /// Its index frame; none when it brought no rows.
    pub index: Option<(u64, u32)>,
    /// How many rows.
    pub rows: u64,
    /// Which hours got rows, and from which seal at the latest.
    pub touched: BTreeMap<Hour, u64>,
    /// In a rollup: hours that were computed from raw rows, up to which seal.
    pub covers: BTreeMap<Hour, u64>,
    /// Fields by measurement.
    pub fields: BTreeMap<Arc<str>, BTreeMap<Arc<str>, Field>>,
}

impl Commit {
    /// Takes note of the fields, rows and hours of what becomes a block.
    pub(crate) fn add(&mut self, rows: &SortedRows) {
        self.know_rows(rows);
        let mut touched = None;
        for hour in rows.times.iter().map(|time| time.div_euclid(HOUR)) {
            if touched != Some(hour) {
                self.touch(hour, self.seal);
                touched = Some(hour);
            }
        }
    }

    /// Takes note of the fields and number of rows that other commits brought.
    pub(crate) fn know_rows(&mut self, rows: &SortedRows) {
        self.rows += rows.times.len() as u64;
        let fields = self.fields.entry(rows.measurement.clone()).or_default();
        for column in &rows.columns {
            let field = Field {
                value_type: column.values.value_type(),
                kind: column.kind,
            };
            fields.entry(column.name.clone()).or_insert(field);
        }
    }

    /// Takes note of the fields and rows of a block.
    pub(crate) fn know(&mut self, block: &Block) {
        self.rows += block.rows() as u64;
        let fields = self.fields.entry(block.measurement.clone()).or_default();
        fields.extend(block.fields().map(|(name, field)| (name.clone(), field)));
    }

    /// The same of a block that lost its commit, and every hour that it may have touched.
    pub(crate) fn add_salvaged(&mut self, block: &Block) {
        self.know(block);
        for hour in block.first.div_euclid(HOUR)..=block.last.div_euclid(HOUR) {
            self.touch(hour, block.seal);
        }
    }

    pub(crate) fn touch(&mut self, hour: Hour, seal: u64) {
        let latest = self.touched.entry(hour).or_insert(seal);
        *latest = seal.max(*latest);
    }

    /// A whole frame; its last four bytes are the payload's length, so that it is found from its end.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut plain = Vec::new();
        wire::put_varint(&mut plain, self.seal);
        wire::put_varint(&mut plain, self.start);
        let (offset, length) = self.index.unwrap_or_default();
        wire::put_varint(&mut plain, offset);
        wire::put_varint(&mut plain, u64::from(length));
        wire::put_varint(&mut plain, self.rows);
        for hours in [&self.touched, &self.covers] {
            wire::put_varint(&mut plain, hours.len() as u64);
            let mut before = 0;
            for (hour, seal) in hours {
                wire::put_signed(&mut plain, hour - before);
                wire::put_signed(&mut plain, self.seal.wrapping_sub(*seal) as i64);
                before = *hour;
            }
        }
        wire::put_varint(&mut plain, self.fields.len() as u64);
        for (measurement, fields) in &self.fields {
            wire::put_bytes(&mut plain, measurement.as_bytes());
            wire::put_varint(&mut plain, fields.len() as u64);
            for (name, field) in fields {
                wire::put_bytes(&mut plain, name.as_bytes());
                put_field(&mut plain, *field);
            }
        }
        let mut out = frame::begin(plain.len());
        wire::put_packed(&mut out, &plain, zstd_level(Effort::Small));
        let length = out.len() - frame::HEADER + 4;
        out.extend_from_slice(&(length as u32).to_le_bytes());
        frame::finish(&mut out, 0, frame::Kind::Commit);
        out
    }

    pub(crate) fn decode(payload: &[u8]) -> Decoded<Commit> {
        let plain = Reader::new(payload).packed()?;
        let mut reader = Reader::new(&plain);
        let seal = reader.varint()?;
        let mut commit = Commit {
            seal,
            start: reader.varint()?,
            ..Commit::default()
        };
        let (offset, length) = (reader.varint()?, reader.varint()?);
        let length = u32::try_from(length).map_err(|_| Malformed("length of an index"))?;
        commit.index = (length > 0).then_some((offset, length));
        commit.rows = reader.varint()?;
        for hours in [&mut commit.touched, &mut commit.covers] {
            let mut hour = 0i64;
            for _ in 0..reader.count(plain.len())? {
                hour = hour.wrapping_add(reader.signed()?);
                hours.insert(hour, seal.wrapping_sub(reader.signed()? as u64));
            }
        }
        for _ in 0..reader.count(plain.len())? {
            let fields = commit.fields.entry(reader.text()?.into()).or_default();
            for _ in 0..reader.count(plain.len())? {
                fields.insert(reader.text()?.into(), read_field(&mut reader)?);
            }
        }
        Ok(commit)
    }
}

/// A whole frame with the runs of one seal.
pub(crate) fn encode_index(runs: &[SealedRun]) -> Vec<u8> {
    let mut out = frame::begin(1024);
    wire::put_varint(&mut out, runs.len() as u64);
    for run in runs {
        wire::put_varint(&mut out, run.seal);
        wire::put_bytes(&mut out, run.measurement.as_bytes());
        run.keys.put(&mut out);
        wire::put_varint(&mut out, run.blocks.len() as u64);
        let column = |of: fn(&BlockRef) -> u64| run.blocks.iter().map(of).collect::<Vec<u64>>();
        for values in [
            column(|block| block.offset),
            column(|block| block.length.into()),
            column(|block| block.rows.into()),
            column(|block| block.first_series.into()),
            column(|block| block.last_series.into()),
            column(|block| block.last.wrapping_sub(block.first) as u64),
        ] {
            numbers::put_sized(&mut out, &values, Effort::Small);
        }
        let firsts: Vec<i64> = run.blocks.iter().map(|block| block.first).collect();
        numbers::put_sized(&mut out, &firsts, Effort::Small);
    }
    frame::finish(&mut out, 0, frame::Kind::Index);
    out
}

pub(crate) fn decode_index(payload: &[u8]) -> Decoded<Vec<SealedRun>> {
    let mut reader = Reader::new(payload);
    let count = reader.count(payload.len())?;
    (0..count).map(|_| read_run(&mut reader)).collect()
}

fn read_run(reader: &mut Reader<'_>) -> Decoded<SealedRun> {
    let seal = reader.varint()?;
    let measurement = reader.text()?.into();
    let keys = Keys::read(reader)?;
    let count = reader.count(MAX_RUN)?;
    let mut column = || numbers::read_sized::<u64>(reader, count);
    let (offsets, lengths, rows) = (column()?, column()?, column()?);
    let (first_series, last_series, spans) = (column()?, column()?, column()?);
    let firsts: Vec<i64> = numbers::read_sized(reader, count)?;
    let small = |number: u64| u32::try_from(number).map_err(|_| Malformed("index"));
    let blocks = (0..count)
        .map(|at| {
            let block = BlockRef {
                offset: offsets[at],
                length: small(lengths[at])?,
                rows: small(rows[at])?,
                first_series: small(first_series[at])?,
                last_series: small(last_series[at])?,
                first: firsts[at],
                last: firsts[at].wrapping_add(spans[at] as i64),
            };
            let known = block.first_series <= block.last_series
                && (block.last_series as usize) < keys.len();
            known.then_some(block).ok_or(Malformed("ranks of a block"))
        })
        .collect::<Decoded<_>>()?;
    Ok(SealedRun {
        seal,
        measurement,
        keys,
        blocks,
    })
}

/// Adds a block to the runs of a seal; blocks come in the order of measurement, series and time.
pub(crate) fn add_block(runs: &mut Vec<SealedRun>, block: &Block, offset: u64, length: u32) {
    add(
        runs,
        block.seal,
        &block.measurement,
        &block.series,
        (block.first, block.last),
        (offset, length),
    );
}

pub(crate) fn add(
    runs: &mut Vec<SealedRun>,
    seal: u64,
    measurement: &Arc<str>,
    series: &[(Arc<[u8]>, u32)],
    (first, last): (Nanos, Nanos),
    (offset, length): (u64, u32),
) {
    let (Some((first_key, _)), Some((last_key, _))) = (series.first(), series.last()) else {
        return;
    };
    let fits = |run: &SealedRun| {
        let before = run
            .keys
            .len()
            .checked_sub(1)
            .map(|last| run.keys.key(last as u32));
        run.seal == seal
            && run.measurement == *measurement
            && before.is_none_or(|before| *before <= **first_key)
    };
    if !runs.last().is_some_and(fits) {
        runs.push(SealedRun {
            seal,
            measurement: measurement.clone(),
            keys: Keys::default(),
            blocks: Vec::new(),
        });
    }
    let run = runs.last_mut().expect("pushed above");
    debug_assert!(first_key <= last_key, "a block's series are sorted");
    let ranks: Vec<u32> = series.iter().map(|(key, _)| run.keys.push(key)).collect();
    let rows = series.iter().map(|(_, count)| count).sum();
    let (first_series, last_series) = (ranks[0], ranks[ranks.len() - 1]);
    run.blocks.push(BlockRef {
        offset,
        length,
        rows,
        first_series,
        last_series,
        first,
        last,
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema::Type;
    use crate::store::table::Kind;

    #[test]
    fn a_commit_and_its_index_come_back() {
        let field = Field {
            value_type: Type::F64,
            kind: Kind::Delta,
        };
        let commit = Commit {
            seal: 9,
            start: 40,
            index: Some((1000, 77)),
            rows: 5,
            touched: [(100, 9), (102, 3)].into(),
            covers: [(-5, 12)].into(),
            fields: [(Arc::from("cpu"), [(Arc::from("idle"), field)].into())].into(),
        };
        let bytes = commit.encode();
        assert_eq!(Commit::decode(&bytes[frame::HEADER..]), Ok(commit));
        let mut runs = Vec::new();
        let series: Vec<(Arc<[u8]>, u32)> =
            vec![(b"a".as_slice().into(), 2), (b"b".as_slice().into(), 3)];
        add(&mut runs, 9, &"cpu".into(), &series, (-5, 50), (40, 100));
        add(
            &mut runs,
            9,
            &"cpu".into(),
            &series[1..],
            (51, 60),
            (140, 60),
        );
        add(&mut runs, 9, &"mem".into(), &series, (51, 60), (200, 60));
        assert_eq!((runs.len(), runs[0].blocks[1].first_series), (2, 1));
        assert_eq!(
            decode_index(&encode_index(&runs)[frame::HEADER..]),
            Ok(runs)
        );
    }
}
