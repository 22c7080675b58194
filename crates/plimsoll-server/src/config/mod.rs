//! How the server is configured: file, then environment, then flags; parsed once into what can run.

mod environment;
mod layers;
pub mod raw;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use layers::{ConfigError, Layers, Setting, Source};

use crate::http::body::BodyLimits;

/// The file that is read when none is named, if it exists.
pub const DEFAULT_FILE: &str = "plimsoll.toml";

/// What the command line says.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--listen`.
    pub listen: Option<String>,
    /// `--data`.
    pub data: Option<PathBuf>,
}

/// A configuration that can run.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where requests are taken.
    pub listen: SocketAddr,
    /// How large they may be.
    pub body: BodyLimits,
    /// Connections at once.
    pub connections_max: usize,
    /// Long reads at once.
    pub slow_requests_max: usize,
    /// Longest a long read may take.
    pub slow_timeout: Duration,
    /// The data folder.
    pub dir: PathBuf,
}

impl Layers {
    /// Reads all layers.
    ///
    /// # Errors
    /// A file that cannot be read, and whatever the layers find.
    pub fn load(
        flags: &Flags,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut layers = Self::defaults();
        let variables: Vec<_> = variables.collect();
        let named = variables.iter().find(|(name, _)| name == "PLIMSOLL_CONFIG");
        let named = named.map(|(_, path)| PathBuf::from(path));
        let named = flags.config.clone().or(named);
        let path = named.as_deref().unwrap_or(Path::new(DEFAULT_FILE));
        match std::fs::read_to_string(path) {
            Ok(text) => layers.file(path, &text)?,
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                let path = path.display();
                return Err(ConfigError(format!("cannot read {path}: {error}")));
            }
        }
        layers.environment(variables.into_iter())?;
        if let Some(listen) = &flags.listen {
            layers.set("server.listen", listen, Source::Flag("--listen"))?;
        }
        if let Some(data) = &flags.data {
            let data = data.to_string_lossy();
            layers.set("store.dir", &data, Source::Flag("--data"))?;
        }
        Ok(layers)
    }

    /// Turns the values into what can run.
    ///
    /// # Errors
    /// A value that cannot be used, with its key and where it came from.
    pub fn config(&self) -> Result<Config, ConfigError> {
        let raw = self.raw()?;
        let wrong = |key: &str, must: &str, value: &dyn std::fmt::Display| {
            let source = self.source(key);
            ConfigError(format!("`{key}` must {must}, but is {value} ({source})"))
        };
        let at_least_one = |key: &str, value: u64| match value {
            0 => Err(wrong(key, "be at least 1", &value)),
            value => Ok(value),
        };
        let server = &raw.server;
        let listen = server.listen.parse().map_err(|_| {
            let must = "be an address with a port such as 127.0.0.1:1876";
            wrong("server.listen", must, &server.listen)
        })?;
        let body = BodyLimits {
            sent: megabytes(at_least_one("server.body_max_mb", server.body_max_mb)?),
            decompressed: megabytes(at_least_one(
                "server.body_decompressed_max_mb",
                server.body_decompressed_max_mb,
            )?),
        };
        for (key, value) in [
            ("server.connections_max", server.connections_max),
            ("server.slow_requests_max", server.slow_requests_max),
            ("store.max_series", raw.store.max_series),
            ("store.seal_rows", raw.store.seal_rows),
        ] {
            at_least_one(key, value as u64)?;
        }
        at_least_one("server.slow_timeout_secs", server.slow_timeout_secs)?;
        if raw.store.dir.is_empty() {
            return Err(wrong("store.dir", "name a folder", &"empty"));
        }
        Ok(Config {
            listen,
            body,
            connections_max: server.connections_max,
            slow_requests_max: server.slow_requests_max,
            slow_timeout: Duration::from_secs(server.slow_timeout_secs),
            dir: PathBuf::from(&raw.store.dir),
        })
    }
}

fn megabytes(mb: u64) -> usize {
    usize::try_from(mb.saturating_mul(1_000_000)).unwrap_or(usize::MAX)
}
