//! Whom the plane trusts: the public roots, or the one CA that config names for an exchange.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// The trust of one exchange, for its sockets and its REST alike.
#[derive(Clone)]
pub(crate) struct Trust {
    /// For WebSockets.
    pub(crate) tls: Arc<ClientConfig>,
    /// For REST: the certificates of the named CA; empty means the public roots.
    pub(crate) ca: Vec<CertificateDer<'static>>,
}

/// The one crypto provider of the process.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

impl Trust {
    /// Trust in the public roots, or in the certificates of `ca` alone.
    pub(crate) fn load(ca: Option<&Path>) -> Result<Self, String> {
        let ca = ca.map_or(Ok(Vec::new()), read_ca)?;
        let mut roots = RootCertStore::empty();
        if ca.is_empty() {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        for certificate in &ca {
            roots
                .add(certificate.clone())
                .map_err(|error| format!("a certificate of the CA file is unusable: {error}"))?;
        }
        let tls = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS: {error}"))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: Arc::new(tls), ca })
    }
}

fn read_ca(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let wrong = |error: String| format!("CA file {}: {error}; name a PEM file with certificates", path.display());
    let certificates: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))?.collect();
    let certificates = certificates.map_err(|error| wrong(error.to_string()))?;
    if certificates.is_empty() { Err(wrong("it holds no certificate".to_owned())) } else { Ok(certificates) }
}
