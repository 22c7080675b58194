//! Whose certificate is believed by who connects over TLS: the command line, and scrapes.

use std::sync::Arc;

use anyhow::{Context, ensure};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use crate::doors::tls::fingerprint;
use crate::meta::tokens::Hash;

/// Whose certificates are believed.
#[derive(Debug)]
pub enum Trust {
    /// Those that the system's authorities vouch for. With `SSL_CERT_FILE` in the environment, that file's.
    System,
    /// Those that these authorities vouch for.
    Authorities(Vec<CertificateDer<'static>>),
    /// One certificate alone, whatever name it is for: the folder that names it is the server's own.
    Certificate(Hash),
    /// Everybody's: who listens on the way can answer in the other's name.
    Anybody,
}

/// How to speak TLS. Reads files: blocking.
///
/// # Errors
/// No authorities, or one that is none.
pub fn client_config(trust: Trust) -> anyhow::Result<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .context("cannot set TLS up")?;
    let certificate = match trust {
        Trust::System => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            return Ok(builder.with_root_certificates(roots).with_no_client_auth());
        }
        Trust::Authorities(authorities) => {
            ensure!(!authorities.is_empty(), "it has no certificate in PEM");
            let mut roots = RootCertStore::empty();
            for authority in authorities {
                let added = roots.add(authority);
                added.context("a certificate in it cannot be used")?;
            }
            return Ok(builder.with_root_certificates(roots).with_no_client_auth());
        }
        Trust::Certificate(certificate) => Some(certificate),
        Trust::Anybody => None,
    };
    let known = Known {
        certificate,
        algorithms: algorithms(&provider),
    };
    Ok(builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(known))
        .with_no_client_auth())
}

fn algorithms(provider: &CryptoProvider) -> WebPkiSupportedAlgorithms {
    provider.signature_verification_algorithms
}

/// Asks no authority.
#[derive(Debug)]
struct Known {
    /// The one that is believed; `None`: any.
    certificate: Option<Hash>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Known {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let is_known = |certificate| fingerprint(end_entity) == certificate;
        if self.certificate.is_none_or(is_known) {
            return Ok(ServerCertVerified::assertion());
        }
        let other = CertificateError::ApplicationVerificationFailure;
        Err(Error::InvalidCertificate(other))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
