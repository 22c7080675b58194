//! Fields that some senders report as differences and others as totals: whoever asks for the one gets both.

use std::borrow::Cow;

use crate::store::Store;
use crate::store::query::{FieldQuery, Query};
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
}
