//! An answer that is written while it is sent.

use std::io::{self, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body::Frame;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// Bytes gathered before they are handed over.
const CHUNK_BYTES: usize = 64 << 10;
/// A client that reads nothing for so long has its answer broken off, for it keeps a place from others.
const STALL_PATIENCE: Duration = Duration::from_secs(30);
/// Chunks that wait for the client.
const CHUNKS: usize = 4;

/// The writing end: what is written here is sent; waits while the client is slower. For threads that may block.
#[derive(Debug)]
pub struct StreamWriter {
    chunk: Vec<u8>,
    sender: mpsc::Sender<Bytes>,
    runtime: Handle,
    complete: Arc<AtomicBool>,
}

/// A body and where to write it. To be called on the runtime.
pub fn stream() -> (StreamWriter, Body) {
    let (sender, receiver) = mpsc::channel(CHUNKS);
    let complete = Arc::new(AtomicBool::new(false));
    let writer = StreamWriter {
        chunk: Vec::with_capacity(CHUNK_BYTES),
        sender,
        runtime: Handle::current(),
        complete: complete.clone(),
    };
    (writer, Body::new(Receiving { receiver, complete }))
}

impl StreamWriter {
    /// Ends the answer well. Without it the answer breaks off, so that the client does not take it for complete.
    pub fn finish(mut self) {
        if self.flush().is_ok() {
            self.complete.store(true, Ordering::Release);
        }
    }
}

impl Write for StreamWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.chunk.extend_from_slice(bytes);
        if self.chunk.len() >= CHUNK_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK_BYTES));
        let sending = tokio::time::timeout(STALL_PATIENCE, self.sender.send(chunk.into()));
        match self.runtime.block_on(sending) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(io::ErrorKind::BrokenPipe.into()),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

struct Receiving {
    receiver: mpsc::Receiver<Bytes>,
    complete: Arc<AtomicBool>,
}

impl http_body::Body for Receiving {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.receiver.poll_recv(context).map(|chunk| match chunk {
            Some(chunk) => Some(Ok(Frame::data(chunk))),
            None if self.complete.load(Ordering::Acquire) => None,
            None => Some(Err(io::ErrorKind::UnexpectedEof.into())),
        })
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn what_was_finished_arrives_whole() {
        let (mut writer, body) = stream();
        tokio::task::spawn_blocking(move || {
            writer.write_all(&[b'a'; 500_000]).unwrap();
            writer.finish();
        });
        assert_eq!(body.collect().await.unwrap().to_bytes().len(), 500_000);
    }

    #[tokio::test]
    async fn what_was_not_finished_breaks_off() {
        let (mut writer, body) = stream();
        tokio::task::spawn_blocking(move || writer.write_all(&[b'a'; 500_000]));
        assert!(body.collect().await.is_err());
    }
}
