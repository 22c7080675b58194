//! Where the data is: a folder, or a server that has it.

use std::env::VarError;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;

use crate::config::{Flags, Layers};
use crate::store::{Store, StoreError};
use crate::tick;

/// Flags that choose the data.
#[derive(Clone, Debug, Args)]
pub(super) struct TargetFlags {
    /// The data folder; when a server holds it, that server is asked [default: ./plimsoll-data].
    #[arg(long, value_name = "DIR", conflicts_with = "url")]
    data: Option<PathBuf>,
    /// The server to ask [env: PLIMSOLL_URL, unless a folder or a configuration file is named].
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// The configuration file [default: plimsoll.toml, if it exists].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Whom to ask.
pub(super) enum Target {
    /// Nobody else has the folder.
    Store(Arc<Store>),
    /// A server answers here.
    Server(String),
}

impl TargetFlags {
    /// The server that was named. Flags win over the environment.
    fn url(&self) -> anyhow::Result<Option<String>> {
        if self.url.is_some() || self.data.is_some() || self.config.is_some() {
            return Ok(self.url.clone());
        }
        match std::env::var("PLIMSOLL_URL") {
            Ok(url) => Ok(Some(url).filter(|url| !url.is_empty())),
            Err(VarError::NotPresent) => Ok(None),
            Err(error) => Err(error).context("PLIMSOLL_URL in the environment is no URL"),
        }
    }

    /// Opens the folder, or finds the server that holds it.
    ///
    /// # Errors
    /// A folder without data, or held by something that answers nowhere.
    pub(super) fn open(&self) -> anyhow::Result<Target> {
        if let Some(url) = self.url()? {
            return Ok(Target::Server(url.trim_end_matches('/').to_owned()));
        }
        let flags = Flags {
            config: self.config.clone(),
            data: self.data.clone(),
            listen: None,
        };
        let config = Layers::load(&flags, std::env::vars_os())?.config()?;
        let dir = &config.store.dir;
        // Opening would make a folder; asking must not.
        if !["journal", "raw"]
            .iter()
            .any(|part| dir.join(part).is_dir())
        {
            bail!(
                "there is no data in {}; name the folder with --data or a server with --url",
                dir.display()
            );
        }
        match Store::open(config.store.clone(), tick::now()) {
            Ok(store) => Ok(Target::Store(store)),
            Err(StoreError::Locked { holder, .. }) => {
                let url = holder
                    .split([',', ' '])
                    .find(|word| word.starts_with("http://"));
                let url =
                    url.with_context(|| format!("{} is in use by {holder}", dir.display()))?;
                Ok(Target::Server(url.to_owned()))
            }
            Err(error) => Err(error).context("cannot open the data folder"),
        }
    }
}

/// Runs a future to its end on this thread.
///
/// # Errors
/// What the future fails with.
pub(super) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.context("cannot start the runtime")?.block_on(work)
}
