//! States of instances: memory, processors, queues.

use std::collections::BTreeMap;

use super::{Period, Scope, field, number, query, tag_of};
use crate::reading::Reading;
use crate::store::query::{Aggregate, FieldQuery};
use crate::store::read::error::QueryError;

/// A service and one of its instances; empty when the sender did not tell.
pub type InstanceKey = (String, String);

/// A state over a period.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct State {
    /// The latest value.
    pub last: Option<f64>,
    /// The mean.
    pub mean: Option<f64>,
    /// The highest value.
    pub max: Option<f64>,
}

/// Values of `fields`, by instance, in the order of `fields`.
///
/// # Errors
/// When the period has too much to be read at once.
pub fn states<const N: usize>(
    reading: &mut Reading<'_>,
    scope: &Scope,
    period: Period,
    measurement: &str,
    fields: [&str; N],
) -> Result<BTreeMap<InstanceKey, [State; N]>, QueryError> {
    let mut ask = query(
        measurement,
        period,
        &["service", "instance"],
        scope.filter(),
    );
    ask.fields = fields.iter().flat_map(|name| state(name)).collect();
    let mut found = BTreeMap::new();
    for series in reading.ask(&ask)? {
        let key = (
            tag_of(&series.tags, "service").to_owned(),
            tag_of(&series.tags, "instance").to_owned(),
        );
        let mut states = [State::default(); N];
        for (state, columns) in states.iter_mut().zip(series.columns.chunks_exact(3)) {
            let value = |column: usize| columns[column].last().and_then(number);
            *state = State {
                last: value(0),
                mean: value(1),
                max: value(2),
            };
        }
        found.insert(key, states);
    }
    Ok(found)
}

fn state(name: &str) -> [FieldQuery; 3] {
    [Aggregate::Last, Aggregate::Mean, Aggregate::Max].map(|aggregate| field(name, aggregate))
}
