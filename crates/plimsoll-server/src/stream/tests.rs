//! The hub without sockets.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::hub::LAG;
use super::told::{Change, StreamData, Window};
use super::{Client, Hub, Kind, Refused, Wish};
use crate::doors::pass::Pass;
use crate::http::connection::Connection;

fn window(service: &str) -> StreamData {
    StreamData::Window(Window {
        service: service.to_owned(),
        start: "2026-11-20T10:00:00Z".to_owned(),
        end: "2026-11-20T10:00:10Z".to_owned(),
        routes: Vec::new(),
        truncated: false,
    })
}

fn silent(service: &str) -> StreamData {
    let service = service.to_owned();
    StreamData::Change(Change::ServiceSilent { service })
}

fn hub() -> Arc<Hub> {
    Arc::new(Hub::new(3, 1_766_000_000_000_000_000))
}

async fn next(client: &mut Client) -> String {
    let bytes = client.next().await.expect("bytes");
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The ids of what was sent.
fn ids(text: &str) -> Vec<u64> {
    let ids = text.lines().filter_map(|line| line.strip_prefix("id: "));
    ids.map(|id| id.parse().unwrap()).collect()
}

#[tokio::test]
async fn every_client_gets_the_events_that_it_wants() {
    let hub = hub();
    let mut all = hub.enter(Wish::default(), None, None).unwrap();
    let of_shop = Wish {
        service: Some("shop".to_owned()),
        kinds: None,
    };
    let mut of_shop = hub.enter(of_shop, None, None).unwrap();
    let changes = Wish {
        service: None,
        kinds: Some(vec![Kind::Change]),
    };
    let mut changes = hub.enter(changes, None, None).unwrap();
    for client in [&mut all, &mut of_shop, &mut changes] {
        assert!(next(client).await.starts_with("retry: 2000\nid: "));
    }
    hub.publish(&[
        window("shop"),
        window("till"),
        silent("shop"),
        silent("till"),
    ])
    .unwrap();
    let text = next(&mut all).await;
    let first = ids(&text)[0];
    assert_eq!(ids(&text), [first, first + 1, first + 2, first + 3]);
    assert!(
        text.contains("event: window\ndata: {\"service\":\"shop\""),
        "{text}"
    );
    assert_eq!(ids(&next(&mut of_shop).await), [first, first + 2]);
    assert_eq!(ids(&next(&mut changes).await), [first + 2, first + 3]);
}

#[tokio::test]
async fn a_client_that_comes_back_goes_on_where_it_was() {
    let hub = hub();
    let mut client = hub.enter(Wish::default(), None, None).unwrap();
    next(&mut client).await;
    hub.publish(&[window("a"), window("b")]).unwrap();
    let seen = ids(&next(&mut client).await)[0];
    drop(client);
    hub.publish(&[window("c")]).unwrap();
    let mut back = hub.enter(Wish::default(), Some(Some(seen)), None).unwrap();
    assert_eq!(ids(&next(&mut back).await), [seen]);
    assert_eq!(ids(&next(&mut back).await), [seen + 1]);
    assert_eq!(ids(&next(&mut back).await), [seen + 2]);
    hub.publish(&[window("d")]).unwrap();
    assert_eq!(ids(&next(&mut back).await), [seen + 3]);
}

#[tokio::test]
async fn an_id_that_is_not_known_any_more_resets() {
    let hub = hub();
    let mut client = hub.enter(Wish::default(), None, None).unwrap();
    let now = ids(&next(&mut client).await)[0];
    for unknown in [Some(now - 1), Some(now + 1), None] {
        let mut back = hub.enter(Wish::default(), Some(unknown), None).unwrap();
        next(&mut back).await;
        let text = next(&mut back).await;
        assert!(
            text.starts_with(&format!("id: {now}\nevent: reset\n")),
            "{text}"
        );
    }
    // More than the ring holds.
    for _ in 0..601 {
        hub.publish(&[window("a")]).unwrap();
    }
    let mut back = hub.enter(Wish::default(), Some(Some(now)), None).unwrap();
    next(&mut back).await;
    assert!(next(&mut back).await.contains("event: reset"));
}

#[tokio::test]
async fn who_does_not_read_is_dropped_and_counted_once() {
    let hub = hub();
    let mut slow = hub.enter(Wish::default(), None, None).unwrap();
    next(&mut slow).await;
    for _ in 0..LAG {
        hub.publish(&[window("a")]).unwrap();
    }
    hub.cut_stalled();
    assert_eq!(hub.dropped_slow.load(Ordering::Relaxed), 0);
    hub.publish(&[window("a")]).unwrap();
    hub.cut_stalled();
    hub.cut_stalled();
    assert_eq!(hub.dropped_slow.load(Ordering::Relaxed), 1);
    assert!(slow.next().await.is_none());
    assert_eq!(hub.dropped_slow.load(Ordering::Relaxed), 1);
    drop(slow);
    assert_eq!(hub.clients(), 0);
}

#[tokio::test]
async fn no_more_are_let_in_than_may_be_and_none_when_the_server_stops() {
    let hub = hub();
    let mut clients: Vec<Client> = (0..3)
        .map(|_| hub.enter(Wish::default(), None, None).unwrap())
        .collect();
    let refused = hub.enter(Wish::default(), None, None);
    assert_eq!(refused.err(), Some(Refused::Full));
    assert_eq!(hub.refused.load(Ordering::Relaxed), 1);
    clients.pop();
    hub.close();
    let refused = hub.enter(Wish::default(), None, None);
    assert_eq!(refused.err(), Some(Refused::Stopping));
    for client in &mut clients {
        next(client).await;
        assert!(client.next().await.is_none());
    }
}

#[tokio::test]
async fn a_stream_whose_pass_is_no_longer_good_ends_and_is_cut_when_nobody_reads() {
    let hub = hub();
    let places = Arc::new(Semaphore::new(1));
    let place = places.acquire_owned().await.unwrap();
    let connection = Connection::new(place);
    let enter = |connection| hub.enter(Wish::default(), None, connection).unwrap();
    let (mut open, mut barred) = (enter(None), enter(Some(connection.clone())));
    let pass = |number: u8| Pass::Token([number; 32]);
    open.ends_with(pass(1));
    barred.ends_with(pass(2));
    next(&mut open).await;
    next(&mut barred).await;
    let is_good = |one: &Pass| *one == pass(1);
    hub.end_barred(is_good);
    let cut =
        |patience| tokio::time::timeout(Duration::from_millis(patience), connection.was_cut());
    assert!(cut(50).await.is_err(), "it had no time to read its end");
    hub.end_barred(is_good);
    assert!(cut(5_000).await.is_ok());
    assert_eq!(barred.next().await, None);
    hub.publish(&[window("shop")]).unwrap();
    assert!(next(&mut open).await.contains("shop"));
}
