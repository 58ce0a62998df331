//! Bytes into WebSocket messages and back, without I/O.
//!
//! [`Socket`] is the client's end of one WebSocket. Its owner moves the bytes: what the peer sent goes into
//! [`Socket::receive`], what must be sent comes out of [`Socket::outgoing`]. tungstenite does the protocol.
#![forbid(unsafe_code)]

mod pipe;
mod socket;

pub use socket::{FrameError, Limits, Message, Socket};
