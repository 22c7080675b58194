//! What taking in an export costs the server, beside decoding its bytes alone. See README.md.
#![allow(clippy::print_stdout, reason = "its lines are what it is for")]

#[allow(dead_code, reason = "shared with the bench of the store")]
#[path = "../../store/src/figure.rs"]
mod figure;
#[allow(dead_code, reason = "shared with the bench of the store")]
#[path = "../../store/src/http.rs"]
mod http;
mod metrics;
#[allow(dead_code, reason = "shared with the bench of the store")]
#[path = "../../store/src/process.rs"]
mod process;
mod server;
mod spans;

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use bytes::Bytes;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;

use figure::{Better, Figures};
use server::Server;

/// Exports of a full pass.
const EXPORTS: usize = 1_500;
/// Each kind takes its turn so often, each time with a new server; the middle one counts.
const ROUNDS: usize = 3;
/// Exports made and sent together: the client's memory stays small.
const TOGETHER: usize = 100;

/// Something that exporters send.
pub trait Load {
    type Request: prost::Message + Default;
    const FIGURE: &'static str;
    const UNIT: &'static str;
    const PATH: &'static str;

    /// The bytes of the next export, which ends at `now`, and how many spans or points are in it.
    fn next(&mut self, now: u64) -> (Bytes, usize);
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder =
        PathBuf::from(std::env::var_os("BENCH_FOLDER").context("BENCH_FOLDER names no folder")?);
    let exports = match std::env::var("BENCH_EXPORTS") {
        Ok(text) => text.parse().context("BENCH_EXPORTS is no number")?,
        Err(_) => EXPORTS,
    };
    let figures = Figures::new(exports >= EXPORTS);
    let (mut of_spans, mut of_points) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let folder = |what: &str| folder.join(format!("{what}-{round}"));
        of_spans.push(measure(spans::Spans::new(), exports, &folder("spans")).await?);
        of_points.push(measure(metrics::Metrics::new(), exports, &folder("metrics")).await?);
    }
    tell::<spans::Spans>(of_spans, &figures);
    tell::<metrics::Metrics>(of_points, &figures);
    Ok(())
}

/// What came of a pass, per second of CPU.
struct Measured {
    server: f64,
    decoding: f64,
}

/// The middle one of the rounds, by what is compared.
fn tell<L: Load>(mut rounds: Vec<Measured>, figures: &Figures) {
    rounds.sort_by(|one, other| {
        (one.server / one.decoding).total_cmp(&(other.server / other.decoding))
    });
    let middle = &rounds[rounds.len() / 2];
    figures.beside(
        L::FIGURE,
        middle.server,
        L::UNIT,
        "decoding-alone",
        middle.decoding,
        Better::Higher,
    );
}

/// Sends exports over one connection; in between the same bytes are decoded here, on the same machine in the same second.
async fn measure<L: Load>(
    mut load: L,
    exports: usize,
    folder: &std::path::Path,
) -> anyhow::Result<Measured> {
    let server = Server::start(folder)?;
    let mut connection = http::Connection::open(&server.address).await?;
    let before = server.cpu_secs()?;
    let (mut sent, mut decoding_secs) = (0, 0.0);
    for _ in 0..exports.div_ceil(TOGETHER) {
        let batch: Vec<(Bytes, usize)> = (0..TOGETHER).map(|_| load.next(now())).collect();
        decoding_secs += decoded::<L::Request>(&batch)?;
        for (body, count) in batch {
            connection
                .post(L::PATH, "application/x-protobuf", body)
                .await?;
            sent += count;
        }
    }
    let secs = server.cpu_secs_at_rest()? - before;
    server.stop()?;
    eprintln!(
        "{}: {sent} sent, {secs:.2} s of CPU in the server, {decoding_secs:.2} s to decode",
        L::FIGURE
    );
    Ok(Measured {
        server: sent as f64 / secs,
        decoding: sent as f64 / decoding_secs,
    })
}

/// User and system time that decoding takes, in seconds.
fn decoded<R: prost::Message + Default>(batch: &[(Bytes, usize)]) -> anyhow::Result<f64> {
    let before = process::own_cpu_secs_fine()?;
    for (body, _) in batch {
        std::hint::black_box(R::decode(&body[..])?);
    }
    Ok(process::own_cpu_secs_fine()? - before)
}

fn now() -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
}

/// The requests of the protocol, for [`Load`].
type Traces = ExportTraceServiceRequest;
/// As [`Traces`].
type Points = ExportMetricsServiceRequest;
