use std::path::Path;

use super::super::notice::Severity;
use super::super::notice::tests::notice;
use super::super::notice::{AlertType, Kind};
use super::*;
use crate::config::Layers;

const SECOND: Nanos = 1_000_000_000;
const NOW: Nanos = 1_774_569_600 * SECOND;
const TWO: &str = "[[notify]]\nname = \"ops\"\nkind = \"slack\"\nurl = \"http://127.0.0.1:9/x\"
[[notify]]\nname = \"pager\"\nkind = \"pagerduty\"\nsecret = \"R0\"\nmin_severity = \"high\"";

fn opened(dir: &Path, toml: &str) -> Outbox {
    let meta = Meta::open(dir, NOW).unwrap();
    let mut layers = Layers::defaults();
    layers.file(Path::new("plimsoll.toml"), toml).unwrap();
    Outbox::open(meta, &layers.config().unwrap().notify).unwrap()
}

fn firing(alert: usize, severity: Severity) -> Notice {
    notice(&alert.to_string(), severity)
}

fn many(count: usize) -> Vec<Notice> {
    (1..=count)
        .map(|alert| firing(alert, Severity::High))
        .collect()
}

fn sending(outbox: &Outbox, name: &str, now: Nanos) -> Sending {
    let channel = outbox.channel(name).unwrap();
    match outbox.step(channel, Nanos::MIN, now).unwrap() {
        Next::Send(sending) => sending,
        other => panic!("{other:?}"),
    }
}

fn settle(outbox: &Outbox, name: &str, sending: &Sending, outcome: &Outcome, now: Nanos) -> Fate {
    let channel = outbox.channel(name).unwrap();
    outbox.settle(channel, sending, outcome, 0.0, now).unwrap()
}

fn waits(outbox: &Outbox, name: &str, now: Nanos) -> Option<Nanos> {
    let channel = outbox.channel(name).unwrap();
    match outbox.step(channel, Nanos::MIN, now).unwrap() {
        Next::Wait(until) => until,
        Next::Send(sending) => panic!("{sending:?}"),
    }
}

fn failed() -> Outcome {
    Outcome::failed("nobody there")
}

const TAKEN: Outcome = Outcome::Delivered(None);
/// When what was put at [`NOW`] is due on a channel that groups.
const DUE: Nanos = NOW + 10 * SECOND;

#[test]
fn a_notice_is_kept_for_each_channel_that_wants_it_and_once() {
    let dir = tempfile::tempdir().unwrap();
    let outbox = opened(dir.path(), TWO);
    let notices = [firing(1, Severity::Low), firing(2, Severity::High)];
    outbox.put(&notices, NOW).unwrap();
    outbox.put(&notices, NOW + SECOND).unwrap();
    let status = |name: &str| outbox.status(outbox.channel(name).unwrap()).unwrap();
    assert_eq!((status("ops").waiting, status("pager").waiting), (2, 1));
    let (rows, total) = outbox.list(Some(State::Waiting), 2).unwrap();
    assert_eq!((rows.len(), total), (2, 3));
    assert_eq!((&*rows[0].channel, &*rows[0].key), ("pager", "2:1"));
    assert_eq!(rows[0].headline, "shop: write p95 1.51 s, its line 1.00 s");
}

#[test]
fn a_message_stays_the_same_until_it_is_told_whatever_is_put_or_restarted() {
    let dir = tempfile::tempdir().unwrap();
    let outbox = opened(dir.path(), TWO);
    outbox.put(&many(2), NOW).unwrap();
    let first = sending(&outbox, "ops", DUE);
    assert_eq!(first.message.key, "1:1+1");
    // Killed after it was sent and before that was written down.
    drop(outbox);
    let outbox = opened(dir.path(), TWO);
    outbox.put(&[firing(3, Severity::High)], NOW).unwrap();
    let again = sending(&outbox, "ops", DUE);
    assert_eq!(again.message, first.message);
    assert_eq!(settle(&outbox, "ops", &again, &TAKEN, DUE), Fate::Sent);
    assert_eq!(sending(&outbox, "ops", DUE).message.key, "3:1");
}

#[test]
fn what_is_refused_or_too_old_is_a_dead_letter_with_its_reason() {
    let dir = tempfile::tempdir().unwrap();
    let outbox = opened(dir.path(), TWO);
    outbox.put(&[firing(1, Severity::Low)], NOW).unwrap();
    let refused = Outcome::Refused("it answers 410".to_owned());
    let first = sending(&outbox, "ops", DUE);
    assert_eq!(settle(&outbox, "ops", &first, &refused, DUE), Fate::Dead);
    outbox.put(&[firing(2, Severity::Low)], NOW).unwrap();
    let late = NOW + plan::GIVEN_UP_AFTER;
    let second = sending(&outbox, "ops", late);
    assert_eq!(settle(&outbox, "ops", &second, &failed(), late), Fate::Dead);
    let (rows, _) = outbox.list(Some(State::Dead), 10).unwrap();
    let errors: Vec<_> = rows
        .iter()
        .map(|row| row.error.as_deref().unwrap())
        .collect();
    assert_eq!(
        errors,
        ["given up after 24 hours: nobody there", "it answers 410"]
    );
    let status = outbox.status(outbox.channel("ops").unwrap()).unwrap();
    assert_eq!((status.waiting, status.dead), (0, 2));
    assert_eq!(status.last_error.as_deref(), Some("nobody there"));
}

#[test]
fn what_is_tried_again_need_not_wait_once_the_channel_takes_something() {
    let dir = tempfile::tempdir().unwrap();
    let outbox = opened(dir.path(), TWO);
    for alert in [1, 2] {
        let service = format!("s{alert}");
        let notice = Notice {
            service,
            ..firing(alert, Severity::Low)
        };
        outbox.put(&[notice], NOW).unwrap();
    }
    let first = sending(&outbox, "ops", DUE);
    settle(&outbox, "ops", &first, &failed(), DUE);
    let mut second = sending(&outbox, "ops", DUE);
    assert_ne!(second.message.key, first.message.key);
    second.attempts = 7;
    let Fate::Again(due) = settle(&outbox, "ops", &second, &failed(), DUE) else {
        panic!("it is tried again");
    };
    assert_eq!(due, DUE + 128 * SECOND);
    let now = DUE + 2 * SECOND;
    let again = sending(&outbox, "ops", now);
    assert_eq!(again.message, first.message);
    settle(&outbox, "ops", &again, &TAKEN, now);
    assert_eq!(sending(&outbox, "ops", now).message, second.message);
}

#[test]
fn a_thousand_alerts_at_once_are_one_message_that_counts_them() {
    let dir = tempfile::tempdir().unwrap();
    let outbox = opened(dir.path(), TWO);
    outbox.put(&many(10_000), NOW).unwrap();
    let status = outbox.status(outbox.channel("ops").unwrap()).unwrap();
    assert_eq!(status.waiting, 1);
    outbox.put(&many(10_020)[10_000..], NOW + SECOND).unwrap();
    let told = sending(&outbox, "ops", DUE + SECOND);
    let Content::Summary(summary) = &told.message.content else {
        panic!("{told:?}");
    };
    assert_eq!(summary.count, 10_020);
    assert_eq!(summary.worst.len(), 5);
    assert_eq!(settle(&outbox, "ops", &told, &TAKEN, DUE), Fate::Sent);
    assert_eq!(waits(&outbox, "ops", DUE + SECOND), None);
    let (rows, total) = outbox.list(Some(State::Sent), 10).unwrap();
    assert_eq!(
        (total, &*rows[0].kind, &*rows[0].service),
        (1, "summary", "shop")
    );
    assert!(told.message.key.starts_with("summary:"), "{told:?}");
}

#[test]
fn a_pager_hears_of_the_end_of_what_it_was_told_before() {
    let dir = tempfile::tempdir().unwrap();
    let outbox = opened(dir.path(), TWO);
    let over = |alert| Notice {
        transition: 2,
        kind: Kind::Resolved,
        ..firing(alert, Severity::High)
    };
    outbox.put(&many(1), NOW).unwrap();
    let told = sending(&outbox, "pager", NOW);
    settle(&outbox, "pager", &told, &TAKEN, NOW);
    let mut storm = many(30).split_off(1);
    storm.extend([over(1), over(2)]);
    outbox.put(&storm, NOW).unwrap();
    let first = sending(&outbox, "pager", NOW);
    let Content::Summary(summary) = &first.message.content else {
        panic!("{first:?}");
    };
    // The end of alert 2 is in it, for its beginning is, too.
    assert_eq!((summary.count, summary.by_kind[&Kind::Resolved]), (30, 1));
    settle(&outbox, "pager", &first, &TAKEN, NOW);
    assert_eq!(sending(&outbox, "pager", NOW).message.key, "1:2");
}

#[test]
fn what_cannot_be_read_is_given_up_and_keeps_nothing_waiting() {
    let dir = tempfile::tempdir().unwrap();
    let outbox = opened(dir.path(), TWO);
    outbox.put(&many(1), NOW).unwrap();
    let broken = outbox.meta.change::<_, MetaError>(|change| {
        change.execute("UPDATE outbox SET content = '{}' WHERE channel = 'ops'", [])?;
        Ok(Ok(()))
    });
    broken.unwrap();
    let other = Notice {
        service: "cart".to_owned(),
        ..firing(2, Severity::Low)
    };
    outbox.put(&[other], NOW).unwrap();
    assert_eq!(sending(&outbox, "ops", DUE).message.key, "2:1");
    let (rows, _) = outbox.list(Some(State::Dead), 10).unwrap();
    assert_eq!(rows[0].key, "1:1");
}

#[test]
fn old_letters_and_those_for_nobody_go() {
    let dir = tempfile::tempdir().unwrap();
    let outbox = opened(dir.path(), TWO);
    outbox.put(&[firing(1, Severity::High)], NOW).unwrap();
    let told = sending(&outbox, "ops", DUE);
    settle(&outbox, "ops", &told, &TAKEN, DUE);
    drop(outbox);
    let pager_is_gone = TWO.split("[[notify]]\nname = \"pager\"").next().unwrap();
    let outbox = opened(dir.path(), pager_is_gone);
    let states = |now| {
        outbox.tidy(now).unwrap();
        let (rows, _) = outbox.list(None, 10).unwrap();
        rows.iter()
            .map(|row| (row.channel.clone(), row.state))
            .collect::<Vec<_>>()
    };
    let (ops, pager) = ("ops".to_owned(), "pager".to_owned());
    let both = |state| vec![(pager.clone(), state), (ops.clone(), State::Sent)];
    assert_eq!(states(NOW + plan::GIVEN_UP_AFTER), both(State::Waiting));
    assert_eq!(states(NOW + plan::GIVEN_UP_AFTER + 1), both(State::Dead));
    let week = crate::meta::outbox::REMEMBERED;
    assert_eq!(states(DUE + week + 1), [(pager.clone(), State::Dead)]);
    assert_eq!(states(DUE + 3 * week), []);
}

#[test]
fn only_so_many_told_ones_are_remembered() {
    let dir = tempfile::tempdir().unwrap();
    let outbox = opened(dir.path(), TWO);
    let filled = outbox.meta.change::<_, MetaError>(|change| {
        for number in 0..crate::meta::outbox::MAX_REMEMBERED + 5 {
            change.execute(
                "INSERT INTO outbox (channel, key, service, kind, type, severity, headline, content, created, due, done, state)
                    VALUES ('ops', ?1, '', '', '', '', '', '', 0, 0, ?2, 'sent')",
                (number.to_string(), NOW),
            )?;
        }
        Ok(Ok(()))
    });
    filled.unwrap();
    outbox.tidy(NOW).unwrap();
    let (rows, total) = outbox.list(Some(State::Sent), 1).unwrap();
    assert_eq!(total, crate::meta::outbox::MAX_REMEMBERED.unsigned_abs());
    assert_eq!(rows[0].key, (total + 4).to_string());
}

#[test]
fn a_part_of_a_change_that_fails_puts_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let outbox = opened(dir.path(), TWO);
    let undone = outbox.meta.change::<(), MetaError>(|change| {
        outbox.put_in(change, &many(3), NOW)?;
        Err(rusqlite::Error::InvalidQuery)
    });
    assert!(undone.is_err());
    assert_eq!(outbox.list(None, 10).unwrap().1, 0);
}

#[test]
fn every_server_has_keys_of_its_own() {
    let [one, other] = [(); 2].map(|()| {
        let dir = tempfile::tempdir().unwrap();
        let outbox = opened(dir.path(), TWO);
        let again = opened(dir.path(), TWO);
        assert_eq!(outbox.origin, again.origin);
        outbox.origin
    });
    assert_eq!(one.len(), 12);
    assert_ne!(one, other);
}

#[test]
fn a_type_is_filtered_by_its_channel() {
    let dir = tempfile::tempdir().unwrap();
    let toml = "[[notify]]\nname = \"log\"\nkind = \"log\"\ntypes = [\"error_rate\"]";
    let outbox = opened(dir.path(), toml);
    let wanted = Notice {
        alert_type: AlertType::ErrorRate,
        ..firing(2, Severity::Low)
    };
    outbox
        .put(&[firing(1, Severity::Low), wanted], NOW)
        .unwrap();
    assert_eq!(sending(&outbox, "log", NOW).message.key, "2:1");
}
