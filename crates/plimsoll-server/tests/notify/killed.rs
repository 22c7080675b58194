//! The server is killed while there is something to tell.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};
use serde_json::Value;

use super::receiver::{OK, Received, Receiver};
use super::{Home, channel, firing, status_when};

const SECRET: &str = "shared";

fn hook(receiver: &Receiver) -> String {
    let more = format!("url = \"{}/x\"\nsecret = {SECRET:?}", receiver.url);
    channel("hook", "webhook", &more)
}

fn key(received: &Received) -> String {
    let key = &received.headers["idempotency-key"];
    assert_eq!(received.json()["key"], Value::from(key.as_str()));
    key.clone()
}

#[tokio::test]
async fn killed_between_sending_and_noting_it_tells_again_with_the_same_key() {
    let gate = Arc::new((Mutex::new(false), Condvar::new()));
    let held = gate.clone();
    let receiver = Receiver::new(move |_, before| {
        if before == 0 {
            // It has the notice; the server never hears that it has.
            let (open, changed) = &*held;
            changed.wait_while(&mut open.lock(), |open| !*open);
        }
        OK
    });
    let home = Home::new(&hook(&receiver));
    home.put(&[firing("1"), firing("2")]);
    let server = home.start();
    receiver.when(1).await;
    server.kill();
    let (open, changed) = &*gate;
    *open.lock() = true;
    changed.notify_all();
    // What comes meanwhile is no part of that message.
    home.put(&[firing("3")]);
    let server = home.start();
    let received = receiver.when(3).await;
    status_when(&server, "hook", |told| told["waiting"] == 0).await;
    assert_eq!(key(&received[0]), key(&received[1]));
    assert_eq!(received[0].body, received[1].body);
    assert_ne!(key(&received[1]), key(&received[2]));
    assert_eq!(receiver.received().len(), 3);
}

#[tokio::test]
async fn stopped_with_a_message_on_its_way_it_tells_it_after_the_next_start() {
    let receiver = Receiver::new(|_, before| match before {
        0 => super::receiver::Reply::Hang,
        _ => OK,
    });
    let home = Home::new(&hook(&receiver));
    home.put(&[firing("1")]);
    let server = home.start();
    receiver.when(1).await;
    let begun = std::time::Instant::now();
    assert!(server.stop().success());
    assert!(begun.elapsed().as_secs() < 3, "{:?}", begun.elapsed());
    let server = home.start();
    let received = receiver.when(2).await;
    assert_eq!(key(&received[0]), key(&received[1]));
    let told = status_when(&server, "hook", |told| told["waiting"] == 0).await;
    assert_eq!(told["state"], "up");
}

/// How often each alert was told by what a receiver got.
pub(super) fn told(received: &[Received]) -> BTreeMap<String, u32> {
    let mut told = BTreeMap::new();
    for one in received {
        let body = one.json();
        let listed = body["notices"].as_array().expect("a list").iter();
        let listed = listed.map(|notice| &notice["key"]);
        let summed = body["summary"]["keys"].as_array().into_iter().flatten();
        for key in listed.chain(summed) {
            *told
                .entry(key.as_str().expect("text").to_owned())
                .or_default() += 1;
        }
    }
    told
}

#[tokio::test]
async fn a_receiver_that_was_down_while_the_server_was_killed_twice_misses_nothing() {
    let receiver = Receiver::good();
    receiver.set_up(false);
    let home = Home::new(&hook(&receiver));
    let mut expected = 0;
    for round in 0..3 {
        let put: Vec<_> = (0..7)
            .map(|alert| {
                let mut notice = firing(&(round * 100 + alert).to_string());
                notice.service = format!("s{}", alert % 3);
                notice
            })
            .collect();
        home.put(&put);
        expected += put.len();
        let server = home.start();
        status_when(&server, "hook", |told| told["state"] == "down").await;
        if round < 2 {
            server.kill();
            continue;
        }
        receiver.set_up(true);
        status_when(&server, "hook", |told| told["waiting"] == 0).await;
        server.kill();
    }
    let told = told(&receiver.received());
    let repeated: u32 = told.values().map(|times| times - 1).sum();
    println!(
        "killed twice while a receiver was down: alerts {expected}, lost {}, repeated {repeated}",
        expected - told.len()
    );
    assert_eq!((told.len(), repeated), (expected, 0), "{told:?}");
}
