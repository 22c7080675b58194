//! What is sent at once.

use serde_json::{Value, json};

use super::notice::Notice;
use super::notice::Severity;
use super::summary::Summary;
use crate::api::v1::time::rfc3339;

/// One message to one channel. Every try to send it has the same key and the same content.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The same for every try, and for no other message to the channel: who gets it twice can tell by it.
    pub key: String,
    /// Whose alerts they are: this server's, as told from others'.
    pub origin: String,
    /// What there is to tell.
    pub content: Content,
}

/// What a message tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Notices of one service, the first one first; at least one.
    Notices(Vec<Notice>),
    /// Too many for that.
    Summary(Box<Summary>),
}

impl Message {
    /// The key as others see it: of several servers' messages no two have the same.
    pub fn outward_key(&self) -> String {
        format!("{}:{}", self.origin, self.key)
    }

    /// The worst severity in it.
    pub fn severity(&self) -> Severity {
        match &self.content {
            Content::Notices(notices) => {
                let severities = notices.iter().map(|notice| notice.severity);
                severities.max().unwrap_or(Severity::Low)
            }
            Content::Summary(summary) => summary.severity(),
        }
    }
}

/// A notice as programs read it.
pub(super) fn notice_json(notice: &Notice) -> Value {
    json!({
        "key": notice.key(),
        "alert": notice.alert,
        "kind": notice.kind,
        "service": notice.service,
        "type": notice.alert_type,
        "severity": notice.severity,
        "level": notice.severity.level(),
        "message": notice.message,
        "cause": notice.cause,
        "action": notice.action,
        "fix": notice.fix,
        "threshold": notice.threshold,
        "current_value": notice.current_value,
        "unit": notice.unit,
        "labels": notice.labels,
        "since": rfc3339(notice.since),
        "timestamp": rfc3339(notice.timestamp),
        "link": notice.link,
    })
}

/// A summary as programs read it.
pub(super) fn summary_json(summary: &Summary) -> Value {
    json!({
        "count": summary.count,
        "by_severity": summary.by_severity,
        "by_kind": summary.by_kind,
        "by_service": summary.by_service,
        "worst": summary.worst.iter().map(notice_json).collect::<Vec<_>>(),
        "keys": summary.keys,
        "first": rfc3339(summary.first),
        "last": rfc3339(summary.last),
    })
}
