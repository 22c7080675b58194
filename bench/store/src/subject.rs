//! The servers that are measured, each as it comes: its defaults, a folder of its own, one port.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::http::{Connection, escape};
use crate::process;

/// A kind of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    Plimsoll,
    VictoriaMetrics,
    InfluxDb,
}

/// A server that runs.
pub struct Running {
    pub subject: Subject,
    /// Address and port.
    pub host: String,
    child: Child,
}

impl Subject {
    pub const ALL: [Self; 3] = [Self::Plimsoll, Self::VictoriaMetrics, Self::InfluxDb];

    /// The name in the figures.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plimsoll => "plimsoll",
            Self::VictoriaMetrics => "victoriametrics",
            Self::InfluxDb => "influxdb",
        }
    }

    /// Where line protocol with times in nanoseconds is posted to.
    pub fn write_path(self) -> &'static str {
        "/write?db=bench"
    }

    fn health_path(self) -> &'static str {
        match self {
            Self::InfluxDb => "/ping",
            _ => "/health",
        }
    }

    fn command(self, folder: &Path, host: &str) -> anyhow::Result<Command> {
        Ok(match self {
            Self::Plimsoll => {
                let program = std::env::var_os("PLIMSOLL")
                    .context("PLIMSOLL does not name the server's program")?;
                let mut command = Command::new(program);
                command
                    .arg("serve")
                    .args(["--listen", host])
                    .arg("--data")
                    .arg(folder);
                command
            }
            Self::VictoriaMetrics => {
                let mut command = Command::new("victoria-metrics");
                command.arg(format!("-storageDataPath={}", folder.display()));
                command.arg(format!("-httpListenAddr={host}"));
                command
            }
            Self::InfluxDb => {
                let mut command = Command::new("influxd");
                command
                    .env("INFLUXDB_META_DIR", folder.join("meta"))
                    .env("INFLUXDB_DATA_DIR", folder.join("data"))
                    .env("INFLUXDB_DATA_WAL_DIR", folder.join("wal"))
                    .env("INFLUXDB_HTTP_BIND_ADDRESS", host)
                    .env("INFLUXDB_BIND_ADDRESS", free_host()?)
                    .env("INFLUXDB_REPORTING_DISABLED", "true")
                    // One line of log for each request is no part of storing them.
                    .env("INFLUXDB_HTTP_LOG_ENABLED", "false");
                command
            }
        })
    }

    /// Starts on `folder` and returns when the first request is answered, with the time that this took.
    pub async fn start(self, folder: &Path) -> anyhow::Result<(Running, Duration)> {
        const GIVE_UP: Duration = Duration::from_secs(120);
        std::fs::create_dir_all(folder)?;
        let host = free_host()?;
        let log = std::fs::File::create(folder.with_extension("log"))?;
        let mut command = self.command(folder, &host)?;
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let started = Instant::now();
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {} (is it on the PATH?)", self.name()))?;
        let mut running = Running {
            subject: self,
            host,
            child,
        };
        loop {
            if let Ok(mut connection) = Connection::open(&running.host).await
                && connection.get(self.health_path()).await.is_ok()
            {
                break;
            }
            if let Some(status) = running.child.try_wait()? {
                bail!(
                    "{} ended at its start with {status}; see {}",
                    self.name(),
                    folder.with_extension("log").display()
                );
            }
            if started.elapsed() > GIVE_UP {
                bail!("{} does not answer", self.name());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let took = started.elapsed();
        if self == Self::InfluxDb {
            let statement = escape("CREATE DATABASE bench");
            running
                .connect()
                .await?
                .post(&format!("/query?q={statement}"), "", "".into())
                .await?;
        }
        Ok((running, took))
    }
}

impl Running {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub async fn connect(&self) -> anyhow::Result<Connection> {
        Connection::open(&self.host).await
    }

    /// Waits until the server has done whatever it does with rows after it has acknowledged them.
    pub async fn settle(&self) -> anyhow::Result<()> {
        let pid = self.pid();
        tokio::task::spawn_blocking(move || process::wait_until_quiet(pid)).await?
    }

    /// Ends the server in its own way. The answer: user and system time of its whole life, in seconds.
    pub fn stop(mut self) -> anyhow::Result<f64> {
        let others = process::children_cpu_secs()?;
        process::stop(&mut self.child)?;
        Ok(process::children_cpu_secs()? - others)
    }

    /// Ends the server in the middle of whatever it does.
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail when it has ended already, which is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_host() -> anyhow::Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}
