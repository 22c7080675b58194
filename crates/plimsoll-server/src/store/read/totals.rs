//! Fields that some senders report as differences and others as totals: whoever asks for the one gets both.

use std::borrow::Cow;

use crate::store::Store;
use crate::store::query::{AnswerSeries, FieldQuery, Query, Value};
use crate::store::schema::CUMULATIVE;
use crate::store::table::Kind;

impl Store {
    /// The query with the totals of its fields, as far as there are any and it does not ask for them itself.
    pub(super) fn with_totals<'a>(&self, query: &'a Query) -> Cow<'a, Query> {
        let totals: Vec<FieldQuery> = query
            .fields
            .iter()
            .filter_map(|asked| {
                let name = format!("{}{CUMULATIVE}", asked.name);
                let is_asked = query.fields.iter().any(|field| field.name == name);
                // A state is no difference, whatever another sender means by the same name.
                let field = self.schema.field(&query.measurement, &asked.name);
                let is_state = field.is_some_and(|field| field.kind == Kind::Gauge);
                self.schema.field(&query.measurement, &name)?;
                (!is_asked && !is_state).then_some(FieldQuery {
                    name,
                    aggregate: asked.aggregate,
                })
            })
            .collect();
        if totals.is_empty() {
            return Cow::Borrowed(query);
        }
        let mut query = query.clone();
        query.fields.extend(totals);
        Cow::Owned(query)
    }

    /// Puts the totals, which stand behind the `asked` fields as sent, where rows have no difference.
    pub(super) fn join_totals(query: &Query, asked: usize, series: &mut [AnswerSeries]) {
        for series in series {
            let totals = series.columns.split_off(asked);
            for (field, total) in query.fields[asked..].iter().zip(totals) {
                let name = field.name.strip_suffix(CUMULATIVE);
                let own = query.fields[..asked]
                    .iter()
                    .position(|field| Some(&*field.name) == name)
                    .expect("totals are read for fields that are asked for");
                for (value, total) in series.columns[own].iter_mut().zip(total) {
                    if *value == Value::Null {
                        *value = total;
                    }
                }
            }
        }
    }
}
