//! What one span measured: a request, a query, an outgoing call, a message, or nothing that is counted.

use std::borrow::Cow;

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use super::facts::Facts;
use super::path;
use super::sent::Sent;
use super::statement::{self, Statements};

/// The route of requests that matched none.
const UNMATCHED: &str = "<unmatched>";
/// A method that is none of the known ones, as OpenTelemetry calls it.
const OTHER_METHOD: &str = "_OTHER";
/// Methods of RFC 9110 and RFC 5789.
const METHODS: [&str; 9] = [
    "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE",
];

/// What a span measured. Texts are as sent or normalised, not yet bounded in number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Observation<'a> {
    /// The service answered a request.
    Request {
        method: &'a str,
        route: Cow<'a, str>,
        status: Option<u16>,
        error_type: Cow<'a, str>,
        /// The load test that it belongs to; `<test>` when that has no name.
        run: &'a str,
    },
    /// The service asked a database.
    Query {
        system: &'a str,
        namespace: &'a str,
        statement: Cow<'a, str>,
        error_type: &'a str,
    },
    /// The service asked another one.
    Call {
        peer: Cow<'a, str>,
        method: Cow<'a, str>,
        status: Option<u16>,
        error_type: Cow<'a, str>,
    },
    /// The service sent or took a message.
    Message {
        system: &'a str,
        destination: &'a str,
        operation: &'a str,
        error_type: &'a str,
    },
}

impl<'a> Observation<'a> {
    /// What `span` measured; `None` for one that only tells of the inside of something else.
    pub(super) fn of(
        span: &Sent<'a>,
        facts: &Facts<'a>,
        statements: &mut Statements<'a>,
    ) -> Option<Self> {
        let kind = SpanKind::try_from(span.kind).unwrap_or(SpanKind::Unspecified);
        let failed = span.is_failed;
        if let Some(system) = facts.db_system {
            return query(span, facts, statements, system, failed);
        }
        if facts.messaging_system.is_some()
            || matches!(kind, SpanKind::Producer | SpanKind::Consumer)
        {
            return Some(message(facts, kind, failed));
        }
        match (kind, facts.method, facts.rpc_system) {
            (SpanKind::Server, Some(method), _) => Some(request(span, facts, method, failed)),
            // ASGI on a connection that is kept may send a request as part of the one before.
            (SpanKind::Internal | SpanKind::Unspecified, Some(method), _)
                if facts.route.is_some() =>
            {
                Some(request(span, facts, method, failed))
            }
            (SpanKind::Client, Some(method), _) => {
                let method = Cow::Borrowed(known(method));
                Some(call(span, facts, method, failed))
            }
            (SpanKind::Server, None, Some(system)) => {
                let route = Cow::Owned(procedure(span, facts));
                Some(Observation::Request {
                    method: system,
                    route,
                    status: None,
                    error_type: Cow::Borrowed(failure(facts, failed)),
                    run: run(facts),
                })
            }
            (SpanKind::Client, None, Some(_)) => {
                let method = Cow::Owned(procedure(span, facts));
                Some(call(span, facts, method, failed))
            }
            _ => None,
        }
    }
}

fn request<'a>(
    span: &Sent<'a>,
    facts: &Facts<'a>,
    method: &'a str,
    failed: bool,
) -> Observation<'a> {
    let route = match (facts.route, facts.path.or(facts.url.map(path_of))) {
        (Some(route), _) => Cow::Borrowed(route),
        (None, Some(path)) if facts.status != Some(404) => named(span, path),
        _ => Cow::Borrowed(UNMATCHED),
    };
    let error_type = match (facts.error_type, facts.status) {
        (Some(error_type), _) => Cow::Borrowed(error_type),
        // A 4xx is the caller's error.
        (None, Some(status)) if status >= 500 => Cow::Owned(status.to_string()),
        (None, None) if failed => Cow::Borrowed("error"),
        _ => Cow::Borrowed(""),
    };
    Observation::Request {
        method: known(method),
        route,
        status: facts.status,
        error_type,
        run: run(facts),
    }
}

/// The template in the span's name where there is one, `GET /orders/{id}`; else the path without identifiers.
fn named<'a>(span: &Sent<'a>, path: &str) -> Cow<'a, str> {
    match span.name.split_once(' ') {
        Some((method, template))
            if METHODS.contains(&method) && template.contains(['{', '<', ':', '(']) =>
        {
            Cow::Borrowed(template)
        }
        _ => Cow::Owned(path::folded(path)),
    }
}

fn query<'a>(
    span: &Sent<'a>,
    facts: &Facts<'a>,
    statements: &mut Statements<'a>,
    system: &'a str,
    failed: bool,
) -> Option<Observation<'a>> {
    let statement = match (statement::dialect(system), facts.db_statement) {
        (Some(dialect), Some(text)) => Cow::Owned(statements.normalised(text, dialect)),
        // What others ask in holds values where nobody can tell: the command and its object are kept.
        (_, text) => {
            let words = text.and_then(|text| text.split_ascii_whitespace().next());
            let command = words.filter(|word| {
                word.len() <= 32 && word.bytes().all(|byte| byte.is_ascii_alphabetic())
            });
            let operation = facts.db_operation.or(command);
            match (operation, facts.db_collection) {
                (Some(operation), Some(collection)) => {
                    Cow::Owned(format!("{operation} {collection}"))
                }
                (Some(operation), None) => Cow::Borrowed(operation),
                // To connect, to take a connection from a pool: no query.
                (None, _) if text.is_none() => return None,
                (None, _) => Cow::Borrowed(""),
            }
        }
    };
    let statement = if statement.is_empty() {
        Cow::Borrowed(span.name)
    } else {
        statement
    };
    Some(Observation::Query {
        system,
        namespace: facts.db_namespace.unwrap_or_default(),
        statement,
        error_type: failure(facts, failed),
    })
}

fn call<'a>(
    span: &Sent<'_>,
    facts: &Facts<'a>,
    method: Cow<'a, str>,
    failed: bool,
) -> Observation<'a> {
    let peer = match (facts.server, facts.port, facts.url) {
        (Some(server), Some(port), _) if !server.contains(':') && !matches!(port, 80 | 443) => {
            Cow::Owned(format!("{server}:{port}"))
        }
        (Some(server), _, _) => Cow::Borrowed(server),
        (None, _, Some(url)) => Cow::Borrowed(host_of(url)),
        (None, _, None) => Cow::Borrowed(""),
    };
    let peer = if peer.is_empty() {
        Cow::Owned(span.name.to_owned())
    } else {
        peer
    };
    let error_type = match (facts.error_type, facts.status) {
        (Some(error_type), _) => Cow::Borrowed(error_type),
        (None, Some(status)) if status >= 400 => Cow::Owned(status.to_string()),
        (None, None) if failed => Cow::Borrowed("error"),
        _ => Cow::Borrowed(""),
    };
    Observation::Call {
        peer,
        method,
        status: facts.status,
        error_type,
    }
}

fn message<'a>(facts: &Facts<'a>, kind: SpanKind, failed: bool) -> Observation<'a> {
    Observation::Message {
        system: facts.messaging_system.unwrap_or_default(),
        destination: facts.messaging_destination.unwrap_or_default(),
        operation: facts.messaging_operation.unwrap_or(match kind {
            SpanKind::Producer => "publish",
            SpanKind::Consumer => "process",
            _ => "",
        }),
        error_type: failure(facts, failed),
    }
}

fn failure<'a>(facts: &Facts<'a>, failed: bool) -> &'a str {
    facts
        .error_type
        .unwrap_or(if failed { "error" } else { "" })
}

fn run<'a>(facts: &Facts<'a>) -> &'a str {
    match facts.run {
        Some("") => "<test>",
        Some(run) => run,
        None => "",
    }
}

fn known(method: &str) -> &'static str {
    METHODS
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(method))
        .unwrap_or(OTHER_METHOD)
}

/// `service/method`, or what the span is called.
fn procedure(span: &Sent<'_>, facts: &Facts<'_>) -> String {
    match (facts.rpc_service, facts.rpc_method) {
        (Some(service), Some(method)) => format!("{service}/{method}"),
        _ => span.name.to_owned(),
    }
}

/// The path of a URL.
fn path_of(url: &str) -> &str {
    let behind = url.split_once("://").map_or(url, |(_, behind)| behind);
    behind.find('/').map_or("/", |at| &behind[at..])
}

/// Host and port of a URL, without who asks.
fn host_of(url: &str) -> &str {
    let behind = url.split_once("://").map_or(url, |(_, behind)| behind);
    let authority = behind.split(['/', '?', '#']).next().unwrap_or_default();
    authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host)
}
