//! The health of connections and streams in the hands of C.

use std::ffi::c_char;

use tickplane_layout::health::{CONNECTION_CLOSES_MAX, CONNECTION_COUNTERS_MAX, CONNECTION_REJECTS_MAX};
use tickplane_layout::stream::STREAM_COUNTERS_MAX;
use tickplane_segments::{ConnectionStatus, StreamStatus};

use crate::edge::{guard, letters, place, room_or_none, shared};
use crate::instrument::{InstrumentHandle, TP_SYMBOL_BYTES};
use crate::keys::exchange_of;
use crate::plane::PlaneHandle;
use crate::status::{Failure, TP_EINVAL, TP_OK};

/// Room for counters of a connection.
pub const TP_CONNECTION_COUNTERS: usize = 16;
/// Room for reasons why messages were rejected.
pub const TP_CONNECTION_REJECTS: usize = 32;
/// Room for reasons why a connection ended.
pub const TP_CONNECTION_CLOSES: usize = 64;
/// Room for counters of a stream.
pub const TP_STREAM_COUNTERS: usize = 16;
/// `last_close` of a connection that never ended.
pub const TP_CLOSE_NONE: u32 = 0xffff_ffff;

const _: () = assert!(
    TP_CONNECTION_COUNTERS == CONNECTION_COUNTERS_MAX
        && TP_CONNECTION_REJECTS == CONNECTION_REJECTS_MAX
        && TP_CONNECTION_CLOSES == CONNECTION_CLOSES_MAX
        && TP_STREAM_COUNTERS == STREAM_COUNTERS_MAX
);

/// The health of one connection. Every number stands for itself: two of them are not of one moment. Counters are of the
/// present or last writer; tp_number finds their places by name, and places without a name are 0.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Connection {
    /// The connection's name: "binance-0".
    pub label: [c_char; TP_SYMBOL_BYTES],
    /// Number of the exchange: tp_name with TP_NAMES_EXCHANGE.
    pub exchange: u32,
    /// Its state: tp_name with TP_NAMES_CONNECTION_STATE.
    pub state: u32,
    /// Why it ended last: tp_name with TP_NAMES_CLOSE; TP_CLOSE_NONE if it never did.
    pub last_close: u32,
    /// Always 0.
    pub reserved: u32,
    /// When it connected last, 0 if never.
    pub connected_at_ns: i64,
    /// Its last sign of life, 0 if none.
    pub last_heartbeat_ns: i64,
    /// Its last data, 0 if none.
    pub last_data_ns: i64,
    /// When the last attempt to connect began, 0 if none did.
    pub last_attempt_ns: i64,
    /// Attempts to connect.
    pub attempts: u64,
    /// What is counted: TP_NAMES_CONNECTION_COUNTER.
    pub counters: [u64; TP_CONNECTION_COUNTERS],
    /// Rejected messages by reason: TP_NAMES_REJECT.
    pub rejects: [u64; TP_CONNECTION_REJECTS],
    /// How often it ended, by reason: TP_NAMES_CLOSE.
    pub closes: [u64; TP_CONNECTION_CLOSES],
}

const _: () = assert!(size_of::<Connection>() == TP_SYMBOL_BYTES + 56 + (16 + 32 + 64) * 8);

/// The health of one instrument's stream of trades. As tp_connection_t in what its numbers mean.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stream {
    /// The instrument.
    pub symbol: [c_char; TP_SYMBOL_BYTES],
    /// Its state: tp_name with TP_NAMES_STREAM_STATE.
    pub state: u32,
    /// Always 0.
    pub reserved: u32,
    /// When it entered that state, 0 if it never changed.
    pub since_ns: i64,
    /// When its newest trade was read from the socket, 0 if none was.
    pub last_trade_ns: i64,
    /// Places where trades are missing and being fetched.
    pub seams: u64,
    /// Trades missing there, where the exchange's ids tell.
    pub missing: u64,
    /// What is counted: TP_NAMES_STREAM_COUNTER.
    pub counters: [u64; TP_STREAM_COUNTERS],
}

const _: () = assert!(size_of::<Stream>() == TP_SYMBOL_BYTES + 40 + 16 * 8);

fn counts<T, const N: usize>(counted: &[(T, u64)]) -> [u64; N] {
    let mut counts = [0; N];
    for (place, (_, count)) in counts.iter_mut().zip(counted) {
        *place = *count;
    }
    counts
}

impl From<&ConnectionStatus> for Connection {
    fn from(status: &ConnectionStatus) -> Self {
        Self {
            label: letters(&status.label),
            exchange: status.exchange as u32,
            state: status.state as u32,
            last_close: status.last_close.map_or(TP_CLOSE_NONE, |kind| kind as u32),
            reserved: 0,
            connected_at_ns: status.connected_at_ns,
            last_heartbeat_ns: status.last_heartbeat_ns,
            last_data_ns: status.last_data_ns,
            last_attempt_ns: status.last_attempt_ns,
            attempts: status.attempts,
            counters: counts(&status.counters),
            rejects: counts(&status.rejects),
            closes: counts(&status.closes),
        }
    }
}

impl From<&StreamStatus> for Stream {
    fn from(status: &StreamStatus) -> Self {
        Self {
            symbol: letters(status.symbol.as_str()),
            state: status.state as u32,
            reserved: 0,
            since_ns: status.since_ns,
            last_trade_ns: status.last_trade_ns,
            seams: status.seams,
            missing: status.missing,
            counters: counts(&status.counters),
        }
    }
}

/// The health of the connections of the present or last writer, in the order of its directory. The first `n` are
/// copied; `*count` says how many there are, be it more. With `n` 0, `connections` may be NULL.
///
/// Threads: any. Takes the plane's lock. Allocates while it runs.
///
/// # Safety
/// `plane` is NULL or a plane that is open; `connections` has room for `n`, `count` for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_connections(
    plane: *const PlaneHandle,
    n: usize,
    connections: *mut Connection,
    count: *mut usize,
) -> i32 {
    guard(|| {
        // SAFETY: the caller gives an open plane.
        let plane = &unsafe { shared(plane) }?.attachment.plane;
        // SAFETY: the caller gives room.
        let count = unsafe { place(count) }?;
        let found = plane.connections();
        // SAFETY: the caller gives room for `n`.
        let places = unsafe { room_or_none(connections, n.min(found.len().max(1))) }?;
        for (place, status) in places.iter_mut().zip(&found) {
            place.write(status.into());
        }
        count.write(found.len());
        Ok(TP_OK)
    })
}

/// The health of the streams of an exchange, one per instrument, as tp_connections gives connections.
///
/// Fails with TP_EKEY for an exchange that nobody knows, with TP_ENOEXCHANGE, and as tp_open does when its file cannot be
/// attached.
///
/// Threads: any. Takes the plane's lock. Allocates while it runs.
///
/// # Safety
/// `plane` is NULL or a plane that is open; `exchange` is NUL-terminated; `streams` has room for `n`, `count` for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_streams(
    plane: *const PlaneHandle,
    exchange: *const c_char,
    n: usize,
    streams: *mut Stream,
    count: *mut usize,
) -> i32 {
    guard(|| {
        // SAFETY: the caller gives an open plane.
        let plane = &unsafe { shared(plane) }?.attachment.plane;
        // SAFETY: the caller gives room, and a terminated text.
        let (count, exchange) = unsafe { (place(count)?, exchange_of(exchange)?) };
        let found = plane.streams(exchange.ok_or(Failure(TP_EINVAL))?)?;
        // SAFETY: the caller gives room for `n`.
        let places = unsafe { room_or_none(streams, n.min(found.len().max(1))) }?;
        for (place, status) in places.iter_mut().zip(&found) {
            place.write(status.into());
        }
        count.write(found.len());
        Ok(TP_OK)
    })
}

/// The health of one instrument's stream.
///
/// Fails with TP_EMOVED.
///
/// Threads: any. Allocates while it runs.
///
/// # Safety
/// `instrument` is NULL or an instrument that is not released; `stream` has room for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_stream(instrument: *const InstrumentHandle, stream: *mut Stream) -> i32 {
    guard(|| {
        // SAFETY: the caller gives an instrument.
        let instrument = unsafe { shared(instrument) }?;
        // SAFETY: the caller gives room.
        let place = unsafe { place(stream) }?;
        place.write((&instrument.reader()?.stream()).into());
        Ok(TP_OK)
    })
}
