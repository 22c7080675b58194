//! Spans as stock instrumentation of a web service with a database sends them, 512 in an export.

use bytes::Bytes;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;

use crate::{Load, Traces};

/// Spans of one export: the default of the SDKs' batch processors.
const SPANS: usize = 512;
/// Routes of the service.
const ROUTES: u64 = 40;
/// Spans of one request: its own, two that only tell of the inside, two queries, one call.
const OF_A_REQUEST: usize = 6;

pub struct Spans {
    random: fastrand::Rng,
}

impl Spans {
    pub fn new() -> Self {
        Self {
            random: fastrand::Rng::with_seed(1876),
        }
    }

    fn request(&mut self, end: u64, spans: &mut Vec<Span>) {
        let trace = self.random.u128(1..).to_be_bytes().to_vec();
        let route = self.random.u64(..ROUTES);
        let order = self.random.u64(..1_000_000);
        let took = 2_000_000 + self.random.u64(..40_000_000);
        let start = end - took;
        let status = if self.random.u8(..) < 3 { 500 } else { 200 };
        let own = self.span(
            &trace,
            &[],
            2,
            &format!("GET /shop/{route}/orders/{{id}}"),
            start,
            end,
        );
        let parent = own.span_id.clone();
        spans.push(Span {
            attributes: vec![
                text("http.scheme", "http"),
                text("http.host", "127.0.0.1:8000"),
                number("net.host.port", 8000),
                text("http.flavor", "1.1"),
                text("http.target", &format!("/shop/{route}/orders/{order}")),
                text(
                    "http.url",
                    &format!("http://127.0.0.1:8000/shop/{route}/orders/{order}"),
                ),
                text("http.method", "GET"),
                text("http.server_name", "127.0.0.1:8000"),
                text("http.user_agent", "python-httpx/0.28.1"),
                text("net.peer.ip", "127.0.0.1"),
                number("net.peer.port", i64::from(self.random.u16(30_000..))),
                text("http.route", &format!("/shop/{route}/orders/{{id}}")),
                number("http.status_code", status),
            ],
            ..own
        });
        for event in ["http.response.start", "http.response.body"] {
            let part = self.span(
                &trace,
                &parent,
                1,
                "GET http send",
                end - 50_000,
                end - 10_000,
            );
            let attributes = vec![
                text("asgi.event.type", event),
                number("http.status_code", status),
            ];
            spans.push(Span { attributes, ..part });
        }
        for table in ["orders", "items"] {
            let length = took / 4;
            let query = self.span(
                &trace,
                &parent,
                3,
                "SELECT shop",
                start + length,
                start + 2 * length,
            );
            let statement = format!(
                "SELECT {table}.id, {table}.item, {table}.price FROM {table} WHERE {table}.id = %(id_1)s AND {table}.state IN ('open', 'sent') LIMIT 20"
            );
            let attributes = vec![
                text("db.statement", &statement),
                text("db.system", "postgresql"),
                text("net.peer.name", "db.internal"),
                number("net.peer.port", 5432),
                text("db.name", "shop"),
                text("db.user", "shop"),
            ];
            spans.push(Span {
                attributes,
                ..query
            });
        }
        let call = self.span(&trace, &parent, 3, "GET", start, start + took / 8);
        spans.push(Span {
            attributes: vec![
                text("http.method", "GET"),
                text("http.url", "http://stock.internal:9000/items/17"),
                number("http.status_code", 200),
            ],
            ..call
        });
    }

    fn span(
        &mut self,
        trace: &[u8],
        parent: &[u8],
        kind: i32,
        name: &str,
        start: u64,
        end: u64,
    ) -> Span {
        Span {
            trace_id: trace.to_vec(),
            span_id: self.random.u64(1..).to_be_bytes().to_vec(),
            parent_span_id: parent.to_vec(),
            flags: 0x101,
            name: name.to_owned(),
            kind,
            start_time_unix_nano: start,
            end_time_unix_nano: end,
            ..Span::default()
        }
    }
}

impl Load for Spans {
    type Request = Traces;
    const FIGURE: &'static str = "otlp_spans_per_cpu_second";
    const UNIT: &'static str = "spans/s";
    const PATH: &'static str = "/v1/traces";

    fn next(&mut self, now: u64) -> (Bytes, usize) {
        let mut spans = Vec::with_capacity(SPANS + OF_A_REQUEST);
        while spans.len() < SPANS {
            let end = now - self.random.u64(..4_000_000_000);
            self.request(end, &mut spans);
        }
        spans.truncate(SPANS);
        let count = spans.len();
        let scope_spans = vec![ScopeSpans {
            scope: Some(scope("opentelemetry.instrumentation.fastapi")),
            spans,
            ..ScopeSpans::default()
        }];
        let resource = Some(resource());
        let resource_spans = vec![ResourceSpans {
            resource,
            scope_spans,
            ..ResourceSpans::default()
        }];
        (Traces { resource_spans }.encode_to_vec().into(), count)
    }
}

pub fn resource() -> Resource {
    Resource {
        attributes: vec![
            text("telemetry.sdk.language", "python"),
            text("telemetry.sdk.name", "opentelemetry"),
            text("telemetry.sdk.version", "1.45.2"),
            text("service.name", "shop"),
            text(
                "service.instance.id",
                "dcab3051-f58d-4c18-8e70-09ce73bc5740",
            ),
            text("service.version", "2.14.0"),
            text("deployment.environment", "prod"),
            text("telemetry.auto.version", "0.66b2"),
        ],
        ..Resource::default()
    }
}

pub fn scope(name: &str) -> InstrumentationScope {
    InstrumentationScope {
        name: name.to_owned(),
        version: "0.66b2".to_owned(),
        ..InstrumentationScope::default()
    }
}

pub fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.to_owned()))
}

pub fn number(key: &str, value: i64) -> KeyValue {
    attribute(key, Value::IntValue(value))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}
