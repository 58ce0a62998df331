//! Handshakes that fail, each in its own way.

use std::sync::Arc;

use rcgen::{
    CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, GeneralSubtree, Issuer, KeyPair, NameConstraints,
    date_time_ymd,
};
use rustls::pki_types::CertificateDer;
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};

use super::{Authority, CertificateError, ca_params, leaf_params, private_key, server_config};
use crate::fault::TlsFault;

/// How a new connection is met.
#[derive(Clone, Debug)]
pub(crate) enum Handshake {
    /// With a TLS handshake, that of a faulty certificate perhaps.
    Proper(Arc<ServerConfig>),
    /// The same, then a record that does not decrypt.
    Corrupt(Arc<ServerConfig>),
    /// These bytes answer the client's first ones, then the connection ends.
    Answer(Vec<u8>),
    /// The client's first bytes are answered with a reset.
    Reset,
    /// They are not answered.
    Stall,
}

/// A fatal alert in a record of its own (RFC 8446, 6).
fn alert(description: u8) -> Handshake {
    Handshake::Answer(vec![21, 3, 3, 0, 2, 2, description])
}

impl Authority {
    /// The handshake that fails in this way.
    pub(crate) fn faulty(&self, fault: TlsFault) -> Result<Handshake, CertificateError> {
        Ok(match fault {
            TlsFault::Garbage => Handshake::Answer((0..200_u8).map(|n| n.wrapping_mul(151) | 0x80).collect()),
            TlsFault::Plaintext => Handshake::Answer(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".to_vec()),
            TlsFault::OversizedRecord => Handshake::Answer([&[22, 3, 3, 0xff, 0xff][..], &[0; 64]].concat()),
            TlsFault::NoCipher => alert(40),
            TlsFault::ProtocolVersion => alert(70),
            TlsFault::InternalError => alert(80),
            TlsFault::UnrecognizedName => alert(112),
            TlsFault::NoProtocol => alert(120),
            TlsFault::Eof => Handshake::Answer(Vec::new()),
            TlsFault::Stall => Handshake::Stall,
            TlsFault::CorruptRecord => Handshake::Corrupt(Arc::clone(&self.config)),
            TlsFault::ClientCertificate => Handshake::Proper(self.demanding()?),
            _ => Handshake::Proper(self.certified(fault)?),
        })
    }

    /// A server whose certificate is wrong.
    fn certified(&self, fault: TlsFault) -> Result<Arc<ServerConfig>, CertificateError> {
        let key = KeyPair::generate()?;
        let mut leaf = leaf_params()?;
        match fault {
            TlsFault::Expired => outdate(&mut leaf),
            TlsFault::NotYetValid => {
                (leaf.not_before, leaf.not_after) = (date_time_ymd(4000, 1, 1), date_time_ymd(4001, 1, 1));
            }
            TlsFault::WrongHost => {
                leaf.subject_alt_names = CertificateParams::new(vec!["example.com".to_owned()])?.subject_alt_names;
            }
            TlsFault::WrongPurpose => leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
            TlsFault::UnknownExtension => {
                // 1.3.6.1.4.1.99999.1: an enterprise number nobody holds.
                let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 1], vec![5, 0]);
                extension.set_criticality(true);
                leaf.custom_extensions.push(extension);
            }
            TlsFault::MissingIntermediate | TlsFault::ExpiredIntermediate | TlsFault::NameConstraint => {
                return self.intermediate(fault, &leaf, &key);
            }
            _ => {}
        }
        match fault {
            TlsFault::CaAsServer => return server_config(vec![self.certificate.clone()], self.key.clone_key()),
            TlsFault::SelfSigned => {
                return server_config(vec![leaf.self_signed(&key)?.der().clone()], private_key(&key));
            }
            TlsFault::UnknownCa => {
                let stranger = Issuer::new(ca_params("stranger CA")?, KeyPair::generate()?);
                return server_config(vec![leaf.signed_by(&key, &stranger)?.der().clone()], private_key(&key));
            }
            _ => {}
        }
        let signed = leaf.signed_by(&key, &self.issuer)?.der().clone();
        match fault {
            TlsFault::BadSignature => unchecked(spoiled(&signed), &key),
            TlsFault::BadEncoding => unchecked(CertificateDer::from(b"no certificate at all".to_vec()), &key),
            TlsFault::WrongKey => unchecked(signed, &KeyPair::generate()?),
            // A server of rustls's own making would refuse to show it.
            TlsFault::UnknownExtension => unchecked(signed, &key),
            _ => server_config(vec![signed], private_key(&key)),
        }
    }

    /// A server whose certificate hangs on an intermediate that is wrong.
    fn intermediate(
        &self,
        fault: TlsFault,
        leaf: &CertificateParams,
        key: &KeyPair,
    ) -> Result<Arc<ServerConfig>, CertificateError> {
        let mut params = ca_params("tickplane simulator intermediate")?;
        match fault {
            TlsFault::ExpiredIntermediate => outdate(&mut params),
            TlsFault::NameConstraint => {
                let permitted_subtrees = vec![GeneralSubtree::DnsName("example.com".to_owned())];
                params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
            }
            _ => {}
        }
        let own_key = KeyPair::generate()?;
        let own = params.signed_by(&own_key, &self.issuer)?.der().clone();
        let signed = leaf.signed_by(key, &Issuer::new(params, own_key))?.der().clone();
        let chain = if fault == TlsFault::MissingIntermediate { vec![signed] } else { vec![signed, own] };
        server_config(chain, private_key(key))
    }

    /// A server that wants to know who its client is.
    fn demanding(&self) -> Result<Arc<ServerConfig>, CertificateError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone())?;
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build()?;
        let key = KeyPair::generate()?;
        let leaf = leaf_params()?.signed_by(&key, &self.issuer)?;
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![leaf.der().clone()], private_key(&key))?;
        Ok(Arc::new(config))
    }
}

fn outdate(params: &mut CertificateParams) {
    (params.not_before, params.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 1));
}

/// The same certificate with another last byte: that of its signature.
fn spoiled(certificate: &CertificateDer<'_>) -> CertificateDer<'static> {
    let mut bytes = certificate.to_vec();
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
    CertificateDer::from(bytes)
}

/// A server that shows this certificate, whatever it is, and signs with this key.
fn unchecked(certificate: CertificateDer<'static>, key: &KeyPair) -> Result<Arc<ServerConfig>, CertificateError> {
    let key = rustls::crypto::ring::sign::any_supported_type(&private_key(key))?;
    let shown = Shown(Arc::new(CertifiedKey::new(vec![certificate], key)));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(shown));
    Ok(Arc::new(config))
}

/// Always the same certificate, without the checks of the usual way.
#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}
