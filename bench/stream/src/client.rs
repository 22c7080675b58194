//! Clients that read what they are sent and count it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// With what every stream begins.
const GREETING: &[u8] = b"retry: ";
/// With what every window begins.
const WINDOW: &[u8] = b"event: window";

/// What a client was sent.
#[derive(Debug, Default)]
pub struct Received {
    pub greeted: AtomicU64,
    pub windows: AtomicU64,
}

/// Opens a stream and reads it until it ends.
pub async fn open(address: SocketAddr) -> anyhow::Result<Arc<Received>> {
    let received = Arc::new(Received::default());

    let mut stream = TcpStream::connect(address)
        .await
        .context("cannot connect")?;
    let request = format!("GET /api/stream?types=window HTTP/1.1\r\nhost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let counted = received.clone();
    tokio::spawn(async move {
        let (mut greeting, mut window) = (Finder::of(GREETING), Finder::of(WINDOW));
        let mut buffer = vec![0; 4_096];
        while let Ok(count @ 1..) = stream.read(&mut buffer).await {
            counted
                .greeted
                .fetch_add(greeting.count(&buffer[..count]), Ordering::Relaxed);
            counted
                .windows
                .fetch_add(window.count(&buffer[..count]), Ordering::Relaxed);
        }
    });
    Ok(received)
}

/// Finds a word that may be split between two reads.
struct Finder {
    word: &'static [u8],
    matched: usize,
}

impl Finder {
    fn of(word: &'static [u8]) -> Self {
        Self { word, matched: 0 }
    }

    fn count(&mut self, bytes: &[u8]) -> u64 {
        let mut found = 0;
        for &byte in bytes {
            // The first letter of each word does not come again at a place where half of it has matched.
            if byte != self.word[self.matched] {
                self.matched = 0;
            }
            if byte == self.word[self.matched] {
                self.matched += 1;
            }
            if self.matched == self.word.len() {
                self.matched = 0;
                found += 1;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_across_reads() {
        let mut finder = Finder::of(WINDOW);
        assert_eq!(finder.count(b"id: 1\nevent: win"), 0);
        assert_eq!(finder.count(b"dow\ndata: {}\n\nid: 2\nevent: window\n"), 2);
        assert_eq!(finder.count(b"event: event"), 0);
    }
}
