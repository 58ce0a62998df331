//! What the simulation counts.

use std::sync::atomic::AtomicU64;

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
}
