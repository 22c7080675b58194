//! Whether the server may listen where it was told to.

use std::net::SocketAddr;
use std::path::Path;

use super::DoorsConfig;

/// What is to be done before the doors open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Nothing.
    Open,
    /// The first token is made, and shown once.
    FirstToken,
}

/// Decides about an address. One that others reach needs tokens, unless it was said that it does not.
///
/// # Errors
/// When others would reach the server and nobody could come in; the message says how to make a token.
pub fn check(
    listen: SocketAddr,
    doors: &DoorsConfig,
    dir: &Path,
    has_tokens: bool,
    in_container: bool,
) -> anyhow::Result<Entry> {
    if doors.trusts_local || doors.is_insecure || has_tokens {
        return Ok(Entry::Open);
    }
    if doors.makes_first_token && in_container {
        return Ok(Entry::FirstToken);
    }
    let (port, dir) = (listen.port(), dir.display());
    anyhow::bail!(
        "cannot listen on {listen}: whoever comes there needs an access token, and there is none yet; make one with \
         `plimsoll token create NAME --scope admin --data {dir}`, listen for this machine alone with \
         --listen 127.0.0.1:{port}, or let everybody in with --insecure"
    )
}

/// Whether this process runs in a container, where it has no user who could make a token before.
pub fn in_container() -> bool {
    // What runs in a container is told so by that name: systemd's container interface.
    std::env::var_os("container").is_some_and(|name| !name.is_empty())
        || ["/.dockerenv", "/run/.containerenv"]
            .iter()
            .any(|path| Path::new(path).exists())
        || std::fs::read_to_string("/proc/1/cgroup").is_ok_and(|text| is_of_container(&text))
}

fn is_of_container(cgroup: &str) -> bool {
    ["docker", "kubepods", "containerd", "libpod", "lxc"]
        .iter()
        .any(|name| cgroup.contains(name))
}

#[cfg(test)]
mod tests {
    use super::super::limits::Rates;
    use super::*;

    fn doors(listen: SocketAddr) -> DoorsConfig {
        DoorsConfig {
            trusts_local: listen.ip().is_loopback(),
            is_insecure: false,
            makes_first_token: true,
            hosts: Vec::new(),
            rates: Rates {
                requests_per_sec: 0,
                requests_burst: 0,
                failures_per_min: 0,
            },
            tls: None,
        }
    }

    #[test]
    fn an_address_for_all_needs_a_token_unless_told_otherwise() {
        let (all, own) = ("0.0.0.0:1876", "127.0.0.1:1876");
        let (all, own): (SocketAddr, SocketAddr) = (all.parse().unwrap(), own.parse().unwrap());
        let dir = Path::new("/data");
        let entry = |listen, doors: &DoorsConfig, has_tokens, in_container| {
            check(listen, doors, dir, has_tokens, in_container).map_err(|error| error.to_string())
        };
        assert_eq!(entry(own, &doors(own), false, false), Ok(Entry::Open));
        assert_eq!(entry(all, &doors(all), true, true), Ok(Entry::Open));
        assert_eq!(entry(all, &doors(all), false, true), Ok(Entry::FirstToken));
        let refused = entry(all, &doors(all), false, false).unwrap_err();
        let command = "`plimsoll token create NAME --scope admin --data /data`";
        assert!(refused.contains(command), "{refused}");
        let insecure = DoorsConfig {
            is_insecure: true,
            ..doors(all)
        };
        assert_eq!(entry(all, &insecure, false, true), Ok(Entry::Open));
        let by_hand = DoorsConfig {
            makes_first_token: false,
            ..doors(all)
        };
        assert!(entry(all, &by_hand, false, true).is_err());
    }

    #[test]
    fn containers_are_known_by_their_control_group() {
        assert!(is_of_container("0::/docker/4f0e\n"));
        assert!(is_of_container("12:cpu:/kubepods/besteffort/pod1\n"));
        assert!(!is_of_container("0::/init.scope\n"));
    }
}
