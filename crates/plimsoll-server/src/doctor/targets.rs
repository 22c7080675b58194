//! Whether what is configured to be asked can be reached.

use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use axum::http::Uri;
use toml::Value;

use super::Finding;
use crate::config::Layers;

/// How long a target may take to take a connection.
const PATIENCE: Duration = Duration::from_secs(2);

/// Something that the server will connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// What it is, as the configuration names it.
    pub what: String,
    /// Where it is.
    pub url: String,
}

/// Everything that the configuration names.
pub fn configured(layers: &Layers) -> Vec<Target> {
    let scraped = layers.settings().find(|(key, _)| *key == "scrape");
    let scraped = scraped.and_then(|(_, setting)| setting.value.as_array());
    let target = |target: &Value| {
        let text = |key: &str| target.get(key).and_then(Value::as_str);
        let url = text("url")?.to_owned();
        let what = format!("scrape target {}", text("job").unwrap_or(&url));
        Some(Target { what, url })
    };
    scraped.into_iter().flatten().filter_map(target).collect()
}

/// Connects once.
pub fn reach(target: &Target) -> Finding {
    let Target { what, url } = target;
    match connect(url) {
        Ok(()) => Finding::ok("reachable", format!("{what} takes connections at {url}")),
        Err(reason) => Finding::fail(
            "reachable",
            format!("{what} cannot be reached at {url}: {reason}"),
            "start it, or correct its url in plimsoll.toml",
        ),
    }
}

fn connect(url: &str) -> Result<(), String> {
    let uri: Uri = url.parse().map_err(|_| "it is no URL".to_owned())?;
    let host = uri.host().ok_or("it names no host")?;
    let usual = if uri.scheme_str() == Some("https") {
        443
    } else {
        80
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let addresses = (host, uri.port_u16().unwrap_or(usual)).to_socket_addrs();
    let mut reason = "its name has no address".to_owned();
    for address in addresses.map_err(|error| error.to_string())? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(_) => return Ok(()),
            Err(error) => reason = error.to_string(),
        }
    }
    Err(reason)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::super::State;
    use super::*;

    fn at(url: &str) -> State {
        let target = Target {
            what: "scrape target a".to_owned(),
            url: url.to_owned(),
        };
        reach(&target).state
    }

    #[test]
    fn a_target_that_takes_no_connection_fails() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/metrics", listener.local_addr().unwrap());
        assert_eq!(at(&url), State::Ok);
        drop(listener);
        assert_eq!(at(&url), State::Fail);
        assert_eq!(at("no url"), State::Fail);
    }
}
