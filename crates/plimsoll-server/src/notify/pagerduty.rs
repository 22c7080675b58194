//! Events of PagerDuty, version 2: what begins opens an incident there, what is over closes it.

use serde_json::{Value, json};

use super::message::{Content, Message, notice_json, summary_json};
use super::notice::Severity;
use super::notice::{Kind, Notice, cut};
use super::outcome::{Answer, Outcome};
use super::summary::Summary;
use super::words;
use crate::api::v1::time::rfc3339;
use crate::config::hidden::Hidden;

/// Most characters of a summary there.
const MOST_SUMMARY: usize = 1_024;
/// Most characters of a key there.
const MOST_KEY: usize = 255;
/// The status of an event that was taken.
const TAKEN: u16 = 202;

/// What is posted. One notice at a time: each is an event of its own.
pub(super) fn body(message: &Message, routing_key: &str) -> Value {
    let mut event = match &message.content {
        Content::Notices(notices) => match notices.first() {
            Some(notice) => event(notice, &message.origin),
            None => json!({}),
        },
        Content::Summary(summary) => event_of(summary, &message.outward_key()),
    };
    event["routing_key"] = routing_key.into();
    event["client"] = "Plimsoll".into();
    event
}

fn event(notice: &Notice, origin: &str) -> Value {
    let mut key = format!("{origin}:{}", notice.alert);
    cut(&mut key, MOST_KEY);
    let severity = match notice.kind {
        Kind::Test => "info",
        _ => severity(notice.severity),
    };
    let component = ["route", "class", "query"];
    let mut component = component.iter().filter_map(|name| notice.labels.get(*name));
    let mut event = json!({
        "event_action": match notice.kind {
            Kind::Resolved => "resolve",
            Kind::Firing | Kind::Worsened | Kind::Test => "trigger",
        },
        "dedup_key": key,
        "payload": {
            "summary": bounded(words::headline(notice)),
            "source": notice.service,
            "severity": severity,
            "timestamp": rfc3339(notice.timestamp),
            "component": component.next().unwrap_or(&notice.service),
            "group": notice.service,
            "class": notice.alert_type,
            "custom_details": notice_json(notice),
        },
    });
    if let Some(link) = &notice.link {
        event["client_url"] = link.as_str().into();
        event["links"] = json!([{"href": link, "text": "Plimsoll"}]);
    }
    event
}

fn event_of(summary: &Summary, key: &str) -> Value {
    let mut services = summary.by_service.keys();
    let source = match (services.next(), services.next()) {
        (Some(only), None) => only,
        _ => "plimsoll",
    };
    json!({
        "event_action": "trigger",
        "dedup_key": key,
        "payload": {
            "summary": bounded(words::headline_of(summary)),
            "source": source,
            "severity": severity(summary.severity()),
            "timestamp": rfc3339(summary.last),
            "component": source,
            "custom_details": summary_json(summary),
        },
    })
}

/// Both have four.
fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "info",
        Severity::Medium => "warning",
        Severity::High => "error",
        Severity::Critical => "critical",
    }
}

fn bounded(text: String) -> String {
    match text.chars().count() > MOST_SUMMARY {
        true => text.chars().take(MOST_SUMMARY - 1).chain(['…']).collect(),
        false => text,
    }
}

/// Whether it was taken. The key went out in the body, so it may come back.
pub(super) fn outcome(answer: &Answer, routing_key: &Hidden) -> Outcome {
    let answer = Answer {
        text: answer.text.replace(routing_key.text(), "…"),
        ..answer.clone()
    };
    match answer.failure() {
        Some(failure) => failure,
        None if answer.status == TAKEN => Outcome::Delivered(None),
        None => {
            let reason = format!("it answers {}, where {TAKEN} is expected", answer.status);
            // The same event twice is one incident.
            Outcome::failed(reason)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::notice::tests::notice;
    use super::*;

    fn message(content: Content) -> Message {
        Message {
            key: "12:3".to_owned(),
            origin: "0a1b".to_owned(),
            content,
        }
    }

    #[test]
    fn an_alert_opens_an_incident_and_its_end_closes_the_same() {
        let began = notice("12", Severity::High);
        let over = Notice {
            kind: Kind::Resolved,
            transition: 2,
            ..began.clone()
        };
        let [began, over] =
            [began, over].map(|notice| body(&message(Content::Notices(vec![notice])), "R0"));
        assert_eq!(
            (&began["event_action"], &over["event_action"]),
            (&json!("trigger"), &json!("resolve"))
        );
        assert_eq!(began["dedup_key"], "0a1b:12");
        assert_eq!(began["dedup_key"], over["dedup_key"]);
        assert_eq!(began["routing_key"], "R0");
        let payload = &began["payload"];
        assert_eq!(payload["severity"], "error");
        assert_eq!(payload["source"], "shop");
        assert_eq!(payload["component"], "write");
        assert_eq!(payload["timestamp"], "2026-03-27T00:00:30Z");
        assert_eq!(payload["custom_details"]["current_value"], 1.51);
    }

    #[test]
    fn nothing_is_longer_than_pagerduty_takes() {
        let mut long = notice(&"9".repeat(400), Severity::Critical);
        long.message = "ü".repeat(2_000);
        let event = body(&message(Content::Notices(vec![long])), "R0");
        let length = |value: &Value| value.as_str().unwrap().chars().count();
        assert_eq!(length(&event["payload"]["summary"]), MOST_SUMMARY);
        assert!(length(&event["dedup_key"]) <= MOST_KEY);
    }

    #[test]
    fn only_202_is_a_success() {
        let answered = |status| {
            let answer = Answer {
                status,
                text: "R0123 is bad".to_owned(),
                ..Answer::default()
            };
            outcome(&answer, &Hidden::from("R0123"))
        };
        assert_eq!(answered(202), Outcome::Delivered(None));
        assert!(matches!(answered(200), Outcome::Failed { .. }));
        assert!(matches!(answered(429), Outcome::Failed { .. }));
        assert_eq!(
            answered(400),
            Outcome::Refused("it answers 400: … is bad".to_owned())
        );
    }
}
