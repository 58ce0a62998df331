//! What the simulation counts.

use std::collections::VecDeque;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tickplane_model::ExchangeId;

/// Requests that are remembered by what they asked for.
const REQUESTS_MAX: usize = 20_000;
/// Arrivals that are remembered.
const ARRIVALS_MAX: usize = 1 << 20;

/// Something a client did that venues limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arrival {
    /// When, by the simulation's clock, in nanoseconds.
    pub time_ns: i64,
    /// What.
    pub kind: ArrivalKind,
}

/// What venues limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ArrivalKind {
    /// An attempt to open a WebSocket, refused ones included.
    Connect,
    /// A text message.
    Message,
    /// A request by REST.
    Request,
}

/// Numbers since the start of a [`crate::Simulation`].
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counts {
    /// Connections open now, HTTP and WebSocket.
    pub connections: u64,
    /// WebSockets opened.
    pub websockets_opened: u64,
    /// Trades the markets made, those of the time before the start included.
    pub trades_made: u64,
    /// WebSocket frames sent.
    pub frames_sent: u64,
    /// Text messages received.
    pub messages_received: u64,
    /// HTTP requests received, upgrades included.
    pub requests: u64,
    /// Refusals, over WebSocket and HTTP, rate limits included.
    pub refusals: u64,
    /// Clients dropped because they read too slowly.
    pub dropped_slow: u64,
    /// Faults that began.
    pub faults: u64,
}

/// The same, as the server thread counts.
#[derive(Default, Debug)]
pub(crate) struct Counters {
    pub(crate) connections: AtomicU64,
    pub(crate) websockets: AtomicU64,
    pub(crate) frames: AtomicU64,
    pub(crate) messages: AtomicU64,
    pub(crate) requests: AtomicU64,
    pub(crate) refusals: AtomicU64,
    pub(crate) slow: AtomicU64,
    pub(crate) faults: AtomicU64,
    asked: Mutex<VecDeque<(ExchangeId, String)>>,
    arrived: Mutex<VecDeque<(ExchangeId, Arrival)>>,
}

impl Counters {
    /// Remembers what a venue was asked for.
    pub(crate) fn asked(&self, exchange: ExchangeId, target: String) {
        let mut asked = self.asked_list();
        if asked.len() == REQUESTS_MAX {
            asked.pop_front();
        }
        asked.push_back((exchange, target));
    }

    /// Remembers what a client did.
    pub(crate) fn arrived(&self, exchange: ExchangeId, kind: ArrivalKind, time_ns: i64) {
        let mut arrived = self.arrived_list();
        if arrived.len() == ARRIVALS_MAX {
            arrived.pop_front();
        }
        arrived.push_back((exchange, Arrival { time_ns, kind }));
    }

    /// What clients of a venue did, oldest first.
    pub(crate) fn arrivals_at(&self, exchange: ExchangeId) -> Vec<Arrival> {
        self.arrived_list().iter().filter(|(of, _)| *of == exchange).map(|(_, arrival)| *arrival).collect()
    }

    /// What a venue was asked for, oldest first.
    pub(crate) fn asked_of(&self, exchange: ExchangeId) -> Vec<String> {
        self.asked_list().iter().filter(|(of, _)| *of == exchange).map(|(_, target)| target.clone()).collect()
    }

    fn arrived_list(&self) -> MutexGuard<'_, VecDeque<(ExchangeId, Arrival)>> {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn asked_list(&self) -> MutexGuard<'_, VecDeque<(ExchangeId, String)>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
