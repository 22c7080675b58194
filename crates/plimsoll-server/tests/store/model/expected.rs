//! What a plain map says.

use std::collections::BTreeMap;

use plimsoll_server::store::table::Nanos;

use super::{HOUR, Series};

/// Values of one row; `None`: the row has no such field.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    pub(super) level: Option<f64>,
    pub(super) delta: Option<u64>,
    pub(super) total: Option<u64>,
    pub(super) signed: Option<i64>,
    pub(super) word: Option<&'static str>,
    pub(super) took: Option<u64>,
}

pub(super) type Written = (Series, Nanos, Row);

/// All that was written.
#[derive(Default)]
pub(super) struct Model {
    pub(super) rows: BTreeMap<Series, BTreeMap<Nanos, Row>>,
}

impl Model {
    pub(super) fn write(&mut self, series: Series, time: Nanos, row: &Row) {
        let stored = self
            .rows
            .entry(series)
            .or_default()
            .entry(time)
            .or_default();
        stored.level = row.level.or(stored.level);
        stored.delta = row.delta.or(stored.delta);
        stored.total = row.total.or(stored.total);
        stored.signed = row.signed.or(stored.signed);
        stored.word = row.word.or(stored.word);
        stored.took = row.took.or(stored.took);
    }

    /// Rows of a range by group and bucket, series after series in ascending time.
    pub(super) fn buckets(&self, query: &Asked) -> BTreeMap<(String, Nanos), Vec<Written>> {
        let mut buckets: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (series, rows) in &self.rows {
            if query.only_zone.is_some_and(|zone| zone != series.1) {
                continue;
            }
            for (time, row) in rows.range(query.start..query.end) {
                let bucket = query
                    .step
                    .map_or(query.start, |step| time - time.rem_euclid(step));
                let group = if query.by_host { series.0 } else { "" };
                buckets
                    .entry((group.to_owned(), bucket))
                    .or_default()
                    .push((*series, *time, row.clone()));
            }
        }
        buckets
    }

    /// What a sample of `total` added to the one before, which may be an hour older at most.
    pub(super) fn increase(&self, series: Series, time: Nanos) -> Option<u64> {
        let rows = &self.rows[&series];
        let now = rows[&time].total?;
        let (before_time, before) = rows
            .range(..time)
            .rev()
            .find_map(|(time, row)| Some((*time, row.total?)))?;
        (time - before_time <= HOUR).then(|| now.checked_sub(before).unwrap_or(now))
    }
}

#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) start: Nanos,
    pub(super) end: Nanos,
    pub(super) step: Option<Nanos>,
    pub(super) by_host: bool,
    pub(super) only_zone: Option<&'static str>,
}
