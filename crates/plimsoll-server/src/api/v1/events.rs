//! `POST /api/v1/events`: things that happened, one row each, in the measurement `events`.

use std::collections::{HashMap, HashSet};
use std::fmt;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::http::problem::{Answer, Problem};
use crate::ingest;
use crate::openapi::answers::{BodyRefused, DiskFull};
use crate::openapi::tag;
use crate::reading::NO_LIMIT;
use crate::state::{App, AppState};
use crate::store::query::{Aggregate, Condition, FieldQuery, Order, Query, TagFilter};
use crate::store::table::{Batch, Column, Kind, Nanos, SeriesId, Table, Values};
use crate::tick;

use super::event::{Event, NewEvents, Refused};
use super::event_times::{self, Kept, MOST, Place};
use super::posted::posted;
use super::query::problem;
use super::time;

/// The measurement of events; `docs/data-model.md` tells its tags and fields.
pub const MEASUREMENT: &str = "events";
/// The tag that tells kinds of events apart.
pub const EVENT_TYPE: &str = "event_type";
/// The tag that tells whose events they are.
pub const ENTITY_ID: &str = "entity_id";
/// Every event has it: what else is known, as JSON.
pub const ATTRIBUTES: &str = "attributes";
/// The new state, when it is text.
pub const STATE: &str = "state";
/// The new state, when it is a number.
pub const VALUE: &str = "value";

/// Most events in a request.
const MAX_EVENTS: usize = 10_000;
/// Most refused events that an answer names.
const MOST_NAMED: usize = 20;

/// What was stored.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventsStored {
    /// Events, each a row of its own.
    stored: usize,
}

/// Stores an event, a list of them, or `{"events":[…]}`. The good ones of a request are kept, each as a row of its own.
///
/// # Errors
/// 400 with the place and reason of the first events that were not taken; what a write can fail with.
#[utoipa::path(
    post,
    path = "",
    operation_id = "addEvents",
    tag = tag::EVENTS,
    request_body(content = NewEvents, content_type = "application/json"),
    responses((status = 201, description = "All are stored", body = EventsStored), BodyRefused, DiskFull),
)]
pub async fn post(State(app): State<App>, headers: HeaderMap, body: Body) -> Answer {
    let reading = app.clone();
    let read = move |text: &[u8]| Rows::read(&reading, text);
    let storing = app.clone();
    let store = move |rows: Rows| rows.store(&storing);
    posted(&app, &headers, body, app.config.body, read, store).await
}

/// The events of a list: the first ones, and how many there are.
struct List<'t> {
    first: Vec<&'t RawValue>,
    count: usize,
}

#[derive(Deserialize)]
struct Wrapped<'t> {
    #[serde(borrow)]
    events: Option<List<'t>>,
}

impl<'t> List<'t> {
    fn read(text: &'t [u8]) -> Answer<Self> {
        let bad = |error| Problem::bad_request(format!("no JSON: {error}"));
        if text.trim_ascii_start().starts_with(b"[") {
            return serde_json::from_slice(text).map_err(bad);
        }
        let one: &RawValue = serde_json::from_slice(text).map_err(bad)?;
        let list = match one.get().starts_with('{') {
            true => {
                serde_json::from_str::<Wrapped<'_>>(one.get())
                    .map_err(|error| {
                        let detail = format!("events must be a list: {error}");
                        Problem::bad_field("events", Json::Null, detail)
                    })?
                    .events
            }
            false => None,
        };
        Ok(list.unwrap_or(Self {
            first: vec![one],
            count: 1,
        }))
    }
}

/// Rows to be.
#[derive(Default)]
struct Rows {
    tags: HashMap<(String, String), SeriesId>,
    places: Vec<Place>,
    states: Vec<Option<String>>,
    values: Vec<Option<f64>>,
    attributes: Vec<String>,
    refused: Vec<(usize, Refused)>,
    refused_count: usize,
    /// Events that were refused for their time.
    out_of_time: usize,
    /// Events that were refused for the series limit.
    over_series_limit: usize,
}

impl Rows {
    fn read(app: &AppState, text: &[u8]) -> Answer<Self> {
        let events = List::read(text)?;
        if events.count > MAX_EVENTS {
            let detail = format!("at most {MAX_EVENTS} events in a request");
            return Err(Problem::bad_field("events", events.count, detail));
        }
        let now = tick::now();
        let mut rows = Self::default();
        for (index, event) in events.first.into_iter().enumerate() {
            if let Err(reason) = rows.add(app, event, now) {
                rows.refused_count += 1;
                if rows.refused.len() < MOST_NAMED {
                    rows.refused.push((index, reason));
                }
            }
        }
        Ok(rows)
    }

    fn add(&mut self, app: &AppState, event: &RawValue, now: Nanos) -> Result<(), Refused> {
        let event = Event::read(event, now)?;
        let time = event.time.unwrap_or(now);
        let bounds = app.store.time_bounds(MEASUREMENT, now);
        if !bounds.contains(&time) {
            self.out_of_time += 1;
            let kept = [*bounds.start(), *bounds.end()].map(time::rfc3339);
            let reason = format!(
                "time must lie between {} and {} (`store.measurements.events.raw_days`, `store.clock_future_secs`)",
                kept[0], kept[1]
            );
            return Err(Refused::because(reason).of("time", time::rfc3339(time).into()));
        }
        let tags = [
            (ENTITY_ID, &event.entity_id),
            (EVENT_TYPE, &event.event_type),
        ];
        let series = app
            .store
            .series()
            .intern(MEASUREMENT, &tags)
            .map_err(|limit| {
                self.over_series_limit += 1;
                Refused::because(limit.to_string())
            })?;
        self.tags
            .insert((event.entity_id, event.event_type), series);
        self.places.push((series, time));
        self.states.push(event.state);
        self.values.push(event.value);
        self.attributes.push(event.attributes);
        Ok(())
    }

    /// Blocking.
    fn store(mut self, app: &AppState) -> Answer {
        let stored = self.places.len();
        let (refused, refused_count) = (std::mem::take(&mut self.refused), self.refused_count);
        app.ingest
            .events(refused_count, self.out_of_time, self.over_series_limit);
        if stored > 0 {
            let kept = self.settle(app)?;
            ingest::append_blocking(app, self.batch(&kept.places))?;
        }
        let Some((_, first)) = refused.first() else {
            let told = axum::Json(EventsStored { stored });
            return Ok((StatusCode::CREATED, told).into_response());
        };
        let detail = format!(
            "{refused_count} of {} events were not taken: {}",
            refused_count + stored,
            first.reason()
        );
        let errors = refused.iter().map(|(index, refused)| refused.told(*index));
        Err(Problem::bad_request(detail)
            .with("stored", stored)
            .with("dropped", refused_count)
            .with("errors", errors.collect::<Json>()))
    }

    /// Finds a time of its own for every event.
    fn settle(&self, app: &AppState) -> Answer<Kept> {
        let stored = || self.stored(app);
        let kept = app.event_times.settle(&self.places, stored)?;
        kept.ok_or_else(|| {
            let detail = format!("more than {MOST} events of one type and entity have this time");
            let time = self.places.first().map(|(_, time)| time::rfc3339(*time));
            Problem::bad_field("time", time, detail)
        })
    }

    /// The places near those of these events that have an event in the store.
    fn stored(&self, app: &AppState) -> Answer<HashSet<Place>> {
        let mut stored = HashSet::new();
        let times = self.places.iter().map(|(_, time)| *time).collect();
        for range in event_times::ranges(times) {
            let query = self.query(range.start, range.end);
            let found = app.store.query(&query);
            for series in found.map_err(|error| problem(&error, &query))?.series {
                let tag = |name: &str| {
                    let found = series.tags.iter().find(|(tag, _)| **tag == *name);
                    found
                        .map(|(_, value)| value.to_string())
                        .unwrap_or_default()
                };
                if let Some(id) = self.tags.get(&(tag(ENTITY_ID), tag(EVENT_TYPE))) {
                    stored.extend(series.times.iter().map(|time| (*id, *time)));
                }
            }
        }
        Ok(stored)
    }

    fn query(&self, start: Nanos, end: Nanos) -> Query {
        let only = |tag: &str, value: &String| TagFilter {
            tag: tag.to_owned(),
            condition: Condition::Equal(value.clone()),
        };
        // Events of several entities are looked for at once.
        let filter = match self.tags.keys().next() {
            Some((entity, kind)) if self.tags.len() == 1 => {
                vec![only(ENTITY_ID, entity), only(EVENT_TYPE, kind)]
            }
            _ => Vec::new(),
        };
        let field = |name: &str| FieldQuery {
            name: name.to_owned(),
            aggregate: Aggregate::None,
        };
        Query {
            measurement: MEASUREMENT.to_owned(),
            fields: [ATTRIBUTES, STATE, VALUE].map(field).to_vec(),
            filter,
            group_by: [ENTITY_ID, EVENT_TYPE].map(str::to_owned).to_vec(),
            start,
            end,
            step: None,
            limit: NO_LIMIT,
            order: Order::Ascending,
        }
    }

    fn batch(self, places: &[Place]) -> Batch {
        let column = |name: &str, values, present: Option<Vec<bool>>| Column {
            name: name.into(),
            kind: Kind::Gauge,
            values,
            present,
        };
        let mut columns = Vec::new();
        let attributes = self.attributes.into_iter().map(Into::into).collect();
        columns.push(column(ATTRIBUTES, Values::String(attributes), None));
        if self.states.iter().any(Option::is_some) {
            let present = self.states.iter().map(Option::is_some).collect();
            let states = self
                .states
                .into_iter()
                .map(|state| state.unwrap_or_default().into())
                .collect();
            columns.push(column(STATE, Values::String(states), Some(present)));
        }
        if self.values.iter().any(Option::is_some) {
            let present = self.values.iter().map(Option::is_some).collect();
            let values = self
                .values
                .into_iter()
                .map(Option::unwrap_or_default)
                .collect();
            columns.push(column(VALUE, Values::F64(values), Some(present)));
        }
        let table = Table {
            measurement: MEASUREMENT.into(),
            series: places.iter().map(|(series, _)| *series).collect(),
            times: places.iter().map(|(_, time)| *time).collect(),
            columns,
        };
        Batch {
            tables: vec![table],
        }
    }
}

impl<'de: 't, 't> Deserialize<'de> for List<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Listed;

        impl<'de> Visitor<'de> for Listed {
            type Value = List<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a list of events")
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut sent: S) -> Result<List<'de>, S::Error> {
                let mut list = List {
                    first: Vec::new(),
                    count: 0,
                };
                while list.count < MAX_EVENTS {
                    let Some(event) = sent.next_element()? else {
                        return Ok(list);
                    };
                    list.first.push(event);
                    list.count += 1;
                }
                // The others are only counted.
                while sent.next_element::<IgnoredAny>()?.is_some() {
                    list.count += 1;
                }
                Ok(list)
            }
        }

        deserializer.deserialize_seq(Listed)
    }
}
