//! The measured server.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Clock ticks of `/proc/PID/stat`; Linux has shown 100 a second to user space since 2.6.
const TICKS_PER_SEC: f64 = 100.0;
/// Routes of an update.
const ROUTES: usize = 20;

/// A server on an empty folder, ended when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    address: SocketAddr,
    folder: String,
}

impl Server {
    /// Starts the program that `PLIMSOLL` names.
    pub fn start() -> anyhow::Result<Self> {
        let program = std::env::var("PLIMSOLL").context("PLIMSOLL must name the program")?;
        let folder = std::env::var("BENCH_FOLDER").context("BENCH_FOLDER must name a folder")?;
        let mut child = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--data", &folder])
            .env("PLIMSOLL_MONITOR_ENABLED", "false")
            .env("PLIMSOLL_SERVER_STREAMS_MAX", "20000")
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the server")?;
        let out = child.stdout.take().context("no output")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        let address = line.trim().rsplit("//").next().context("no address")?;
        let address = address
            .parse()
            .with_context(|| format!("no URL but {line:?}"))?;
        Ok(Self {
            child,
            address,
            folder,
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Writes a row for each route: one window for every client.
    pub async fn update(&self) -> anyhow::Result<()> {
        let rows = (0..ROUTES).map(|route| {
            format!("http_requests,service=shop,route=/orders/{route},method=GET,status=200 duration=0.0{route}1\n")
        });
        let body: String = rows.collect();
        let head = format!(
            "POST /write HTTP/1.1\r\nhost: {}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            self.address,
            body.len()
        );
        let mut stream = TcpStream::connect(self.address).await?;
        stream.write_all((head + &body).as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        ensure!(
            answer.starts_with("HTTP/1.1 204"),
            "the write was refused: {answer}"
        );
        Ok(())
    }

    /// User and system time that it has used, in seconds.
    pub fn cpu_secs(&self) -> anyhow::Result<f64> {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let (_, after_name) = text.rsplit_once(") ").context("no name in /proc stat")?;
        let mut fields = after_name.split(' ').skip(11);
        let mut next = || fields.next().and_then(|field| field.parse::<f64>().ok());
        let (user, system) = (
            next().context("no user time")?,
            next().context("no system time")?,
        );
        Ok((user + system) / TICKS_PER_SEC)
    }

    /// Memory that it holds.
    pub fn rss_bytes(&self) -> anyhow::Result<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.context("no VmRSS")?.trim().trim_end_matches(" kB");
        Ok(kilobytes.parse::<u64>()? * 1_024)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
