//! Half an hour without a receiver, in generated time: what is lost, and what is told twice.
//!
//! The outbox is the real one on a real file, and is opened anew as often as the server is killed; only clock and receiver are
//! made up. Alerts that a summary counts are told.

use std::collections::BTreeMap;

use plimsoll_server::notify::message::Content;
use plimsoll_server::notify::outbox::Next;
use plimsoll_server::notify::plan::Pace;
use plimsoll_server::notify::{Notice, Outbox, Outcome};

use super::{Home, channel, firing};
use crate::server::now;
use crate::store::rows::Random;

const SECOND: i64 = 1_000_000_000;
const MINUTE: i64 = 60 * SECOND;
/// The receiver is down from the fifth minute on.
const DOWN: std::ops::Range<i64> = 5 * MINUTE..35 * MINUTE;
const END: i64 = 60 * MINUTE;

/// What the receiver got.
#[derive(Default)]
struct Told {
    /// How often each message came, by its key.
    messages: BTreeMap<String, u64>,
    /// When each alert was told first, and how often.
    alerts: BTreeMap<String, (i64, u64)>,
}

impl Told {
    fn take(&mut self, key: &str, content: &Content, at: i64) {
        let alerts: Vec<String> = match content {
            Content::Notices(notices) => notices.iter().map(Notice::key).collect(),
            Content::Summary(summary) => {
                assert_eq!(summary.count, summary.keys.len() as u64);
                summary.keys.clone()
            }
        };
        *self.messages.entry(key.to_owned()).or_default() += 1;
        for alert in alerts {
            self.alerts.entry(alert).or_insert((at, 0)).1 += 1;
        }
    }
}

/// What to do to the server while it has a message on its way.
#[derive(Clone, Copy, PartialEq)]
enum Kill {
    Never,
    /// Before the receiver has it.
    Before,
    /// After the receiver has it and before that is written down.
    Between,
}

struct Figures {
    /// When each alert began.
    put: BTreeMap<String, i64>,
    told: Told,
    dead: u64,
    waiting: u64,
}

impl Figures {
    fn lost(&self) -> usize {
        let is_told = |alert: &&String| self.told.alerts.contains_key(*alert);
        self.put.len() - self.put.keys().filter(is_told).count()
    }

    fn repeated(&self) -> u64 {
        self.told.alerts.values().map(|(_, times)| times - 1).sum()
    }

    /// How long after the receiver was back the last of those was told that had waited for it, in seconds.
    fn behind(&self) -> i64 {
        let waited = self.put.iter().filter(|(_, at)| **at < DOWN.end);
        let told = waited.filter_map(|(alert, _)| self.told.alerts.get(alert));
        let last = told.map(|(at, _)| *at).max().unwrap_or(0);
        (last - DOWN.end) / SECOND
    }
}

/// An hour: alerts come all the time, the receiver is down for half of it, and at some of its tries the server is killed.
fn hour(kind: &str, seed: u64, mut kill: impl FnMut(i64, &mut Random) -> Kill) -> Figures {
    let more = match kind {
        "pagerduty" => "secret = \"R0\"",
        _ => "url = \"http://127.0.0.1:9/x\"",
    };
    let home = Home::new(&channel("ops", kind, more));
    let begin = now();
    let mut random = Random(seed);
    let mut outbox: Outbox = home.outbox();
    let (mut told, mut put, mut pace) = (Told::default(), BTreeMap::new(), Pace::new(20));
    for second in 0..END / SECOND {
        let at = second * SECOND;
        let now = begin + at;
        // Sometimes one, sometimes a storm; in the last ten minutes none, so that all can be told.
        let count = match random.below(400) {
            _ if at > 50 * MINUTE => 0,
            0..8 => 1,
            8 => 60,
            _ => 0,
        };
        let notices: Vec<Notice> = (0..count)
            .map(|_| {
                let mut notice = firing(&put.len().to_string());
                notice.service = format!("s{}", random.below(5));
                put.insert(notice.key(), at);
                notice
            })
            .collect();
        if !notices.is_empty() {
            outbox.put(&notices, now).unwrap();
        }
        let channel = outbox.channels()[0].clone();
        while let Next::Send(sending) = outbox.step(&channel, pace.free_at(now), now).unwrap() {
            pace.note(now);
            let is_down = DOWN.contains(&at);
            let killed = kill(at, &mut random);
            if killed != Kill::Before && !is_down {
                told.take(&sending.message.key, &sending.message.content, at);
            }
            if killed != Kill::Never {
                outbox = home.outbox();
                pace = Pace::new(20);
                break;
            }
            let outcome = match is_down {
                true => Outcome::Failed {
                    reason: "down".to_owned(),
                    after: None,
                },
                false => Outcome::Delivered(None),
            };
            let chance = random.below(1_000) as f64 / 1_000.0;
            outbox
                .settle(&channel, &sending, &outcome, chance, now)
                .unwrap();
        }
    }
    let status = outbox.status(&outbox.channels()[0]).unwrap();
    Figures {
        put,
        told,
        dead: status.dead,
        waiting: status.waiting,
    }
}

#[test]
fn half_an_hour_without_a_receiver_and_two_kills_lose_no_alert_and_repeat_none() {
    for kind in ["webhook", "pagerduty", "slack"] {
        let mut kills = [10 * MINUTE, 20 * MINUTE].into_iter().peekable();
        // At the first try after either time, while nobody hears it.
        let figures = hour(kind, 11, |at, _| match kills.next_if(|kill| at >= *kill) {
            Some(_) => Kill::Between,
            None => Kill::Never,
        });
        let (alerts, messages) = (figures.put.len(), figures.told.messages.len());
        let (lost, repeated, behind) = (figures.lost(), figures.repeated(), figures.behind());
        println!(
            "{kind}, down for 30 minutes, killed twice: alerts {alerts}, messages {messages}, alerts_lost {lost}, \
             alerts_repeated {repeated}, all told {behind} s after the receiver was back"
        );
        assert!(alerts > 100, "{alerts}: the test shows nothing");
        assert!(kills.next().is_none(), "it was not killed twice");
        assert_eq!((lost, repeated), (0, 0));
        assert_eq!((figures.dead, figures.waiting), (0, 0));
        // No later than the longest wait for a try.
        assert!(behind <= 600, "{behind}");
    }
}

#[test]
fn killed_at_any_instant_no_alert_is_lost_and_only_what_nobody_noted_comes_again() {
    let mut repeated = 0;
    for seed in 1..=6 {
        let mut between = 0;
        let figures = hour("webhook", seed, |at, random| match random.below(6) {
            0 => Kill::Before,
            1 => {
                between += u64::from(!DOWN.contains(&at));
                Kill::Between
            }
            _ => Kill::Never,
        });
        assert_eq!(figures.lost(), 0, "seed {seed}");
        assert_eq!((figures.dead, figures.waiting), (0, 0), "seed {seed}");
        let again: u64 = figures.told.messages.values().map(|times| times - 1).sum();
        assert_eq!(
            again, between,
            "seed {seed}: a repeated message has the same key"
        );
        repeated += again;
    }
    assert!(repeated > 10, "{repeated}: the test shows nothing");
}

#[test]
fn a_storm_of_ten_thousand_is_a_handful_of_messages() {
    let home = Home::new(&channel("ops", "slack", "url = \"http://127.0.0.1:9/x\""));
    let outbox = home.outbox();
    let storm: Vec<Notice> = (0..10_000)
        .map(|alert| firing(&alert.to_string()))
        .collect();
    let at = now();
    for part in storm.chunks(700) {
        outbox.put(part, at).unwrap();
    }
    let channel = outbox.channels()[0].clone();
    let (mut messages, mut alerts) = (0, 0);
    while let Next::Send(sending) = outbox.step(&channel, i64::MIN, at).unwrap() {
        alerts += match &sending.message.content {
            Content::Notices(notices) => notices.len() as u64,
            Content::Summary(summary) => summary.count,
        };
        messages += 1;
        outbox
            .settle(&channel, &sending, &Outcome::Delivered(None), 0.0, at)
            .unwrap();
    }
    assert_eq!((messages, alerts), (1, 10_000));
}
