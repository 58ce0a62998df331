//! Exchanges that speak the venues' own protocols on loopback: real WebSocket and REST servers over TLS that play a
//! seeded market and keep an exact account of it.
//!
//! [`Simulation::start`] opens one port per venue; [`Simulation::tally`] tells what the market did, counted
//! independently of everything the plane does with it.
//!
//! Things go wrong by order: [`Fault`]s stand in [`SimulationConfig::faults`] (each parses from the text of a `--fault`
//! option; [`FaultKind::HELP`] lists them, [`Fault::read_script`] reads a file of them) or strike at once by
//! [`Simulation::inject`]. A [`Capture`] in [`SimulationConfig::capture`] plays a recorded session of one venue in place
//! of its made market, and all of the above is then about the recording:
//!
//! ```no_run
//! use tickplane_model::ExchangeId::Binance;
//! use tickplane_simulator::{Capture, Simulation, SimulationConfig};
//!
//! let simulation = Simulation::start(SimulationConfig {
//!     venues: vec![Binance],
//!     faults: vec!["binance:silence@10+30".parse()?],
//!     capture: Some(Capture { path: "btcusdt.gz".into(), speed: "max".parse()? }),
//!     ..SimulationConfig::default()
//! })?;
//! # let symbol = tickplane_model::Symbol::new("BTC-USDT")?;
//! while !simulation.playback_finished() {
//!     std::thread::sleep(std::time::Duration::from_millis(100));
//! }
//! assert_eq!(simulation.capture().map(|capture| capture.trades), Some(simulation.trades_made(Binance, &symbol)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod binance;
mod bybit;
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
pub use server::counts::{Arrival, ArrivalKind, Counts};
pub use simulation::{Simulation, SimulationConfig, SimulationError, VenueEndpoint};
pub use venue::simulated;
