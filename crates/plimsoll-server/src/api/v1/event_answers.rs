//! Answers about events.

use serde::Serialize;
use serde_json::{Value as Json, json};
use utoipa::ToSchema;

use crate::store::table::Nanos;

use super::time;

/// A page of events.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventPage {
    /// The newest first.
    pub(super) events: Vec<Happened>,
    /// How many there are in the range.
    pub(super) total: u64,
    /// The path of the next page.
    pub(super) next: Option<String>,
    /// What damage is known to keep from the answer, in words with its extent.
    pub(super) missing: Vec<String>,
}

/// An event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct Happened {
    /// When it happened.
    #[schema(format = DateTime)]
    pub(super) time: String,
    /// What happened.
    pub(super) event_type: Option<String>,
    /// Whom it happened to.
    pub(super) entity_id: Option<String>,
    /// The new state as text.
    pub(super) state: Option<String>,
    /// The new state as a number, if it is one.
    pub(super) value: Option<f64>,
    /// What else is known; an object, unless the row was written by other means.
    pub(super) attributes: Json,
}

/// Numbers of events in a range.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventStats {
    /// First time; null: from the first event.
    #[schema(format = DateTime)]
    pub(super) start_time: Option<String>,
    /// First time after.
    #[schema(format = DateTime)]
    pub(super) end_time: String,
    /// Events in all.
    pub(super) total_events: u64,
    /// Mean over the range; null for one without a start.
    pub(super) events_per_minute: Option<f64>,
    /// Entities that had any.
    pub(super) entities: usize,
    /// By kind, the most first.
    pub(super) by_type: Vec<TypeCount>,
    /// Of the entities with the most events.
    pub(super) by_entity: Vec<EntityCount>,
    /// What damage is known to keep from the answer, in words with its extent.
    pub(super) missing: Vec<String>,
}

/// Events of a kind.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TypeCount {
    /// The kind.
    pub(super) event_type: String,
    /// How many.
    pub(super) count: u64,
}

/// Events of an entity.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EntityCount {
    /// The entity.
    pub(super) entity_id: String,
    /// How many.
    pub(super) count: u64,
}

impl Happened {
    /// An event of a type and an entity, with its state as text and as a number, and what else is known as JSON.
    pub(crate) fn new(
        time: Nanos,
        (event_type, entity_id): (Option<String>, Option<String>),
        (state, value): (Option<&str>, Option<f64>),
        attributes: Option<&str>,
    ) -> Self {
        let attributes = match attributes {
            Some(text) => serde_json::from_str(text).unwrap_or_else(|_| Json::from(text)),
            None => json!({}),
        };
        Self {
            time: time::rfc3339(time),
            event_type,
            entity_id,
            state: state.map(str::to_owned),
            value,
            attributes,
        }
    }
}
