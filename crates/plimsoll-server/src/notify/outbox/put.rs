//! Notices become rows, and too many rows a summary.

use std::sync::Arc;

use rusqlite::Connection;

use crate::meta::outbox::{self, Insert, NewRow, SUMMARY};
use crate::notify::channel::Channel;
use crate::notify::notice::Notice;
use crate::notify::summary::Summary;
use crate::notify::{plan, words};
use crate::store::table::Nanos;

/// Most notices of a channel that wait one by one; beyond, they are merged as they come.
const ROOM: usize = 1_000;
/// Instead of a service where there are several.
const SEVERAL: &str = "<several>";

/// Writes a row for each notice and each channel that wants it.
pub(super) fn put(
    change: &Connection,
    channels: &[Arc<Channel>],
    notices: &[Notice],
    now: Nanos,
) -> rusqlite::Result<()> {
    let written: Vec<Written> = notices.iter().map(Written::of).collect();
    let mut insert = Insert::into(change)?;
    for channel in channels {
        let wanted = written
            .iter()
            .filter(|written| channel.config.filter.wants(&written.notice));
        let mut is_new = false;
        for written in wanted {
            is_new |= insert.row(&written.row(channel, now))?;
        }
        if is_new {
            keep_room(change, channel, now)?;
        }
    }
    Ok(())
}

/// A notice as it is written for each channel.
struct Written {
    notice: Notice,
    key: String,
    headline: String,
    text: String,
}

impl Written {
    fn of(notice: &Notice) -> Self {
        let notice = notice.clone().bounded();
        Self {
            key: notice.key(),
            headline: words::headline(&notice),
            text: serde_json::to_string(&notice).expect("names are text"),
            notice,
        }
    }

    fn row<'a>(&'a self, channel: &'a Channel, now: Nanos) -> NewRow<'a> {
        let notice = &self.notice;
        NewRow {
            channel: &channel.config.name,
            key: &self.key,
            alert: Some(&notice.alert),
            service: &notice.service,
            kind: notice.kind.as_str(),
            alert_type: notice.alert_type.as_str(),
            severity: notice.severity.as_str(),
            headline: &self.headline,
            content: &self.text,
            created: now,
            due: now.saturating_add(channel.group_wait()),
        }
    }
}

/// Merges what waits one by one when it is too much.
fn keep_room(change: &Connection, channel: &Channel, now: Nanos) -> rusqlite::Result<()> {
    let name = &*channel.config.name;
    let waiting = outbox::waiting(change, name)?;
    let loose = waiting.iter().filter(|row| row.message.is_none());
    let count = loose.clone().count();
    if count <= ROOM {
        return Ok(());
    }
    let mut ids = plan::mergeable(loose.clone(), channel.rules());
    if count - ids.len() >= ROOM {
        ids = loose.map(|row| row.id).collect();
    }
    merge(change, name, &ids, now)?;
    Ok(())
}

/// Puts a summary, which is due at once, in the place of rows, and returns its id; `None` when none of them can be read.
pub(super) fn merge(
    change: &Connection,
    channel: &str,
    ids: &[i64],
    now: Nanos,
) -> rusqlite::Result<Option<i64>> {
    let mut notices = Vec::with_capacity(ids.len());
    let mut summary = Summary::default();
    let mut merged = Vec::with_capacity(ids.len());
    for (id, row) in ids.iter().zip(outbox::contents(change, ids)?) {
        // What cannot be read is given up when its turn comes.
        if row.is_summary {
            let Ok(other) = serde_json::from_str(&row.text) else {
                continue;
            };
            summary = summary.merge(other);
        } else {
            let Ok(notice) = serde_json::from_str(&row.text) else {
                continue;
            };
            notices.push(notice);
        }
        merged.push(*id);
    }
    let Some(first) = merged.first() else {
        return Ok(None);
    };
    let summary = summary.merge(Summary::of(notices));
    let key = format!("{SUMMARY}:{first}");
    let service = match summary.by_service.len() {
        1 => summary.by_service.keys().next().map_or("", String::as_str),
        _ => SEVERAL,
    };
    outbox::remove(change, &merged)?;
    Insert::into(change)?.row(&NewRow {
        channel,
        key: &key,
        alert: None,
        service,
        kind: SUMMARY,
        alert_type: SUMMARY,
        severity: summary.severity().as_str(),
        headline: &words::headline_of(&summary),
        content: &serde_json::to_string(&summary).expect("names are text"),
        created: now,
        due: now,
    })?;
    Ok(Some(change.last_insert_rowid()))
}
