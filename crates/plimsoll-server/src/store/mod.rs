//! The block store: journal, memtable, day files, rollups.

pub mod query;
pub mod table;
