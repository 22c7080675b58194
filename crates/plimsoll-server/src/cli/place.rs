//! Which folder and which server a command speaks of.

use std::path::PathBuf;

use clap::Args;

use super::client::Remote;
use super::target::token;
use crate::config::{Config, Flags, Layers};
use crate::connect::Address;
use crate::doors::local_key;
use crate::store::Holder;

/// Flags of every command that reads the configuration.
#[derive(Clone, Debug, Args)]
pub(super) struct Place {
    /// The data folder [default: ./plimsoll-data].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The configuration file [default: plimsoll.toml, if it exists].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Place {
    pub(super) fn flags(&self) -> Flags {
        Flags {
            config: self.config.clone(),
            data: self.data.clone(),
            ..Flags::default()
        }
    }

    /// The configuration as `plimsoll serve` would read it.
    pub(super) fn layers(&self) -> anyhow::Result<Layers> {
        Ok(Layers::load(&self.flags(), std::env::vars_os())?)
    }
}

/// Where senders reach the server: `url`, else where the holder of the data folder answers, else where the configuration
/// has it listen.
///
/// # Errors
/// A URL that is none, a configuration that cannot be read.
pub(super) fn server_address(place: &Place, url: Option<&str>) -> anyhow::Result<Address> {
    if let Some(url) = url {
        return Ok(Address::of_url(url)?);
    }
    let config = place.layers()?.config()?;
    Ok(match running(&config) {
        Some(url) => Address::of_url(&url)?,
        None => Address::of_url(&format!("http://{}", config.listen))?,
    })
}

/// How to ask the server at `url`: with the key that it left in the configured folder if it is the one that has it open,
/// else with the token of the environment.
///
/// # Errors
/// A token that cannot be read.
pub(super) fn remote(url: &str, config: Option<&Config>) -> anyhow::Result<Remote> {
    let url = url.trim_end_matches('/').to_owned();
    let own = config.filter(|config| running(config).as_deref() == Some(&url));
    let key = own.and_then(|config| local_key::read(&config.store.dir).ok());
    Ok(Remote {
        url,
        certificate: key.as_ref().and_then(|key| key.certificate),
        token: match key {
            Some(key) => Some(key.secret),
            None => token(None)?,
        },
    })
}

/// The URL of the server that has the configured folder open.
pub(super) fn running(config: &Config) -> Option<String> {
    // A folder that may not be read has a server that cannot be found here.
    Holder::of(&config.store.dir).ok().flatten()?.url
}
