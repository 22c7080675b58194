//! Thresholds that were set through the interface: they win over the file.

use std::collections::BTreeMap;

use rusqlite::params;

use super::{Meta, MetaError};
use crate::store::table::Nanos;

impl Meta {
    /// All that were set, by name.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn thresholds(&self) -> Result<BTreeMap<String, f64>, MetaError> {
        self.read(|file| {
            let mut all = file.prepare("SELECT name, value FROM thresholds")?;
            all.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })
    }

    /// Sets some and gives others (`None`) back to the file; all of them or none.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn set_thresholds(
        &self,
        changes: &BTreeMap<String, Option<f64>>,
        now: Nanos,
    ) -> Result<(), MetaError> {
        self.change(|file| {
            for (name, value) in changes {
                match value {
                    Some(value) => file.execute(
                        "INSERT INTO thresholds (name, value, set_at) VALUES (?1, ?2, ?3)
                         ON CONFLICT (name) DO UPDATE SET value = ?2, set_at = ?3",
                        params![name, value, now],
                    )?,
                    None => file.execute("DELETE FROM thresholds WHERE name = ?1", [name])?,
                };
            }
            Ok(Ok(()))
        })
    }
}
