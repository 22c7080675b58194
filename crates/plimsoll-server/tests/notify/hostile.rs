//! Receivers that hang, refuse, move, lie and limit.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::json;

use super::receiver::{OK, Receiver, Reply};
use super::{Home, channel, firing, outbox, status, status_when};

#[tokio::test]
async fn a_receiver_that_takes_nothing_is_told_with_its_reason_and_keeps_no_other_waiting() {
    let gone = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let good = Receiver::good();
    let moved = "location: https://new.example/services/T0/geheim\r\n";
    let receivers = [
        ("hangs", "webhook", Reply::Hang),
        ("slow", "slack", Reply::HeadOnly(200)),
        ("moved", "webhook", Reply::Answer(302, moved, "")),
        ("lies", "slack", Reply::Answer(200, "", "no_service")),
        (
            "liar",
            "slack",
            Reply::Answer(200, "", "{\"ok\":false,\"error\":\"invalid_payload\"}"),
        ),
        ("fails", "webhook", Reply::Answer(503, "", "later")),
        (
            "refuses",
            "webhook",
            Reply::Answer(410, "", "gone for good"),
        ),
        ("pager", "pagerduty", Reply::Answer(200, "", "<html>")),
        ("bad", "pagerduty", Reply::Answer(400, "", "invalid event")),
    ];
    let receivers =
        receivers.map(|(name, kind, reply)| (name, kind, Receiver::new(move |_, _| reply.clone())));
    let mut channels = channel("gone", "webhook", &format!("url = \"{gone}\""));
    for (name, kind, receiver) in &receivers {
        let secret = if *kind == "pagerduty" {
            "secret = \"R0\""
        } else {
            ""
        };
        let more = format!(
            "url = \"{}/x\"\ntimeout_seconds = 2\n{secret}",
            receiver.url
        );
        channels.push_str(&channel(name, kind, &more));
    }
    channels.push_str(&channel(
        "good",
        "webhook",
        &format!("url = \"{}/x\"", good.url),
    ));
    let home = Home::new(&channels);
    home.put(&[firing("1")]);
    let begun = Instant::now();
    let server = home.start();
    good.when(1).await;
    // Within the time that the hanging ones are given.
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    for (name, dead, expected) in [
        ("gone", 0, "cannot connect: Connection refused"),
        ("hangs", 0, "no answer within 2 s (`timeout_seconds`)"),
        ("slow", 0, "no answer within 2 s (`timeout_seconds`)"),
        (
            "moved",
            0,
            "it answers 302 to https://new.example/…: redirects are not followed, set `url` to it",
        ),
        ("lies", 1, "it answers 200: no_service"),
        (
            "liar",
            1,
            "it answers 200: {\"ok\":false,\"error\":\"invalid_payload\"}",
        ),
        ("fails", 0, "it answers 503: later"),
        ("refuses", 1, "it answers 410: gone for good"),
        ("pager", 0, "it answers 200, where 202 is expected"),
        ("bad", 1, "it answers 400: invalid event"),
    ] {
        let told = status_when(&server, name, |told| told["state"] == "down").await;
        let error = told["last_error"].as_str().unwrap();
        assert!(error.starts_with(expected), "{name}: {error}");
        let counts = (&told["dead"], &told["waiting"]);
        assert_eq!(counts, (&json!(dead), &json!(1 - dead)), "{told}");
    }
    let letters = outbox(&server, "dead").await;
    assert_eq!(letters.len(), 4);
    for letter in &letters {
        assert_eq!(
            (&letter["attempts"], &letter["next_try"]),
            (&json!(1), &json!(null)),
            "{letter}"
        );
        assert!(
            letter["error"].as_str().unwrap().starts_with("it answers "),
            "{letter}"
        );
    }
    let waiting = outbox(&server, "waiting").await;
    assert_eq!(waiting.len(), 6);
    assert!(
        waiting.iter().all(|one| one["next_try"].is_string()),
        "{waiting:?}"
    );
    assert!(server.stop().success());
}

#[tokio::test]
async fn who_asks_to_wait_is_left_alone_for_as_long() {
    let limited = Receiver::new(|_, before| match before {
        0 => Reply::Answer(429, "retry-after: 4\r\n", "rate_limited"),
        _ => OK,
    });
    let home = Home::new(&channel(
        "ops",
        "slack",
        &format!("url = \"{}/x\"", limited.url),
    ));
    let mut other = firing("2");
    other.service = "cart".to_owned();
    home.put(&[firing("1"), other]);
    let server = home.start();
    limited.when(1).await;
    let asked = Instant::now();
    let told = status_when(&server, "ops", |told| told["state"] == "down").await;
    assert_eq!(told["last_error"], "it answers 429: rate_limited");
    limited.when(2).await;
    // The other message waits, too. It was asked a moment before that was seen here.
    assert!(
        asked.elapsed() > Duration::from_millis(3_500),
        "{:?}",
        asked.elapsed()
    );
    assert!(
        asked.elapsed() < Duration::from_secs(9),
        "{:?}",
        asked.elapsed()
    );
    let received = limited.when(3).await;
    let again = received[1..].iter();
    assert_eq!(again.filter(|one| one.body == received[0].body).count(), 1);
    let told = status_when(&server, "ops", |told| told["waiting"] == 0).await;
    assert_eq!(told["state"], "up");
}

#[tokio::test]
async fn no_more_than_the_rate_is_sent_in_a_minute() {
    let receiver = Receiver::good();
    let more = format!("url = \"{}/x\"\nrate_per_minute = 3", receiver.url);
    let home = Home::new(&channel("ops", "webhook", &more));
    let services = (0..8).map(|service| {
        let mut notice = firing(&service.to_string());
        notice.service = format!("s{service}");
        notice
    });
    home.put(&services.collect::<Vec<_>>());
    let server = home.start();
    receiver.when(3).await;
    let told = status_when(&server, "ops", |told| told["waiting"] == 5).await;
    assert_eq!(told["state"], "up");
    // A fourth would have come at once.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(receiver.received().len(), 3);
    assert_eq!(status(&server, "ops").await["waiting"], 5);
}
