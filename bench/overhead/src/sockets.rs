//! Processor time per request over real sockets: the bare and the measured service side by side on one thread, asked by
//! turns in short slices, so that whatever else the machine does hits both alike.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use anyhow::{Context, ensure};
use axum::Router;
use rustix::time::{ClockId, clock_gettime};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions};
use tokio::sync::OnceCell;

use super::service::{Way, hello};

/// Connections that are asked at once.
const CONNECTIONS: usize = 8;
/// Requests of one slice.
const SLICE: usize = 2000;
/// Pairs of slices, unless `PAIRS` says otherwise. The median of as many ratios is what counts.
const PAIRS: usize = 201;

const REQUEST: &[u8] =
    b"GET /orders/17 HTTP/1.1\r\nhost: orders.example.org\r\nuser-agent: bench/1.0\r\naccept: */*\r\n\r\n";
const ANSWER: &[u8] = b"hello, world";

/// Prints one figure per way.
pub fn run() -> anyhow::Result<()> {
    let pairs = match std::env::var("PAIRS") {
        Ok(pairs) => pairs.parse().context("PAIRS must be a number")?,
        Err(_) => PAIRS,
    };
    // Some layers start a task of their own when they are made.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let _inside = runtime.enter();
    let hello = |way: Way| way.router(hello);
    // The bare service beside itself: what the method cannot tell apart.
    println!("noise: {}", compare(pairs, hello, Way::Bare)?);
    let mut own = Vec::new();
    for (figure, way) in [
        ("overhead_handler_cpu", Way::Handler),
        ("overhead_router_cpu", Way::Router),
    ] {
        let ratio = compare(pairs, hello, way)?;
        println!("{}: {ratio}", way.name());
        own.push((figure, ratio));
    }
    let folder = tempfile::tempdir()?;
    let database = folder.path().join("orders.db");
    fill(&database)?;
    let ratio = compare(
        pairs,
        |way| way.router(order_reader(&database)),
        Way::Router,
    )?;
    println!("router, reading from SQLite: {ratio}");
    println!("figure overhead_sqlite_cpu {:.3} x", ratio.median);
    let mut peers = Vec::new();
    for way in [Way::AxumPrometheus, Way::OtelTower] {
        let ratio = compare(pairs.div_ceil(4), hello, way)?;
        println!("{}: {ratio}", way.name());
        peers.push((way.name(), ratio));
    }
    for (figure, ratio) in own {
        println!("figure {figure} {:.3} x", ratio.median);
        for (peer, theirs) in &peers {
            let times_better = theirs.median / ratio.median;
            println!(
                "figure {figure} {:.3} x vs {peer} {:.3} ratio {times_better:.2}",
                ratio.median, theirs.median
            );
        }
    }
    Ok(())
}

/// Measured over bare, of many pairs.
struct Ratio {
    median: f64,
    quartiles: (f64, f64),
    bare_us: f64,
}

impl std::fmt::Display for Ratio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (low, high) = self.quartiles;
        write!(
            f,
            "CPU {:.3} times bare (quartiles {low:.3} and {high:.3}), bare {:.1} µs a request",
            self.median, self.bare_us
        )
    }
}

/// Serves both ways on one thread and asks them by turns.
fn compare<M>(
    pairs: usize,
    make: impl Fn(Way) -> anyhow::Result<(Router, M)>,
    way: Way,
) -> anyhow::Result<Ratio> {
    let ((bare, _bare_numbers), (measured, _numbers)) = (make(Way::Bare)?, make(way)?);
    let (bare, measured) = serve(bare, measured)?;
    let (mut bare, mut measured) = (Client::connect(bare)?, Client::connect(measured)?);
    for _ in 0..3 {
        bare.slice()?;
        measured.slice()?;
    }
    let (mut ratios, mut bare_total) = (Vec::with_capacity(pairs), 0.0);
    for pair in 0..pairs {
        // Whoever comes first may find the caches colder.
        let (bare_cpu, measured_cpu) = if pair % 2 == 0 {
            let bare_cpu = bare.slice()?;
            (bare_cpu, measured.slice()?)
        } else {
            let measured_cpu = measured.slice()?;
            (bare.slice()?, measured_cpu)
        };
        bare_total += bare_cpu;
        ratios.push(measured_cpu / bare_cpu);
    }
    ratios.sort_by(f64::total_cmp);
    let at = |share: f64| ratios[(share * (ratios.len() - 1) as f64) as usize];
    let bare_us = bare_total / (pairs * SLICE) as f64 * 1e6;
    Ok(Ratio {
        median: at(0.5),
        quartiles: (at(0.25), at(0.75)),
        bare_us,
    })
}

/// Serves both routers on one thread of their own, for as long as the process lives.
fn serve(first: Router, second: Router) -> anyhow::Result<(SocketAddr, SocketAddr)> {
    let listeners = [
        TcpListener::bind("127.0.0.1:0")?,
        TcpListener::bind("127.0.0.1:0")?,
    ];
    let addresses = (listeners[0].local_addr()?, listeners[1].local_addr()?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    thread::spawn(move || -> anyhow::Result<()> {
        runtime.block_on(async {
            let mut serving = Vec::new();
            for (listener, router) in listeners.into_iter().zip([first, second]) {
                listener.set_nonblocking(true)?;
                let listener = tokio::net::TcpListener::from_std(listener)?;
                serving.push(tokio::spawn(
                    async move { axum::serve(listener, router).await },
                ));
            }
            for server in serving {
                server.await??;
            }
            Ok(())
        })
    });
    Ok(addresses)
}

/// Asks one service over several kept-alive connections.
struct Client {
    connections: Vec<TcpStream>,
    buffer: Vec<u8>,
}

impl Client {
    fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let connect = || {
            let stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            Ok(stream)
        };
        let connections = (0..CONNECTIONS)
            .map(|_| connect())
            .collect::<std::io::Result<_>>()?;
        Ok(Self {
            connections,
            buffer: vec![0; 4096],
        })
    }

    /// Sends a slice of requests; processor seconds of the whole process without this thread.
    fn slice(&mut self) -> anyhow::Result<f64> {
        let before = others_cpu_secs();
        for _ in 0..SLICE / CONNECTIONS {
            for connection in &mut self.connections {
                connection.write_all(REQUEST)?;
            }
            for connection in &mut self.connections {
                let mut length = 0;
                while !self.buffer[..length].ends_with(ANSWER) {
                    let read = connection.read(&mut self.buffer[length..])?;
                    ensure!(read > 0, "the service closed the connection");
                    length += read;
                }
                ensure!(
                    self.buffer.starts_with(b"HTTP/1.1 200 OK"),
                    "the service failed"
                );
            }
        }
        Ok(others_cpu_secs() - before)
    }
}

fn others_cpu_secs() -> f64 {
    let seconds = |clock| {
        let time = clock_gettime(clock);
        time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
    };
    seconds(ClockId::ProcessCPUTime) - seconds(ClockId::ThreadCPUTime)
}

/// A table of 10,000 orders.
fn fill(path: &Path) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let pool = SqlitePool::connect_with(options(path)).await?;
        sqlx::query("CREATE TABLE orders (id INTEGER PRIMARY KEY, greeting TEXT NOT NULL)").execute(&pool).await?;
        let fill = "WITH RECURSIVE ids(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM ids WHERE id < 10000) \
                    INSERT INTO orders SELECT id, 'hello, world' FROM ids";
        sqlx::query(fill).execute(&pool).await?;
        pool.close().await;
        Ok(())
    })
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
}

/// A handler that reads one row.
fn order_reader(
    path: &Path,
) -> impl Fn(
    axum::extract::Path<u32>,
) -> std::pin::Pin<Box<dyn Future<Output = Result<String, String>> + Send>>
+ Clone
+ Send
+ Sync
+ 'static {
    let (path, pool) = (path.to_owned(), Arc::new(OnceCell::new()));
    move |axum::extract::Path(id)| {
        let (path, pool) = (path.clone(), Arc::clone(&pool));
        Box::pin(async move {
            // One connection: how many a pool opens is chance, and each has a thread.
            let connect = || {
                SqlitePoolOptions::new()
                    .max_connections(1)
                    .connect_with(options(&path))
            };
            let pool = pool
                .get_or_try_init(connect)
                .await
                .map_err(|error| error.to_string())?;
            let read = sqlx::query_scalar("SELECT greeting FROM orders WHERE id = ?")
                .bind(id)
                .fetch_one(pool);
            read.await.map_err(|error| error.to_string())
        })
    }
}
