//! The events of a plane in the hands of C: closes, revisions, streams and connections as they happen.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::sync::Arc;

use tickplane_model::{ExchangeId, Key};
use tickplane_segments::{Announced, EntryId, EventFollower, EventKind, PlaneEvent};

use crate::attachment::Attachment;
use crate::batch::{POLLS_MAX, Told, fill};
use crate::edge::{exclusive, give, guard, guard_or, place, room, shared, take_back};
use crate::keys::exchange_of;
use crate::options::{EventsOptions, options};
use crate::plane::PlaneHandle;
use crate::series::SeriesHandle;
use crate::status::{Failure, TP_EINVAL, TP_EMOVED, TP_ENOKEY, TP_OK};
use crate::trades::{TP_START_NEXT, TP_START_OLDEST};

/// A candle closed: its row is readable.
pub const TP_EVENT_CANDLE_CLOSE: u32 = 1;
/// A closed candle was revised by trades that came late or were fetched.
pub const TP_EVENT_CANDLE_REVISE: u32 = 2;
/// A connection of the exchange came or went; `detail` is its state: tp_name with TP_NAMES_CONNECTION_STATE.
pub const TP_EVENT_LIFECYCLE: u32 = 3;
/// An alert fired.
pub const TP_EVENT_ALERT: u32 = 4;
/// A stream of trades came, went, fell silent or died; `detail` is its state: tp_name with TP_NAMES_STREAM_STATE.
pub const TP_EVENT_STREAM: u32 = 5;

/// Bytes that the text of every key fits into, its NUL included.
pub const TP_KEY_BYTES: usize = 192;

const KINDS: u32 = 0b11_1110;

/// A follower of the events of a plane.
#[derive(Debug)]
pub struct EventsHandle {
    attachment: Arc<Attachment>,
    attached: u64,
    follower: EventFollower,
    kinds: u32,
    exchange: Option<ExchangeId>,
    /// Lost, and not yet told.
    lost: u64,
}

/// One event.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EventRow {
    /// Its number among those of one thread of the plane, dense from 1.
    pub seq: u64,
    /// When it was announced.
    pub publish_ns: i64,
    /// Row of the series, for TP_EVENT_CANDLE_CLOSE and TP_EVENT_CANDLE_REVISE: tp_rows reads it.
    pub row: u64,
    /// What else the kind says.
    pub detail: u64,
    /// TP_EVENT_CANDLE_CLOSE and the others.
    pub kind: u32,
    /// Number of the exchange: tp_name with TP_NAMES_EXCHANGE.
    pub exchange: u16,
    /// Which file of the exchange counts the entry: one that is built anew numbers its entries anew.
    pub generation: u16,
    /// Number of the series or instrument within that file: tp_event_key, tp_event_is_of.
    pub entry: u32,
    /// Number of the thread's ring.
    pub ring: u32,
}

const _: () = assert!(size_of::<EventRow>() == 48);

impl EventRow {
    const fn id(&self) -> EntryId {
        EntryId::new(self.generation as u64, self.entry)
    }
}

impl From<&Announced> for EventRow {
    fn from(announced: &Announced) -> Self {
        let Announced { ring, seq, event } = announced;
        Self {
            seq: *seq,
            publish_ns: event.publish_ns,
            row: event.row,
            detail: event.detail,
            kind: event.kind as u32,
            exchange: event.exchange as u16,
            generation: event.entry.generation(),
            entry: event.entry.number(),
            ring: *ring,
        }
    }
}

/// Follows the events of a plane from a place of its own. `options` may be NULL: all of them, from the next one on.
/// `*events` is to be released with tp_events_release.
///
/// Fails with TP_EKEY for an exchange that nobody knows, with TP_EINVAL or TP_EOPTION.
///
/// Threads: any. Takes the plane's lock. Allocates.
///
/// # Safety
/// `plane` is NULL or a plane that is open; `options` is NULL or as its `struct_size` says, its text NULL or
/// NUL-terminated; `events` has room for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_follow_events(
    plane: *const PlaneHandle,
    options: *const EventsOptions,
    events: *mut *mut EventsHandle,
) -> i32 {
    guard(|| {
        // SAFETY: the caller gives room for a pointer.
        let place = unsafe { place(events) }?;
        place.write(std::ptr::null_mut());
        // SAFETY: the caller gives an open plane.
        let attachment = &unsafe { shared(plane) }?.attachment;
        // SAFETY: the caller gives options, or NULL.
        let EventsOptions { start, kinds, exchange, .. } = unsafe { self::options(options) }?;
        if kinds & !KINDS != 0 || !matches!(start, TP_START_NEXT | TP_START_OLDEST) {
            return Err(Failure(TP_EINVAL));
        }
        // SAFETY: the caller gives a terminated text, or NULL.
        let exchange = unsafe { exchange_of(exchange) }?;
        let attached = attachment.number();
        let mut follower = attachment.plane.events();
        if start == TP_START_OLDEST {
            follower.rewind();
        }
        let kinds = if kinds == 0 { KINDS } else { kinds };
        give(place, EventsHandle { attachment: Arc::clone(attachment), attached, follower, kinds, exchange, lost: 0 });
        Ok(TP_OK)
    })
}

impl EventsHandle {
    fn read(&mut self, places: &mut [MaybeUninit<EventRow>]) -> Told {
        let (kinds, exchange) = (self.kinds, self.exchange);
        let wants = |event: &PlaneEvent| {
            kinds & 1 << event.kind as u32 != 0 && exchange.is_none_or(|exchange| exchange == event.exchange)
        };
        let take = |announced: &Announced| wants(&announced.event).then(|| announced.into());
        fill(places, &mut self.lost, || self.follower.poll(), take)
    }
}

/// Takes the next events, at most `n`: in order within a thread of the plane, in no promised order between two. `*count`
/// says how many, 0 when there is nothing new. `*lost` says how many were overwritten before they were read, exactly,
/// whatever their kind, since the call before. What an event speaks of was published before it.
///
/// Fails with TP_EMOVED once every event of the place it had was taken and the plane was attached again: then call
/// tp_events_renew. Fails with TP_EINVAL when `n` is 0.
///
/// Threads: one at a time for a follower. No system call. Allocates only when a thread of the plane announces its first
/// event.
///
/// # Safety
/// `events` is NULL or a follower that is not released, and no other thread uses it; `rows` has room for `n`, `count` and
/// `lost` for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_events_read(
    events: *mut EventsHandle,
    n: usize,
    rows: *mut EventRow,
    count: *mut usize,
    lost: *mut u64,
) -> i32 {
    guard(|| {
        // SAFETY: the caller gives a follower of its own.
        let events = unsafe { exclusive(events) }?;
        if n == 0 {
            return Err(Failure(TP_EINVAL));
        }
        // SAFETY: the caller gives room.
        let (places, count, lost) = unsafe { (room(rows, n.min(POLLS_MAX))?, place(count)?, place(lost)?) };
        let told = events.read(places);
        if told.is_nothing() && events.attachment.check(events.attached).is_err() {
            return Err(Failure(TP_EMOVED));
        }
        count.write(told.count);
        lost.write(told.lost);
        Ok(TP_OK)
    })
}

/// Lets a follower go on after TP_EMOVED or TP_ERESTARTED, from where it stands; attaches the plane again first where that
/// is needed. Does no harm when nothing changed. Nothing that is still kept is lost: events of files that were made anew
/// since are read first.
///
/// Fails as tp_reattach does; then the follower keeps its place, and is to be renewed once more later.
///
/// Threads: one at a time for a follower. Takes the plane's lock. Allocates.
///
/// # Safety
/// `events` is NULL or a follower that is not released, and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_events_renew(events: *mut EventsHandle) -> i32 {
    guard(|| {
        // SAFETY: the caller gives a follower of its own.
        let events = unsafe { exclusive(events) }?;
        let attached = events.attachment.renew()?;
        events.attachment.plane.renew_events(&mut events.follower);
        events.attached = attached;
        Ok(TP_OK)
    })
}

/// How many events it lost in all, also over renewals; 0 for NULL.
///
/// Threads: one at a time for a follower. Neither system call nor allocation.
///
/// # Safety
/// `events` is NULL or a follower that is not released, and no other thread changes it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_events_lost(events: *const EventsHandle) -> u64 {
    // SAFETY: the caller gives a follower.
    guard_or(0, || Ok(unsafe { shared(events) }?.follower.lost()))
}

/// Releases a follower.
///
/// Threads: any, but never while another thread uses the same follower.
///
/// # Safety
/// `events` is NULL or came from tp_follow_events and was not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_events_release(events: *mut EventsHandle) {
    // SAFETY: the caller gives a handle that nobody uses any more.
    unsafe { take_back(events) }
}

/// 1 if an event is about this series, else 0, also for NULL.
///
/// Threads: any. Neither system call nor allocation.
///
/// # Safety
/// `event` is NULL or points to an event, `series` is NULL or a series that is not released.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_event_is_of(event: *const EventRow, series: *const SeriesHandle) -> i32 {
    guard_or(0, || {
        // SAFETY: the caller gives an event and a series.
        let (event, series) = unsafe { (shared(event)?, shared(series)?) };
        let is_candle = matches!(event.kind, TP_EVENT_CANDLE_CLOSE | TP_EVENT_CANDLE_REVISE);
        let is_same = event.exchange == series.key().exchange() as u16 && event.id() == series.reader()?.entry();
        Ok((is_candle && is_same).into())
    })
}

/// The key an event is about, into `room` bytes: "candles:binance:BTC-USDT:1m" for closes and revisions,
/// "trades:binance:BTC-USDT" for streams, "channel:exchange:binance:lifecycle" and "channel:alerts:binance" for the
/// others. TP_KEY_BYTES are always enough.
///
/// Fails with TP_ENOKEY when there is nothing of that number, or the exchange's file was built anew since and numbers its
/// entries anew, TP_ENOEXCHANGE, with TP_EINVAL when the room is too small,
/// and as tp_open does when the exchange's file cannot be attached.
///
/// Threads: any. Takes the plane's lock. Allocates.
///
/// # Safety
/// `plane` is NULL or a plane that is open; `event` is NULL or points to an event; `key` has room for `room` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_event_key(
    plane: *const PlaneHandle,
    event: *const EventRow,
    key: *mut c_char,
    room: usize,
) -> i32 {
    guard(|| {
        // SAFETY: the caller gives an open plane and an event.
        let (plane, event) = unsafe { (&shared(plane)?.attachment.plane, shared(event)?) };
        // SAFETY: the caller gives so much room.
        let places = unsafe { self::room(key, room) }?;
        let exchange = u8::try_from(event.exchange).ok().and_then(ExchangeId::from_number).ok_or(Failure(TP_EINVAL))?;
        let found = match event.kind {
            TP_EVENT_CANDLE_CLOSE | TP_EVENT_CANDLE_REVISE => plane.key_of(exchange, event.id())?,
            TP_EVENT_STREAM => plane.symbol_of(exchange, event.id())?.map(|symbol| Key::Trades { exchange, symbol }),
            TP_EVENT_LIFECYCLE => Some(Key::Lifecycle { exchange }),
            TP_EVENT_ALERT => Some(Key::Alerts { exchange }),
            _ => None,
        };
        let text = found.ok_or(Failure(TP_ENOKEY))?.to_string();
        if text.len() >= places.len() {
            return Err(Failure(TP_EINVAL));
        }
        for (place, byte) in places.iter_mut().zip(text.bytes().chain([0])) {
            place.write(byte.cast_signed());
        }
        Ok(TP_OK)
    })
}

const _: () = assert!(
    TP_EVENT_CANDLE_CLOSE == EventKind::CandleClose as u32
        && TP_EVENT_CANDLE_REVISE == EventKind::CandleRevise as u32
        && TP_EVENT_LIFECYCLE == EventKind::Lifecycle as u32
        && TP_EVENT_ALERT == EventKind::Alert as u32
        && TP_EVENT_STREAM == EventKind::Stream as u32
);
