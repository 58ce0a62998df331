//! A certificate authority made at start, and the certificate it gives the simulated venues.

mod faulty;

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

pub(crate) use faulty::Handshake;

/// Why no certificate could be made.
pub(crate) type CertificateError = Box<dyn std::error::Error + Send + Sync>;

/// A CA that lives only in this process, and what it signed.
pub(crate) struct Authority {
    /// What a client must trust, PEM.
    pub(crate) pem: String,
    /// The servers' side, with a certificate for localhost, 127.0.0.1 and ::1.
    pub(crate) config: Arc<ServerConfig>,
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// Makes a CA, and a certificate signed by it.
pub(crate) fn authority() -> Result<Authority, CertificateError> {
    let params = ca_params("tickplane simulator CA")?;
    let ca_key = KeyPair::generate()?;
    let ca = params.self_signed(&ca_key)?;
    let key = private_key(&ca_key);
    let issuer = Issuer::new(params, ca_key);
    let leaf_key = KeyPair::generate()?;
    let leaf = leaf_params()?.signed_by(&leaf_key, &issuer)?;
    let config = server_config(vec![leaf.der().clone()], private_key(&leaf_key))?;
    Ok(Authority { pem: ca.pem(), config, certificate: ca.der().clone(), key, issuer })
}

fn ca_params(name: &str) -> Result<CertificateParams, CertificateError> {
    let mut ca = CertificateParams::new(Vec::new())?;
    ca.distinguished_name = named(name);
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(ca)
}

fn leaf_params() -> Result<CertificateParams, CertificateError> {
    let mut leaf = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()])?;
    leaf.distinguished_name = named("tickplane simulated exchange");
    // Python's strict X.509 mode wants the authority's key id.
    leaf.use_authority_key_identifier_extension = true;
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(leaf)
}

fn private_key(key: &KeyPair) -> PrivateKeyDer<'static> {
    PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()))
}

fn server_config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<ServerConfig>, CertificateError> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}
