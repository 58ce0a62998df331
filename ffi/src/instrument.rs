//! An instrument in the hands of C: its facts and its last quote.

use std::ffi::c_char;
use std::sync::Arc;

use tickplane_model::{Instrument, InstrumentStatus, Key, Product};
use tickplane_segments::{InstrumentReader, QuoteReader, QuoteRecord};

use crate::attachment::Attachment;
use crate::edge::{exclusive, give, guard, letters, place, shared, take_back};
use crate::plane::PlaneHandle;
use crate::series::key_of;
use crate::status::{Failure, TP_OK};

/// Bytes of a symbol in a structure, its NUL included.
pub const TP_SYMBOL_BYTES: usize = 72;

/// Facts: traded at once.
pub const TP_PRODUCT_SPOT: u32 = 1;
/// A perpetual future settled in the quote currency.
pub const TP_PRODUCT_PERPETUAL: u32 = 2;
/// A perpetual future settled in the base currency.
pub const TP_PRODUCT_INVERSE_PERPETUAL: u32 = 3;
/// A future with a date.
pub const TP_PRODUCT_DATED: u32 = 4;

/// Facts: trading.
pub const TP_TRADING: u32 = 1;
/// Some order types are refused, or the market is halted.
pub const TP_RESTRICTED: u32 = 2;
/// Not trading.
pub const TP_CLOSED: u32 = 3;

/// One instrument of an exchange.
#[derive(Debug)]
pub struct InstrumentHandle {
    attachment: Arc<Attachment>,
    attached: u64,
    key: Key,
    reader: InstrumentReader,
    quotes: QuoteReader,
}

impl InstrumentHandle {
    fn find(attachment: &Arc<Attachment>, key: Key) -> Result<Self, Failure> {
        let attached = attachment.number();
        let reader = attachment.plane.instrument(&key)?;
        let quotes = reader.quotes();
        Ok(Self { attachment: Arc::clone(attachment), attached, key, reader, quotes })
    }

    pub(crate) fn reader(&self) -> Result<&InstrumentReader, Failure> {
        self.attachment.check(self.attached)?;
        Ok(&self.reader)
    }

    pub(crate) const fn attachment(&self) -> (&Arc<Attachment>, u64) {
        (&self.attachment, self.attached)
    }

    pub(crate) const fn key(&self) -> &Key {
        &self.key
    }
}

/// What an exchange says about an instrument. A size that is not known is 0.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Facts {
    /// The smallest step of the price.
    pub tick_size: f64,
    /// The smallest step of the quantity.
    pub lot_size: f64,
    /// What one contract stands for: 1 for spot.
    pub contract_size: f64,
    /// What was traded within 24 hours, in quote currency, as of the start of the plane.
    pub quote_volume_24h: f64,
    /// Number of the exchange: tp_name with TP_NAMES_EXCHANGE.
    pub exchange: u32,
    /// TP_PRODUCT_SPOT and the others.
    pub product: u32,
    /// TP_TRADING, TP_RESTRICTED or TP_CLOSED.
    pub status: u32,
    /// Always 0.
    pub reserved: u32,
    /// The symbol in keys: "BTC-USDT".
    pub symbol: [c_char; TP_SYMBOL_BYTES],
    /// The exchange's own ticker: "BTCUSDT".
    pub venue_symbol: [c_char; TP_SYMBOL_BYTES],
}

const _: () = assert!(size_of::<Facts>() == 48 + 2 * TP_SYMBOL_BYTES);

impl From<&Instrument> for Facts {
    fn from(instrument: &Instrument) -> Self {
        Self {
            tick_size: instrument.tick_size,
            lot_size: instrument.lot_size,
            contract_size: instrument.contract_size,
            quote_volume_24h: instrument.quote_volume_24h,
            exchange: instrument.exchange as u32,
            product: match instrument.product {
                Product::Spot => TP_PRODUCT_SPOT,
                Product::Perpetual => TP_PRODUCT_PERPETUAL,
                Product::InversePerpetual => TP_PRODUCT_INVERSE_PERPETUAL,
                Product::Dated => TP_PRODUCT_DATED,
            },
            status: match instrument.status {
                InstrumentStatus::Trading => TP_TRADING,
                InstrumentStatus::Restricted => TP_RESTRICTED,
                InstrumentStatus::Closed => TP_CLOSED,
            },
            reserved: 0,
            symbol: letters(instrument.symbol.as_str()),
            venue_symbol: letters(&instrument.venue_symbol),
        }
    }
}

/// The best bid and offer.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct QuoteRow {
    /// Its number, dense from 1: a jump says how many quotes were not seen.
    pub seq: u64,
    /// When the exchange says it happened; 0 where it does not say.
    pub exchange_ns: i64,
    /// When its bytes were read from the socket.
    pub receive_ns: i64,
    /// When the plane published it.
    pub publish_ns: i64,
    /// The highest price somebody buys at.
    pub bid_price: f64,
    /// How much is bid for there, in base currency.
    pub bid_quantity: f64,
    /// The lowest price somebody sells at.
    pub ask_price: f64,
    /// How much is offered there, in base currency.
    pub ask_quantity: f64,
}

const _: () = assert!(size_of::<QuoteRow>() == 64);

impl From<&QuoteRecord> for QuoteRow {
    fn from(record: &QuoteRecord) -> Self {
        let QuoteRecord { seq, publish_ns, quote } = record;
        Self {
            seq: *seq,
            exchange_ns: quote.exchange_ns,
            receive_ns: quote.receive_ns,
            publish_ns: *publish_ns,
            bid_price: quote.bid_price,
            bid_quantity: quote.bid_quantity,
            ask_price: quote.ask_price,
            ask_quantity: quote.ask_quantity,
        }
    }
}

/// Finds the instrument of a key: "trades:binance:BTC-USDT" or "quote:binance:BTC-USDT". `*instrument` is to be released
/// with tp_instrument_release.
///
/// Fails as tp_find does.
///
/// Threads: any. Takes the plane's lock. Allocates.
///
/// # Safety
/// `plane` is NULL or a plane that is open; `key` is NUL-terminated; `instrument` has room for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_find_instrument(
    plane: *const PlaneHandle,
    key: *const c_char,
    instrument: *mut *mut InstrumentHandle,
) -> i32 {
    guard(|| {
        // SAFETY: the caller gives room for a pointer.
        let place = unsafe { place(instrument) }?;
        place.write(std::ptr::null_mut());
        // SAFETY: the caller gives an open plane.
        let handle = unsafe { shared(plane) }?;
        // SAFETY: the caller gives a terminated text.
        let key = unsafe { key_of(key) }?;
        give(place, InstrumentHandle::find(&handle.attachment, key)?);
        Ok(TP_OK)
    })
}

/// Finds the instrument of the same key again, as tp_series_renew does for a series.
///
/// Fails as tp_reattach and tp_find do; then the instrument keeps what it had, and is to be renewed once more later.
///
/// Threads: one at a time for an instrument, and no other call with it meanwhile. Takes the plane's lock. Allocates.
///
/// # Safety
/// `instrument` is NULL or an instrument that is not released, and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_instrument_renew(instrument: *mut InstrumentHandle) -> i32 {
    guard(|| {
        // SAFETY: the caller gives an instrument of its own.
        let instrument = unsafe { exclusive(instrument) }?;
        instrument.attachment.renew()?;
        *instrument = InstrumentHandle::find(&instrument.attachment, instrument.key.clone())?;
        Ok(TP_OK)
    })
}

/// Releases an instrument. Followers taken from it stay usable until they are released.
///
/// Threads: any, but never while another thread uses the same instrument.
///
/// # Safety
/// `instrument` is NULL or came from tp_find_instrument and was not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_instrument_release(instrument: *mut InstrumentHandle) {
    // SAFETY: the caller gives a handle that nobody uses any more.
    unsafe { take_back(instrument) }
}

/// What the exchange says about the instrument, as of the start of the plane.
///
/// Fails with TP_EEMPTY when nothing is known, with TP_EMOVED or TP_EBUSY.
///
/// Threads: any. Allocates while it runs.
///
/// # Safety
/// `instrument` is NULL or an instrument that is not released; `facts` has room for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_facts(instrument: *const InstrumentHandle, facts: *mut Facts) -> i32 {
    guard(|| {
        // SAFETY: the caller gives an instrument.
        let instrument = unsafe { shared(instrument) }?;
        // SAFETY: the caller gives room.
        let place = unsafe { place(facts) }?;
        place.write((&instrument.reader()?.facts()?).into());
        Ok(TP_OK)
    })
}

/// The last quote, whole: never a mixture of two.
///
/// Fails with TP_EEMPTY before the first, with TP_EMOVED or TP_EBUSY.
///
/// Threads: any. Neither system call nor allocation.
///
/// # Safety
/// `instrument` is NULL or an instrument that is not released; `quote` has room for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_quote(instrument: *const InstrumentHandle, quote: *mut QuoteRow) -> i32 {
    guard(|| {
        // SAFETY: the caller gives an instrument.
        let instrument = unsafe { shared(instrument) }?;
        // SAFETY: the caller gives room.
        let place = unsafe { place(quote) }?;
        instrument.reader()?;
        place.write((&instrument.quotes.read()?).into());
        Ok(TP_OK)
    })
}
