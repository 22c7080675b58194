//! What the attributes of a span say, whichever of OpenTelemetry's conventions its sender follows.

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};

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
            if let Some(value) = &attribute.value {
                facts.note(&attribute.key, value);
            }
        }
        facts
    }

    fn note(&mut self, key: &str, value: &'a AnyValue) {
        let slot = match key {
            "http.request.method" | "http.method" => &mut self.method,
            "http.response.status_code" | "http.status_code" => {
                self.status = self.status.or_else(|| status(value));
                return;
            }
            "http.route" => &mut self.route,
            "url.path" | "http.target" => &mut self.path,
            "url.full" | "http.url" => &mut self.url,
            "error.type" => &mut self.error_type,
            "server.address" | "net.peer.name" | "peer.service" | "http.host" => &mut self.server,
            "server.port" | "net.peer.port" => {
                self.port = self.port.or_else(|| integer(value));
                return;
            }
            "db.system.name" | "db.system" => &mut self.db_system,
            "db.namespace" | "db.name" => &mut self.db_namespace,
            "db.query.text" | "db.statement" => &mut self.db_statement,
            "db.operation.name" | "db.operation" => &mut self.db_operation,
            "db.collection.name" | "db.sql.table" | "db.mongodb.collection" => {
                &mut self.db_collection
            }
            "rpc.system" | "rpc.system.name" => &mut self.rpc_system,
            "rpc.service" => &mut self.rpc_service,
            "rpc.method" => &mut self.rpc_method,
            "messaging.system" => &mut self.messaging_system,
            "messaging.destination.name" | "messaging.destination" => {
                &mut self.messaging_destination
            }
            "messaging.operation.type" | "messaging.operation.name" | "messaging.operation" => {
                &mut self.messaging_operation
            }
            "plimsoll.run" => {
                self.run = text(value).or(self.run);
                return;
            }
            "user_agent.synthetic.type" => {
                if text(value) == Some("test") {
                    self.run = self.run.or(Some(""));
                }
                return;
            }
            _ => return,
        };
        *slot = slot.or_else(|| text(value));
    }
}

fn text(value: &AnyValue) -> Option<&str> {
    match &value.value {
        Some(Value::StringValue(text)) if !text.is_empty() => Some(text),
        _ => None,
    }
}

fn integer(value: &AnyValue) -> Option<i64> {
    match &value.value {
        Some(Value::IntValue(value)) => Some(*value),
        Some(Value::StringValue(text)) => text.parse().ok(),
        _ => None,
    }
}

fn status(value: &AnyValue) -> Option<u16> {
    let code = u16::try_from(integer(value)?).ok()?;
    (100..1_000).contains(&code).then_some(code)
}
