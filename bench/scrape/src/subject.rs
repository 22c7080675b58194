//! The two programs, each as it comes, in a folder of its own.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::page::SAMPLES;
use crate::process;

/// A program that scrapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    Plimsoll,
    Prometheus,
}

/// One of them while it runs.
pub struct Running {
    subject: Subject,
    host: String,
    child: Child,
}

impl Subject {
    /// Starts it; it scrapes `target` once a second, if there is one.
    pub fn start(self, folder: &Path, target: Option<&str>) -> anyhow::Result<Running> {
        fs::create_dir_all(folder)?;
        let host = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let config = folder.join("config");
        let mut command = match self {
            Self::Plimsoll => {
                let scrape = target.map(|host| {
                    format!("[[scrape]]\njob = \"bench\"\nurl = \"http://{host}/metrics\"\ninterval_secs = 1\n")
                });
                fs::write(&config, scrape.unwrap_or_default())?;
                let program = std::env::var_os("PLIMSOLL")
                    .context("PLIMSOLL does not name the server's program")?;
                let mut command = Command::new(program);
                command
                    .args(["serve", "--listen", &host, "--data"])
                    .arg(folder.join("data"));
                command.arg("--config").arg(&config);
                command
            }
            Self::Prometheus => {
                let scrape = target.map(|host| {
                    format!(
                        "scrape_configs:\n- job_name: bench\n  scrape_interval: 1s\n  scrape_timeout: 1s\n  static_configs:\n  - targets: ['{host}']\n"
                    )
                });
                fs::write(&config, scrape.unwrap_or_else(|| "global: {}\n".to_owned()))?;
                let mut command = Command::new("prometheus");
                command.arg(format!("--config.file={}", config.display()));
                command.arg(format!(
                    "--storage.tsdb.path={}",
                    folder.join("data").display()
                ));
                command.arg(format!("--web.listen-address={host}"));
                command
            }
        };
        let log = File::create(folder.join("log"))?;
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {self:?} (is it on the PATH?)"))?;
        let running = Running {
            subject: self,
            host,
            child,
        };
        running.wait_until_ready()?;
        Ok(running)
    }
}

impl Running {
    fn wait_until_ready(&self) -> anyhow::Result<()> {
        let path = match self.subject {
            Subject::Plimsoll => "/readyz",
            Subject::Prometheus => "/-/ready",
        };
        let started = Instant::now();
        while self.get(path).is_err() {
            if started.elapsed() > Duration::from_secs(60) {
                bail!("{:?} does not answer", self.subject);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// That the last page was taken whole.
    ///
    /// # Errors
    /// When it was not.
    pub fn check(&self) -> anyhow::Result<()> {
        let (path, wanted) = match self.subject {
            Subject::Plimsoll => (
                "/api/v1/targets",
                vec![
                    format!("\"samples\":{SAMPLES},"),
                    "\"failures\":0,\"samples_refused\":0".to_owned(),
                ],
            ),
            Subject::Prometheus => (
                "/api/v1/query?query=scrape_samples_post_metric_relabeling",
                vec![format!("\"{SAMPLES}\"]")],
            ),
        };
        let answer = self.get(path)?;
        if !wanted.iter().all(|text| answer.contains(text)) {
            bail!("{:?} did not take the page whole: {answer}", self.subject);
        }
        Ok(())
    }

    /// Processor time that it has used so far, in seconds.
    pub fn cpu_secs(&self) -> anyhow::Result<f64> {
        process::cpu_secs(self.child.id())
    }

    /// Asks it to end; returns the processor time of its whole life, in seconds.
    pub fn stop(mut self) -> anyhow::Result<f64> {
        let before = process::children_cpu_secs()?;
        process::stop(&mut self.child)?;
        Ok(process::children_cpu_secs()? - before)
    }

    fn get(&self, path: &str) -> anyhow::Result<String> {
        let mut stream = TcpStream::connect(&self.host)?;
        let host = &self.host;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        if !answer.starts_with("HTTP/1.1 200") {
            bail!(
                "{path} answered {}",
                answer.lines().next().unwrap_or_default()
            );
        }
        Ok(answer)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Only after an error: whoever measures stops it first.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
