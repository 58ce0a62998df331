//! Every way a TLS handshake fails, as rustls tells it.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tickplane_model::ExchangeId::Binance;
use tickplane_simulator::{FaultKind, Simulation, TlsFault};

use super::{start, strike};
use crate::client::{authority, endpoint, hear, open};

/// What a client that trusts the simulator's authority gets to know.
fn failure(simulation: &Simulation) -> String {
    let socket = TcpStream::connect(authority(&endpoint(simulation, Binance).rest)).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(700))).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(simulation.ca_pem().unwrap().as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), socket);
    let request = b"GET /api/v3/ping HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let answered = stream.write_all(request).and_then(|()| stream.read(&mut [0; 100]));
    match answered {
        Ok(_) => "nothing failed".to_owned(),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => "no answer".to_owned(),
        Err(error) => error.get_ref().map_or_else(|| format!("{:?}", error.kind()), |inner| format!("{inner:?}")),
    }
}

/// What rustls calls it.
fn expected(fault: TlsFault) -> &'static str {
    match fault {
        TlsFault::Expired | TlsFault::ExpiredIntermediate => "Expired",
        TlsFault::NotYetValid => "NotValidYet",
        TlsFault::WrongHost => "NotValidForName",
        TlsFault::UnknownCa | TlsFault::SelfSigned | TlsFault::MissingIntermediate => "UnknownIssuer",
        TlsFault::NameConstraint => "NameConstraintViolation",
        TlsFault::WrongPurpose => "InvalidPurpose",
        TlsFault::CaAsServer => "CaUsedAsEndEntity",
        TlsFault::BadSignature | TlsFault::WrongKey => "BadSignature",
        TlsFault::BadEncoding => "BadEncoding",
        TlsFault::UnknownExtension => "UnsupportedCriticalExtension",
        TlsFault::ClientCertificate => "AlertReceived(CertificateRequired)",
        TlsFault::Garbage | TlsFault::Plaintext => "InvalidMessage(InvalidContentType)",
        TlsFault::OversizedRecord => "InvalidMessage(MessageTooLarge)",
        TlsFault::CorruptRecord => "DecryptError",
        TlsFault::ProtocolVersion => "AlertReceived(ProtocolVersion)",
        TlsFault::NoCipher => "AlertReceived(HandshakeFailure)",
        TlsFault::NoProtocol => "AlertReceived(NoApplicationProtocol)",
        TlsFault::UnrecognizedName => "AlertReceived(UnrecognisedName)",
        TlsFault::InternalError => "AlertReceived(InternalError)",
        TlsFault::Eof => "UnexpectedEof",
        TlsFault::Stall => "no answer",
    }
}

#[test]
fn every_handshake_fails_by_its_name() {
    let simulation = start(false);
    let mut before = open(&simulation, Binance, "/ws/btcusdt@trade");
    let mut wrong = Vec::new();
    // Every fault is newer than those before it, which it overrules.
    for fault in TlsFault::ALL {
        let count = simulation.counts().faults;
        simulation.inject_for(Binance, FaultKind::Tls(fault), Duration::from_secs(60)).unwrap();
        while simulation.counts().faults == count {
            std::thread::sleep(Duration::from_millis(1));
        }
        let told = failure(&simulation);
        if !told.contains(expected(fault)) {
            wrong.push(format!("{}: {told}, not {}", fault.as_str(), expected(fault)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    hear(&mut before);
}

#[test]
fn a_certificate_is_renewed_in_the_end() {
    let simulation = start(false);
    strike(&simulation, "tls:expired", 0.8);
    assert!(failure(&simulation).contains("Expired"));
    std::thread::sleep(Duration::from_millis(1_000));
    hear(&mut open(&simulation, Binance, "/ws/btcusdt@trade"));
}
