//! One event as it is sent.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json, json};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};

use crate::store::table::Nanos;

use super::time;

/// Longest event, in bytes of JSON.
const MAX_BYTES: usize = 1_000_000;
/// Longest `entity_id` and `event_type`, in bytes.
const MAX_TAG_BYTES: usize = 10_000;
/// Characters of a refused value that are shown.
const SHOWN: usize = 200;

/// One event, several, or several in an object.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
#[expect(
    dead_code,
    reason = "events are read one by one, so that each error can name its own"
)]
pub(crate) enum NewEvents {
    /// One.
    One(NewEvent),
    /// Several.
    List(Vec<NewEvent>),
    /// Several in an object.
    Wrapped {
        /// The events.
        #[schema(max_items = 10_000)]
        events: Vec<NewEvent>,
    },
}

/// An event as it is sent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"event_type": "deploy", "entity_id": "shop", "state": "1.4.2", "attributes": {"by": "ci"}}))]
#[expect(
    dead_code,
    reason = "each member is judged by itself, so that an error can name it"
)]
pub(crate) struct NewEvent {
    /// What happened; `type` is the same.
    #[schema(max_length = 10_000, default = "event")]
    event_type: Option<String>,
    /// Whom it happened to.
    #[schema(max_length = 10_000)]
    entity_id: Option<String>,
    /// The new state.
    #[schema(schema_with = state)]
    state: Option<Json>,
    /// What else is known; `data` is the same.
    #[schema(value_type = Object, required = false)]
    attributes: Option<Json>,
    /// When it happened.
    #[schema(schema_with = when)]
    time: Option<Json>,
}

/// An event that is understood.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) event_type: String,
    pub(super) entity_id: String,
    /// The state as text.
    pub(super) state: Option<String>,
    /// The state as a number, if it is one.
    pub(super) value: Option<f64>,
    /// An object as JSON.
    pub(super) attributes: String,
    /// When it happened, if that was told.
    pub(super) time: Option<Nanos>,
}

/// Why an event is not taken.
#[derive(Debug)]
pub(super) struct Refused {
    reason: String,
    /// The member and its value.
    member: Option<(String, Json)>,
}

impl Event {
    /// Reads an event; `now` is for times that are relative.
    pub(super) fn read(raw: &RawValue, now: Nanos) -> Result<Self, Refused> {
        let length = raw.get().len();
        if length > MAX_BYTES {
            let reason = format!("an event may have {MAX_BYTES} bytes, but this has {length}");
            return Err(Refused::because(reason));
        }
        let members: Json = serde_json::from_str(raw.get())
            .map_err(|error| Refused::because(format!("no JSON: {error}")))?;
        let Json::Object(members) = members else {
            let reason = "an event must be an object".to_owned();
            return Err(Refused::because(reason).of("event", members));
        };
        let mut event = Self {
            event_type: "event".to_owned(),
            entity_id: String::new(),
            state: None,
            value: None,
            attributes: Json::Object(Map::new()).to_string(),
            time: None,
        };
        for (name, value) in members {
            event.set(&name, value, now)?;
        }
        Ok(event)
    }

    fn set(&mut self, name: &str, value: Json, now: Nanos) -> Result<(), Refused> {
        match (name, value) {
            ("event_type" | "type", Json::String(text)) => self.event_type = tag(name, text)?,
            ("entity_id", Json::String(text)) => self.entity_id = tag(name, text)?,
            ("state" | "time" | "timestamp" | "time_fired", Json::Null) => {}
            ("state", Json::Number(number)) => {
                self.value = number.as_f64();
                self.state = Some(number.to_string());
            }
            ("state", Json::String(text)) => {
                self.value = text.parse().ok().filter(|value: &f64| value.is_finite());
                self.state = Some(text);
            }
            ("state", Json::Bool(state)) => self.state = Some(state.to_string()),
            ("attributes" | "data", Json::Object(members)) => {
                self.attributes = Json::Object(members).to_string();
            }
            ("time" | "timestamp" | "time_fired", value) => {
                let time = time::of_field(name, &value, now).map_err(|problem| {
                    Refused::because(problem.detail().to_owned()).of(name, value)
                });
                self.time = Some(time?);
            }
            (_, value) => {
                let reason = match name {
                    "event_type" | "type" | "entity_id" => format!("{name} must be text"),
                    "state" => "state must be text, a number or a boolean".to_owned(),
                    "attributes" | "data" => format!("{name} must be an object"),
                    _ => format!(
                        "there is no `{name}`, but event_type, entity_id, state, attributes and time"
                    ),
                };
                return Err(Refused::because(reason).of(name, value));
            }
        }
        Ok(())
    }
}

impl Refused {
    pub(super) fn because(reason: String) -> Self {
        Self {
            reason,
            member: None,
        }
    }

    /// Names the member that is wrong.
    pub(super) fn of(mut self, name: &str, value: Json) -> Self {
        self.member = Some((name.to_owned(), shown(value)));
        self
    }

    /// `{"index": …, "field": …, "value": …, "reason": …}`.
    pub(super) fn told(&self, index: usize) -> Json {
        let mut told = json!({"index": index, "reason": self.reason});
        if let Some((name, value)) = &self.member {
            told["field"] = name.as_str().into();
            told["value"] = value.clone();
        }
        told
    }

    pub(super) fn reason(&self) -> &str {
        &self.reason
    }
}

fn tag(name: &str, text: String) -> Result<String, Refused> {
    if text.len() > MAX_TAG_BYTES {
        let reason = format!("{name} may have {MAX_TAG_BYTES} bytes");
        return Err(Refused::because(reason).of(name, text.into()));
    }
    Ok(text)
}

/// A value as an answer shows it: a long one is cut.
fn shown(value: Json) -> Json {
    let text = match &value {
        Json::Null | Json::Bool(_) | Json::Number(_) => return value,
        Json::String(text) => text.clone(),
        Json::Array(_) | Json::Object(_) => value.to_string(),
    };
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => Json::from(format!("{}…", &text[..end])),
        None => value,
    }
}

/// The shape of a state.
fn state() -> Object {
    let types = [Type::String, Type::Number, Type::Boolean, Type::Null];
    any_of(types)
        .description(Some("The new state: text, a number or a boolean"))
        .build()
}

/// The shape of an event's time.
fn when() -> Object {
    moment("When it happened, without it now; `timestamp` and `time_fired` are the same")
}

/// The shape of a time.
pub(super) fn moment(meaning: &str) -> Object {
    let forms = "RFC 3339, epoch milliseconds, or relative to now such as `-1h`";
    any_of([Type::String, Type::Integer, Type::Null])
        .description(Some(format!("{meaning}: {forms}")))
        .build()
}

fn any_of(types: impl IntoIterator<Item = Type>) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Array(types.into_iter().collect()))
}
