//! Why a simulation does not start.

use std::io;
use std::path::PathBuf;

use tickplane_model::{ExchangeId, Symbol};

use crate::capture::CaptureError;
use crate::fault::FaultKind;

/// Why a simulation did not start. Nothing is left behind.
#[derive(Debug, thiserror::Error)]
pub enum SimulationError {
    /// The port is taken.
    #[error(
        "port {port} for simulated {exchange} is in use; end the process that holds it, choose another with --port, or leave --port out to get a free one"
    )]
    PortInUse {
        /// The venue.
        exchange: ExchangeId,
        /// The port.
        port: u16,
    },
    /// The port cannot be listened on.
    #[error("cannot listen on 127.0.0.1:{port} for simulated {exchange}: {source}; choose another port with --port")]
    Listen {
        /// The venue.
        exchange: ExchangeId,
        /// The port, 0 for any.
        port: u16,
        /// What the system says.
        source: io::Error,
    },
    /// There is no simulation of this exchange.
    #[error("there is no simulated {0} yet; simulated are:{names}", names = names())]
    NoSuchVenue(ExchangeId),
    /// A value of the configuration is out of range.
    #[error("simulation {name} is {value}; it must be {range}")]
    OutOfRange {
        /// Which value.
        name: &'static str,
        /// What it is.
        value: String,
        /// What it may be.
        range: String,
    },
    /// The CA certificate cannot be written.
    #[error("cannot write the CA certificate to {}: {source}; choose a path that can be written", path.display())]
    CaFile {
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A fault strikes a venue that is not simulated here.
    #[error("fault `{fault}` is for {exchange}, which is not among the simulated venues; add it to them")]
    FaultVenue {
        /// Its kind.
        fault: FaultKind,
        /// Its venue.
        exchange: ExchangeId,
    },
    /// A fault strikes a symbol that is not listed.
    #[error(
        "fault `{fault}` is for {symbol}, which simulated {exchange} does not list; its first symbols are {listed}"
    )]
    FaultSymbol {
        /// Its kind.
        fault: FaultKind,
        /// Its venue.
        exchange: ExchangeId,
        /// The symbol.
        symbol: Symbol,
        /// Some that are listed.
        listed: String,
    },
    /// A fault of TLS in a simulation without it.
    #[error("fault `{0}` needs TLS; leave --plain out")]
    FaultNeedsTls(FaultKind),
    /// The recording cannot be played.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// The certificate authority cannot be made.
    #[error("cannot make the TLS certificate: {0}; start with --plain to do without TLS")]
    Certificate(String),
    /// The server thread cannot be started.
    #[error("cannot start the simulator's server thread: {0}")]
    Thread(#[from] io::Error),
}

/// The simulated exchanges, each after a space.
fn names() -> String {
    crate::venue::simulated().iter().map(|exchange| format!(" {exchange}")).collect()
}
