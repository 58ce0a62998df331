//! Faults to order: what goes wrong at a venue, when, and for how long.
//!
//! A fault lies under the venue: the market, its account and REST go on, so that after a repair everything can be
//! compared with [`crate::Simulation::tally`]. Every fault ends by itself. Of two that exclude each other the newer holds.

mod active;
mod edits;
mod kind;
pub(crate) mod label;
mod script;
mod text;

use std::time::Duration;

use tickplane_model::ExchangeId;

pub(crate) use active::{Active, Change, Faults};
pub(crate) use edits::{Edits, Outgoing};
pub use kind::{FaultKind, FaultScope, FaultStage, Garbage, Hangup, Oversize, StaleCure, TlsFault};
pub(crate) use label::{Label, Parts};
pub use text::FaultError;

/// One fault of [`crate::SimulationConfig::faults`].
///
/// As text `VENUE:KIND@SECONDS[+DURATION][:ARGUMENT…]`, both times in seconds; arguments may stand in any order:
///
/// ```
/// use tickplane_simulator::Fault;
/// let fault: Fault = "binance:stale-stream@5+20:BTC-USDT:reconnect".parse()?;
/// assert_eq!(fault.to_string(), "binance:stale-stream@5+20:BTC-USDT:reconnect");
/// # Ok::<(), tickplane_simulator::FaultError>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Fault {
    /// The venue it strikes.
    pub exchange: ExchangeId,
    /// What goes wrong.
    pub kind: FaultKind,
    /// When, since the simulation's start.
    pub at: Duration,
    /// How long; zero for what happens once. Its kind's [`FaultKind::usual_duration`] where the text gives none.
    pub duration: Duration,
}
