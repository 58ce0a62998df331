//! A series in the hands of C: find it, renew it, read its live candle.

use std::ffi::{CString, c_char};
use std::sync::Arc;

use tickplane_layout::series::CANDLE_WORDS;
use tickplane_model::Key;
use tickplane_segments::SeriesReader;

use crate::attachment::Attachment;
use crate::candle::CandleRow;
use crate::edge::{exclusive, give, guard, guard_or, numbers, place, put_if_wanted, shared, take_back, text};
use crate::plane::PlaneHandle;
use crate::status::{Failure, TP_EKEY, TP_OK};

/// The candles of one symbol and timeframe, with their indicators.
#[derive(Debug)]
pub struct SeriesHandle {
    pub(crate) attachment: Arc<Attachment>,
    pub(crate) attached: u64,
    key: Key,
    reader: SeriesReader,
    /// Of the columns, as C takes them.
    pub(crate) names: Vec<CString>,
}

impl SeriesHandle {
    fn find(attachment: &Arc<Attachment>, key: Key) -> Result<Self, Failure> {
        let attached = attachment.number();
        let reader = attachment.plane.series(&key)?;
        let names = reader.names().iter().map(|name| CString::new(name.as_str()).unwrap_or_default()).collect();
        Ok(Self { attachment: Arc::clone(attachment), attached, key, reader, names })
    }

    /// Its reader, if the plane was not attached again since it was found.
    #[inline]
    pub(crate) fn reader(&self) -> Result<&SeriesReader, Failure> {
        self.attachment.check(self.attached)?;
        Ok(&self.reader)
    }

    pub(crate) const fn key(&self) -> &Key {
        &self.key
    }
}

/// What comes with the live candle.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LiveHead {
    /// Number of its publication, from 1: the same number is the same candle.
    pub seq: u64,
    /// Its row: every earlier row is closed and readable.
    pub row: u64,
    /// Sequence number of the newest trade it contains, 0 if none.
    pub trade_seq: u64,
    /// When the plane published it.
    pub publish_ns: i64,
}

const _: () = assert!(size_of::<LiveHead>() == 32);

/// Finds the series of a key: "candles:binance:BTC-USDT:1m", or "indicator:binance:BTC-USDT:1m:rsi_14" for the same
/// series if it has that indicator. `*series` is to be released with tp_series_release.
///
/// Fails with TP_EKEY, TP_ENOEXCHANGE or TP_ENOKEY, and as tp_open does when the exchange's file cannot be attached.
///
/// Threads: any. Takes the plane's lock. Allocates.
///
/// # Safety
/// `plane` is NULL or a plane that is open; `key` is NUL-terminated; `series` has room for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_find(plane: *const PlaneHandle, key: *const c_char, series: *mut *mut SeriesHandle) -> i32 {
    guard(|| {
        // SAFETY: the caller gives room for a pointer.
        let series = unsafe { place(series) }?;
        series.write(std::ptr::null_mut());
        // SAFETY: the caller gives an open plane.
        let handle = unsafe { shared(plane) }?;
        // SAFETY: the caller gives a terminated text.
        let key = unsafe { key_of(key) }?;
        give(series, SeriesHandle::find(&handle.attachment, key)?);
        Ok(TP_OK)
    })
}

/// The key of a text.
///
/// # Safety
/// `pointer` is NULL or NUL-terminated.
pub(crate) unsafe fn key_of(pointer: *const c_char) -> Result<Key, Failure> {
    // SAFETY: as the caller promises.
    let text = unsafe { text(pointer) }?.to_str().map_err(|_| Failure(TP_EKEY))?;
    text.parse().map_err(|_| Failure(TP_EKEY))
}

/// Finds the series of the same key again, after TP_EMOVED or TP_ERESTARTED; attaches the plane again first where that
/// is needed. Does no harm when nothing changed. Columns may have other numbers afterwards: ask tp_column again.
///
/// Fails as tp_reattach and tp_find do; then the series keeps what it had, and is to be renewed once more later.
///
/// Threads: one at a time for a series, and no other call with it meanwhile. Takes the plane's lock. Allocates.
///
/// # Safety
/// `series` is NULL or a series that is not released, and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_series_renew(series: *mut SeriesHandle) -> i32 {
    guard(|| {
        // SAFETY: the caller gives a series of its own.
        let series = unsafe { exclusive(series) }?;
        series.attachment.renew()?;
        *series = SeriesHandle::find(&series.attachment, series.key.clone())?;
        Ok(TP_OK)
    })
}

/// Releases a series. Views taken from it stay usable until they are released.
///
/// Threads: any, but never while another thread uses the same series.
///
/// # Safety
/// `series` is NULL or came from tp_find and was not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_series_release(series: *mut SeriesHandle) {
    // SAFETY: the caller gives a handle that nobody uses any more.
    unsafe { take_back(series) }
}

/// The forming candle, whole: never a mixture of two publications. `live` may be NULL.
///
/// A close is published as: the closed row, then the live candle of the next row. So who takes the live candle first
/// and then the rows before `live->row` has none twice and none missing.
///
/// Fails with TP_EEMPTY before the first, with TP_EMOVED or TP_EBUSY.
///
/// Threads: any. Neither system call nor allocation.
///
/// # Safety
/// `series` is NULL or a series that is not released; `candle` has room for one, `live` too if it is not NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_live(series: *const SeriesHandle, candle: *mut CandleRow, live: *mut LiveHead) -> i32 {
    guard(|| {
        // SAFETY: the caller gives a series.
        let series = unsafe { shared(series) }?;
        // SAFETY: the caller gives room.
        let place = unsafe { place(candle) }?;
        let record = series.reader()?.live_record(&mut [])?;
        let head =
            LiveHead { seq: record.seq, row: record.row, trade_seq: record.trade_seq, publish_ns: record.publish_ns };
        // SAFETY: the caller gives room, or NULL.
        unsafe { put_if_wanted(live, head) }?;
        place.write((&record.candle).into());
        Ok(TP_OK)
    })
}

/// The forming candle and the provisional values of its indicators, all of one publication. `values[i]` is that of
/// column `TP_CANDLE_COLUMNS + i`; the first `n` of them are copied, so `tp_column_count(series) - TP_CANDLE_COLUMNS`
/// are all. `*count` says how many, NaN stands for one that is not defined yet. `live` may be NULL, and `values` when
/// `n` is 0.
///
/// Fails as tp_live does; then `values` hold nothing of use.
///
/// Threads: any. Neither system call nor allocation.
///
/// # Safety
/// `series` is NULL or a series that is not released; `candle` and `count` have room for one, `live` too if it is not
/// NULL, `values` for `n`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_live_values(
    series: *const SeriesHandle,
    candle: *mut CandleRow,
    live: *mut LiveHead,
    n: usize,
    values: *mut f64,
    count: *mut usize,
) -> i32 {
    guard(|| {
        // SAFETY: the caller gives a series.
        let series = unsafe { shared(series) }?;
        // SAFETY: the caller gives room.
        let (place, count) = unsafe { (place(candle)?, place(count)?) };
        let reader = series.reader()?;
        // SAFETY: the caller gives room for `n`.
        let values = unsafe { numbers(values, n.min(reader.names().len() - CANDLE_WORDS)) }?;
        let record = reader.live_record(values)?;
        let head =
            LiveHead { seq: record.seq, row: record.row, trade_seq: record.trade_seq, publish_ns: record.publish_ns };
        // SAFETY: the caller gives room, or NULL.
        unsafe { put_if_wanted(live, head) }?;
        place.write((&record.candle).into());
        count.write(values.len());
        Ok(TP_OK)
    })
}

/// Number of the live candle's newest publication, 0 if there is none or for NULL: one word in shared memory, to spin
/// on.
///
/// Threads: any. Neither system call nor allocation.
///
/// # Safety
/// `series` is NULL or a series that is not released.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_live_seq(series: *const SeriesHandle) -> u64 {
    // SAFETY: the caller gives a series.
    guard_or(0, || Ok(unsafe { shared(series) }?.reader()?.live_seq()))
}
