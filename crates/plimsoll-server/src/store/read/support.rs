//! Which tiers can answer for what a query asks.

use super::catalog::Catalog;
use super::plan::Support;
use crate::store::Store;
use crate::store::query::{Aggregate, FieldQuery, Query};
use crate::store::schema::{Field, Type};
use crate::store::table::Kind;
use crate::store::tier::Tier;

/// How well each tier answers one query.
pub(crate) struct Supports([Support; Tier::ALL.len()]);

impl Supports {
    pub(crate) fn of(&self, tier: Tier) -> Support {
        self.0[tier as usize]
    }
}

impl Store {
    /// How well each tier answers a query.
    pub(crate) fn support(&self, query: &Query, catalog: &mut Catalog<'_>) -> Supports {
        let of_series =
            |field: &FieldQuery| matches!(field.aggregate, Aggregate::Last | Aggregate::Peak);
        // What rollups know of each series alone is not known of several together.
        let shared = query.fields.iter().any(of_series) && {
            let keys = self.series_keys(&query.measurement, query.start..query.end);
            for key in &keys {
                catalog.place(key);
            }
            catalog.has_shared_groups()
        };
        Supports(Tier::ALL.map(|tier| {
            let of_field = |asked: &FieldQuery| {
                let field = self.schema.field(&query.measurement, &asked.name);
                let support =
                    field.map_or(Support::Well, |field| support(tier, asked.aggregate, field));
                if shared && of_series(asked) {
                    support.min(Support::Poorly)
                } else {
                    support
                }
            };
            query
                .fields
                .iter()
                .map(of_field)
                .min()
                .unwrap_or(Support::Well)
        }))
    }
}

fn support(tier: Tier, aggregate: Aggregate, field: Field) -> Support {
    let has_histogram = rolled_histogram(tier, field);
    match aggregate {
        _ if tier == Tier::Raw => Support::Well,
        Aggregate::Percentile(_) | Aggregate::Distribution if !has_histogram => Support::No,
        Aggregate::Last if !rolled_last(tier, field) => Support::No,
        // Rollups of a state do not tell by how much it rose.
        Aggregate::Rate if field.kind == Kind::Gauge && field.value_type != Type::Histogram => {
            Support::No
        }
        _ => Support::Well,
    }
}

/// Whether a tier's rollups keep the last value of this field.
pub(crate) fn rolled_last(tier: Tier, field: Field) -> bool {
    match field.value_type {
        Type::Histogram => false,
        Type::F64 | Type::I64 | Type::U64 => tier > Tier::TenMinutes,
        Type::Bool | Type::String => true,
    }
}

/// Whether a tier's rollups keep a histogram of this field's values.
pub(crate) fn rolled_histogram(tier: Tier, field: Field) -> bool {
    match field.value_type {
        Type::Histogram => true,
        Type::F64 | Type::I64 | Type::U64 => field.kind == Kind::Gauge && tier > Tier::TenMinutes,
        Type::Bool | Type::String => false,
    }
}
