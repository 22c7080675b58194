//! Who may come in, as it is configured.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::{ConfigError, Layers, raw};
use crate::doors::limits::Rates;
use crate::doors::{DoorsConfig, TlsFiles};

impl Layers {
    pub(super) fn doors(
        &self,
        listen: SocketAddr,
        raw: &raw::Server,
    ) -> Result<DoorsConfig, ConfigError> {
        for host in &raw.hosts {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
            if host.is_empty() || !host.bytes().all(is_plain) {
                let must = "have names such as monitor.example.org, without scheme and port";
                return Err(self.wrong("server.hosts", must, host));
            }
        }
        if raw.requests_per_sec > 0 && raw.requests_burst == 0 {
            self.at_least_one("server.requests_burst", 0)?;
        }
        Ok(DoorsConfig {
            trusts_local: raw.trust_local && listen.ip().is_loopback(),
            is_insecure: raw.insecure,
            makes_first_token: raw.first_token,
            hosts: raw.hosts.clone(),
            rates: Rates {
                requests_per_sec: raw.requests_per_sec,
                requests_burst: raw.requests_burst,
                failures_per_min: raw.failures_per_min,
            },
            tls: self.tls(&raw.tls)?,
        })
    }

    fn tls(&self, raw: &raw::Tls) -> Result<Option<TlsFiles>, ConfigError> {
        let (certificate, key) = (&raw.cert_file, &raw.key_file);
        let missing = match (certificate.is_empty(), key.is_empty()) {
            (true, true) => return Ok(None),
            (true, false) => "server.tls.cert_file",
            (false, true) => "server.tls.key_file",
            (false, false) => {
                return Ok(Some(TlsFiles {
                    certificate: PathBuf::from(certificate),
                    key: PathBuf::from(key),
                }));
            }
        };
        let must = "name a file in PEM when the other of certificate and key does";
        Err(self.wrong(missing, must, &"empty"))
    }
}
