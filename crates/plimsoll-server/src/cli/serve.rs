//! `plimsoll serve`.

use std::io::IsTerminal;

use anyhow::Context;
use clap::Args;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::warn;
use tracing_subscriber::EnvFilter;

use super::{Place, no_colour, say};
use crate::app::{Server, Signals};
use crate::config::{Config, Layers};
use crate::doors::bind;
use crate::doors::tls::Certificate;
use crate::judge::in_force::InForce;
use crate::meta::{Meta, tokens};
use crate::tick;
use crate::{sd, self_monitor};

/// Runs the server. Prints its URL once it answers.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  plimsoll serve
  plimsoll serve --listen 127.0.0.1:0 --data /var/lib/plimsoll
  plimsoll serve --config plimsoll.toml --check
  OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1876 opentelemetry-instrument python app.py")]
pub(super) struct Serve {
    /// Address and port; port 0 takes any free one [default: 127.0.0.1:1876].
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<String>,
    #[command(flatten)]
    place: Place,
    /// Lets everybody who reaches the port read and write; what only an admin may do still needs a token.
    #[arg(long)]
    insecure: bool,
    /// Only checks the configuration.
    #[arg(long)]
    check: bool,
}

pub(super) fn run(command: &Serve) -> anyhow::Result<()> {
    let mut flags = command.place.flags();
    flags.listen.clone_from(&command.listen);
    flags.insecure = command.insecure;
    let layers = Layers::load(&flags, std::env::vars_os())?;
    let config = layers.config()?;
    if command.check {
        layers.notices.iter().for_each(|notice| super::warn(notice));
        check_doors(&config)?;
        InForce::check(&config.judge).map_err(anyhow::Error::msg)?;
        self_monitor::monitor(&config).context("cannot monitor the server itself")?;
        return say("the configuration is good");
    }
    start_log();
    for notice in &layers.notices {
        warn!("{notice}");
    }
    allow_many_files();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("plimsoll")
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(async {
        let mut signals = Signals::watch()?;
        // A journal may take seconds to replay: told to stop meanwhile, there is nothing to wait for.
        let server = tokio::select! {
            server = Server::start(config) => server?,
            () = signals.told_to_stop() => return Ok(()),
        };
        say(&format!("plimsoll listens on {}", server.url))?;
        if let Some(token) = &server.first_token {
            let token = token.text();
            say(&format!("first admin token, not shown again: {token}"))?;
        }
        sd::tell(sd::State::Ready);
        signals.told_to_stop().await;
        sd::tell(sd::State::Stopping);
        server.stop().await;
        anyhow::Ok(())
    })?;
    // What still runs is work for clients that have gone.
    runtime.shutdown_background();
    Ok(())
}

/// Every connection is an open file, and many systems begin with 1,024 of them though more are allowed.
fn allow_many_files() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        warn!("cannot raise the number of open files: {error}");
    }
}

/// Whether the doors would open, as far as that is known without opening the store.
fn check_doors(config: &Config) -> anyhow::Result<()> {
    let dir = &config.store.dir;
    let now = tick::now();
    let live = Meta::peek(dir, |file| tokens::count_live(file, now))?;
    let has_tokens = live.is_some_and(|live| live > 0);
    let container = bind::in_container();
    bind::check(config.listen, &config.doors, dir, has_tokens, container)?;
    if let Some(files) = &config.doors.tls {
        Certificate::load(files)?;
    }
    Ok(())
}

fn start_log() {
    let filter = match EnvFilter::try_from_default_env() {
        Ok(filter) => filter,
        Err(error) => {
            if std::env::var_os(EnvFilter::DEFAULT_ENV).is_some() {
                let name = EnvFilter::DEFAULT_ENV;
                super::warn(&format!(
                    "{name} is not understood, logging at level info: {error}"
                ));
            }
            EnvFilter::new("info")
        }
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && !no_colour())
        .init();
}
