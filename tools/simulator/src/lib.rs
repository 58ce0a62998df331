//! Exchanges that speak the venues' own protocols on loopback: real WebSocket and REST servers over TLS that play a
//! seeded market and keep an exact account of it.
//!
//! [`Simulation::start`] opens one port per venue; [`Simulation::tally`] tells what the market did, counted
//! independently of everything the plane does with it.
#![forbid(unsafe_code)]

mod binance;
mod capture;
mod coinbase;
mod decimal;
mod fault;
mod kraken;
mod market;
#[cfg(test)]
mod rig;
mod server;
mod simulation;
mod stamp;
mod venue;

pub use capture::{Capture, CaptureError, CaptureSummary, Speed, SpeedError};
pub use fault::{Fault, FaultError, FaultKind, FaultScope, FaultStage, Garbage, Hangup, Oversize, StaleCure, TlsFault};
pub use market::TallyRow;
pub use server::counts::Counts;
pub use simulation::{Simulation, SimulationConfig, SimulationError, VenueEndpoint};
