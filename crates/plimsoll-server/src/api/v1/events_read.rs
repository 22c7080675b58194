//! `GET /api/v1/events` and `/api/v1/events/stats`: what happened.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use utoipa::{IntoParams, ToSchema};

use crate::http::extract::Params;
use crate::http::percent::percent_encoded;
use crate::http::problem::{Answer, Problem, json_answer};
use crate::openapi::answers::ReadRefused;
use crate::openapi::tag;
use crate::reading::{NO_LIMIT, Reading};
use crate::state::{App, AppState};
use crate::store::Store;
use crate::store::query::{
    Aggregate, AnswerSeries, Condition, FieldQuery, Order, Query, TagFilter, Value,
};
use crate::store::read::error::QueryError;
use crate::store::table::Nanos;
use crate::tick;

use super::events::{ATTRIBUTES, ENTITY_ID, EVENT_TYPE, MEASUREMENT, STATE, VALUE};
use super::query::problem;
use super::time;

/// Events of a page when the request says nothing.
const DEFAULT_LIMIT: usize = 100;
/// Most events of a page.
const MAX_LIMIT: usize = 1_000;
/// Pages end here; narrow the range to see more.
const MAX_OFFSET: usize = 1_000_000;
/// Entities named in the statistics.
const TOP_ENTITIES: usize = 10;

/// Which events.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventParams {
    #[param(ignore)]
    limit: Option<usize>,
    #[param(ignore)]
    offset: Option<usize>,
    /// Of one entity only.
    #[param(example = "shop")]
    entity_id: Option<String>,
    /// Of one kind only.
    #[param(example = "deploy")]
    event_type: Option<String>,
    /// First time; without it all from the first event.
    #[param(example = "-1d")]
    pub(super) start_time: Option<String>,
    /// First time after; without it up to now.
    #[param(example = "now")]
    pub(super) end_time: Option<String>,
}

/// A page of events.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventPage {
    /// The newest first.
    events: Vec<Happened>,
    /// How many there are in the range.
    total: u64,
    /// The path of the next page.
    next: Option<String>,
    /// What damage is known to keep from the answer, in words with its extent.
    missing: Vec<String>,
}

/// An event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct Happened {
    /// When it happened.
    #[schema(format = DateTime)]
    time: String,
    /// What happened.
    event_type: Option<String>,
    /// Whom it happened to.
    entity_id: Option<String>,
    /// The new state as text.
    state: Option<String>,
    /// The new state as a number, if it is one.
    value: Option<f64>,
    /// What else is known; an object, unless the row was written by other means.
    attributes: Json,
}

/// Numbers of events in a range.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventStats {
    /// First time; null: from the first event.
    #[schema(format = DateTime)]
    start_time: Option<String>,
    /// First time after.
    #[schema(format = DateTime)]
    end_time: String,
    /// Events in all.
    total_events: u64,
    /// Mean over the range; null for one without a start.
    events_per_minute: Option<f64>,
    /// Entities that had any.
    entities: usize,
    /// By kind, the most first.
    by_type: Vec<TypeCount>,
    /// Of the entities with the most events.
    by_entity: Vec<EntityCount>,
    /// What damage is known to keep from the answer, in words with its extent.
    missing: Vec<String>,
}

/// Events of a kind.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TypeCount {
    /// The kind.
    event_type: String,
    /// How many.
    count: u64,
}

/// Events of an entity.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EntityCount {
    /// The entity.
    entity_id: String,
    /// How many.
    count: u64,
}

/// A page of events, newest first.
///
/// # Errors
/// 400 for a bad parameter.
#[utoipa::path(
    get,
    path = "",
    operation_id = "listEvents",
    tag = tag::EVENTS,
    params(
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 1_000, description = "Most events of the page (100)"),
        ("offset" = Option<usize>, Query, maximum = 1_000_000, description = "Events before the page"),
        EventParams,
    ),
    responses((status = 200, description = "A page of events", body = EventPage), ReadRefused),
)]
pub async fn list(State(app): State<App>, Params(params): Params<EventParams>) -> Answer {
    let limit = params.limit.unwrap_or(DEFAULT_LIMIT);
    if limit == 0 || limit > MAX_LIMIT {
        return Err(Problem::bad_field(
            "limit",
            limit,
            format!("limit must be 1 to {MAX_LIMIT}"),
        ));
    }
    let offset = params.offset.unwrap_or(0);
    if offset > MAX_OFFSET {
        return Err(Problem::bad_field(
            "offset",
            offset,
            format!("offset must be at most {MAX_OFFSET}"),
        ));
    }
    let (start, end) = params.range(tick::now())?;
    let asking = app.clone();
    let page = app.slow.run(move || {
        let fields = [STATE, VALUE, ATTRIBUTES]
            .map(|name| field(name, Aggregate::None))
            .to_vec();
        let mut query = params.query(fields, start, end);
        query.limit = offset + limit;
        let mut reading = Reading::of(&asking.store);
        let page = newest(&mut reading, &query, offset)?;
        let total = params.total(&mut reading, start, end)?;
        let more = (offset + page.len()) as u64;
        // The next page ends where this one did, so that what comes meanwhile shifts nothing.
        let next =
            (more < total && !page.is_empty()).then(|| params.next(offset + limit, limit, end));
        Ok(EventPage {
            events: page,
            total,
            next,
            missing: reading.missing(),
        })
    });
    json_answer(&page.await?)
}

/// The events of all series, newest first, without the first `skip`.
fn newest(reading: &mut Reading<'_>, query: &Query, skip: usize) -> Result<Vec<Happened>, Problem> {
    let found = ask(reading, query)?;
    let mut places: Vec<(Nanos, usize, usize)> = Vec::new();
    for (index, series) in found.iter().enumerate() {
        places.extend(
            series
                .times
                .iter()
                .enumerate()
                .map(|(row, time)| (*time, index, row)),
        );
    }
    places.sort_by_key(|(time, ..)| std::cmp::Reverse(*time));
    places.truncate(query.limit);
    let page = places.into_iter().skip(skip);
    Ok(page
        .map(|(_, index, row)| event(&found[index], row))
        .collect())
}

fn event(series: &AnswerSeries, row: usize) -> Happened {
    let tag = |name: &str| {
        let found = series.tags.iter().find(|(tag, _)| **tag == *name);
        found.map(|(_, value)| value.to_string())
    };
    Happened::new(
        series.times[row],
        (tag(EVENT_TYPE), tag(ENTITY_ID)),
        (
            text(&series.columns[0][row]),
            number(&series.columns[1][row]),
        ),
        text(&series.columns[2][row]),
    )
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

/// How many events there were, of which kinds, and whose.
pub(super) fn stats(store: &Store, params: &EventParams) -> Result<EventStats, Problem> {
    let mut reading = Reading::of(store);
    let now = tick::now();
    let (start, end) = params.range(now)?;
    let total = params.total(&mut reading, start, end)?;
    let by_type = params.counts(&mut reading, EVENT_TYPE, start, end)?;
    let mut by_entity = params.counts(&mut reading, ENTITY_ID, start, end)?;
    let entities = by_entity.len();
    by_entity.truncate(TOP_ENTITIES);
    #[expect(
        clippy::cast_precision_loss,
        reason = "a rate needs no more than 53 bits"
    )]
    let per_minute = params
        .start_time
        .is_some()
        .then(|| total as f64 / ((end.min(now) - start).max(1) as f64 / 60e9));
    let by_type = by_type
        .into_iter()
        .map(|(event_type, count)| TypeCount { event_type, count });
    let by_entity = by_entity
        .into_iter()
        .map(|(entity_id, count)| EntityCount { entity_id, count });
    Ok(EventStats {
        start_time: params.start_time.is_some().then(|| time::rfc3339(start)),
        end_time: time::rfc3339(end),
        total_events: total,
        events_per_minute: per_minute,
        entities,
        by_type: by_type.collect(),
        by_entity: by_entity.collect(),
        missing: reading.missing(),
    })
}

impl EventParams {
    /// Refuses what belongs to pages only.
    pub(super) fn without_page(&self) -> Result<(), Problem> {
        for (name, value) in [("limit", self.limit), ("offset", self.offset)] {
            if let Some(value) = value {
                let detail = format!("{name} belongs to pages of events, not to statistics");
                return Err(Problem::bad_field(name, value, detail));
            }
        }
        Ok(())
    }

    /// First time and first time after.
    pub(super) fn range(&self, now: Nanos) -> Result<(Nanos, Nanos), Problem> {
        let time = |field: &str, text: &Option<String>, otherwise| match text {
            Some(text) => time::of_field(field, &Json::from(text.as_str()), now),
            None => Ok(otherwise),
        };
        let start = time("start_time", &self.start_time, 0)?;
        let end = time("end_time", &self.end_time, now.saturating_add(1))?;
        if start >= end {
            let shown = self.start_time.clone().unwrap_or_default();
            return Err(Problem::bad_field(
                "start_time",
                shown,
                "start_time must lie before end_time",
            ));
        }
        Ok((start, end))
    }

    fn query(&self, fields: Vec<FieldQuery>, start: Nanos, end: Nanos) -> Query {
        let tags = [(ENTITY_ID, &self.entity_id), (EVENT_TYPE, &self.event_type)];
        let filter = tags.into_iter().filter_map(|(tag, value)| {
            let condition = Condition::Equal(value.clone()?);
            Some(TagFilter {
                tag: tag.to_owned(),
                condition,
            })
        });
        Query {
            measurement: MEASUREMENT.to_owned(),
            fields,
            filter: filter.collect(),
            group_by: Vec::new(),
            start,
            end,
            step: None,
            limit: NO_LIMIT,
            order: Order::Descending,
        }
    }

    fn total(&self, reading: &mut Reading<'_>, start: Nanos, end: Nanos) -> Result<u64, Problem> {
        let query = self.query(vec![field(ATTRIBUTES, Aggregate::Count)], start, end);
        let found = ask(reading, &query)?;
        let counts = found
            .iter()
            .flat_map(|series| series.columns.iter().flatten());
        Ok(counts.map(count).sum())
    }

    /// Events by the values of a tag, the most first.
    fn counts(
        &self,
        reading: &mut Reading<'_>,
        tag: &str,
        start: Nanos,
        end: Nanos,
    ) -> Result<Vec<(String, u64)>, Problem> {
        let mut query = self.query(vec![field(ATTRIBUTES, Aggregate::Count)], start, end);
        query.group_by = vec![tag.to_owned()];
        let found = ask(reading, &query)?;
        let mut counts: Vec<(String, u64)> = found
            .iter()
            .map(|series| {
                let value = series.tags.iter().find(|(name, _)| **name == *tag);
                let value = value
                    .map(|(_, value)| value.to_string())
                    .unwrap_or_default();
                (value, series.columns.iter().flatten().map(count).sum())
            })
            .filter(|(value, _)| !value.is_empty())
            .collect();
        counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        Ok(counts)
    }

    fn next(&self, offset: usize, limit: usize, end: Nanos) -> String {
        let mut next = format!("/api/v1/events?limit={limit}&offset={offset}");
        let end = time::rfc3339(end);
        for (name, value) in [
            ("entity_id", self.entity_id.as_deref()),
            ("event_type", self.event_type.as_deref()),
            ("start_time", self.start_time.as_deref()),
            ("end_time", Some(end.as_str())),
        ] {
            if let Some(value) = value {
                next.push_str(&format!("&{name}={}", percent_encoded(value)));
            }
        }
        next
    }
}

fn ask(reading: &mut Reading<'_>, query: &Query) -> Result<Vec<AnswerSeries>, Problem> {
    reading.ask(query).map_err(|error| match error {
        QueryError::TooManyBuckets { .. } => {
            let detail = "there are too many kinds and entities: ask for a shorter range";
            Problem::bad_field("start_time", time::rfc3339(query.start), detail)
        }
        error => problem(&error, query),
    })
}

impl AppState {
    /// Whether a range of events is over: then its statistics hardly change any more.
    pub(super) fn is_closed(params: &EventParams, now: Nanos) -> bool {
        params.end_time.is_some() && params.range(now).is_ok_and(|(_, end)| end < now)
    }
}

fn field(name: &str, aggregate: Aggregate) -> FieldQuery {
    FieldQuery {
        name: name.to_owned(),
        aggregate,
    }
}

fn count(value: &Value) -> u64 {
    match value {
        Value::U64(count) => *count,
        Value::I64(count) => u64::try_from(*count).unwrap_or(0),
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "counts are whole and positive"
        )]
        Value::F64(count) => *count as u64,
        _ => 0,
    }
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::F64(value) => Some(*value),
        _ => None,
    }
}
