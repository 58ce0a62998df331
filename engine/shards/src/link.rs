//! One connection's layers between the TCP socket's bytes and messages: TLS (if the address says so), then frames.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tickplane_exchanges::Outgoing;
use tickplane_frames::{FrameError, Limits, Message, Socket};

use crate::tls::Tls;

/// The most bytes that may wait to be sent on one connection.
const OUTGOING_BYTES_MAX: usize = 1 << 20;

/// Why a connection cannot go on.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum LinkError {
    /// TLS failed.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// The peer went away within the TLS handshake.
    #[error("TLS: the venue ended the connection within the handshake")]
    Cut,
    /// The WebSocket failed.
    #[error(transparent)]
    Frame(#[from] FrameError),
}

/// Where a connection goes, taken apart once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Address {
    /// The whole address.
    pub url: String,
    /// Host name or IP.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Whether TLS is spoken.
    pub is_tls: bool,
}

impl Address {
    /// Takes `wss://host[:port][/path]` or `ws://…` apart.
    ///
    /// # Errors
    /// [`FrameError::Url`] when the text is no such address.
    pub fn parse(url: &str) -> Result<Self, FrameError> {
        let wrong = |reason: &str| FrameError::Url { url: url.to_owned(), reason: reason.to_owned() };
        let (scheme, rest) = url.split_once("://").ok_or_else(|| wrong("it has no scheme"))?;
        let is_tls = match scheme {
            "wss" => true,
            "ws" => false,
            _ => return Err(wrong("its scheme is neither ws nor wss")),
        };
        let authority = rest.split(['/', '?']).next().unwrap_or("");
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => {
                (host, port.parse().map_err(|_| wrong("its port is no number up to 65535"))?)
            }
            _ => (authority, if is_tls { 443 } else { 80 }),
        };
        if host.is_empty() {
            return Err(wrong("it has no host"));
        }
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { url: url.to_owned(), host, port, is_tls })
    }
}

/// The layers of one open TCP connection.
pub(crate) struct Link {
    tls: Option<Box<Tls>>,
    socket: Socket,
}

impl Link {
    pub(crate) fn new(
        address: &Address,
        tls: &Arc<ClientConfig>,
        headers: &[(&'static str, String)],
        message_bytes_max: usize,
    ) -> Result<Self, LinkError> {
        let limits = Limits { message_bytes_max, outgoing_bytes_max: OUTGOING_BYTES_MAX };
        let socket = Socket::connect(&address.url, concat!("tickplane/", env!("CARGO_PKG_VERSION")), headers, limits)?;
        let tls = if address.is_tls {
            let name = ServerName::try_from(address.host.clone())
                .map_err(|_| rustls::Error::General(format!("\"{}\" is no host name", address.host)))?;
            Some(Box::new(Tls::new(tls.clone(), name)?))
        } else {
            None
        };
        Ok(Self { tls, socket })
    }

    /// Takes bytes from the TCP socket. Called with none right after the TCP connection opened.
    pub(crate) fn receive(&mut self, bytes: &mut [u8], outgoing: &mut Vec<u8>) -> Result<(), LinkError> {
        match &mut self.tls {
            Some(tls) => {
                let socket = &mut self.socket;
                tls.receive(bytes, outgoing, |plaintext| socket.receive(plaintext))?;
            }
            None => self.socket.receive(bytes),
        }
        Ok(())
    }

    /// The next message; [`FrameError::Closed`] once the peer ended TLS and every message is read.
    pub(crate) fn poll(&mut self) -> Result<Option<Message<'_>>, LinkError> {
        let closed = self.tls.as_ref().is_some_and(|tls| tls.is_closed());
        match self.socket.poll()? {
            None if closed => Err(FrameError::Closed.into()),
            message => Ok(message),
        }
    }

    /// Whether the TLS handshake is under way.
    pub(crate) fn is_shaking_hands(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| !tls.was_open())
    }

    pub(crate) fn send(&mut self, message: &Outgoing) -> Result<(), LinkError> {
        match message {
            Outgoing::Text(text) => self.socket.send_text(text)?,
            Outgoing::Binary(bytes) => self.socket.send_binary(bytes)?,
        }
        Ok(())
    }

    /// Says goodbye.
    pub(crate) fn close(&mut self) {
        self.socket.close();
    }

    /// Moves what the WebSocket wants to send through TLS to `outgoing`.
    pub(crate) fn flush(&mut self, outgoing: &mut Vec<u8>) -> Result<(), LinkError> {
        let ready = self.socket.outgoing();
        if ready.is_empty() {
            return Ok(());
        }
        match &mut self.tls {
            Some(tls) if tls.is_open() => tls.send(ready, outgoing)?,
            Some(_) => return Ok(()),
            None => outgoing.extend_from_slice(ready),
        }
        ready.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        for (url, host, port, is_tls) in [
            ("wss://stream.binance.com:9443/ws", "stream.binance.com", 9443, true),
            ("wss://ws.kraken.com/v2", "ws.kraken.com", 443, true),
            ("ws://127.0.0.1?token=a:b", "127.0.0.1", 80, false),
            ("wss://[::1]:7001/v2", "::1", 7001, true),
            ("wss://[::1]/v2", "::1", 443, true),
        ] {
            let address = Address::parse(url).unwrap();
            assert_eq!((address.host.as_str(), address.port, address.is_tls), (host, port, is_tls), "{url}");
        }
        for url in ["stream.binance.com", "https://x", "wss://", "wss://x:99999/"] {
            assert!(Address::parse(url).unwrap_err().to_string().contains(url));
        }
    }
}
