//! JSON to any program, signed.

use ring::hmac;
use serde_json::{Value, json};

use super::message::{Content, Message, notice_json, summary_json};
use crate::store::table::Nanos;

const SECOND: Nanos = 1_000_000_000;
/// The header that has the signature.
pub(super) const SIGNATURE: &str = "x-plimsoll-signature";
/// Format of the body.
const VERSION: u32 = 1;

/// What is posted; the same for every try.
pub(super) fn body(message: &Message) -> Value {
    let (notices, summary) = match &message.content {
        Content::Notices(notices) => (notices.iter().map(notice_json).collect(), Value::Null),
        Content::Summary(summary) => (Vec::new(), summary_json(summary)),
    };
    json!({
        "version": VERSION,
        "key": message.outward_key(),
        "severity": message.severity(),
        "level": message.severity().level(),
        "notices": notices,
        "summary": summary,
    })
}

/// `t=<epoch s>,v1=<hex HMAC-SHA256(secret, "t.body")>`: who knows the secret can tell that the body is ours and how old it is.
pub(super) fn signature(secret: &str, now: Nanos, body: &[u8]) -> String {
    let time = now / SECOND;
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mut signing = hmac::Context::with_key(&key);
    signing.update(format!("{time}.").as_bytes());
    signing.update(body);
    let hex = signing.sign();
    let hex: String = hex
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("t={time},v1={hex}")
}

#[cfg(test)]
mod tests {
    use super::super::notice::Severity;
    use super::super::notice::tests::notice;
    use super::super::summary::Summary;
    use super::*;

    #[test]
    fn the_signature_is_that_of_another_implementation() {
        // printf '1774569600.{"a":1}' | openssl dgst -sha256 -hmac geheim
        let expected =
            "t=1774569600,v1=fe6ab05f3f9ac32b4ce138a74539f7fcd45a1e7c10339711dbcc898fccb48832";
        let signed = signature("geheim", 1_774_569_600 * SECOND + 5, b"{\"a\":1}");
        assert_eq!(signed, expected);
    }

    #[test]
    fn notices_are_a_list_and_a_summary_stands_alone() {
        let message = |content| Message {
            key: "1:1+1".to_owned(),
            origin: "0a1b".to_owned(),
            content,
        };
        let two = vec![notice("1", Severity::Low), notice("2", Severity::High)];
        let listed = body(&message(Content::Notices(two.clone())));
        assert_eq!(listed["key"], "0a1b:1:1+1");
        assert_eq!(
            (&listed["severity"], &listed["level"]),
            (&json!("high"), &json!("critical"))
        );
        assert_eq!(listed["summary"], Value::Null);
        let first = &listed["notices"][0];
        assert_eq!(
            *first,
            json!({
                "key": "1:1", "alert": "1", "kind": "firing", "service": "shop", "type": "slow_request",
                "severity": "low", "level": "warning", "message": "write p95 1.51 s, its line 1.00 s",
                "cause": "It asks for stock once per item.", "action": "Ask once:",
                "fix": "SELECT … WHERE id = ANY($1)", "threshold": 1.0, "current_value": 1.51, "unit": "s",
                "labels": {"class": "write"}, "since": "2026-03-27T00:00:00Z",
                "timestamp": "2026-03-27T00:00:30Z", "link": "http://127.0.0.1:1876/services/shop",
            })
        );
        let summary = Summary::of(two);
        let told = body(&message(Content::Summary(Box::new(summary))));
        assert_eq!(told["notices"], json!([]));
        assert_eq!(told["summary"]["count"], 2);
        assert_eq!(told["summary"]["by_severity"], json!({"low": 1, "high": 1}));
        assert_eq!(told["summary"]["keys"], json!(["1:1", "2:1"]));
    }
}
