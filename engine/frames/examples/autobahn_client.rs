//! The client under Autobahn's test: echoes what the suite's fuzzing server sends, case after case, through [`Socket`].
//!
//! `autobahn_client ADDRESS AGENT`, for example `autobahn_client 127.0.0.1:9001 tickplane`; perf/autobahn.sh runs it.
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, reason = "an example is a program of its own: it connects and ends itself")]

use std::error::Error;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use tickplane_frames::{FrameError, Limits, Message, Socket};

/// The suite's largest message has 16 MiB, and is sent back.
const LIMITS: Limits = Limits { message_bytes_max: 17 << 20, outgoing_bytes_max: 64 << 20 };
/// A server that says nothing for so long has hung.
const PATIENCE: Duration = Duration::from_secs(100);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, agent] = arguments.as_slice() else {
        return Err("two arguments are needed: the fuzzing server's ADDRESS, and the AGENT to report as".into());
    };
    let mut count = String::new();
    Connection::open(address, "/getCaseCount")?.run(|socket, text, bytes| {
        count.push_str(std::str::from_utf8(bytes).unwrap_or_default());
        debug_assert!(text && socket.is_open(), "the count comes as text");
        Ok(())
    })?;
    let count: u32 = count.parse().map_err(|_| format!("the server names no number of cases, but {count:?}"))?;
    for case in 1..=count {
        Connection::open(address, &format!("/runCase?case={case}&agent={agent}"))?.run(echo)?;
    }
    Connection::open(address, &format!("/updateReports?agent={agent}"))?.run(|_, _, _| Ok(()))?;
    eprintln!("{count} cases");
    Ok(())
}

/// Sends a message back as it came.
fn echo(socket: &mut Socket, text: bool, bytes: &[u8]) -> Result<(), FrameError> {
    match std::str::from_utf8(bytes) {
        Ok(valid) if text => socket.send_text(valid),
        _ => socket.send_binary(bytes),
    }
}

/// A socket and the stream it speaks through.
struct Connection {
    stream: TcpStream,
    socket: Socket,
}

impl Connection {
    fn open(address: &str, path: &str) -> Result<Self, Box<dyn Error>> {
        let stream = TcpStream::connect(address).map_err(|error| format!("{address}: {error}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, socket: Socket::connect(&format!("ws://{address}{path}"), "autobahn", &[], LIMITS)? })
    }

    /// Until the server hangs up, or breaks the protocol: then it is we who hang up.
    fn run(
        mut self,
        mut heard: impl FnMut(&mut Socket, bool, &[u8]) -> Result<(), FrameError>,
    ) -> Result<(), Box<dyn Error>> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let ended = self.messages(&mut heard);
            self.send()?;
            match ended {
                Ok(()) => {}
                // Most cases end by a broken rule, which is what the suite looks for.
                Err(FrameError::Protocol(_) | FrameError::Closed) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => self.socket.receive(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(()),
                Err(error) => return Err(format!("reading: {error}").into()),
            }
        }
    }

    /// Hands on what came, until more bytes are needed.
    fn messages(
        &mut self,
        heard: &mut impl FnMut(&mut Socket, bool, &[u8]) -> Result<(), FrameError>,
    ) -> Result<(), FrameError> {
        while let Some(message) = self.socket.poll()? {
            let (text, bytes) = match message {
                Message::Text(bytes) => (true, bytes.to_vec()),
                Message::Binary(bytes) => (false, bytes.to_vec()),
                Message::Opened | Message::Ping | Message::Pong | Message::Close(_) => continue,
            };
            heard(&mut self.socket, text, &bytes)?;
        }
        Ok(())
    }

    fn send(&mut self) -> Result<(), Box<dyn Error>> {
        let outgoing = std::mem::take(self.socket.outgoing());
        match self.stream.write_all(&outgoing) {
            Ok(()) => Ok(()),
            // The server had its answer already and left.
            Err(error) if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => Ok(()),
            Err(error) => Err(format!("writing: {error}").into()),
        }
    }
}
