//! Every way a connection fails has its own kind: TLS failures come from a real server in memory.

use std::io::Write;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion, version};
use tickplane_frames::FrameError;
use tickplane_segments::CloseKind;

use crate::link::{Address, Link, LinkError};
use crate::{CloseReason, StayAway};

/// An authority of our own.
struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    fn issue(&self, host: &str, years: (i32, i32)) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(years.0, 1, 1), date_time_ymd(years.1, 1, 1));
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        (certificate, PrivateKeyDer::try_from(key.serialize_der()).unwrap())
    }
}

const ALL: &[&SupportedProtocolVersion] = &[&version::TLS12, &version::TLS13];
const VALID: (i32, i32) = (2_000, 4_000);

fn server(
    (certificate, key): (CertificateDer<'static>, PrivateKeyDer<'static>),
    versions: &[&'static SupportedProtocolVersion],
) -> ServerConnection {
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let mut server = ServerConnection::new(Arc::new(config)).unwrap();
    server.set_buffer_limit(None);
    server
}

fn client(trusted: &CertificateDer<'static>, versions: &[&'static SupportedProtocolVersion]) -> Link {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Link::new(&Address::parse("wss://localhost/x").unwrap(), &Arc::new(config), &[], 1 << 20).unwrap()
}

/// Moves bytes until the client fails; `bend` may change what the server says.
fn failure(client: &mut Link, server: &mut ServerConnection, bend: impl Fn(usize, &mut Vec<u8>)) -> CloseKind {
    let mut outgoing = Vec::new();
    let mut outcome = client.receive(&mut [], &mut outgoing).and_then(|()| client.poll().map(drop));
    for round in 0..20 {
        let _ = outcome.is_ok() && client.flush(&mut outgoing).is_ok();
        let mut to_server = outgoing.as_slice();
        while !to_server.is_empty() {
            server.read_tls(&mut to_server).unwrap();
            // The server's own view of the failure does not matter: its alert does.
            let _ = server.process_new_packets();
        }
        outgoing.clear();
        let mut to_client = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut to_client).unwrap();
        }
        bend(round, &mut to_client);
        outcome = client.receive(&mut to_client, &mut outgoing).and_then(|()| client.poll().map(drop));
        if let Err(error) = outcome {
            return CloseReason::from(error).kind();
        }
    }
    panic!("the connection stands");
}

/// Changes what the server says in a round.
type Bend = fn(usize, &mut Vec<u8>);

fn as_it_is(_round: usize, _bytes: &mut Vec<u8>) {}

#[test]
fn certificates_of_no_use_are_told_apart() {
    let ours = Authority::new("ours");
    let theirs = Authority::new("theirs");
    let self_signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let self_signed =
        (self_signed.cert.der().clone(), PrivateKeyDer::try_from(self_signed.signing_key.serialize_der()).unwrap());
    for (certificate, expected) in [
        (ours.issue("localhost", (2_000, 2_001)), CloseKind::TlsExpired),
        (ours.issue("localhost", (3_000, 3_001)), CloseKind::TlsNotYetValid),
        (ours.issue("elsewhere", VALID), CloseKind::TlsWrongHost),
        (theirs.issue("localhost", VALID), CloseKind::TlsUnknownAuthority),
        (self_signed, CloseKind::TlsUnknownAuthority),
    ] {
        let kind = failure(&mut client(&ours.certificate, ALL), &mut server(certificate, ALL), as_it_is);
        assert_eq!(kind, expected);
    }
}

#[test]
fn what_goes_wrong_in_the_handshake_is_told_apart() {
    let ours = Authority::new("ours");
    let cases: [(&str, Bend, CloseKind); 7] = [
        ("noise", |_, bytes| *bytes = vec![0x55; 100], CloseKind::TlsGarbage),
        ("HTTP", |_, bytes| *bytes = b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), CloseKind::TlsGarbage),
        ("a record too long", |_, bytes| *bytes = vec![22, 3, 3, 0xff, 0xff, 0, 0], CloseKind::TlsTooLarge),
        ("a damaged hello", |_, bytes| bytes[5] ^= 0x40, CloseKind::TlsGarbage),
        ("an alert", |_, bytes| *bytes = vec![21, 3, 3, 0, 2, 2, 40], CloseKind::TlsHandshakeFailure),
        ("another alert", |_, bytes| *bytes = vec![21, 3, 3, 0, 2, 2, 51], CloseKind::TlsAlert),
        ("goodbye", |_, bytes| *bytes = vec![21, 3, 3, 0, 2, 1, 0], CloseKind::TlsGarbage),
    ];
    for (name, bend, expected) in cases {
        let mut server = server(ours.issue("localhost", VALID), ALL);
        assert_eq!(failure(&mut client(&ours.certificate, ALL), &mut server, bend), expected, "{name}");
    }
    let mut cut = client(&ours.certificate, ALL);
    cut.receive(&mut [], &mut Vec::new()).unwrap();
    assert!(cut.is_shaking_hands(), "a TCP connection that ends now was cut");
    assert_eq!(CloseReason::from(LinkError::Cut).kind(), CloseKind::TlsCut);
    let mut old = server(ours.issue("localhost", VALID), &[&version::TLS12]);
    let kind = failure(&mut client(&ours.certificate, &[&version::TLS13]), &mut old, as_it_is);
    assert!(matches!(kind, CloseKind::TlsVersion | CloseKind::TlsIncompatible), "{kind:?}");
}

#[test]
fn what_goes_wrong_after_the_handshake_is_told_apart() {
    let ours = Authority::new("ours");
    let answers: [(&[u8], CloseKind); 9] = [
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", CloseKind::Upgrade403),
        (b"HTTP/1.1 418 I'm a teapot\r\n\r\n", CloseKind::Upgrade418),
        (b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\n\r\n", CloseKind::Upgrade429),
        (b"HTTP/1.1 451 Unavailable\r\n\r\n", CloseKind::Upgrade451),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", CloseKind::Upgrade5xx),
        (b"HTTP/1.1 200 OK\r\n\r\n", CloseKind::Upgrade),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", CloseKind::Protocol),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", CloseKind::Protocol),
        (&[b'x'; 70_000], CloseKind::TooLarge),
    ];
    for (answer, expected) in answers {
        let mut server = server(ours.issue("localhost", VALID), ALL);
        server.writer().write_all(answer).unwrap();
        let kind = failure(&mut client(&ours.certificate, ALL), &mut server, as_it_is);
        assert_eq!(kind, expected, "{}", String::from_utf8_lossy(&answer[..answer.len().min(60)]));
    }
}

#[test]
fn failures_of_the_network_are_told_apart_by_the_systems_number() {
    for (number, expected) in [
        (111, CloseKind::TcpRefused),
        (104, CloseKind::TcpReset),
        (32, CloseKind::TcpReset),
        (110, CloseKind::TcpTimeout),
        (113, CloseKind::TcpUnreachable),
        (101, CloseKind::TcpUnreachable),
        (24, CloseKind::Tcp),
    ] {
        let text = std::io::Error::from_raw_os_error(number).to_string();
        for text in [format!("127.0.0.1:1: {text}"), text] {
            assert_eq!(CloseReason::Tcp(text.clone()).kind(), expected, "{text}");
        }
    }
    let closed = CloseReason::Tcp("the venue closed the connection".to_owned());
    assert_eq!(closed.kind(), CloseKind::TcpClosed);
    assert_eq!(CloseReason::Dns("no such host".to_owned()).kind(), CloseKind::Dns);
}

#[test]
fn refusals_say_what_to_do_and_are_obeyed() {
    let refused =
        |status, retry_after_s| CloseReason::Link(LinkError::Frame(FrameError::Refused { status, retry_after_s }));
    for (status, retry_after_s, expected, is_of_host) in [
        (403, None, Some(300), true),
        (403, Some(900), Some(900), true),
        (418, None, Some(120), false),
        (418, Some(3), Some(120), false),
        (418, Some(86_400), Some(86_400), false),
        (418, Some(u32::MAX), Some(259_200), false),
        (429, None, Some(30), false),
        (429, Some(7), Some(7), false),
        (429, Some(604_801), Some(259_200), false),
        (451, None, Some(300), true),
        (503, None, None, false),
        (503, Some(60), Some(60), false),
    ] {
        let expected = expected.map(|seconds| StayAway { seconds, is_of_host });
        assert_eq!(refused(status, retry_after_s).stay_away(), expected, "{status} {retry_after_s:?}");
    }
    let text = refused(418, None).to_string();
    assert!(text.contains("418") && text.contains("banned"), "{text}");
}
