//! How long it takes until somebody hears of it: real processes, wall clock. A shop is broken in each way, and mended.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::figure::Figures;

/// What is broken, and how the key of its alert begins.
const FAULTS: [(&str, &str); 4] = [
    ("slow", "class:write"),
    ("errors", "errors:GET /products/{id}"),
    ("pool", "pool:sqlite"),
    ("leak", "leak:"),
];
/// What is usual of the shop must be known before its silence can be told.
const LEARNED: Duration = Duration::from_secs(18 * 60);
/// Nothing takes longer than this, or it is not told at all.
const PATIENCE: Duration = Duration::from_secs(1_200);

/// A program that ends with the bench.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs when `PLIMSOLL`, `SHOP` and `TRAFFIC` name the programs.
pub fn run(figures: &Figures, folder: &Path) -> std::io::Result<()> {
    let program = |name: &str| std::env::var_os(name);
    let (Some(server), Some(shop), Some(traffic)) =
        (program("PLIMSOLL"), program("SHOP"), program("TRAFFIC"))
    else {
        eprintln!(
            "PLIMSOLL, SHOP and TRAFFIC name no programs: how soon faults are told is not measured"
        );
        return Ok(());
    };
    std::fs::create_dir_all(folder)?;
    let (server_host, shop_host) = (free()?, free()?);
    let _server = start(
        Command::new(server)
            .args(["serve", "--listen", &server_host, "--data"])
            .arg(folder.join("data")),
    )?;
    let _shop = start(
        Command::new(shop)
            .args(["--listen", &shop_host, "--database"])
            .arg(folder.join("shop.db"))
            .env("RUST_LOG", "off")
            .env(
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                format!("http://{server_host}"),
            ),
    )?;
    until(|| get(&shop_host, "/health").is_ok())?;
    // The day is long, so that the wave itself is no fault.
    let customers = || {
        let mut command = Command::new(&traffic);
        command.args([
            "--url",
            &format!("http://{shop_host}"),
            "--rate",
            "20",
            "--day",
            "86400",
            "--hour",
            "19",
        ]);
        start(&mut command)
    };
    let begun = Instant::now();
    let running = customers()?;
    std::thread::sleep(Duration::from_secs(90));
    let (mut told, mut over) = (Vec::new(), Vec::new());
    for (what, key) in FAULTS {
        get(&shop_host, &format!("/demo/break?what={what}"))?;
        let fires = timed(|| is_firing(&server_host, key))?;
        get(&shop_host, "/demo/break?what=nothing")?;
        let ends = timed(|| !is_firing(&server_host, key))?;
        println!("{what}: told after {fires:.0} s, over after {ends:.0} s");
        if what == "leak" {
            figures.ours("judge_leak_seconds", fires, "s");
        } else {
            told.push(fires);
        }
        over.push(ends);
    }
    std::thread::sleep(LEARNED.saturating_sub(begun.elapsed()));
    drop(running);
    let fires = timed(|| is_firing(&server_host, "silence"))?;
    let _customers = customers()?;
    let ends = timed(|| !is_firing(&server_host, "silence"))?;
    println!("silence: told after {fires:.0} s, over after {ends:.0} s");
    told.push(fires);
    over.push(ends);
    let worst = |all: &[f64]| all.iter().copied().fold(0.0, f64::max);
    figures.ours("judge_detect_seconds", worst(&told), "s");
    figures.ours("judge_resolve_seconds", worst(&over), "s");
    Ok(())
}

/// Whether an alert whose key begins so fires; a server that does not answer tells of none.
fn is_firing(host: &str, key: &str) -> bool {
    let answer = get(host, "/api/performance/alerts?resolved=false").unwrap_or_default();
    answer.contains(&format!("\"key\":\"{key}"))
}

fn timed(mut is_so: impl FnMut() -> bool) -> std::io::Result<f64> {
    let begun = Instant::now();
    while !is_so() {
        if begun.elapsed() > PATIENCE {
            return Err(std::io::Error::other("it was not told"));
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    Ok(begun.elapsed().as_secs_f64())
}

fn until(mut is_so: impl FnMut() -> bool) -> std::io::Result<()> {
    timed(&mut is_so).map(|_| ())
}

fn start(command: &mut Command) -> std::io::Result<Running> {
    let quiet = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    quiet.spawn().map(Running)
}

fn free() -> std::io::Result<String> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    Ok(listener.local_addr()?.to_string())
}

fn get(host: &str, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    if answer.starts_with("HTTP/1.1 200") {
        return Ok(answer);
    }
    Err(std::io::Error::other(format!(
        "{path} was not answered with 200"
    )))
}
