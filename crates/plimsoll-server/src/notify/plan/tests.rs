use proptest::prelude::*;

use super::*;

const NOW: Nanos = 1_774_569_600 * SECOND;
const MAIL: Rules = Rules {
    groups: true,
    keeps_open: false,
};
const PAGER: Rules = Rules {
    groups: false,
    keeps_open: true,
};
const FREE: Nanos = Nanos::MIN;

/// The first transition of an alert of shop's, due now.
fn row(id: i64) -> Waiting {
    Waiting {
        id,
        alert: Some(format!("a{id}")),
        service: "shop".to_owned(),
        due: NOW,
        message: None,
        is_summary: false,
        is_over: false,
    }
}

fn in_message(message: i64, due: Nanos, row: Waiting) -> Waiting {
    Waiting {
        message: Some(message),
        due,
        ..row
    }
}

#[test]
fn notices_of_a_service_go_together_once_the_first_is_due() {
    let early = Waiting {
        due: NOW + 5 * SECOND,
        ..row(1)
    };
    let late = Waiting {
        due: NOW + 9 * SECOND,
        ..row(2)
    };
    let other = Waiting {
        due: NOW + 7 * SECOND,
        service: "cart".to_owned(),
        ..row(3)
    };
    let all = [early, late, other];
    let at = |secs| next(&all, MAIL, FREE, NOW + secs * SECOND);
    assert_eq!(at(0), Step::Wait(Some(NOW + 5 * SECOND)));
    assert_eq!(at(5), Step::Compose(vec![1, 2]));
    assert_eq!(
        next(&all[2..], MAIL, FREE, NOW + 7 * SECOND),
        Step::Compose(vec![3])
    );
    assert_eq!(next(&[], MAIL, FREE, NOW), Step::Wait(None));
}

#[test]
fn a_channel_that_cannot_group_gets_one_after_the_other() {
    assert_eq!(
        next(&[row(1), row(2)], PAGER, FREE, NOW),
        Step::Compose(vec![1])
    );
}

#[test]
fn more_than_ten_become_one_summary() {
    let rows: Vec<_> = (1..=10).map(row).collect();
    assert_eq!(
        next(&rows, MAIL, FREE, NOW),
        Step::Compose((1..=10).collect())
    );
    let rows: Vec<_> = (1..=11).map(row).collect();
    assert_eq!(
        next(&rows, MAIL, FREE, NOW),
        Step::Merge((1..=11).collect())
    );
    let summary = Waiting {
        alert: None,
        is_summary: true,
        ..row(1)
    };
    let alone = [summary.clone()];
    assert_eq!(next(&alone, MAIL, FREE, NOW), Step::Compose(vec![1]));
    assert_eq!(
        next(&[summary, row(2)], MAIL, FREE, NOW),
        Step::Merge(vec![1, 2])
    );
}

#[test]
fn while_nobody_answers_three_messages_are_tried_and_the_rest_waits() {
    let down = |id| in_message(id, NOW + 60 * SECOND, row(id));
    let mut rows = vec![down(1), down(2), row(3)];
    assert_eq!(next(&rows, MAIL, FREE, NOW), Step::Compose(vec![3]));
    rows[2] = down(3);
    rows.extend((4..40).map(row));
    assert_eq!(
        next(&rows, MAIL, FREE, NOW),
        Step::Wait(Some(NOW + 60 * SECOND))
    );
    assert_eq!(next(&rows, MAIL, FREE, NOW + 60 * SECOND), Step::Send(1));
    // One was taken: all that waited is told at once.
    rows.remove(0);
    assert_eq!(next(&rows, MAIL, FREE, NOW), Step::Merge((4..40).collect()));
}

#[test]
fn the_transitions_of_an_alert_go_in_their_order() {
    let over = Waiting {
        alert: Some("a1".to_owned()),
        is_over: true,
        ..row(2)
    };
    let open = in_message(1, NOW + 60 * SECOND, row(1));
    let rows = [open, over.clone(), row(3)];
    assert_eq!(next(&rows, PAGER, FREE, NOW), Step::Compose(vec![3]));
    assert_eq!(
        next(&rows[..2], PAGER, FREE, NOW),
        Step::Wait(Some(NOW + 60 * SECOND))
    );
    // Also when a clock was set back between them.
    let earlier = Waiting {
        due: NOW - SECOND,
        ..over
    };
    assert_eq!(
        next(&[row(1), earlier], PAGER, FREE, NOW),
        Step::Compose(vec![1])
    );
}

#[test]
fn who_keeps_what_is_open_hears_of_each_end_of_what_it_was_told() {
    let end = |id, of: &str| Waiting {
        alert: Some(of.to_owned()),
        is_over: true,
        ..row(id)
    };
    let mut rows: Vec<_> = (1..=11).map(row).collect();
    rows.push(end(12, "a11"));
    rows.push(end(13, "told before"));
    let merged = Step::Merge((1..=12).collect());
    assert_eq!(next(&rows, PAGER, FREE, NOW), merged);
    assert_eq!(
        next(&rows, MAIL, FREE, NOW),
        Step::Merge((1..=13).collect())
    );
    let ends: Vec<_> = (1..=20)
        .map(|id| end(id, &format!("told before {id}")))
        .collect();
    assert_eq!(next(&ends, PAGER, FREE, NOW), Step::Compose(vec![1]));
}

#[test]
fn a_channel_waits_for_its_turn() {
    let free = NOW + 30 * SECOND;
    assert_eq!(next(&[row(1)], MAIL, free, NOW), Step::Wait(Some(free)));
    let open = [in_message(1, NOW - SECOND, row(1))];
    assert_eq!(next(&open, MAIL, free, NOW), Step::Wait(Some(free)));
    assert_eq!(next(&open, MAIL, free, free), Step::Send(1));
}

#[test]
fn a_clock_that_was_set_back_keeps_nothing_waiting() {
    let ahead = in_message(1, NOW + 7_200 * SECOND, row(1));
    assert_eq!(next(&[ahead], MAIL, FREE, NOW), Step::Send(1));
}

fn failed(after_secs: Option<u64>) -> Outcome {
    Outcome::Failed {
        reason: "no".to_owned(),
        after: after_secs.map(Duration::from_secs),
    }
}

#[test]
fn waits_double_from_a_second_to_ten_minutes() {
    let wait = |attempts, chance| match fate(&failed(None), attempts, NOW, chance, NOW) {
        Fate::Again(due) => (due - NOW) / SECOND,
        other => panic!("{other:?}"),
    };
    let shortest: Vec<_> = (1..=11).map(|attempts| wait(attempts, 0.0)).collect();
    assert_eq!(shortest, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    assert_eq!(
        (wait(1, 1.0), wait(9, 1.0), wait(4_000_000, 1.0)),
        (2, 512, 600)
    );
}

#[test]
fn a_message_is_given_up_after_a_day_and_never_untried() {
    let at = |now| fate(&failed(None), 5, NOW, 0.5, now);
    let end = NOW + GIVEN_UP_AFTER;
    assert_eq!(at(end - 5 * SECOND), Fate::Again(end));
    assert_eq!(at(end), Fate::Dead);
    let refused = Outcome::Refused("no".to_owned());
    assert_eq!(fate(&refused, 1, NOW, 0.5, NOW), Fate::Dead);
    let taken = Outcome::Delivered(None);
    assert_eq!(fate(&taken, 1, NOW, 0.5, end * 2), Fate::Sent);
}

#[test]
fn a_receiver_is_asked_again_when_it_wants() {
    let asked = fate(&failed(Some(900)), 1, NOW, 0.5, NOW);
    assert_eq!(asked, Fate::Again(NOW + 900 * SECOND));
    // A shorter wait than ours is no reason to hurry.
    assert!(
        matches!(fate(&failed(Some(0)), 4, NOW, 0.0, NOW), Fate::Again(due) if due == NOW + 8 * SECOND)
    );
    let late = NOW + GIVEN_UP_AFTER - SECOND;
    assert_eq!(
        fate(&failed(Some(60)), 9, NOW, 0.5, late),
        Fate::Again(late + 60 * SECOND)
    );
    let mut pace = Pace::new(20);
    pace.hold(&failed(Some(900)), NOW);
    assert_eq!(pace.free_at(NOW), NOW + 900 * SECOND);
    pace.hold(&failed(None), NOW);
    assert_eq!(pace.free_at(NOW), NOW + 900 * SECOND);
}

proptest! {
    #[test]
    fn no_minute_has_more_than_the_rate(rate in 1..30_usize, pauses in prop::collection::vec(0..20_i64, 1..200)) {
        let mut pace = Pace::new(rate);
        let mut now = NOW;
        let mut sent = Vec::new();
        for pause in pauses {
            now = (now + pause * SECOND).max(pace.free_at(now));
            pace.note(now);
            sent.push(now);
        }
        for window in sent.windows(rate + 1) {
            prop_assert!(window[rate] - window[0] >= MINUTE);
        }
    }

    #[test]
    fn every_row_is_told_at_last(
        services in prop::collection::vec((0..3_u8, 0..8_u8, any::<bool>(), 0..30_i64), 1..60),
        is_pager in any::<bool>(),
    ) {
        let rules = if is_pager { PAGER } else { MAIL };
        let mut rows: Vec<Waiting> = services
            .iter()
            .enumerate()
            .map(|(at, (service, alert, is_over, due))| Waiting {
                alert: Some(format!("{service}.{alert}")),
                service: service.to_string(),
                is_over: *is_over,
                due: NOW + due * SECOND,
                ..row(at as i64 + 1)
            })
            .collect();
        let mut now = NOW;
        let mut told: Vec<i64> = Vec::new();
        let mut steps = 0;
        loop {
            steps += 1;
            prop_assert!(steps < 500, "no end: {rows:?}");
            match next(&rows, rules, FREE, now) {
                Step::Wait(None) => break,
                Step::Wait(Some(until)) => {
                    prop_assert!(until > now);
                    now = until;
                }
                Step::Compose(ids) => {
                    prop_assert!(!ids.is_empty() && ids.len() <= MERGE_ABOVE);
                    for row in rows.iter_mut().filter(|row| ids.contains(&row.id)) {
                        prop_assert_eq!(row.message, None);
                        row.message = Some(ids[0]);
                    }
                }
                Step::Merge(ids) => {
                    // The summary is told with all of them; what is in it counts as told.
                    prop_assert!(ids.len() > 1);
                    told.extend(&ids);
                    rows.retain(|row| !ids.contains(&row.id));
                }
                Step::Send(message) => {
                    let sent = rows.iter().filter(|row| row.message == Some(message));
                    let sent: Vec<i64> = sent.map(|row| row.id).collect();
                    prop_assert!(!sent.is_empty());
                    for id in &sent {
                        let alert = &services[*id as usize - 1];
                        let same = |other: &&i64| {
                            let other = &services[**other as usize - 1];
                            (other.0, other.1) == (alert.0, alert.1)
                        };
                        let last = told.iter().filter(same).max();
                        prop_assert!(last.is_none_or(|last| last < id), "{id} after {last:?}");
                    }
                    told.extend(&sent);
                    rows.retain(|row| row.message != Some(message));
                }
            }
        }
        told.sort_unstable();
        let all: Vec<i64> = (1..=services.len() as i64).collect();
        prop_assert_eq!(told, all);
    }
}
