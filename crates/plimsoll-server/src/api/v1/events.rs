//! `POST /api/v1/events`: things that happened, one row each, in the measurement `events`.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::http::body::{self, Encoding};
use crate::http::problem::{Answer, Problem};
use crate::ingest;
use crate::state::{App, AppState};
use crate::store::table::{Batch, Column, Kind, Nanos, SeriesId, Table, Values};
use crate::tick;

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

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Posted {
    Many(Vec<Value>),
    Wrapped { events: Vec<Value> },
    One(Value),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    #[serde(default = "plain_event", alias = "type")]
    event_type: String,
    #[serde(default)]
    entity_id: String,
    #[serde(default)]
    state: Option<Value>,
    #[serde(default, alias = "data")]
    attributes: Map<String, Value>,
    #[serde(default, alias = "timestamp", alias = "time_fired")]
    time: Option<Value>,
}

fn plain_event() -> String {
    "event".to_owned()
}

/// Stores an event, a list of them, or `{"events":[…]}`. The good ones of a request are kept.
///
/// # Errors
/// 400 with the place and reason of each event that was not taken; what a write can fail with.
pub async fn post(State(app): State<App>, headers: HeaderMap, body: Body) -> Answer {
    let (sent, _room) = app.ingest.receive(&headers, body, app.config.body).await?;
    let text = body::decode(&sent, Encoding::of(&headers)?, app.config.body)?;
    let posted: Posted = serde_json::from_slice(&text)
        .map_err(|error| Problem::bad_request(format!("no JSON: {error}")))?;
    let events = match posted {
        Posted::Many(events) | Posted::Wrapped { events } => events,
        Posted::One(event) => vec![event],
    };
    if events.len() > MAX_EVENTS {
        let detail = format!("at most {MAX_EVENTS} events in a request");
        return Err(Problem::bad_field("events", events.len(), detail));
    }
    let (rows, errors) = read(&app, events);
    let stored = rows.series.len();
    let (out_of_time, over_series_limit) = (rows.out_of_time, rows.over_series_limit);
    app.ingest
        .events(errors.len(), out_of_time, over_series_limit);
    if stored > 0 {
        ingest::append(&app, rows.batch()).await?;
        app.stats.forget();
    }
    if errors.is_empty() {
        return Ok((StatusCode::CREATED, axum::Json(json!({ "stored": stored }))).into_response());
    }
    let first = errors[0]["reason"].as_str().unwrap_or_default();
    let detail = format!(
        "{} of {} events were not taken: {first}",
        errors.len(),
        errors.len() + stored
    );
    Err(Problem::bad_request(detail)
        .with("stored", stored)
        .with("errors", errors))
}

#[derive(Default)]
struct Rows {
    series: Vec<SeriesId>,
    times: Vec<Nanos>,
    states: Vec<Option<String>>,
    values: Vec<Option<f64>>,
    attributes: Vec<String>,
    /// Events that were refused for their time.
    out_of_time: usize,
    /// Events that were refused for the series limit.
    over_series_limit: usize,
}

fn read(app: &AppState, events: Vec<Value>) -> (Rows, Vec<Value>) {
    let now = tick::now();
    let mut rows = Rows::default();
    let mut errors = Vec::new();
    for (index, event) in events.into_iter().enumerate() {
        // Events without a time in one request follow each other.
        let default_time = now.saturating_add(Nanos::try_from(index).unwrap_or(0));
        if let Err(reason) = rows.add(app, event, now, default_time) {
            errors.push(json!({"index": index, "reason": reason}));
        }
    }
    (rows, errors)
}

impl Rows {
    fn add(
        &mut self,
        app: &AppState,
        event: Value,
        now: Nanos,
        default_time: Nanos,
    ) -> Result<(), String> {
        let event: Event = serde_json::from_value(event).map_err(|error| error.to_string())?;
        let time = match &event.time {
            Some(time) => {
                time::of_field("time", time, now).map_err(|problem| problem.detail().to_owned())?
            }
            None => default_time,
        };
        if !app.store.time_bounds(MEASUREMENT, now).contains(&time) {
            self.out_of_time += 1;
            return Err(format!(
                "time {} is out of the range that is kept",
                time::rfc3339(time)
            ));
        }
        let (state, value) = match event.state {
            None | Some(Value::Null) => (None, None),
            Some(Value::Number(number)) => (Some(number.to_string()), number.as_f64()),
            Some(Value::String(text)) => {
                let value = text.parse().ok().filter(|value: &f64| value.is_finite());
                (Some(text), value)
            }
            Some(Value::Bool(state)) => (Some(state.to_string()), None),
            Some(other) => {
                return Err(format!(
                    "state must be a text, a number or a boolean, but is {other}"
                ));
            }
        };
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
                limit.to_string()
            })?;
        self.series.push(series);
        self.times.push(time);
        self.states.push(state);
        self.values.push(value);
        self.attributes
            .push(Value::Object(event.attributes).to_string());
        Ok(())
    }

    fn batch(self) -> Batch {
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
            series: self.series,
            times: self.times,
            columns,
        };
        Batch {
            tables: vec![table],
        }
    }
}
