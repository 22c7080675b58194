//! Slack's incoming webhooks, and whatever takes the same: Mattermost, Rocket.Chat, Discord's `/slack`.

use serde_json::{Value, json};

use super::message::{Content, Message};
use super::notice::Severity;
use super::notice::{Kind, Notice, cut};
use super::outcome::{Answer, Outcome};
use super::summary::Summary;
use super::words;
use crate::store::table::Nanos;

const SECOND: Nanos = 1_000_000_000;
/// Most bytes of an attachment's text: Slack folds longer ones.
const MOST_TEXT: usize = 2_000;
/// What Slack calls troubles that pass.
const PASSING: [&str; 8] = [
    "rate_limited",
    "ratelimited",
    "rollup_error",
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "team_unavailable",
];

/// What is posted.
pub(super) fn body(message: &Message) -> Value {
    match &message.content {
        Content::Notices(notices) => json!({
            "text": escaped(&overview(notices)),
            "attachments": notices.iter().map(attachment).collect::<Vec<_>>(),
        }),
        Content::Summary(summary) => json!({
            "text": escaped(&words::size_of(summary)),
            "attachments": [attachment_of(summary)],
        }),
    }
}

/// A line above the attachments, which is also what a notification on a screen shows.
fn overview(notices: &[Notice]) -> String {
    match notices {
        [one] => words::headline(one),
        several => {
            let service = several.first().map_or("", |first| &first.service);
            format!("{} alerts in {service}", several.len())
        }
    }
}

fn attachment(notice: &Notice) -> Value {
    let mut text = escaped(&notice.message);
    for more in [&notice.cause, &notice.action] {
        if !more.is_empty() {
            text.push('\n');
            text.push_str(&escaped(more));
        }
    }
    if let Some(fix) = &notice.fix {
        text.push_str(&format!("\n```{}```", escaped(fix)));
    }
    cut(&mut text, MOST_TEXT);
    let mut attachment = json!({
        "color": colour(notice.kind == Kind::Resolved, notice.severity),
        "fallback": escaped(&words::headline(notice)),
        "title": escaped(&title(notice)),
        "text": text,
        "fields": [
            field("Severity", notice.severity.as_str()),
            field("Threshold", &words::value_or_dash(notice.threshold, notice.unit)),
            field("Current", &words::value_or_dash(notice.current_value, notice.unit)),
        ],
        "mrkdwn_in": ["text"],
        "ts": notice.timestamp / SECOND,
    });
    if let Some(link) = &notice.link {
        attachment["title_link"] = link.as_str().into();
    }
    attachment
}

fn title(notice: &Notice) -> String {
    let what = format!(
        "Plimsoll Alert: {} in {}",
        notice.alert_type.as_str(),
        notice.service
    );
    match notice.kind {
        Kind::Firing => what,
        Kind::Worsened => format!("{what} got worse"),
        Kind::Resolved => format!("{what} is resolved"),
        Kind::Test => format!("Plimsoll Alert: {}", notice.kind.as_str()),
    }
}

fn attachment_of(summary: &Summary) -> Value {
    let mut text = String::from("The worst:");
    for notice in &summary.worst {
        let line = format!(
            "\n• {} ({})",
            words::headline(notice),
            notice.severity.as_str()
        );
        text.push_str(&escaped(&line));
    }
    cut(&mut text, MOST_TEXT);
    json!({
        "color": colour(summary.is_over(), summary.severity()),
        "fallback": escaped(&words::headline_of(summary)),
        "title": escaped(&format!("Plimsoll Alert: {}", words::headline_of(summary))),
        "text": text,
        "fields": [
            field("Severity", &words::severities_of(summary)),
            field("Service", &words::services_of(summary)),
        ],
        "mrkdwn_in": ["text"],
        "ts": summary.last / SECOND,
    })
}

fn field(title: &str, value: &str) -> Value {
    json!({"title": title, "value": escaped(value), "short": true})
}

fn colour(is_over: bool, severity: Severity) -> &'static str {
    match (is_over, severity) {
        (true, _) => "good",
        (false, Severity::Low | Severity::Medium) => "warning",
        (false, Severity::High | Severity::Critical) => "danger",
    }
}

/// Slack's three control characters: what is left can neither name a link nor call everybody.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Whether it was taken: some say no with a good status.
pub(super) fn outcome(answer: &Answer) -> Outcome {
    if let Some(failure) = answer.failure() {
        return failure;
    }
    if !answer.is_whole {
        return Outcome::failed("its answer broke off");
    }
    let text = answer.text.trim();
    if text.is_empty() || text.eq_ignore_ascii_case("ok") {
        return Outcome::Delivered(None);
    }
    let json: Option<Value> = serde_json::from_str(text).ok();
    let word = match json.as_ref().and_then(Value::as_object) {
        Some(members) => {
            let says = |name: &str| members.get(name).and_then(Value::as_bool);
            let is_good = says("ok").or(says("success"));
            match is_good.unwrap_or(!members.contains_key("error")) {
                true => return Outcome::Delivered(None),
                false => members.get("error").and_then(Value::as_str),
            }
        }
        None => text.split_whitespace().next(),
    };
    match word {
        Some(word) if PASSING.contains(&word) => Outcome::failed(answer.in_words()),
        // Tried again, what was shown after all would be shown for a day.
        _ => Outcome::Refused(answer.in_words()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::notice::tests::notice;
    use super::*;

    fn message(content: Content) -> Message {
        Message {
            key: "1:1".to_owned(),
            origin: "o".to_owned(),
            content,
        }
    }

    fn one(notice: Notice) -> Value {
        body(&message(Content::Notices(vec![notice])))
    }

    #[test]
    fn a_notice_is_an_attachment_with_colour_fields_and_time() {
        let shown = one(notice("1", Severity::High));
        let attachment = &shown["attachments"][0];
        assert_eq!(attachment["color"], "danger");
        assert_eq!(attachment["title"], "Plimsoll Alert: slow_request in shop");
        assert_eq!(
            attachment["fields"],
            json!([
                {"title": "Severity", "value": "high", "short": true},
                {"title": "Threshold", "value": "1.00 s", "short": true},
                {"title": "Current", "value": "1.51 s", "short": true},
            ])
        );
        assert_eq!(attachment["ts"], 1_774_569_630);
        assert_eq!(
            one(notice("1", Severity::Medium))["attachments"][0]["color"],
            "warning"
        );
        let over = Notice {
            kind: Kind::Resolved,
            ..notice("1", Severity::High)
        };
        let over = one(over);
        assert_eq!(over["attachments"][0]["color"], "good");
        assert!(over["text"].as_str().unwrap().starts_with("Over in shop: "));
    }

    #[test]
    fn nobody_is_called_by_what_stands_in_a_notice() {
        let mut evil = notice("1", Severity::High);
        evil.message = "<!channel> & <https://evil.example|click>".to_owned();
        evil.fix = Some("a < b".to_owned());
        let text = one(evil).to_string();
        assert!(
            !text.contains('<') && text.contains("&lt;!channel&gt; &amp; "),
            "{text}"
        );
    }

    #[test]
    fn a_summary_names_the_worst() {
        let many = (0..30).map(|alert| notice(&alert.to_string(), Severity::Low));
        let mut many: Vec<_> = many.collect();
        many.push(Notice {
            service: "cart".to_owned(),
            ..notice("99", Severity::Critical)
        });
        let shown = body(&message(Content::Summary(Box::new(Summary::of(many)))));
        assert_eq!(shown["text"], "31 alerts in 2 services");
        let attachment = &shown["attachments"][0];
        assert_eq!(attachment["color"], "danger");
        assert_eq!(attachment["fields"][0]["value"], "1 critical, 30 low");
        let text = attachment["text"].as_str().unwrap();
        assert!(text.starts_with("The worst:\n• cart: "), "{text}");
        assert_eq!(text.lines().count(), 6);
    }

    #[test]
    fn a_good_status_alone_is_no_success() {
        let answered = |text: &str| {
            outcome(&Answer {
                status: 200,
                text: text.to_owned(),
                is_whole: true,
                ..Answer::default()
            })
        };
        for text in [
            "ok",
            "OK\n",
            "",
            "{\"ok\":true}",
            "{\"success\":true}",
            "{\"id\":1}",
        ] {
            assert_eq!(answered(text), Outcome::Delivered(None), "{text}");
        }
        for text in [
            "invalid_payload",
            "no_service",
            "{\"ok\":false,\"error\":\"channel_not_found\"}",
            "{\"success\":false}",
            "<html>Log in</html>",
        ] {
            assert!(matches!(answered(text), Outcome::Refused(_)), "{text}");
        }
        for text in ["rollup_error", "{\"ok\":false,\"error\":\"ratelimited\"}"] {
            assert!(matches!(answered(text), Outcome::Failed { .. }), "{text}");
        }
        let broken = Answer {
            status: 200,
            ..Answer::default()
        };
        assert!(matches!(outcome(&broken), Outcome::Failed { .. }));
    }
}
