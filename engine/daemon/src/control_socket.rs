//! The control socket: `start` and `stop` from the same user's other processes, one JSON line each way.
#![allow(clippy::disallowed_methods, reason = "this file is the control socket, with a thread per client")]

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::net::{Shutdown, shutdown, sockopt};
use serde::{Deserialize, Serialize};
use tickplane_model::ExchangeId;
use tickplane_segments::Instance;

/// A request is one short line.
const REQUEST_BYTES_MAX: u64 = 4_096;
/// A client that says nothing is dropped.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// A venue's lists may be slow to come.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// What a client may ask of a running plane.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ControlRequest {
    /// Start an exchange.
    Start(ExchangeId),
    /// Stop an exchange.
    Stop(ExchangeId),
}

/// The plane's answer: what it did, in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ControlAnswer {
    /// One line for people.
    pub text: String,
}

/// Why a request came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// No plane listens.
    #[error("no plane runs on instance \"{instance}\" ({path}); start one with `tickplane run` or `tickplane demo`")]
    NoPlane {
        /// The instance.
        instance: String,
        /// Its control socket.
        path: String,
    },
    /// The plane belongs to another user.
    #[error("control socket {path}: only the user who runs the plane may start and stop its exchanges")]
    NotOwner {
        /// The instance's control socket.
        path: String,
    },
    /// The socket cannot be used.
    #[error("control socket {path}: {error}")]
    Socket {
        /// Its path.
        path: String,
        /// The system's words.
        error: std::io::Error,
    },
    /// The plane did not do it.
    #[error("{0}")]
    Refused(String),
}

#[derive(Serialize, Deserialize)]
struct Line {
    command: String,
    exchange: String,
}

#[derive(Serialize, Deserialize)]
struct Answer {
    ok: bool,
    text: String,
}

fn path_of(instance: &Instance) -> PathBuf {
    instance.directory().join("control.sock")
}

/// Asks the plane of an instance and waits for its answer.
///
/// # Errors
/// When no plane listens, the socket fails, or the plane says no.
pub fn request(instance: &Instance, request: &ControlRequest) -> Result<ControlAnswer, ControlError> {
    let path = path_of(instance);
    let shown = path.display().to_string();
    let failed = |error: std::io::Error| ControlError::Socket { path: shown.clone(), error };
    let mut stream = UnixStream::connect(&path).map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
            ControlError::NoPlane { instance: instance.name().to_owned(), path: shown.clone() }
        }
        ErrorKind::PermissionDenied => ControlError::NotOwner { path: shown.clone() },
        _ => failed(error),
    })?;
    stream.set_read_timeout(Some(ANSWER_TIMEOUT)).map_err(failed)?;
    let (command, exchange) = match request {
        ControlRequest::Start(exchange) => ("start", exchange),
        ControlRequest::Stop(exchange) => ("stop", exchange),
    };
    let line = Line { command: command.to_owned(), exchange: exchange.to_string() };
    writeln!(stream, "{}", serde_json::json!(line)).map_err(failed)?;
    let mut text = String::new();
    BufReader::new(stream).read_line(&mut text).map_err(failed)?;
    let answer: Answer = serde_json::from_str(&text)
        .map_err(|_| ControlError::Refused("the plane ended without an answer".to_owned()))?;
    if answer.ok { Ok(ControlAnswer { text: answer.text }) } else { Err(ControlError::Refused(answer.text)) }
}

/// The listening end. Dropped, it closes and removes the socket.
pub(crate) struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl ControlSocket {
    /// Listens, mode 0600, and answers each request by `answer` on a thread of its own. The caller holds the
    /// instance's lock, so a socket that is already there is a dead plane's.
    pub(crate) fn listen(
        instance: &Instance,
        answer: impl Fn(ControlRequest) -> Result<String, String> + Clone + Send + 'static,
    ) -> Result<Self, String> {
        let path = path_of(instance);
        let failed = |error: std::io::Error| format!("control socket {}: {error}", path.display());
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let listener = bind(&path).map_err(failed)?;
        let accepting = listener.try_clone().map_err(failed)?;
        std::thread::Builder::new()
            .name("control".to_owned())
            .spawn(move || {
                // The listener's end ends the thread.
                while let Ok((stream, _)) = accepting.accept() {
                    let answer = answer.clone();
                    // A client that finds no thread sees its connection closed.
                    let _ = std::thread::Builder::new()
                        .name("control-client".to_owned())
                        .spawn(move || serve(stream, &answer));
                }
            })
            .map_err(failed)?;
        Ok(Self { listener, path })
    }
}

fn bind(path: &Path) -> std::io::Result<UnixListener> {
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        // Both fail only when the socket is already gone.
        let _ = shutdown(&self.listener, Shutdown::Both);
        let _ = std::fs::remove_file(&self.path);
    }
}

fn serve(mut stream: UnixStream, answer: &impl Fn(ControlRequest) -> Result<String, String>) {
    let result = if is_same_user(&stream) {
        read_request(&stream).and_then(answer)
    } else {
        Err("only the user who runs the plane may control it".to_owned())
    };
    let (ok, text) = match result {
        Ok(text) => (true, text),
        Err(text) => (false, text),
    };
    // A client that left needs no answer.
    let _ = writeln!(stream, "{}", serde_json::json!(Answer { ok, text }));
}

fn is_same_user(stream: &UnixStream) -> bool {
    sockopt::socket_peercred(stream).is_ok_and(|peer| peer.uid == rustix::process::geteuid())
}

fn read_request(stream: &UnixStream) -> Result<ControlRequest, String> {
    let failed = |error: std::io::Error| format!("unreadable request: {error}");
    stream.set_read_timeout(Some(REQUEST_TIMEOUT)).map_err(failed)?;
    let mut text = String::new();
    BufReader::new(stream.take(REQUEST_BYTES_MAX)).read_line(&mut text).map_err(failed)?;
    let line: Line = serde_json::from_str(&text).map_err(|error| format!("unreadable request: {error}"))?;
    let exchange = line.exchange.parse().map_err(|error: tickplane_model::UnknownExchange| error.to_string())?;
    match line.command.as_str() {
        "start" => Ok(ControlRequest::Start(exchange)),
        "stop" => Ok(ControlRequest::Stop(exchange)),
        other => Err(format!("unknown command \"{other}\"; known are: start stop")),
    }
}
