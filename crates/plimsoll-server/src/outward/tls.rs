//! TLS to others: whom it is spoken with, and what to set when it fails.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, Error, InvalidMessage};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::Failure;
use crate::trust::{self, Trust};

/// What rustls calls it when a server shows a certificate for signing others, as `openssl req -x509` makes by default.
const OF_AUTHORITY: &str = "CaUsedAsEndEntity";

/// Whose certificates are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Believed {
    /// Those of the system's authorities.
    System,
    /// Those of the authorities in a file.
    File(PathBuf),
    /// Everybody's.
    Anybody,
}

/// How TLS is spoken with those that the system's authorities vouch for: read once for all of them.
#[derive(Clone, Debug, Default)]
pub struct Shared(Arc<OnceCell<Arc<ClientConfig>>>);

/// How TLS is spoken with one of them. What it needs is read at the first connection.
#[derive(Debug, Default)]
pub struct Tls {
    shared: Shared,
    own: Option<Arc<ClientConfig>>,
}

impl Tls {
    /// Nothing of its own was read yet.
    pub fn new(shared: Shared) -> Self {
        Self { shared, own: None }
    }

    /// Speaks TLS over a connection.
    ///
    /// # Errors
    /// A certificate that is not believed, with what to set; authorities that cannot be read.
    pub async fn connect(
        &mut self,
        believed: &Believed,
        host: &str,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, Failure> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| Failure::Tls(format!("{host:?} cannot be in a certificate")))?;
        let connector = TlsConnector::from(self.config(believed).await?);
        connector.connect(name, stream).await.map_err(|error| {
            let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
            if let Some(Error::InvalidCertificate(_)) = cause {
                // Its file may have been renewed meanwhile: it is read anew.
                self.own = None;
            }
            Failure::Tls(match cause {
                Some(cause) => what_to_set(cause, believed, host),
                None => error.to_string(),
            })
        })
    }

    async fn config(&mut self, believed: &Believed) -> Result<Arc<ClientConfig>, Failure> {
        let trust = match (believed, &self.own) {
            (Believed::System, _) => {
                let load = async || load(|| Ok(Trust::System)).await.map_err(Failure::Tls);
                return self.shared.0.get_or_try_init(load).await.cloned();
            }
            (_, Some(own)) => return Ok(own.clone()),
            (Believed::File(path), None) => {
                let read = path.clone();
                let loaded = load(move || Ok(Trust::Authorities(certificates(&read)?))).await;
                loaded.map_err(|reason| Failure::Authorities(path.display().to_string(), reason))
            }
            (Believed::Anybody, None) => load(|| Ok(Trust::Anybody)).await.map_err(Failure::Tls),
        };
        Ok(self.own.insert(trust?).clone())
    }
}

/// Files are read, and system folders may have hundreds: not on the runtime's threads.
async fn load(
    trust: impl FnOnce() -> anyhow::Result<Trust> + Send + 'static,
) -> Result<Arc<ClientConfig>, String> {
    let config = move || {
        let mut config = trust::client_config(trust()?)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        anyhow::Ok(Arc::new(config))
    };
    let loaded = tokio::task::spawn_blocking(config).await;
    let loaded = loaded.map_err(|error| error.to_string())?;
    loaded.map_err(|error| format!("{error:#}"))
}

/// The certificates of a file in PEM. Blocking.
///
/// # Errors
/// A file that cannot be read, or has something else.
pub fn certificates(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let found = CertificateDer::pem_file_iter(path)?.collect::<Result<_, _>>();
    Ok(found?)
}

/// What is wrong, and what sets it right.
fn what_to_set(cause: &Error, believed: &Believed, host: &str) -> String {
    use CertificateError::*;
    let authority = match believed {
        Believed::File(_) => "is not one of `ca_file`",
        _ => "is unknown to this system: name a file with its certificate in `ca_file`",
    };
    match cause {
        Error::InvalidCertificate(UnknownIssuer | BadSignature) => {
            format!("its certificate is not believed: who signed it {authority}")
        }
        Error::InvalidCertificate(Expired | ExpiredContext { .. }) => {
            "its certificate has expired: renew it there".to_owned()
        }
        Error::InvalidCertificate(NotValidYet | NotValidYetContext { .. }) => {
            "its certificate is not good yet: compare the clocks of both machines".to_owned()
        }
        Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }) => format!(
            "its certificate is for other names than {host}: set `url` to one of them, or renew it with this one"
        ),
        Error::InvalidCertificate(Other(other)) if other.to_string() == OF_AUTHORITY => {
            "its certificate is an authority's (CA:TRUE), which a server cannot have: make it one that is not, \
             or set `tls_insecure`, which targets of scrapes have"
                .to_owned()
        }
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "it does not speak TLS there: set `url` to http://".to_owned()
        }
        other => other.to_string(),
    }
}
