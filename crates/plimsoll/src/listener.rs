//! Counts the connections of a server: opened, open, reset, aborted, and how long they wait to be looked at.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::clock::Stamp;
use crate::monitor::Monitor;
use crate::registry::{ConnectionCounts, MonitorId, with_local};

impl Monitor {
    /// Counts the connections that `listener` accepts: `axum::serve(monitor.listener(tcp_listener), app)`.
    ///
    /// From the moment it is accepted until its task first runs, a connection counts in `queue_size`; that wait goes to
    /// `queue_wait` and grows when the runtime is saturated.
    ///
    /// For `ConnectInfo<SocketAddr>`, wrap it once more: `monitor.listener(tcp_listener).tap_io(|_| {})`
    /// (`axum::serve::ListenerExt`).
    pub fn listener<L: Listener>(&self, listener: L) -> MeasuredListener<L> {
        let counts = self.is_enabled().then(|| self.inner.registry.connections());
        MeasuredListener {
            inner: listener,
            counts,
            monitor: self.inner.registry.id(),
        }
    }
}

/// A listener whose connections are counted. Made by [`Monitor::listener`].
#[derive(Debug)]
pub struct MeasuredListener<L> {
    inner: L,
    counts: Option<ConnectionCounts>,
    monitor: MonitorId,
}

impl<L: Listener> Listener for MeasuredListener<L> {
    type Io = MeasuredIo<L::Io>;
    type Addr = L::Addr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (inner, address) = self.inner.accept().await;
        let connection = self
            .counts
            .as_ref()
            .map(|counts| Connection::open(counts, self.monitor));
        (MeasuredIo { inner, connection }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.inner.local_addr()
    }
}

/// A counted connection.
#[derive(Debug)]
pub struct MeasuredIo<I> {
    inner: I,
    connection: Option<Connection>,
}

#[derive(Debug)]
struct Connection {
    counts: ConnectionCounts,
    monitor: MonitorId,
    accepted: Stamp,
    is_waiting: bool,
    broke: Option<Broke>,
}

/// Why a connection broke.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Broke {
    /// The peer reset it, or was gone when something was sent.
    Reset,
    /// Any other error.
    Aborted,
}

impl Connection {
    fn open(counts: &ConnectionCounts, monitor: MonitorId) -> Self {
        counts.opened.fetch_add(1, Relaxed);
        counts.enter_queue();
        Self {
            counts: counts.clone(),
            monitor,
            accepted: Stamp::now(),
            is_waiting: true,
            broke: None,
        }
    }

    #[inline]
    fn polled(&mut self) {
        if self.is_waiting {
            self.stop_waiting();
        }
    }

    #[cold]
    fn stop_waiting(&mut self) {
        self.is_waiting = false;
        self.counts.leave_queue();
        let wait_ns = self.accepted.elapsed_ns();
        let _gone = with_local(self.monitor, |local| local.record_wait(wait_ns));
    }

    #[cold]
    fn failed(&mut self, error: &io::Error) {
        let broke = match error.kind() {
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Broke::Reset,
            io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock => return,
            _ => Broke::Aborted,
        };
        self.broke.get_or_insert(broke);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let count = |counter: &AtomicU64| counter.fetch_add(1, Relaxed);
        if self.is_waiting {
            self.counts.leave_queue();
        }
        match self.broke {
            Some(Broke::Reset) => count(&self.counts.reset),
            Some(Broke::Aborted) => count(&self.counts.aborted),
            None => 0,
        };
        count(&self.counts.closed);
    }
}

impl<I> MeasuredIo<I> {
    /// Polls the connection and takes note of what comes of it.
    #[inline]
    fn poll<T>(&mut self, poll: impl FnOnce(&mut I) -> Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        let Some(connection) = &mut self.connection else {
            return poll(&mut self.inner);
        };
        connection.polled();
        let polled = poll(&mut self.inner);
        if let Poll::Ready(Err(error)) = &polled {
            connection.failed(error);
        }
        polled
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for MeasuredIo<I> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.get_mut()
            .poll(|inner| Pin::new(inner).poll_read(cx, buffer))
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for MeasuredIo<I> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut()
            .poll(|inner| Pin::new(inner).poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut()
            .poll(|inner| Pin::new(inner).poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll(|inner| Pin::new(inner).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A peer that is already gone when the connection is closed did not break it.
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }
}
