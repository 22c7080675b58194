//! What the attributes of a span say, whichever of OpenTelemetry's conventions its sender follows.

use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};

/// The value of an attribute.
#[derive(Clone, Copy, Debug)]
pub(super) enum Told<'a> {
    Text(&'a str),
    /// A text that may be none.
    Bytes(&'a [u8]),
    Integer(i64),
}

/// The attributes that count, by their meaning; of two names for one thing the first that was sent holds.
#[derive(Debug, Default)]
pub(super) struct Facts<'a> {
    pub(super) method: Option<&'a str>,
    pub(super) status: Option<u16>,
    pub(super) route: Option<&'a str>,
    /// Path of the URL, possibly with its query.
    pub(super) path: Option<&'a str>,
    pub(super) url: Option<&'a str>,
    pub(super) error_type: Option<&'a str>,
    pub(super) server: Option<&'a str>,
    pub(super) port: Option<i64>,
    pub(super) db_system: Option<&'a str>,
    pub(super) db_namespace: Option<&'a str>,
    pub(super) db_statement: Option<&'a str>,
    pub(super) db_operation: Option<&'a str>,
    pub(super) db_collection: Option<&'a str>,
    pub(super) rpc_system: Option<&'a str>,
    pub(super) rpc_service: Option<&'a str>,
    pub(super) rpc_method: Option<&'a str>,
    pub(super) messaging_system: Option<&'a str>,
    pub(super) messaging_destination: Option<&'a str>,
    pub(super) messaging_operation: Option<&'a str>,
    /// The run of a load test; empty when the test has no name.
    pub(super) run: Option<&'a str>,
}

impl<'a> Facts<'a> {
    /// Reads each attribute once.
    pub(super) fn of(attributes: &'a [KeyValue]) -> Self {
        let mut facts = Self::default();
        for attribute in attributes {
            let value = attribute
                .value
                .as_ref()
                .and_then(|value| value.value.as_ref());
            let value = match value {
                Some(Value::StringValue(text)) => Told::Text(text),
                Some(Value::IntValue(number)) => Told::Integer(*number),
                _ => continue,
            };
            // Only bytes may be no text.
            facts
                .note(attribute.key.as_bytes(), value)
                .unwrap_or_default();
        }
        facts
    }

    /// Takes an attribute in; `None` for one that counts and is no text.
    pub(super) fn note(&mut self, key: &[u8], value: Told<'a>) -> Option<()> {
        let slot = match key {
            b"http.request.method" | b"http.method" => &mut self.method,
            b"http.response.status_code" | b"http.status_code" => {
                self.status = self.status.or_else(|| status(value));
                return Some(());
            }
            b"http.route" => &mut self.route,
            b"url.path" | b"http.target" => &mut self.path,
            b"url.full" | b"http.url" => &mut self.url,
            b"error.type" => &mut self.error_type,
            b"server.address" | b"net.peer.name" | b"peer.service" | b"http.host" => {
                &mut self.server
            }
            b"server.port" | b"net.peer.port" => {
                self.port = self.port.or_else(|| integer(value));
                return Some(());
            }
            b"db.system.name" | b"db.system" => &mut self.db_system,
            b"db.namespace" | b"db.name" => &mut self.db_namespace,
            b"db.query.text" | b"db.statement" => &mut self.db_statement,
            b"db.operation.name" | b"db.operation" => &mut self.db_operation,
            b"db.collection.name" | b"db.sql.table" | b"db.mongodb.collection" => {
                &mut self.db_collection
            }
            b"rpc.system" | b"rpc.system.name" => &mut self.rpc_system,
            b"rpc.service" => &mut self.rpc_service,
            b"rpc.method" => &mut self.rpc_method,
            b"messaging.system" => &mut self.messaging_system,
            b"messaging.destination.name" | b"messaging.destination" => {
                &mut self.messaging_destination
            }
            b"messaging.operation.type" | b"messaging.operation.name" | b"messaging.operation" => {
                &mut self.messaging_operation
            }
            b"plimsoll.run" => {
                self.run = text(value)?.or(self.run);
                return Some(());
            }
            b"user_agent.synthetic.type" => {
                if text(value)? == Some("test") {
                    self.run = self.run.or(Some(""));
                }
                return Some(());
            }
            _ => return Some(()),
        };
        if slot.is_none() {
            *slot = text(value)?;
        }
        Some(())
    }
}

/// A text that is not empty, if it is a text; `None` for bytes that are none.
fn text(value: Told<'_>) -> Option<Option<&str>> {
    let text = match value {
        Told::Text(text) => text,
        Told::Bytes(bytes) => std::str::from_utf8(bytes).ok()?,
        Told::Integer(_) => return Some(None),
    };
    Some(Some(text).filter(|text| !text.is_empty()))
}

fn integer(value: Told<'_>) -> Option<i64> {
    match value {
        Told::Integer(number) => Some(number),
        text_of_it => text(text_of_it)??.parse().ok(),
    }
}

fn status(value: Told<'_>) -> Option<u16> {
    let code = u16::try_from(integer(value)?).ok()?;
    (100..1_000).contains(&code).then_some(code)
}
