//! The keys of a plane in the hands of C.

use std::ffi::{CString, c_char};

use tickplane_model::{ExchangeId, Key, Pattern};

use crate::edge::{give, guard, guard_or, place, shared, take_back, text};
use crate::options::{Filter, options};
use crate::plane::PlaneHandle;
use crate::status::{Failure, TP_EINVAL, TP_EKEY, TP_OK};

/// Keys of candles, for tp_find: "candles:binance:BTC-USDT:1m".
pub const TP_KEY_CANDLES: u32 = 1;
/// Keys of indicators, for tp_find: "indicator:binance:BTC-USDT:1m:rsi_14".
pub const TP_KEY_INDICATOR: u32 = 2;
/// Keys of trades, for tp_find_instrument: "trades:binance:BTC-USDT". There is one per instrument.
pub const TP_KEY_TRADES: u32 = 4;
/// Keys of quotes, for tp_find_instrument: "quote:binance:BTC-USDT".
pub const TP_KEY_QUOTE: u32 = 8;
const KINDS: u32 = TP_KEY_CANDLES | TP_KEY_INDICATOR | TP_KEY_TRADES | TP_KEY_QUOTE;

/// The keys a plane had when it was asked.
#[derive(Debug)]
pub struct KeysHandle {
    texts: Vec<CString>,
}

/// Lists what the present or last writer of a plane serves: by exchange, then in the order of its directory. `*keys` is
/// to be released with tp_keys_release. Exchanges whose files cannot be read have no keys; finding one of them says why.
///
/// `filter` may be NULL: all keys.
///
/// Fails with TP_EKEY for an exchange that nobody knows, and with TP_EOPTION.
///
/// Threads: any. Takes the plane's lock. Allocates.
///
/// # Safety
/// `plane` is NULL or a plane that is open; `filter` is NULL or as its `struct_size` says, its texts NULL or
/// NUL-terminated; `keys` has room for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_keys(plane: *const PlaneHandle, filter: *const Filter, keys: *mut *mut KeysHandle) -> i32 {
    guard(|| {
        // SAFETY: the caller gives room for a pointer.
        let place = unsafe { place(keys) }?;
        place.write(std::ptr::null_mut());
        // SAFETY: the caller gives an open plane.
        let plane = &unsafe { shared(plane) }?.attachment.plane;
        // SAFETY: the caller gives a filter, or NULL.
        let filter = unsafe { options(filter) }?;
        if filter.kinds & !KINDS != 0 || filter.reserved != 0 {
            return Err(Failure(TP_EINVAL));
        }
        // SAFETY: the caller gives terminated texts, or NULL.
        let (exchange, pattern) = unsafe { (exchange_of(filter.exchange), text_if_given(filter.pattern)) };
        let (exchange, pattern) = (exchange?, pattern?.map(Pattern::new));
        let fits = |key: &Key| {
            (filter.kinds == 0 || filter.kinds & kind(key) != 0)
                && exchange.is_none_or(|exchange| exchange == key.exchange())
        };
        let texts = plane.keys().iter().filter(|key| fits(key)).map(Key::to_string).collect::<Vec<_>>();
        let texts = texts.into_iter().filter(|text| pattern.as_ref().is_none_or(|pattern| pattern.matches(text)));
        // A key has no NUL inside: it is made of symbols and names that were checked.
        give(place, KeysHandle { texts: texts.filter_map(|text| CString::new(text).ok()).collect() });
        Ok(TP_OK)
    })
}

const fn kind(key: &Key) -> u32 {
    match key {
        Key::Candles { .. } => TP_KEY_CANDLES,
        Key::Indicator { .. } => TP_KEY_INDICATOR,
        Key::Trades { .. } => TP_KEY_TRADES,
        Key::Quote { .. } => TP_KEY_QUOTE,
        _ => 0,
    }
}

/// # Safety
/// `pointer` is NULL or points to a NUL-terminated string that nobody changes during `'a`.
unsafe fn text_if_given<'a>(pointer: *const c_char) -> Result<Option<&'a str>, Failure> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: as the caller promises.
    unsafe { text(pointer) }?.to_str().map(Some).map_err(|_| Failure(TP_EKEY))
}

/// The exchange of a text; NULL for none in particular.
///
/// # Safety
/// `pointer` is NULL or points to a NUL-terminated string.
pub(crate) unsafe fn exchange_of(pointer: *const c_char) -> Result<Option<ExchangeId>, Failure> {
    // SAFETY: as the caller promises.
    let text = unsafe { text_if_given(pointer) }?;
    text.map(|text| text.parse().map_err(|_| Failure(TP_EKEY))).transpose()
}

/// How many keys there are; 0 for NULL.
///
/// Threads: any. Neither system call nor allocation.
///
/// # Safety
/// `keys` is NULL or keys that are not released.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_keys_count(keys: *const KeysHandle) -> usize {
    // SAFETY: the caller gives keys.
    guard_or(0, || Ok(unsafe { shared(keys) }?.texts.len()))
}

/// The text of a key, counted from 0; NULL beyond the last. Valid until the keys are released.
///
/// Threads: any. Neither system call nor allocation.
///
/// # Safety
/// `keys` is NULL or keys that are not released.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_keys_at(keys: *const KeysHandle, index: usize) -> *const c_char {
    guard_or(std::ptr::null(), || {
        // SAFETY: the caller gives keys.
        let keys = unsafe { shared(keys) }?;
        Ok(keys.texts.get(index).map_or(std::ptr::null(), |text| text.as_ptr()))
    })
}

/// Releases keys and with them their texts.
///
/// Threads: any, but never while another thread uses the same keys.
///
/// # Safety
/// `keys` is NULL or came from tp_keys and was not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_keys_release(keys: *mut KeysHandle) {
    // SAFETY: the caller gives a handle that nobody uses any more.
    unsafe { take_back(keys) }
}
