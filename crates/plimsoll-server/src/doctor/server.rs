//! What a running server says of itself, of its senders and of what it refused.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::{Finding, span};
use crate::performance::OWN_SERVICE;

/// A refusal that is older than this is over.
const REFUSED_LATELY: Duration = Duration::from_secs(3_600);
/// A service that sent nothing for so long is silent.
const SILENT: Duration = Duration::from_secs(600);
/// One that sent nothing for so long was taken down, most likely.
const GONE: Duration = Duration::from_secs(86_400);
/// Most services and refusals that are named one by one.
const MOST_NAMED: usize = 20;
/// How a version stands in the answer to `/ping`.
const VERSION_AFTER: &str = "plimsoll-";

/// The version in the header of an answer to `/ping`.
pub fn version_of_ping(header: &str) -> Option<&str> {
    Some(header.split_once(VERSION_AFTER)?.1)
}

/// Whether server and command are of one version.
pub fn version(server: Option<&str>, command: &str) -> Finding {
    match server {
        Some(server) if server == command => {
            Finding::ok("version", format!("server and command are {command}"))
        }
        Some(server) => Finding::warn(
            "version",
            format!("the server is {server}, this command is {command}"),
            "restart the server with the new program, or run the doctor that came with it",
        ),
        None => Finding::warn(
            "version",
            "what answers does not tell Plimsoll's version",
            "name Plimsoll's own address with --url",
        ),
    }
}

/// The answer of `/api/v1/health`.
pub fn health(url: &str, report: &Value) -> Vec<Finding> {
    let status = report["status"].as_str().unwrap_or("unknown");
    let mut findings = vec![match status {
        "healthy" => Finding::ok("server", format!("{url} is healthy")),
        "degraded" | "unhealthy" => {
            Finding::ok("server", format!("{url} answers, but is {status}"))
        }
        _ => Finding::fail(
            "server",
            format!("{url} does not tell its health"),
            "name Plimsoll's own address with --url",
        ),
    }];
    for (name, check) in report["checks"].as_object().into_iter().flatten() {
        let message = check["message"].as_str().unwrap_or("no reason is told");
        let detail = format!("{name}: {message}");
        let fix = match name.as_str() {
            "database" | "disk_space" => {
                "make room or raise the limit that is named; damage: docs/store-format.md"
            }
            "memory" => {
                "raise the limit of the control group, or lower server.body_decompressed_max_mb and store.seal_mb"
            }
            _ => "look into the server's log",
        };
        match check["status"].as_str() {
            Some("degraded") => findings.push(Finding::warn("health", detail, fix)),
            Some("unhealthy") => findings.push(Finding::fail("health", detail, fix)),
            _ => {}
        }
    }
    findings
}

/// The answer of `/api/v1/services`: who sends, and who has become silent.
pub fn senders(services: &Value, now: Timestamp) -> Vec<Finding> {
    let listed = services["services"].as_array().into_iter().flatten();
    let foreign = listed.filter(|service| service["name"] != OWN_SERVICE);
    let mut findings: Vec<Finding> = foreign
        .take(MOST_NAMED)
        .map(|service| {
            let name = service["name"].as_str().unwrap_or("?");
            let age = age(&service["last_seen"], now);
            let ago = age.map_or("at an unknown time".to_owned(), |age| {
                format!("{} ago", span(age.as_secs()))
            });
            let detail = format!("{name} sent last {ago}");
            match age {
                Some(age) if age > SILENT && age < GONE => Finding::warn(
                    "senders",
                    detail,
                    "see whether it runs, what its log says of its exporter, and what is refused below",
                ),
                _ => Finding::ok("senders", detail),
            }
        })
        .collect();
    if findings.is_empty() {
        findings.push(Finding::warn(
            "senders",
            "nobody has sent anything yet",
            "plimsoll connect shows what to paste",
        ));
    }
    findings
}

/// The answer of `/api/v1/refused`: what did not come in lately.
pub fn refused(refused: &Value, now: Timestamp) -> Vec<Finding> {
    let kinds = refused["refused"].as_array().into_iter().flatten();
    let lately =
        kinds.filter(|kind| age(&kind["last_seen"], now).is_none_or(|age| age < REFUSED_LATELY));
    let mut findings: Vec<Finding> = lately
        .take(MOST_NAMED)
        .map(|kind| {
            let text = |name: &str| kind[name].as_str();
            let way = text("way").unwrap_or("?").replace('_', " ");
            let from = match (text("service"), text("sender")) {
                (Some(service), Some(sender)) => format!(" from {service} ({sender})"),
                (Some(one), None) | (None, Some(one)) => format!(" from {one}"),
                (None, None) => String::new(),
            };
            let reason = text("reason").unwrap_or("no reason is told");
            let example =
                text("example").map_or(String::new(), |example| format!("; such as: {example}"));
            let detail = format!("{} × {way}{from}: {reason}{example}", kind["count"]);
            Finding::warn("refused", detail, fix(&way, reason))
        })
        .collect();
    if findings.is_empty() {
        findings.push(Finding::ok("refused", "nothing in the last hour"));
    }
    findings
}

/// What to do about a refusal. Reasons name their settings themselves; the rest is the sender's.
fn fix(way: &str, reason: &str) -> &'static str {
    let says = |word: &str| reason.contains(word);
    match way {
        "grpc" => "in the sender's environment: OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
        "unknown path" => {
            "OTEL_EXPORTER_OTLP_ENDPOINT takes no path; line protocol goes to /write: plimsoll connect"
        }
        _ if says("in the future") || says("ahead") => {
            "set the sender's clock, or raise store.clock_future_secs"
        }
        _ if says("in the past") || says("older than") => "send sooner, or raise store.raw_days",
        _ if says("series") => "send fewer different tag values, or raise store.max_series",
        _ if says("larger") || says("too large") => {
            "send smaller batches, or raise server.body_max_mb"
        }
        _ if says("type") => {
            "send the field with the type that it had first, or under another name"
        }
        _ => "correct what the sender sends; plimsoll connect shows what is understood",
    }
}

fn age(time: &Value, now: Timestamp) -> Option<Duration> {
    let time: Timestamp = time.as_str()?.parse().ok()?;
    // What is of this moment may be a little ahead of a clock that was read before.
    Some(now.duration_since(time).try_into().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{State, worst};
    use super::*;

    fn now() -> Timestamp {
        "2026-11-27T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_service_that_has_become_silent_is_told() {
        let of = |last_seen: &str| {
            let listed = json!({"services": [{"name": "plimsoll", "last_seen": "2026-11-27T12:00:00Z"},
                {"name": "shop", "last_seen": last_seen}]});
            senders(&listed, now())
        };
        assert_eq!(worst(&of("2026-11-27T11:59:50Z")), State::Ok);
        let silent = of("2026-11-27T11:00:00Z");
        assert_eq!((worst(&silent), silent.len()), (State::Warn, 1));
        assert_eq!(silent[0].detail, "shop sent last 60 min ago");
        assert_eq!(worst(&of("2026-11-20T11:00:00Z")), State::Ok);
        assert_eq!(
            worst(&senders(&json!({"services": []}), now())),
            State::Warn
        );
    }

    #[test]
    fn what_was_refused_lately_is_told_with_its_fix() {
        let kind = |last_seen: &str| {
            json!({"refused": [{"way": "grpc", "reason": "gRPC is not spoken here", "count": 3, "last_seen": last_seen,
                "sender": "OTel/1", "service": null, "example": "/a/b"}]})
        };
        let found = refused(&kind("2026-11-27T11:30:00Z"), now());
        assert_eq!(found[0].state, State::Warn);
        assert_eq!(
            found[0].detail,
            "3 × grpc from OTel/1: gRPC is not spoken here; such as: /a/b"
        );
        assert!(
            found[0]
                .fix
                .as_deref()
                .is_some_and(|fix| fix.contains("http/protobuf"))
        );
        let old = refused(&kind("2026-11-27T10:30:00Z"), now());
        assert_eq!(worst(&old), State::Ok);
    }

    #[test]
    fn a_check_that_is_not_well_is_told() {
        let report = json!({"status": "degraded", "checks": {"database": {"status": "degraded",
            "message": "the disk is full"}, "memory": {"status": "healthy"}}});
        let found = health("http://a", &report);
        assert_eq!((found.len(), worst(&found)), (2, State::Warn));
        assert_eq!(worst(&health("http://a", &json!({}))), State::Fail);
    }

    #[test]
    fn another_version_is_told() {
        assert_eq!(version_of_ping("1.8.10-plimsoll-0.1.0"), Some("0.1.0"));
        assert_eq!(version(Some("0.1.0"), "0.1.0").state, State::Ok);
        assert_eq!(version(Some("0.0.9"), "0.1.0").state, State::Warn);
        assert_eq!(version(None, "0.1.0").state, State::Warn);
    }
}
