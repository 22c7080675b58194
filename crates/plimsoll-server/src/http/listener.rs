//! Accepts connections and ends them cleanly.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tower::ServiceExt;
use tracing::{debug, warn};

use super::connection::Connection;
use crate::tasks::Stop;

/// How long a client may take for the head of a request. An idle connection waits for its next one, too, and exporters come
/// back every 10 s to 5 min: to close in the very moment they do would cost them a batch.
const HEAD_PATIENCE: Duration = Duration::from_secs(330);
/// How long requests under way may take once the server stops.
pub const DRAIN_PATIENCE: Duration = Duration::from_secs(3);

/// Whether the server may listen there.
///
/// # Errors
/// When the address is none of this machine's own; the message says how to choose another.
pub fn check(address: SocketAddr) -> anyhow::Result<()> {
    if !address.ip().is_loopback() {
        anyhow::bail!(
            "cannot listen on {address}: only addresses of this machine (127.0.0.1, [::1]) are allowed, \
             because there are no access tokens yet; choose one with --listen 127.0.0.1:{}",
            address.port()
        );
    }
    Ok(())
}

/// Opens the port.
///
/// # Errors
/// When it is taken or may not be opened; the message says how to choose another.
pub async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    check(address)?;
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
    connections_max: usize,
    mut stop: Stop,
) -> anyhow::Result<()> {
    let mut listener = monitor.listener(Accepting(listener));
    let mut server = auto::Builder::new(TokioExecutor::new());
    server
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE);
    server.http2().timer(TokioTimer::new());
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
                    (stream, _) = listener.accept() => (stream, place),
                }
            }
        };
        let (stream, place) = accepted;
        let place = Connection::new(place);
        let of_requests = place.clone();
        let service = router
            .clone()
            .map_request(move |mut request: hyper::Request<Incoming>| {
                request.extensions_mut().insert(of_requests.clone());
                request
            });
        let service = TowerToHyperService::new(service);
        let connection = server.serve_connection_with_upgrades(TokioIo::new(stream), service);
        let connection = graceful.watch(connection.into_owned());
        connections.spawn(async move {
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    debug!("a connection broke: {error}");
                },
                () = place.was_cut() => debug!("a connection was cut"),
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
