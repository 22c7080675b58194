//! Accepts connections and ends them cleanly.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::serve::Listener;
use hyper::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;
use tracing::{debug, warn};

use super::connection::Connection as Place;
use crate::doors::Peer;
use crate::tasks::Stop;

/// How long a client may take for the head of a request. An idle connection waits for its next one, too, and exporters come
/// back every 10 s to 5 min: to close in the very moment they do would cost them a batch.
const HEAD_PATIENCE: Duration = Duration::from_secs(330);
/// How long a client may take to agree on keys.
const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(10);
/// Most bytes of the headers of a request over HTTP/2. Of HTTP/1.1 hyper takes 100 headers and 400 kB of head.
const HEADERS_MAX_BYTES: u32 = 64 << 10;
/// How long requests under way may take once the server stops.
pub const DRAIN_PATIENCE: Duration = Duration::from_secs(3);

/// Opens the port.
///
/// # Errors
/// When it is taken or may not be opened; the message says how to choose another.
pub async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let port = address.port();
        match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                let other = if port == u16::MAX { port - 1 } else { port + 1 };
                let ip = address.ip();
                let choice = SocketAddr::new(ip, other);
                anyhow::anyhow!(
                    "port {port} on {ip} is taken by another program; choose another with --listen {choice} \
                     (port 0: any free one)"
                )
            }
            _ => anyhow::Error::new(error).context(format!("cannot listen on {address}")),
        }
    })
}

/// Serves `router` until told to stop; then requests under way have [`DRAIN_PATIENCE`].
///
/// # Errors
/// When the listener breaks.
pub async fn serve(
    listener: Arc<TcpListener>,
    monitor: plimsoll::Monitor,
    router: Router,
    tls: Option<Arc<ServerConfig>>,
    connections_max: usize,
    mut stop: Stop,
) -> anyhow::Result<()> {
    let mut listener = monitor.listener(Accepting(listener));
    let mut server = auto::Builder::new(TokioExecutor::new());
    server
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE);
    server
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(HEADERS_MAX_BYTES);
    let server = Arc::new(server);
    let acceptor = tls.map(TlsAcceptor::from);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let places = Arc::new(Semaphore::new(connections_max));
    loop {
        // Without a free place new clients wait in the kernel's queue.
        let accepted = tokio::select! {
            () = stop.wait() => break,
            place = places.clone().acquire_owned() => {
                let place = place.context("the connection limit was closed")?;
                tokio::select! {
                    () = stop.wait() => break,
                    (stream, address) = listener.accept() => (stream, address, place),
                }
            }
        };
        let (stream, address, place) = accepted;
        let connection = Connection {
            server: server.clone(),
            router: router.clone(),
            peer: Peer(address.ip()),
            watcher: graceful.watcher(),
            stop: stop.clone(),
            place: Place::new(place),
        };
        let acceptor = acceptor.clone();
        connections.spawn(async move {
            match acceptor {
                None => connection.serve(stream).await,
                Some(acceptor) => connection.serve_tls(&acceptor, stream).await,
            }
        });
        while connections.try_join_next().is_some() {}
    }
    if tokio::time::timeout(DRAIN_PATIENCE, graceful.shutdown())
        .await
        .is_err()
    {
        warn!(
            "{} connections did not end in {DRAIN_PATIENCE:?}, cutting them",
            connections.len()
        );
    }
    connections.shutdown().await;
    Ok(())
}

/// One connection and what it needs.
struct Connection {
    server: Arc<auto::Builder<TokioExecutor>>,
    router: Router,
    peer: Peer,
    watcher: Watcher,
    stop: Stop,
    /// As its requests see it.
    place: Place,
}

impl Connection {
    async fn serve<I>(self, stream: I)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let peer = self.peer;
        let (place, of_requests) = (self.place.clone(), self.place);
        let service = self
            .router
            .map_request(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(peer);
                request.extensions_mut().insert(of_requests.clone());
                request
            });
        let service = TowerToHyperService::new(service);
        let connection = self
            .server
            .serve_connection_with_upgrades(TokioIo::new(stream), service);
        let connection = self.watcher.watch(connection.into_owned());
        tokio::select! {
            ended = connection => if let Err(error) = ended {
                debug!("a connection broke: {error}");
            },
            () = place.was_cut() => debug!("a connection was cut"),
        }
    }

    async fn serve_tls<I>(mut self, acceptor: &TlsAcceptor, stream: I)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let agreeing = tokio::time::timeout(HANDSHAKE_PATIENCE, acceptor.accept(stream));
        let agreed = tokio::select! {
            // Nobody has asked anything yet.
            () = self.stop.wait() => return,
            agreed = agreeing => agreed,
        };
        match agreed {
            Ok(Ok(stream)) => self.serve(stream).await,
            Ok(Err(error)) => debug!("a client and the server did not agree on TLS: {error}"),
            Err(_) => debug!("a client did not agree on TLS within {HANDSHAKE_PATIENCE:?}"),
        }
    }
}

/// The open port. It outlives the task that accepts, so that a restart of the task loses nobody who waits.
struct Accepting(Arc<TcpListener>);

impl Listener for Accepting {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            match self.0.accept().await {
                Ok((stream, address)) => {
                    // Small answers must not wait for the client's acknowledgement.
                    let _ = stream.set_nodelay(true);
                    return (stream, address);
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    // Out of descriptors, most likely: others must end before it goes on.
                    warn!("cannot accept a connection: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

fn is_of_one_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}
