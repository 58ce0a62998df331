//! A certificate for one run, and both ends' trust in it.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::PerfError;

/// Both ends of the run's TLS. Without TLS the client trusts nobody, which nobody asks.
pub(crate) struct Tls {
    pub(crate) client: Arc<ClientConfig>,
    pub(crate) server: Option<Arc<ServerConfig>>,
}

impl Tls {
    pub(crate) fn new(is_tls: bool) -> Result<Self, PerfError> {
        if !is_tls {
            return Ok(Self { client: client(RootCertStore::empty())?, server: None });
        }
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()])
            .map_err(|error| PerfError::Tls(error.to_string()))?;
        let certificate = made.cert.der().clone();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).map_err(wrong)?;
        Ok(Self { client: client(roots)?, server: Some(server(certificate, key)?) })
    }
}

fn client(roots: RootCertStore) -> Result<Arc<ClientConfig>, PerfError> {
    let versions = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    Ok(Arc::new(versions.map_err(wrong)?.with_root_certificates(roots).with_no_client_auth()))
}

fn server(certificate: CertificateDer<'static>, key: PrivateKeyDer<'static>) -> Result<Arc<ServerConfig>, PerfError> {
    let versions = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let config = versions.map_err(wrong)?.with_no_client_auth().with_single_cert(vec![certificate], key);
    Ok(Arc::new(config.map_err(wrong)?))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn wrong(error: rustls::Error) -> PerfError {
    PerfError::Tls(error.to_string())
}
