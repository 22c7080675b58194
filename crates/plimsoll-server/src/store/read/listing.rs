//! What there is to ask for: measurements, fields, tags and their values.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashSet;

use crate::store::Store;
use crate::store::commit::SealedRun;
use crate::store::key;
use crate::store::schema::Field;
use crate::store::table::Nanos;
use crate::store::tier::Tier;

impl Store {
    /// The measurements that have fields, sorted.
    pub fn measurements(&self) -> Vec<Arc<str>> {
        self.schema.measurements()
    }

    /// The fields of a measurement with their types and kinds, sorted by name.
    pub fn fields(&self, measurement: &str) -> Vec<(Arc<str>, Field)> {
        self.schema.fields(measurement)
    }

    /// The tags that series of a measurement with rows around these times have, sorted.
    pub fn tag_keys(&self, measurement: &str, times: Range<Nanos>) -> Vec<String> {
        let mut tags = BTreeSet::new();
        for series in self.series_keys(measurement, times) {
            let (_, pairs) = key::decode(&series);
            tags.extend(pairs.into_iter().map(|(tag, _)| tag.into_owned()));
        }
        tags.into_iter().collect()
    }

    /// The first `limit` values, sorted, of a tag among the series of a measurement with rows around these times, and
    /// whether there are more.
    pub fn tag_values(
        &self,
        measurement: &str,
        tag: &str,
        times: Range<Nanos>,
        limit: usize,
    ) -> (Vec<String>, bool) {
        let mut values = BTreeSet::new();
        let mut more = false;
        for series in self.series_keys(measurement, times) {
            let value = key::tag_value(&series, tag);
            if !value.is_empty() && !values.contains(&*value) {
                values.insert(value.into_owned());
                if values.len() > limit {
                    values.pop_last();
                    more = true;
                }
            }
        }
        (values.into_iter().collect(), more)
    }

    /// Keys of the series of a measurement that have rows in runs and blocks which overlap these times.
    pub(crate) fn series_keys(
        &self,
        measurement: &str,
        times: Range<Nanos>,
    ) -> HashSet<Arc<[u8]>, RandomState> {
        let mut keys: HashSet<Arc<[u8]>, RandomState> = HashSet::default();
        for run in self.runs(measurement, times.start, times.end.saturating_sub(1)) {
            let mut ids = run.table.series.clone();
            ids.dedup();
            let series = self.series.resolve_all(&ids);
            keys.extend(series.iter().map(|series| series.key.clone()));
        }
        for tier in Tier::ALL {
            for file in self
                .files
                .overlapping(tier, times.start, times.end.saturating_sub(1))
            {
                // A file that cannot be opened is reported by whoever reads its rows.
                let Ok(view) = file.view() else { continue };
                let runs = view
                    .runs
                    .iter()
                    .filter(|run| &*run.measurement == measurement);
                let overlaps = |run: &&Arc<SealedRun>| {
                    run.blocks
                        .iter()
                        .any(|block| block.first < times.end && block.last >= times.start)
                };
                for key in runs.filter(overlaps).flat_map(|run| run.keys.iter()) {
                    if !keys.contains(key) {
                        keys.insert(Arc::from(key));
                    }
                }
            }
        }
        keys
    }
}
