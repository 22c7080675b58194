//! The example shop: a small web service with the habits of a real one. Some of its routes are fast, one asks the database badly,
//! one asks it far too often, one fails, one streams.

mod breaks;
mod database;
mod payment;
mod routes;
mod stopwatch;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use axum::serve::ListenerExt as _;
use clap::Parser;
use tokio::net::TcpListener;

/// An example web shop.
#[derive(Parser)]
struct Arguments {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
    /// The SQLite file; made anew at every start.
    #[arg(long, default_value = "shop.db")]
    database: PathBuf,
    /// Tells in a header of every answer how long it took, so that others can check what the monitor says.
    #[arg(long)]
    stopwatch: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into()),
        )
        .with_writer(std::io::stderr)
        .init();
    let arguments = Arguments::parse();

    let pool = database::open(&arguments.database)
        .await
        .with_context(|| format!("cannot open the database {}", arguments.database.display()))?;
    // Where its windows go is in the environment: OTEL_EXPORTER_OTLP_ENDPOINT.
    let monitor = plimsoll::Monitor::builder("shop").build()?;
    let connections = pool.clone();
    let in_use = move || f64::from(connections.size()) - connections.num_idle() as f64;
    monitor.resource("sqlite pool", in_use, database::CONNECTIONS_EXPECTED);
    let breaks = Arc::new(breaks::Breaks::default());
    let mut app = routes::shop(pool.clone(), breaks.clone())
        .merge(breaks::routes(breaks, pool))
        .merge(monitor.routes())
        .layer(monitor.layer());
    if arguments.stopwatch {
        app = app.layer(axum::middleware::from_fn(stopwatch::stopwatch));
    }
    let measuring = tokio::spawn(monitor.run());

    let listener = TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("cannot listen on {}", arguments.listen))?;
    #[expect(
        clippy::print_stdout,
        reason = "whoever started the shop waits for this line"
    )]
    {
        println!("shop: http://{}", listener.local_addr()?);
    }
    let listener = listener.tap_io(|stream| {
        // A failure only costs latency.
        let _ = stream.set_nodelay(true);
    });
    // Who asks must be known: the page /performance answers to this machine only.
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(monitor.listener(listener).tap_io(|_| {}), app)
        .with_graceful_shutdown(stop_asked())
        .await
        .context("cannot serve")?;
    // The last window is on its way when this returns.
    monitor.close();
    measuring.await.context("the monitor failed")
}

/// Ends with SIGINT or SIGTERM.
async fn stop_asked() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate =
        signal(SignalKind::terminate()).expect("SIGTERM may be handled by any process");
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
