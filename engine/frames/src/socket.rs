//! The client's end of one WebSocket, from the HTTP upgrade to the close frame.

use std::io::ErrorKind;

use tungstenite::client::IntoClientRequest;
use tungstenite::handshake::MidHandshake;
use tungstenite::handshake::client::ClientHandshake;
use tungstenite::http::header::USER_AGENT;
use tungstenite::http::{HeaderValue, Response, StatusCode};
use tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tungstenite::{Error, HandshakeError, WebSocket};

use crate::pipe::Pipe;

/// With one frame per read, tungstenite clears its whole read buffer each time: 82 ns a frame at 8 KiB, 1.3 µs at
/// its default of 128 KiB.
const READ_BUFFER_BYTES: usize = 8 * 1024;

/// No venue's answer to an upgrade comes near this.
const UPGRADE_BYTES_MAX: usize = 64 * 1024;

/// What a peer may make us hold in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// The largest message, in bytes; a frame may be as large.
    pub message_bytes_max: usize,
    /// The most bytes waiting to be sent.
    pub outgoing_bytes_max: usize,
}

/// Why a WebSocket cannot go on.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FrameError {
    /// The address is none.
    #[error("\"{url}\" is not a WebSocket address ({reason}); write wss://host[:port]/path")]
    Url {
        /// The address.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The server answered the upgrade with an HTTP status.
    #[error("the server refused the WebSocket upgrade with HTTP status {status}")]
    Refused {
        /// HTTP status code.
        status: u16,
        /// Seconds by its `Retry-After` header.
        retry_after_s: Option<u32>,
    },
    /// A message or frame exceeds [`Limits::message_bytes_max`], or unsent bytes exceed their limit.
    #[error("the peer exceeded a size limit: {0}")]
    TooLarge(String),
    /// The peer broke the WebSocket protocol.
    #[error("the peer broke the WebSocket protocol: {0}")]
    Protocol(String),
    /// The connection was closed.
    #[error("the WebSocket is closed")]
    Closed,
}

/// One message, borrowed until the next call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Message<'a> {
    /// The upgrade succeeded; messages may be sent from now on.
    Opened,
    /// A text message (valid UTF-8).
    Text(&'a [u8]),
    /// A binary message.
    Binary(&'a [u8]),
    /// A ping; the pong is already in [`Socket::outgoing`].
    Ping,
    /// A pong.
    Pong,
    /// The peer closed, with its code (1005 if it gave none); the answer is already in [`Socket::outgoing`].
    Close(u16),
}

#[derive(Debug)]
enum State {
    Upgrading(Box<MidHandshake<ClientHandshake<Pipe>>>),
    Open(Box<WebSocket<Pipe>>),
    Failed(Pipe),
}

/// The client's end of one WebSocket.
#[derive(Debug)]
pub struct Socket {
    state: State,
    current: Option<tungstenite::Message>,
}

impl Socket {
    /// Begins the upgrade of a connection to `url`, with `headers` beside the usual ones; the request is in [`Socket::outgoing`] after the first
    /// [`Socket::poll`].
    ///
    /// # Errors
    /// [`FrameError::Url`] when the address is none.
    pub fn connect(
        url: &str,
        user_agent: &str,
        headers: &[(&'static str, String)],
        limits: Limits,
    ) -> Result<Self, FrameError> {
        let wrong = |reason: String| FrameError::Url { url: url.to_owned(), reason };
        let mut request = url.into_client_request().map_err(|error| wrong(error.to_string()))?;
        let agent = HeaderValue::from_str(user_agent).map_err(|error| wrong(error.to_string()))?;
        request.headers_mut().insert(USER_AGENT, agent);
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).map_err(|error| wrong(error.to_string()))?;
            request.headers_mut().insert(*name, value);
        }
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_write_buffer_size(limits.outgoing_bytes_max)
            .max_message_size(Some(limits.message_bytes_max))
            .max_frame_size(Some(limits.message_bytes_max));
        let handshake =
            ClientHandshake::start(Pipe::default(), request, Some(config)).map_err(|error| wrong(error.to_string()))?;
        Ok(Self { state: State::Upgrading(Box::new(handshake)), current: None })
    }

    /// Adds bytes that came from the peer.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.pipe().receive(bytes);
    }

    /// The bytes to send to the peer. The caller sends and removes them.
    pub fn outgoing(&mut self) -> &mut Vec<u8> {
        &mut self.pipe().outgoing
    }

    /// Whether messages may be sent.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(&self.state, State::Open(socket) if socket.can_write())
    }

    /// The next message; `None` when more bytes are needed.
    ///
    /// # Errors
    /// When the connection cannot go on; every later call says [`FrameError::Closed`].
    pub fn poll(&mut self) -> Result<Option<Message<'_>>, FrameError> {
        if matches!(self.state, State::Upgrading(_)) {
            return Ok((self.answer_is_whole()? && self.upgrade()?).then_some(Message::Opened));
        }
        let State::Open(socket) = &mut self.state else {
            return Err(FrameError::Closed);
        };
        match socket.read() {
            Ok(message) => {
                // Answers to pings and closes are queued by the read and written by the flush.
                match socket.flush() {
                    Ok(()) | Err(Error::ConnectionClosed) => {}
                    Err(error) => return Err(fail(error)),
                }
                let message = self.current.insert(message);
                Ok(Some(borrow(message)))
            }
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(fail(error)),
        }
    }

    /// Sends a text message.
    ///
    /// # Errors
    /// When the connection is not open or its unsent bytes exceed the limit.
    pub fn send_text(&mut self, text: &str) -> Result<(), FrameError> {
        self.send(tungstenite::Message::text(text))
    }

    /// Sends a binary message.
    ///
    /// # Errors
    /// When the connection is not open or its unsent bytes exceed the limit.
    pub fn send_binary(&mut self, bytes: &[u8]) -> Result<(), FrameError> {
        self.send(tungstenite::Message::binary(bytes.to_vec()))
    }

    /// Says goodbye with code 1000; errors are of no interest any more.
    pub fn close(&mut self) {
        if let State::Open(socket) = &mut self.state {
            let frame = CloseFrame { code: 1000.into(), reason: "".into() };
            // A socket that cannot say goodbye is closed by its owner all the same.
            let _ = socket.close(Some(frame)).and_then(|()| socket.flush());
        }
    }

    fn send(&mut self, message: tungstenite::Message) -> Result<(), FrameError> {
        match &mut self.state {
            State::Open(socket) => socket.send(message).map_err(fail),
            _ => Err(FrameError::Closed),
        }
    }

    fn pipe(&mut self) -> &mut Pipe {
        match &mut self.state {
            State::Upgrading(handshake) => handshake.get_mut().get_mut(),
            State::Open(socket) => socket.get_mut(),
            State::Failed(pipe) => pipe,
        }
    }

    /// tungstenite takes an answer in many small pieces for an attack: it gets the answer whole.
    fn answer_is_whole(&mut self) -> Result<bool, FrameError> {
        let waiting = self.pipe().waiting();
        if waiting.len() > UPGRADE_BYTES_MAX {
            return Err(FrameError::TooLarge(format!("the answer to the upgrade exceeds {UPGRADE_BYTES_MAX} bytes")));
        }
        // Without any answer yet, the handshake has its request to write.
        Ok(waiting.is_empty() || waiting.windows(4).any(|end| end == b"\r\n\r\n"))
    }

    fn upgrade(&mut self) -> Result<bool, FrameError> {
        let State::Upgrading(handshake) = std::mem::replace(&mut self.state, State::Failed(Pipe::default())) else {
            return Ok(false);
        };
        match handshake.handshake() {
            Ok((socket, _response)) => {
                self.state = State::Open(Box::new(socket));
                Ok(true)
            }
            Err(HandshakeError::Interrupted(handshake)) => {
                self.state = State::Upgrading(Box::new(handshake));
                Ok(false)
            }
            Err(HandshakeError::Failure(error)) => Err(fail(error)),
        }
    }
}

fn borrow(message: &tungstenite::Message) -> Message<'_> {
    match message {
        tungstenite::Message::Text(text) => Message::Text(text.as_bytes()),
        tungstenite::Message::Binary(bytes) => Message::Binary(bytes),
        tungstenite::Message::Ping(_) => Message::Ping,
        tungstenite::Message::Pong(_) | tungstenite::Message::Frame(_) => Message::Pong,
        tungstenite::Message::Close(frame) => Message::Close(frame.as_ref().map_or(1005, |frame| frame.code.into())),
    }
}

fn fail(error: Error) -> FrameError {
    match error {
        Error::ConnectionClosed | Error::AlreadyClosed => FrameError::Closed,
        Error::Capacity(error) => FrameError::TooLarge(error.to_string()),
        Error::WriteBufferFull(_) => FrameError::TooLarge("too many bytes wait to be sent".to_owned()),
        Error::Http(response) => refused(&response),
        error => FrameError::Protocol(error.to_string()),
    }
}

fn refused(response: &Response<Option<Vec<u8>>>) -> FrameError {
    let status = response.status();
    debug_assert_ne!(status, StatusCode::SWITCHING_PROTOCOLS, "a switch of protocols is no refusal");
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let retry_after_s = header("retry-after").and_then(|text| retry_after_s(text.trim(), header("date")));
    FrameError::Refused { status: status.as_u16(), retry_after_s }
}

/// Seconds to wait by `Retry-After` (RFC 9110, 10.2.3): a number of them, or a date, which is compared with the answer's
/// own `Date` as there is no clock here; one that is past is 0.
fn retry_after_s(text: &str, date: Option<&str>) -> Option<u32> {
    let by_date = || {
        let until = httpdate::parse_http_date(text).ok()?;
        let from = httpdate::parse_http_date(date?.trim()).ok()?;
        Some(u32::try_from(until.duration_since(from).unwrap_or_default().as_secs()).unwrap_or(u32::MAX))
    };
    text.parse().ok().or_else(by_date)
}
