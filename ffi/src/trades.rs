//! The trades of an instrument in the hands of C: a follower with a place of its own.

use std::mem::MaybeUninit;
use std::sync::Arc;

use tickplane_model::Key;
use tickplane_segments::{TradeReader, TradeRecord};

use crate::attachment::Attachment;
use crate::batch::{Told, fill};
use crate::edge::{exclusive, give, guard, guard_or, place, room, shared, take_back};
use crate::instrument::InstrumentHandle;
use crate::options::{TradesOptions, options};
use crate::status::{Failure, TP_EINVAL, TP_EMOVED, TP_ENOSEQ, TP_OK};

/// Begin with what is published next.
pub const TP_START_NEXT: u32 = 0;
/// Begin with the oldest that is kept.
pub const TP_START_OLDEST: u32 = 1;
/// Begin with a given number: trades only.
pub const TP_START_SEQ: u32 = 2;

/// The taker sold; without this bit it bought.
pub const TP_TRADE_SELL: u32 = 1;
/// Sent by the exchange as history when the subscription began.
pub const TP_TRADE_HISTORY: u32 = 2;
/// Fetched afterwards, to close a gap.
pub const TP_TRADE_BACKFILLED: u32 = 4;
/// Several fills in one.
pub const TP_TRADE_AGGREGATE: u32 = 8;
/// The quantity counts contracts.
pub const TP_TRADE_CONTRACTS: u32 = 16;
/// Derived from something else than a trade message.
pub const TP_TRADE_DERIVED: u32 = 32;

/// The exchange gives its trades no id.
pub const TP_ID_NONE: u32 = 0;
/// The id is a decimal number.
pub const TP_ID_NUMBER: u32 = 1;
/// The id is a UUID.
pub const TP_ID_UUID: u32 = 2;
/// The id is the first 128 bits of a hash.
pub const TP_ID_HASH: u32 = 3;

/// A follower of the trades of one instrument.
#[derive(Debug)]
pub struct TradesHandle {
    attachment: Arc<Attachment>,
    attached: u64,
    key: Key,
    reader: TradeReader,
    /// Lost, and not yet told.
    lost: u64,
}

/// One trade.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TradeRow {
    /// Its number, dense from 1.
    pub seq: u64,
    /// When the exchange says it happened.
    pub exchange_ns: i64,
    /// When its bytes were read from the socket.
    pub receive_ns: i64,
    /// When the plane published it.
    pub publish_ns: i64,
    /// Price.
    pub price: f64,
    /// Quantity, in base currency unless TP_TRADE_CONTRACTS is set.
    pub quantity: f64,
    /// The exchange's id: the high 64 of its 128 bits.
    pub id_high: u64,
    /// The low 64 bits.
    pub id_low: u64,
    /// TP_TRADE_SELL and the others.
    pub flags: u32,
    /// TP_ID_NUMBER and the others.
    pub id_form: u32,
}

const _: () = assert!(size_of::<TradeRow>() == 72);

impl From<&TradeRecord> for TradeRow {
    #[inline]
    fn from(record: &TradeRecord) -> Self {
        let TradeRecord { seq, publish_ns, trade } = record;
        Self {
            seq: *seq,
            exchange_ns: trade.exchange_ns,
            receive_ns: trade.receive_ns,
            publish_ns: *publish_ns,
            price: trade.price,
            quantity: trade.quantity,
            id_high: trade.id.high,
            id_low: trade.id.low,
            flags: trade.flags.0,
            id_form: trade.id.form as u32,
        }
    }
}

/// Follows the trades of an instrument from a place of its own, which nobody else sees and the writer does not wait for.
/// `options` may be NULL: from the next trade on. `*trades` is to be released with tp_trades_release.
///
/// Fails with TP_ENOSEQ when the trade to begin with is more than one after the newest: it is of a plane whose files were
/// made anew since. Fails with TP_EMOVED, TP_EINVAL or TP_EOPTION.
///
/// Threads: any. Allocates.
///
/// # Safety
/// `instrument` is NULL or an instrument that is not released; `options` is NULL or as its `struct_size` says; `trades`
/// has room for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_follow_trades(
    instrument: *const InstrumentHandle,
    options: *const TradesOptions,
    trades: *mut *mut TradesHandle,
) -> i32 {
    guard(|| {
        // SAFETY: the caller gives room for a pointer.
        let place = unsafe { place(trades) }?;
        place.write(std::ptr::null_mut());
        // SAFETY: the caller gives an instrument.
        let instrument = unsafe { shared(instrument) }?;
        // SAFETY: the caller gives options, or NULL.
        let TradesOptions { start, reserved, seq, .. } = unsafe { self::options(options) }?;
        let mut reader = instrument.reader()?.trades();
        match (start, reserved) {
            (TP_START_NEXT, 0) => {}
            (TP_START_OLDEST, 0) => reader.rewind(u64::MAX),
            (TP_START_SEQ, 0) if seq > reader.head().saturating_add(1) => return Err(Failure(TP_ENOSEQ)),
            (TP_START_SEQ, 0) if seq > 0 => reader.seek(seq),
            _ => return Err(Failure(TP_EINVAL)),
        }
        let (attachment, attached) = instrument.attachment();
        let (attachment, key) = (Arc::clone(attachment), instrument.key().clone());
        give(place, TradesHandle { attachment, attached, key, reader, lost: 0 });
        Ok(TP_OK)
    })
}

impl TradesHandle {
    fn read(&mut self, places: &mut [MaybeUninit<TradeRow>]) -> Told {
        fill(places, &mut self.lost, || self.reader.poll(), |record| Some(record.into()))
    }

    fn is_moved(&self) -> bool {
        self.attachment.check(self.attached).is_err() || self.reader.is_moved()
    }
}

/// Takes the next trades, at most `n`, oldest first. `*count` says how many, 0 when there is nothing new. `*lost` says how
/// many were overwritten before they were read, exactly: they stood between the last trade of the call before and the
/// first of this one.
///
/// Fails with TP_EMOVED once every trade of the place it had was taken: then call tp_trades_renew. Fails with TP_EINVAL
/// when `n` is 0.
///
/// Threads: one at a time for a follower. Neither system call nor allocation.
///
/// # Safety
/// `trades` is NULL or a follower that is not released, and no other thread uses it; `rows` has room for `n`, `count` and
/// `lost` for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_trades_read(
    trades: *mut TradesHandle,
    n: usize,
    rows: *mut TradeRow,
    count: *mut usize,
    lost: *mut u64,
) -> i32 {
    guard(|| {
        // SAFETY: the caller gives a follower of its own.
        let trades = unsafe { exclusive(trades) }?;
        if n == 0 {
            return Err(Failure(TP_EINVAL));
        }
        // SAFETY: the caller gives room. No more than a ring of them are ever written.
        let (places, count, lost) =
            unsafe { (room(rows, n.min(trades.reader.capacity() as usize))?, place(count)?, place(lost)?) };
        let told = trades.read(places);
        if told.is_nothing() && trades.is_moved() {
            return Err(Failure(TP_EMOVED));
        }
        count.write(told.count);
        lost.write(told.lost);
        Ok(TP_OK)
    })
}

/// Lets a follower go on after TP_EMOVED or TP_ERESTARTED, from where it stands; attaches the plane again first where that
/// is needed. Does no harm when nothing changed. Where the plane's files were made anew, numbers begin at 1 again: the
/// next trade is the oldest of the new ones, its `seq` below the last, and trades of the old ones that were not read are
/// counted as lost; there are none if TP_EMOVED was waited for.
///
/// Fails as tp_reattach and tp_find do; then the follower keeps its place, and is to be renewed once more later.
///
/// Threads: one at a time for a follower. Takes the plane's lock. Allocates.
///
/// # Safety
/// `trades` is NULL or a follower that is not released, and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_trades_renew(trades: *mut TradesHandle) -> i32 {
    guard(|| {
        // SAFETY: the caller gives a follower of its own.
        let trades = unsafe { exclusive(trades) }?;
        let attached = trades.attachment.renew()?;
        let successor = trades.attachment.plane.trades(&trades.key)?;
        let before = trades.reader.lost();
        trades.reader.go_on_in(successor);
        trades.lost = trades.lost.saturating_add(trades.reader.lost() - before);
        trades.attached = attached;
        Ok(TP_OK)
    })
}

/// Number of the trade that is read next, 0 for NULL: keep it, and a later process goes on there with TP_START_SEQ.
///
/// Threads: one at a time for a follower. Neither system call nor allocation.
///
/// # Safety
/// `trades` is NULL or a follower that is not released, and no other thread changes it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_trades_next(trades: *const TradesHandle) -> u64 {
    // SAFETY: the caller gives a follower.
    guard_or(0, || Ok(unsafe { shared(trades) }?.reader.next_seq()))
}

/// How many trades it lost in all, also over renewals; 0 for NULL.
///
/// Threads: one at a time for a follower. Neither system call nor allocation.
///
/// # Safety
/// `trades` is NULL or a follower that is not released, and no other thread changes it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_trades_lost(trades: *const TradesHandle) -> u64 {
    // SAFETY: the caller gives a follower.
    guard_or(0, || Ok(unsafe { shared(trades) }?.reader.lost()))
}

/// Releases a follower.
///
/// Threads: any, but never while another thread uses the same follower.
///
/// # Safety
/// `trades` is NULL or came from tp_follow_trades and was not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_trades_release(trades: *mut TradesHandle) {
    // SAFETY: the caller gives a handle that nobody uses any more.
    unsafe { take_back(trades) }
}

#[cfg(test)]
mod tests {
    use tickplane_model::{IdForm, TradeFlags};

    use super::*;

    #[test]
    fn flags_and_forms_are_the_models() {
        let flags = [
            (TP_TRADE_SELL, TradeFlags::SELL),
            (TP_TRADE_HISTORY, TradeFlags::HISTORY),
            (TP_TRADE_BACKFILLED, TradeFlags::BACKFILLED),
            (TP_TRADE_AGGREGATE, TradeFlags::AGGREGATE),
            (TP_TRADE_CONTRACTS, TradeFlags::CONTRACTS),
            (TP_TRADE_DERIVED, TradeFlags::DERIVED),
        ];
        assert!(flags.into_iter().all(|(bit, flag)| TradeFlags(bit) == flag));
        let forms = [
            (TP_ID_NONE, IdForm::None),
            (TP_ID_NUMBER, IdForm::Number),
            (TP_ID_UUID, IdForm::Uuid),
            (TP_ID_HASH, IdForm::Hash),
        ];
        assert!(forms.into_iter().all(|(number, form)| number == form as u32));
    }
}
