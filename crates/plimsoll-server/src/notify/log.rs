//! The server's own log.

use super::message::{Content, Message};
use super::notice::Kind;
use super::words;

/// Writes a message.
pub(super) fn write(channel: &str, message: &Message) {
    match &message.content {
        Content::Notices(notices) => {
            for notice in notices {
                let (line, key) = (words::headline(notice), notice.key());
                let (severity, kind) = (notice.severity.as_str(), notice.kind.as_str());
                match notice.kind {
                    Kind::Firing | Kind::Worsened => {
                        tracing::warn!(channel, alert.key = key, severity, kind, "{line}");
                    }
                    Kind::Resolved | Kind::Test => {
                        tracing::info!(channel, alert.key = key, severity, kind, "{line}");
                    }
                }
            }
        }
        Content::Summary(summary) => {
            let severity = summary.severity().as_str();
            tracing::warn!(
                channel,
                alert.key = message.key,
                severity,
                "{}; {}",
                words::headline_of(summary),
                words::services_of(summary)
            );
        }
    }
}
