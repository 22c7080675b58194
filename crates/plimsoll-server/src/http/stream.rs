//! An answer that is written while it is sent.

use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http_body::Frame;
use tokio::sync::mpsc;

/// Bytes gathered before they are handed over.
const CHUNK_BYTES: usize = 64 << 10;
/// Chunks that wait for the client.
const CHUNKS: usize = 4;

/// The writing end: what is written here is sent; waits while the client is slower. For threads that may block.
#[derive(Debug)]
pub struct StreamWriter {
    chunk: Vec<u8>,
    sender: mpsc::Sender<io::Result<Bytes>>,
}

/// A body and where to write it.
pub fn stream() -> (StreamWriter, Body) {
    let (sender, receiver) = mpsc::channel(CHUNKS);
    let chunk = Vec::with_capacity(CHUNK_BYTES);
    (
        StreamWriter { chunk, sender },
        Body::new(Receiving(receiver)),
    )
}

impl StreamWriter {
    /// Ends the answer well.
    pub fn finish(mut self) {
        // A client that has gone needs no end.
        let _ = self.flush();
    }

    /// Breaks the answer off, so that the client does not take it for complete.
    pub fn abort(self, error: io::Error) {
        let _ = self.sender.blocking_send(Err(error));
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
        self.sender
            .blocking_send(Ok(chunk.into()))
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

struct Receiving(mpsc::Receiver<io::Result<Bytes>>);

impl http_body::Body for Receiving {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.0
            .poll_recv(context)
            .map(|chunk| chunk.map(|chunk| chunk.map(Frame::data)))
    }
}
