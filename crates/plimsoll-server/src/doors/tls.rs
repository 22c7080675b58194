//! TLS by certificate files, read again when they change: whoever renews them need not restart the server.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use parking_lot::RwLock;
use ring::digest::{SHA256, digest};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tracing::{error, info};

use super::TlsFiles;
use super::local_key::hex;
use crate::meta::tokens::Hash;
use crate::state::App;
use crate::stream::Change;
use crate::tasks::Stop;

/// How often it is looked whether the files changed.
const LOOK: Duration = Duration::from_secs(2);

/// The certificate that new connections get.
#[derive(Debug)]
pub struct Certificate {
    files: TlsFiles,
    current: RwLock<Arc<CertifiedKey>>,
}

/// When and how long: what changes with a file.
#[derive(Debug, PartialEq, Eq)]
struct Stamp([Option<(SystemTime, u64)>; 2]);

impl Certificate {
    /// Reads the files.
    ///
    /// # Errors
    /// A file that is missing or no PEM, a key of another certificate.
    pub fn load(files: &TlsFiles) -> anyhow::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            current: RwLock::new(Arc::new(read(files)?)),
            files: files.clone(),
        }))
    }

    /// How connections are made: TLS 1.2 and 1.3, HTTP/2 and 1.1.
    pub fn server_config(self: &Arc<Self>) -> anyhow::Result<Arc<ServerConfig>> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .context("cannot set TLS up")?
            .with_no_client_auth()
            .with_cert_resolver(self.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// SHA-256 of the certificate.
    pub fn fingerprint(&self) -> Option<Hash> {
        self.current.read().cert.first().map(fingerprint)
    }

    /// Reads the files again. What is broken changes nothing.
    fn reload(&self) -> anyhow::Result<()> {
        let new = read(&self.files)?;
        *self.current.write() = Arc::new(new);
        Ok(())
    }

    fn stamp(&self) -> Stamp {
        let of = |path: &Path| {
            let meta = fs::metadata(path).ok()?;
            Some((meta.modified().ok()?, meta.len()))
        };
        Stamp([of(&self.files.certificate), of(&self.files.key)])
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().clone())
    }
}

/// SHA-256 of a certificate as it is sent.
pub fn fingerprint(certificate: &CertificateDer<'_>) -> Hash {
    let mut hash = Hash::default();
    hash.copy_from_slice(digest(&SHA256, certificate).as_ref());
    hash
}

/// Reads the files again when they change, until told to stop. A pair that does not belong together, as in the moment
/// between the writing of one and the other, leaves the old one in use.
///
/// # Errors
/// None: a broken file is told in the log, and may be mended.
pub async fn watch(app: App, mut stop: Stop) -> anyhow::Result<()> {
    let Some(certificate) = app.doors.certificate.clone() else {
        stop.wait().await;
        return Ok(());
    };
    // Read anew at the first look: the files may have changed since the start, or while this task was down.
    let mut seen = None;
    loop {
        tokio::select! {
            () = stop.wait() => return Ok(()),
            () = tokio::time::sleep(LOOK) => {}
        }
        let (app, certificate) = (app.clone(), certificate.clone());
        seen = tokio::task::spawn_blocking(move || look(&app, &certificate, seen)).await?;
    }
}

fn look(app: &App, certificate: &Certificate, seen: Option<Stamp>) -> Option<Stamp> {
    let stamp = certificate.stamp();
    if seen.as_ref() == Some(&stamp) {
        return seen;
    }
    let before = certificate.fingerprint();
    match certificate.reload() {
        Ok(()) if certificate.fingerprint() == before => {}
        Ok(()) => {
            info!("the certificate has changed: new connections get the new one");
            let fingerprint = certificate.fingerprint();
            app.stream.announce(Change::CertificateChanged {
                fingerprint: fingerprint.as_ref().map(hex).unwrap_or_default(),
            });
            if let Err(error) = app.doors.local_key.write(fingerprint) {
                error!(%error, "cannot write the key of the data folder: {error}");
            }
        }
        Err(error) => {
            app.stream.announce(Change::CertificateRefused);
            error!("the certificate cannot be read, the one before stays in use: {error:#}");
        }
    }
    Some(stamp)
}

fn read(files: &TlsFiles) -> anyhow::Result<CertifiedKey> {
    let TlsFiles { certificate, key } = files;
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| {
            format!(
                "cannot read `server.tls.cert_file` {}",
                certificate.display()
            )
        })?;
    if chain.is_empty() {
        let path = certificate.display();
        anyhow::bail!("`server.tls.cert_file` {path} has no certificate in PEM");
    }
    let secret = PrivateKeyDer::from_pem_file(key)
        .with_context(|| format!("cannot read `server.tls.key_file` {}", key.display()))?;
    CertifiedKey::from_der(chain, secret, &rustls::crypto::ring::default_provider()).with_context(
        || {
            let (certificate, key) = (certificate.display(), key.display());
            format!("the key {key} cannot be used with the certificate {certificate}")
        },
    )
}
