//! A message as mail: a text, and the same as HTML.

use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Message as Mime, MultiPart};
use ring::digest::{SHA256, digest};

use super::message::{Content, Message};
use super::notice::{Kind, Notice, cut};
use super::summary::Summary;
use super::words;
use crate::config::notify::Mail;
use crate::store::table::Nanos;

/// What programs that answer mail by themselves look for (RFC 3834).
const AUTO_SUBMITTED: &str = "Auto-Submitted";
/// Most bytes of a subject.
const MOST_SUBJECT: usize = 200;

/// The mail, with a `Message-ID` that is the same for every try.
pub(super) fn write(
    message: &Message,
    to: &Mail,
    now: Nanos,
) -> Result<Mime, lettre::error::Error> {
    let domain = to.from.email.domain();
    let id = |what: &str| format!("<{}@{domain}>", hashed(what));
    let date = UNIX_EPOCH + Duration::from_nanos(now.unsigned_abs());
    let mut mail = Mime::builder()
        .from(to.from.clone())
        .subject(subject(message))
        .date(date)
        .message_id(Some(id(&message.outward_key())))
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str(AUTO_SUBMITTED),
            "auto-generated".to_owned(),
        ));
    for receiver in &to.to {
        mail = mail.to(receiver.clone());
    }
    if let Content::Notices(notices) = &message.content
        && let [only] = notices.as_slice()
    {
        // Readers show all of one alert together.
        mail = mail.references(id(&format!("{}:{}", message.origin, only.alert)));
    }
    let (text, html) = match &message.content {
        Content::Notices(notices) => (text(notices), html(notices)),
        Content::Summary(summary) => (text_of(summary), html_of(summary)),
    };
    mail.multipart(MultiPart::alternative_plain_html(text, html))
}

/// As long as a `Message-ID` may be, whatever the key has in it.
fn hashed(key: &str) -> String {
    let hash = digest(&SHA256, key.as_bytes());
    let hex = hash.as_ref().iter().take(16);
    format!(
        "plimsoll.{}",
        hex.map(|byte| format!("{byte:02x}")).collect::<String>()
    )
}

/// `Plimsoll Alert: slow_request in shop`.
fn subject(message: &Message) -> String {
    let what = match &message.content {
        Content::Notices(notices) => match notices.as_slice() {
            [only] => subject_of(only),
            several => {
                let mut types: Vec<_> = several.iter().map(|one| one.alert_type.as_str()).collect();
                types.sort_unstable();
                types.dedup();
                let service = several.first().map_or("", |first| &first.service);
                format!(
                    "{} in {service} ({} alerts)",
                    types.join(", "),
                    several.len()
                )
            }
        },
        Content::Summary(summary) => words::headline_of(summary),
    };
    let mut subject = format!("Plimsoll Alert: {what}");
    cut(&mut subject, MOST_SUBJECT);
    // No line of a mail's head may be made by what stands in a notice.
    subject.replace(char::is_control, " ")
}

fn subject_of(notice: &Notice) -> String {
    let what = format!("{} in {}", notice.alert_type.as_str(), notice.service);
    match notice.kind {
        Kind::Firing => what,
        Kind::Worsened => format!("{what} got worse"),
        Kind::Resolved => format!("{what} is resolved"),
        Kind::Test => "test".to_owned(),
    }
}

/// Names and values below a notice.
fn facts(notice: &Notice) -> Vec<(String, String)> {
    let mut facts = vec![
        ("Severity".to_owned(), notice.severity.as_str().to_owned()),
        (
            "Threshold".to_owned(),
            words::value_or_dash(notice.threshold, notice.unit),
        ),
        (
            "Current".to_owned(),
            words::value_or_dash(notice.current_value, notice.unit),
        ),
        ("Since".to_owned(), words::time(notice.since)),
        ("Timestamp".to_owned(), words::time(notice.timestamp)),
    ];
    let labels = notice.labels.iter();
    facts.extend(labels.map(|(name, value)| (name.clone(), value.clone())));
    facts.extend(
        notice
            .link
            .iter()
            .map(|link| ("Page".to_owned(), link.clone())),
    );
    facts
}

fn text(notices: &[Notice]) -> String {
    let one = |notice: &Notice| {
        let mut lines = vec![words::headline(notice)];
        let more = [&notice.cause, &notice.action]
            .into_iter()
            .chain(&notice.fix);
        lines.extend(more.filter(|text| !text.is_empty()).cloned());
        lines.push(String::new());
        let facts = facts(notice).into_iter();
        lines.extend(facts.map(|(name, value)| format!("{name}: {value}")));
        lines.join("\n")
    };
    let all: Vec<String> = notices.iter().map(one).collect();
    format!("{}\n", all.join("\n\n\n"))
}

fn html(notices: &[Notice]) -> String {
    let one = |notice: &Notice| {
        let mut out = format!("<p><b>{}</b></p>", escaped(&words::headline(notice)));
        for text in [&notice.cause, &notice.action] {
            if !text.is_empty() {
                out.push_str(&format!("<p>{}</p>", escaped(text)));
            }
        }
        if let Some(fix) = &notice.fix {
            out.push_str(&format!("<pre>{}</pre>", escaped(fix)));
        }
        out.push_str(&table(&facts(notice)));
        out
    };
    let all: Vec<String> = notices.iter().map(one).collect();
    page(&all.join("<hr>"))
}

fn facts_of(summary: &Summary) -> Vec<(String, String)> {
    vec![
        ("Severity".to_owned(), words::severities_of(summary)),
        ("Services".to_owned(), words::services_of(summary)),
        ("First".to_owned(), words::time(summary.first)),
        ("Last".to_owned(), words::time(summary.last)),
    ]
}

fn worst(summary: &Summary) -> impl Iterator<Item = String> {
    let named =
        |notice: &Notice| format!("{} ({})", words::headline(notice), notice.severity.as_str());
    summary.worst.iter().map(named)
}

fn text_of(summary: &Summary) -> String {
    let mut lines = vec![
        words::headline_of(summary),
        String::new(),
        "The worst:".to_owned(),
    ];
    lines.extend(worst(summary).map(|line| format!("- {line}")));
    lines.push(String::new());
    let facts = facts_of(summary).into_iter();
    lines.extend(facts.map(|(name, value)| format!("{name}: {value}")));
    format!("{}\n", lines.join("\n"))
}

fn html_of(summary: &Summary) -> String {
    let worst: String = worst(summary)
        .map(|line| format!("<li>{}</li>", escaped(&line)))
        .collect();
    page(&format!(
        "<p><b>{}</b></p><p>The worst:</p><ul>{worst}</ul>{}",
        escaped(&words::headline_of(summary)),
        table(&facts_of(summary))
    ))
}

fn table(facts: &[(String, String)]) -> String {
    let rows: String = facts
        .iter()
        .map(|(name, value)| {
            format!(
                "<tr><td style=\"padding-right:1em;color:#666\">{}</td><td>{}</td></tr>",
                escaped(name),
                escaped(value)
            )
        })
        .collect();
    format!("<table>{rows}</table>")
}

fn page(body: &str) -> String {
    format!("<!DOCTYPE html><html><body style=\"font-family:sans-serif\">{body}</body></html>")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::super::notice::Severity;
    use super::super::notice::tests::notice;
    use super::*;
    use crate::config::notify::MailTls;

    const NOW: Nanos = 1_774_569_700_000_000_000;

    fn to() -> Mail {
        Mail {
            host: "mail.example.org".to_owned(),
            port: 587,
            tls: MailTls::StartTls,
            login: None,
            from: "Plimsoll <plimsoll@example.org>".parse().unwrap(),
            to: vec![
                "ops@example.org".parse().unwrap(),
                "b@example.org".parse().unwrap(),
            ],
        }
    }

    fn written(content: Content, now: Nanos) -> String {
        let message = Message {
            key: "12:1".to_owned(),
            origin: "0a1b".to_owned(),
            content,
        };
        let mail = write(&message, &to(), now).unwrap();
        String::from_utf8(mail.formatted()).unwrap()
    }

    fn line(mail: &str, name: &str) -> String {
        let begin = format!("{name}: ");
        let line = mail.lines().find(|line| line.starts_with(&begin));
        line.unwrap_or_else(|| panic!("no {name}: {mail}"))[begin.len()..].to_owned()
    }

    #[test]
    fn every_try_has_the_same_id_and_all_of_an_alert_belong_together() {
        let one = |transition, kind, now| {
            let notice = Notice {
                transition,
                kind,
                ..notice("12", Severity::High)
            };
            written(Content::Notices(vec![notice]), now)
        };
        let first = one(1, Kind::Firing, NOW);
        let again = one(1, Kind::Firing, NOW + 60_000_000_000);
        assert_eq!(line(&first, "Message-ID"), line(&again, "Message-ID"));
        assert!(line(&first, "Message-ID").ends_with("@example.org>"));
        assert_ne!(line(&first, "Date"), line(&again, "Date"));
        assert_eq!(
            line(&first, "Subject"),
            "Plimsoll Alert: slow_request in shop"
        );
        assert_eq!(line(&first, "To"), "ops@example.org, b@example.org");
        assert_eq!(line(&first, "Auto-Submitted"), "auto-generated");
        let over = one(2, Kind::Resolved, NOW);
        assert_eq!(line(&over, "References"), line(&first, "References"));
        assert_eq!(
            line(&over, "Subject"),
            "Plimsoll Alert: slow_request in shop is resolved"
        );
    }

    #[test]
    fn a_notice_can_neither_add_a_header_nor_an_element() {
        let mut evil = notice("12", Severity::High);
        evil.service = "shop\r\nBcc: all@example.org".to_owned();
        evil.message = "<script>alert(1)</script>".to_owned();
        let html = html(&[evil.clone()]);
        assert!(!html.contains("<script>"), "{html}");
        let mail = written(Content::Notices(vec![evil]), NOW);
        let head = mail.split("\r\n\r\n").next().unwrap();
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
    }

    #[test]
    fn the_text_has_what_must_be_known() {
        let text = text(&[notice("12", Severity::High)]);
        assert_eq!(
            text,
            "shop: write p95 1.51 s, its line 1.00 s\nIt asks for stock once per item.\nAsk once:\n\
             SELECT … WHERE id = ANY($1)\n\nSeverity: high\nThreshold: 1.00 s\nCurrent: 1.51 s\n\
             Since: 2026-03-27T00:00:00Z\nTimestamp: 2026-03-27T00:00:30Z\nclass: write\n\
             Page: http://127.0.0.1:1876/services/shop\n"
        );
    }

    #[test]
    fn several_and_very_many_are_told_at_once() {
        let subject = |content| line(&written(content, NOW), "Subject");
        let two = vec![notice("1", Severity::Low), notice("2", Severity::Low)];
        let told = subject(Content::Notices(two.clone()));
        assert_eq!(told, "Plimsoll Alert: slow_request in shop (2 alerts)");
        let summary = Summary::of(two);
        assert!(text_of(&summary).contains("The worst:\n- shop: write"));
        let told = subject(Content::Summary(Box::new(summary)));
        assert_eq!(told, "Plimsoll Alert: 2 alerts in shop: 2 firing");
    }
}
