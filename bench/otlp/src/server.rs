//! `plimsoll serve` on a folder of its own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;

use crate::process;

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    /// Host and port.
    pub address: String,
}

impl Server {
    /// Starts the program that `PLIMSOLL` names.
    pub fn start(folder: &Path) -> anyhow::Result<Self> {
        let program = std::env::var_os("PLIMSOLL").context("PLIMSOLL names no program")?;
        let mut child = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("the server does not start")?;
        let mut line = String::new();
        let out = child.stdout.as_mut().context("no output")?;
        BufReader::new(out).read_line(&mut line)?;
        let address = line.trim().rsplit_once("http://").context("no URL")?.1;
        Ok(Self {
            address: address.trim_end_matches('/').to_owned(),
            child,
        })
    }

    pub fn cpu_secs(&self) -> anyhow::Result<f64> {
        process::cpu_secs(self.child.id())
    }

    /// The same when what came after the last export is done.
    pub fn cpu_secs_at_rest(&self) -> anyhow::Result<f64> {
        process::wait_until_quiet(self.child.id())?;
        self.cpu_secs()
    }

    pub fn stop(mut self) -> anyhow::Result<()> {
        process::stop(&mut self.child)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
