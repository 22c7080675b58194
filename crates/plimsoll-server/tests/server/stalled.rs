//! Clients that keep the server waiting.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use reqwest::StatusCode;

use super::{Server, now};

/// The head of a request whose length nobody knows.
const HEAD: &str = "POST /write HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n";

/// Sends three bytes of a body each second, until `stop` is dropped or the server closes.
fn trickle(mut stream: TcpStream, stop: &Receiver<()>) {
    while let Err(RecvTimeoutError::Timeout) = stop.recv_timeout(Duration::from_secs(1)) {
        if stream.write_all(b"3\r\nm n\r\n").is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn slow_clients_keep_nobody_else_waiting_and_are_given_up() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let begun = Instant::now();
    let mut slow: Vec<TcpStream> = Vec::new();
    let mut stops = Vec::new();
    for _ in 0..12 {
        let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
        stream.write_all(HEAD.as_bytes()).unwrap();
        slow.push(stream.try_clone().unwrap());
        let (stop, stopped) = channel();
        stops.push(stop);
        std::thread::spawn(move || trickle(stream, &stopped));
    }
    for n in 0..20 {
        server.write(format!("m n={n}i {}", now())).await;
    }
    let (status, _) = server.get("/health").await;
    assert_eq!(status, StatusCode::OK);
    assert!(begun.elapsed() < Duration::from_secs(5), "kept waiting");
    let answer = tokio::task::spawn_blocking(move || {
        let mut answer = [0; 12];
        let patience = Some(Duration::from_secs(20));
        slow[0].set_read_timeout(patience).unwrap();
        slow[0].read_exact(&mut answer).unwrap();
        String::from_utf8(answer.to_vec()).unwrap()
    });
    assert_eq!(answer.await.unwrap(), "HTTP/1.1 408");
}
