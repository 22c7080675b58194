//! Where the data is: a folder, or a server that has it.

use std::env::VarError;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;

use super::client::Remote;
use crate::config::{Config, Flags, Layers};
use crate::doors::local_key;
use crate::meta::Meta;
use crate::store::lock::FolderLock;
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
    /// A file with an access token for that server [env: PLIMSOLL_TOKEN, PLIMSOLL_TOKEN_FILE].
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// The configuration file [default: plimsoll.toml, if it exists].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Whom to ask.
pub(super) enum Target {
    /// Nobody else has the folder.
    Store(Arc<Store>),
    /// A server answers here.
    Server(Remote),
}

/// Whom to ask about tokens.
pub(super) enum Keys {
    /// Nobody else has the folder, as long as the lock is held.
    Folder(Arc<Meta>, FolderLock),
    /// A server answers here.
    Server(Remote),
}

impl TargetFlags {
    /// Opens the folder, or finds the server that holds it.
    ///
    /// # Errors
    /// A folder without data, or held by something that answers nowhere.
    pub(super) fn open(&self) -> anyhow::Result<Target> {
        if let Some(remote) = self.named()? {
            return Ok(Target::Server(remote));
        }
        let config = self.load()?;
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
                Ok(Target::Server(self.holder(dir, &holder)?))
            }
            Err(error) => Err(error).context("cannot open the data folder"),
        }
    }

    /// Opens what the folder has of tokens, made if need be, or finds the server that holds it.
    ///
    /// # Errors
    /// A folder that cannot be made, or is held by something that answers nowhere.
    pub(super) fn open_keys(&self) -> anyhow::Result<Keys> {
        if let Some(remote) = self.named()? {
            return Ok(Keys::Server(remote));
        }
        let config = self.load()?;
        let dir = &config.store.dir;
        std::fs::create_dir_all(dir)
            .with_context(|| format!("cannot make the folder {}", dir.display()))?;
        match FolderLock::take(dir) {
            Ok(lock) => Ok(Keys::Folder(Meta::open(dir, tick::now())?, lock)),
            Err(StoreError::Locked { holder, .. }) => Ok(Keys::Server(self.holder(dir, &holder)?)),
            Err(error) => Err(error).context("cannot open the data folder"),
        }
    }

    /// The server that was named. Flags win over the environment.
    fn named(&self) -> anyhow::Result<Option<Remote>> {
        let url = match self.url.is_some() || self.data.is_some() || self.config.is_some() {
            true => self.url.clone(),
            false => variable("PLIMSOLL_URL")?,
        };
        let Some(url) = url else { return Ok(None) };
        Ok(Some(Remote {
            url: url.trim_end_matches('/').to_owned(),
            token: self.token()?,
            certificate: None,
        }))
    }

    /// Whether the server was named, and not found by its folder.
    pub(super) fn names_a_server(&self) -> bool {
        matches!(self.named(), Ok(Some(_)))
    }

    fn load(&self) -> anyhow::Result<Config> {
        let flags = Flags {
            config: self.config.clone(),
            data: self.data.clone(),
            ..Flags::default()
        };
        Ok(Layers::load(&flags, std::env::vars_os())?.config()?)
    }

    /// The server that holds a folder, and the key that it left there.
    fn holder(&self, dir: &Path, holder: &str) -> anyhow::Result<Remote> {
        let mut words = holder.split([',', ' ']);
        let url = words.find(|word| word.starts_with("http://") || word.starts_with("https://"));
        let url = url.with_context(|| format!("{} is in use by {holder}", dir.display()))?;
        let key = local_key::read(dir).ok();
        Ok(Remote {
            url: url.to_owned(),
            certificate: key.as_ref().and_then(|key| key.certificate),
            token: match key {
                Some(key) => Some(key.secret),
                None => self.token()?,
            },
        })
    }

    /// The token to show.
    fn token(&self) -> anyhow::Result<Option<String>> {
        token(self.token_file.as_deref())
    }
}

/// The token to show: of the file that was named, or of the environment.
pub(super) fn token(file: Option<&Path>) -> anyhow::Result<Option<String>> {
    let file = match file {
        Some(file) => Some(file.to_owned()),
        None => match variable("PLIMSOLL_TOKEN")? {
            Some(token) => return Ok(Some(token)),
            None => variable("PLIMSOLL_TOKEN_FILE")?.map(PathBuf::from),
        },
    };
    let Some(file) = file else { return Ok(None) };
    let shown = file.display();
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("cannot read the token in {shown}"))?;
    match text.split_whitespace().collect::<Vec<_>>()[..] {
        [token] => Ok(Some(token.to_owned())),
        _ => bail!("{shown} must have one token and nothing else"),
    }
}

fn variable(name: &str) -> anyhow::Result<Option<String>> {
    match std::env::var(name) {
        Ok(text) => Ok(Some(text).filter(|text| !text.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        // What it holds may be a secret.
        Err(VarError::NotUnicode(_)) => bail!("{name} in the environment is no text"),
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
