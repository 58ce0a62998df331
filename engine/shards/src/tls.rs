//! TLS between the socket's bytes and the WebSocket's, over rustls' unbuffered API: no I/O and no copy of records
//! that arrive whole.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::ServerName;
use rustls::unbuffered::{ConnectionState, EncodeError, EncryptError, InsufficientSizeError, UnbufferedStatus};

/// The most undecrypted bytes held: one record of 16 KiB, its header, and a handshake in several records.
const INCOMING_BYTES_MAX: usize = 128 * 1024;

/// The client's end of one TLS connection.
pub(crate) struct Tls {
    connection: UnbufferedClientConnection,
    /// Bytes of a record that has not arrived whole.
    incoming: Vec<u8>,
    is_open: bool,
    is_closed: bool,
}

impl Tls {
    pub(crate) fn new(config: Arc<ClientConfig>, server: ServerName<'static>) -> Result<Self, rustls::Error> {
        let connection = UnbufferedClientConnection::new(config, server)?;
        Ok(Self { connection, incoming: Vec::new(), is_open: false, is_closed: false })
    }

    /// Whether the handshake is over, so that data may be sent.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open && !self.is_closed
    }

    /// Whether the handshake was ever over.
    pub(crate) fn was_open(&self) -> bool {
        self.is_open
    }

    /// Whether the peer said that nothing more comes.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Takes bytes from the socket; hands decrypted data to `plaintext` and appends answers to `outgoing`.
    /// Called with no bytes, it begins the handshake.
    pub(crate) fn receive(
        &mut self,
        bytes: &mut [u8],
        outgoing: &mut Vec<u8>,
        mut plaintext: impl FnMut(&[u8]),
    ) -> Result<(), rustls::Error> {
        if self.incoming.is_empty() {
            let used = self.process(bytes, outgoing, &mut plaintext)?;
            self.incoming.extend_from_slice(&bytes[used..]);
        } else {
            let mut incoming = std::mem::take(&mut self.incoming);
            incoming.extend_from_slice(bytes);
            let used = self.process(&mut incoming, outgoing, &mut plaintext);
            incoming.drain(..*used.as_ref().unwrap_or(&0));
            self.incoming = incoming;
            used?;
        }
        if self.incoming.len() > INCOMING_BYTES_MAX {
            return Err(rustls::Error::General("the peer's TLS record never ends".to_owned()));
        }
        Ok(())
    }

    /// Processes records from the front of `records`; returns how many bytes are done with.
    fn process(
        &mut self,
        records: &mut [u8],
        outgoing: &mut Vec<u8>,
        plaintext: &mut impl FnMut(&[u8]),
    ) -> Result<usize, rustls::Error> {
        let mut used = 0;
        loop {
            let UnbufferedStatus { mut discard, state } = self.connection.process_tls_records(&mut records[used..]);
            let blocked = match state? {
                ConnectionState::ReadTraffic(mut traffic) => {
                    while let Some(record) = traffic.next_record() {
                        let record = record?;
                        discard += record.discard;
                        plaintext(record.payload);
                    }
                    false
                }
                ConnectionState::EncodeTlsData(mut data) => {
                    append(outgoing, |buffer| match data.encode(buffer) {
                        Err(EncodeError::InsufficientSize(size)) => Err(Some(size)),
                        Err(EncodeError::AlreadyEncoded) => Err(None),
                        Ok(written) => Ok(written),
                    })?;
                    false
                }
                ConnectionState::TransmitTlsData(data) => {
                    data.done();
                    false
                }
                ConnectionState::PeerClosed | ConnectionState::Closed => {
                    self.is_closed = true;
                    true
                }
                ConnectionState::WriteTraffic(_) => {
                    self.is_open = true;
                    true
                }
                _ => true,
            };
            used += discard;
            if blocked {
                return Ok(used);
            }
        }
    }

    /// Encrypts `data` and appends it to `outgoing`. Only after [`Tls::is_open`].
    pub(crate) fn send(&mut self, data: &[u8], outgoing: &mut Vec<u8>) -> Result<(), rustls::Error> {
        let UnbufferedStatus { state, .. } = self.connection.process_tls_records(&mut []);
        match state? {
            ConnectionState::WriteTraffic(mut traffic) => {
                append(outgoing, |buffer| match traffic.encrypt(data, buffer) {
                    Err(EncryptError::InsufficientSize(size)) => Err(Some(size)),
                    Err(EncryptError::EncryptExhausted) => Err(None),
                    Ok(written) => Ok(written),
                })
            }
            _ => Err(rustls::Error::HandshakeNotComplete),
        }
    }
}

/// Lets `write` write behind the end of `outgoing`, with the room it asks for.
fn append(
    outgoing: &mut Vec<u8>,
    mut write: impl FnMut(&mut [u8]) -> Result<usize, Option<InsufficientSizeError>>,
) -> Result<(), rustls::Error> {
    let start = outgoing.len();
    let mut room = 0;
    loop {
        outgoing.resize(start + room, 0);
        match write(&mut outgoing[start..]) {
            Ok(written) => {
                outgoing.truncate(start + written);
                return Ok(());
            }
            Err(Some(size)) if size.required_size > room => room = size.required_size,
            Err(_) => {
                outgoing.truncate(start);
                return Err(rustls::Error::General("rustls could not encode a record".to_owned()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use rustls::crypto::ring::default_provider;
    use rustls::pki_types::PrivateKeyDer;
    use rustls::{RootCertStore, ServerConfig, ServerConnection};

    use super::*;

    /// A server for `localhost` and a client that trusts it.
    fn pair(client_trusts_it: bool) -> (Tls, ServerConnection) {
        let issued = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(issued.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(default_provider());
        let server = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![issued.cert.der().clone()], key)
            .unwrap();
        let mut roots = RootCertStore::empty();
        if client_trusts_it {
            roots.add(issued.cert.der().clone()).unwrap();
        }
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let tls = Tls::new(Arc::new(client), ServerName::try_from("localhost").unwrap()).unwrap();
        (tls, ServerConnection::new(Arc::new(server)).unwrap())
    }

    /// Moves bytes both ways, `chunk` at a time towards the client, until neither side has any.
    fn exchange(
        client: &mut Tls,
        server: &mut ServerConnection,
        chunk: usize,
        got: &mut Vec<u8>,
    ) -> Result<(), rustls::Error> {
        let mut outgoing = Vec::new();
        client.receive(&mut [], &mut outgoing, |plaintext| got.extend_from_slice(plaintext))?;
        loop {
            let mut to_server = outgoing.as_slice();
            while !to_server.is_empty() {
                server.read_tls(&mut to_server).unwrap();
                server.process_new_packets()?;
            }
            outgoing.clear();
            let mut to_client = Vec::new();
            while server.wants_write() {
                server.write_tls(&mut to_client).unwrap();
            }
            if to_client.is_empty() {
                return Ok(());
            }
            for piece in to_client.chunks_mut(chunk) {
                client.receive(piece, &mut outgoing, |plaintext| got.extend_from_slice(plaintext))?;
            }
        }
    }

    #[test]
    fn data_passes_both_ways_whatever_the_reads() {
        for chunk in [1, 7, 1_460, usize::MAX] {
            let (mut client, mut server) = pair(true);
            let mut got = Vec::new();
            exchange(&mut client, &mut server, chunk, &mut got).unwrap();
            assert!(client.is_open(), "chunks of {chunk}");

            let sent: Vec<u8> = (0..100_000_u32).map(|i| (i % 251) as u8).collect();
            for part in sent.chunks(30_000) {
                server.writer().write_all(part).unwrap();
                exchange(&mut client, &mut server, chunk, &mut got).unwrap();
            }
            assert!(got == sent, "chunks of {chunk}");

            let mut outgoing = Vec::new();
            client.send(b"subscribe", &mut outgoing).unwrap();
            server.read_tls(&mut outgoing.as_slice()).unwrap();
            server.process_new_packets().unwrap();
            let mut heard = [0; 9];
            server.reader().read_exact(&mut heard).unwrap();
            assert_eq!(&heard, b"subscribe");
        }
    }

    #[test]
    fn the_peers_goodbye_is_noticed() {
        let (mut client, mut server) = pair(true);
        let mut got = Vec::new();
        exchange(&mut client, &mut server, usize::MAX, &mut got).unwrap();
        server.writer().write_all(b"last words").unwrap();
        server.send_close_notify();
        exchange(&mut client, &mut server, usize::MAX, &mut got).unwrap();
        assert!(client.is_closed() && !client.is_open());
        assert_eq!(got, b"last words");
    }

    #[test]
    fn a_server_of_unknown_authority_is_refused() {
        let (mut client, mut server) = pair(false);
        let error = exchange(&mut client, &mut server, usize::MAX, &mut Vec::new()).unwrap_err();
        assert!(matches!(error, rustls::Error::InvalidCertificate(_)), "{error:?}");
    }

    #[test]
    fn a_damaged_record_ends_the_connection() {
        let (mut client, mut server) = pair(true);
        exchange(&mut client, &mut server, usize::MAX, &mut Vec::new()).unwrap();
        server.writer().write_all(b"trade").unwrap();
        let mut record = Vec::new();
        server.write_tls(&mut record).unwrap();
        let last = record.len() - 1;
        record[last] ^= 1;
        let result = client.receive(&mut record, &mut Vec::new(), |_| panic!("damaged data is handed on"));
        assert_eq!(result, Err(rustls::Error::DecryptError));
    }
}
