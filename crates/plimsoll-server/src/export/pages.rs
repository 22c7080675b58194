//! All rows of a measurement, so many at a time that memory stays bounded.

use crate::store::Store;
use crate::store::query::{Aggregate, Answer, FieldQuery, Order, Query};
use crate::store::table::Nanos;

use super::ExportError;

/// Most rows read at once.
const PAGE_ROWS: usize = 200_000;
/// Fewer make the next range wider.
const FEW_ROWS: usize = 50_000;
const HOUR: Nanos = 3_600_000_000_000;

/// Shows `visit` the rows of a range, in pages of growing time; inside a page series by series.
pub(super) fn each(
    store: &Store,
    measurement: &str,
    fields: &[String],
    start: Nanos,
    end: Nanos,
    mut visit: impl FnMut(&Answer) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    let raw = |name: &String| FieldQuery {
        name: name.clone(),
        aggregate: Aggregate::None,
    };
    let mut query = Query {
        measurement: measurement.to_owned(),
        fields: fields.iter().map(raw).collect(),
        filter: Vec::new(),
        group_by: Vec::new(),
        start,
        end,
        step: None,
        limit: PAGE_ROWS,
        order: Order::Ascending,
    };
    let mut width = HOUR;
    while query.start < end {
        query.end = query.start.saturating_add(width).min(end);
        let answer = store.query(&query)?;
        if answer.truncated {
            // Too many: the same again in a shorter range, or, at a single instant, whatever there is.
            if width > 1 {
                width = (width / 4).max(1);
            } else {
                query.limit = query.limit.saturating_mul(4);
            }
            continue;
        }
        visit(&answer)?;
        let rows: usize = answer.series.iter().map(|series| series.times.len()).sum();
        if rows < FEW_ROWS {
            width = width.saturating_mul(4);
        }
        query.limit = PAGE_ROWS;
        query.start = query.end;
    }
    Ok(())
}
