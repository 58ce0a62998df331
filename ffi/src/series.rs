//! A series in the hands of C: find it, read the live candle, copy closed ones.

use std::ffi::c_char;
use std::sync::Mutex;

use tickplane_layout::series::CANDLE_WORDS;
use tickplane_model::{Candle, Key};
use tickplane_segments::{LiveCandle, ReadError, SeriesReader};

use crate::edge::{give, guard, place, put_if_wanted, room, shared, take_back, text};
use crate::plane::PlaneHandle;
use crate::status::{Failure, TP_EINVAL, TP_EKEY, TP_ENOCOLUMN, TP_OK};

/// Column open_time_ns: tp_view_i64.
pub const TP_COLUMN_OPEN_TIME_NS: u32 = 0;
/// Column open: tp_view_f64, like the six after it.
pub const TP_COLUMN_OPEN: u32 = 1;
/// Column high.
pub const TP_COLUMN_HIGH: u32 = 2;
/// Column low.
pub const TP_COLUMN_LOW: u32 = 3;
/// Column close.
pub const TP_COLUMN_CLOSE: u32 = 4;
/// Column volume.
pub const TP_COLUMN_VOLUME: u32 = 5;
/// Column quote_volume.
pub const TP_COLUMN_QUOTE_VOLUME: u32 = 6;
/// Column taker_buy_volume.
pub const TP_COLUMN_TAKER_BUY_VOLUME: u32 = 7;
/// Column trade_count: tp_view_u64.
pub const TP_COLUMN_TRADE_COUNT: u32 = 8;
/// Column quality: tp_view_u64. Indicator columns come after it, all tp_view_f64: ask tp_column for their numbers.
pub const TP_COLUMN_QUALITY: u32 = 9;

/// The interval is over; only a revision changes the candle from here.
pub const TP_QUALITY_FINAL: u64 = 1;
/// The plane began to listen inside the interval: earlier trades are missing.
pub const TP_QUALITY_PARTIAL: u64 = 2;
/// No trade happened; the prices are the previous close.
pub const TP_QUALITY_SYNTHETIC: u64 = 4;
/// Holds trades that were fetched afterwards.
pub const TP_QUALITY_BACKFILLED: u64 = 8;
/// Taken from the exchange's own candle instead of its trades.
pub const TP_QUALITY_VENUE: u64 = 16;
/// The exchange's market was closed.
pub const TP_QUALITY_MARKET_CLOSED: u64 = 32;
/// Computed from a finer timeframe.
pub const TP_QUALITY_DERIVED: u64 = 64;
/// `quality >> TP_QUALITY_REVISIONS_SHIFT & 0xffff`: how often the candle was revised after it was final.
pub const TP_QUALITY_REVISIONS_SHIFT: u32 = 16;
/// `quality >> TP_QUALITY_GAP_MS_SHIFT`: how long the feed was interrupted inside the interval, in milliseconds.
pub const TP_QUALITY_GAP_MS_SHIFT: u32 = 32;

/// The candles of one symbol and timeframe, with their indicators.
#[derive(Debug)]
pub struct SeriesHandle {
    pub(crate) reader: SeriesReader,
    /// Room for the live indicator values, which come with the live candle; kept so that reading it allocates nothing.
    scratch: Mutex<LiveCandle>,
}

/// One candle. In a gap prices are NaN and volumes 0.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CandleRow {
    /// When the interval opens.
    pub open_time_ns: i64,
    /// Price of the first trade.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Price of the last trade.
    pub close: f64,
    /// Sum of quantities, in base currency.
    pub volume: f64,
    /// Sum of price times quantity, in quote currency.
    pub quote_volume: f64,
    /// The part of `volume` whose taker bought.
    pub taker_buy_volume: f64,
    /// Number of trades.
    pub trade_count: u64,
    /// What the candle is made of: TP_QUALITY_FINAL and the others.
    pub quality: u64,
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

const _: () = assert!(size_of::<CandleRow>() == CANDLE_WORDS * 8 && size_of::<LiveHead>() == 32);

impl From<&Candle> for CandleRow {
    fn from(candle: &Candle) -> Self {
        Self {
            open_time_ns: candle.open_time_ns,
            open: candle.open,
            high: candle.high,
            low: candle.low,
            close: candle.close,
            volume: candle.volume,
            quote_volume: candle.quote_volume,
            taker_buy_volume: candle.taker_buy_volume,
            trade_count: candle.trade_count,
            quality: candle.quality.0,
        }
    }
}

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
        let key = unsafe { text(key) }?.to_str().map_err(|_| Failure(TP_EKEY))?;
        let key: Key = key.parse().map_err(|_| Failure(TP_EKEY))?;
        let reader = handle.plane.series(&key)?;
        let indicators = Vec::with_capacity(reader.columns().len() - CANDLE_WORDS);
        give(series, SeriesHandle { reader, scratch: Mutex::new(LiveCandle { indicators, ..LiveCandle::default() }) });
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
/// Threads: any. No system call. Allocates only when two threads read the live candle of one handle at the same moment.
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
        let (head, candle) = series.live()?;
        // SAFETY: the caller gives room, or NULL.
        unsafe { put_if_wanted(live, head) }?;
        place.write(candle);
        Ok(TP_OK)
    })
}

impl SeriesHandle {
    fn live(&self) -> Result<(LiveHead, CandleRow), ReadError> {
        // Held by another thread, or poisoned: room of our own does as well.
        match self.scratch.try_lock() {
            Ok(mut scratch) => self.live_into(&mut scratch),
            Err(_) => self.live_into(&mut LiveCandle::default()),
        }
    }

    fn live_into(&self, live: &mut LiveCandle) -> Result<(LiveHead, CandleRow), ReadError> {
        let seq = self.reader.live_into(live)?;
        let head = LiveHead { seq, row: live.row, trade_seq: live.trade_seq, publish_ns: live.publish_ns };
        Ok((head, CandleRow::from(&live.candle)))
    }
}

/// Copies the last `n` closed candles (or as many as there are; at most the series' depth), oldest first. `*count` says
/// how many, `*first_row` which row the first one is: rows count intervals without a break, so the next one is
/// `*first_row + 1`. `first_row` may be NULL.
///
/// A row whose writer died while revising it is taken from the journal, so this works where a view stays busy.
///
/// Fails with TP_EINVAL when `n` is 0, TP_EEMPTY without a closed candle, TP_EMOVED or TP_EBUSY.
///
/// Threads: any. Allocates room for the copies while it runs.
///
/// # Safety
/// `series` is NULL or a series that is not released; `candles` has room for `n`, `count` and, if it is not NULL,
/// `first_row` for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_candles(
    series: *const SeriesHandle,
    n: usize,
    candles: *mut CandleRow,
    count: *mut usize,
    first_row: *mut u64,
) -> i32 {
    guard(|| {
        // SAFETY: the caller gives a series.
        let series = unsafe { shared(series) }?;
        // SAFETY: the caller gives room for `n`. No more than `depth` are ever written.
        let places = unsafe { room(candles, n.min(series.reader.depth())) }?;
        // SAFETY: the caller gives room for one.
        let count = unsafe { place(count) }?;
        if n == 0 {
            return Err(Failure(TP_EINVAL));
        }
        let copied = series.reader.candles(places.len())?;
        // SAFETY: the caller gives room, or NULL.
        unsafe { put_if_wanted(first_row, copied.first_row) }?;
        for (place, candle) in places.iter_mut().zip(&copied.candles) {
            place.write(candle.into());
        }
        count.write(copied.candles.len());
        Ok(TP_OK)
    })
}

/// The number of a column by its name: "close", or an indicator's output such as "rsi_14" and "macd_12_26_9.hist".
/// It stays the same until the series is found anew. Fails with TP_ENOCOLUMN.
///
/// Threads: any. Neither system call nor allocation.
///
/// # Safety
/// `series` is NULL or a series that is not released; `name` is NUL-terminated; `column` has room for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tp_column(series: *const SeriesHandle, name: *const c_char, column: *mut u32) -> i32 {
    guard(|| {
        // SAFETY: the caller gives a series.
        let series = unsafe { shared(series) }?;
        // SAFETY: the caller gives a terminated text.
        let name = unsafe { text(name) }?;
        // SAFETY: the caller gives room.
        let place = unsafe { place(column) }?;
        let column = name.to_str().ok().and_then(|name| series.reader.column_index(name));
        place.write(column.and_then(|column| u32::try_from(column).ok()).ok_or(Failure(TP_ENOCOLUMN))?);
        Ok(TP_OK)
    })
}

/// What the 64-bit values of a column are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ColumnKind {
    F64,
    I64,
    U64,
}

impl ColumnKind {
    pub(crate) const fn of(column: u32) -> Self {
        match column {
            TP_COLUMN_OPEN_TIME_NS => Self::I64,
            TP_COLUMN_TRADE_COUNT | TP_COLUMN_QUALITY => Self::U64,
            _ => Self::F64,
        }
    }
}

#[cfg(test)]
mod tests {
    use tickplane_layout::series::CANDLE_COLUMNS;
    use tickplane_model::Quality;

    use super::*;

    #[test]
    fn columns_have_the_layouts_numbers() {
        let columns = [
            (TP_COLUMN_OPEN_TIME_NS, "open_time_ns"),
            (TP_COLUMN_OPEN, "open"),
            (TP_COLUMN_HIGH, "high"),
            (TP_COLUMN_LOW, "low"),
            (TP_COLUMN_CLOSE, "close"),
            (TP_COLUMN_VOLUME, "volume"),
            (TP_COLUMN_QUOTE_VOLUME, "quote_volume"),
            (TP_COLUMN_TAKER_BUY_VOLUME, "taker_buy_volume"),
            (TP_COLUMN_TRADE_COUNT, "trade_count"),
            (TP_COLUMN_QUALITY, "quality"),
        ];
        assert_eq!(columns.len(), CANDLE_COLUMNS.len());
        for (number, name) in columns {
            assert_eq!(CANDLE_COLUMNS[number as usize], name);
        }
    }

    #[test]
    fn quality_bits_are_the_models() {
        let flags = [
            (TP_QUALITY_FINAL, Quality::FINAL),
            (TP_QUALITY_PARTIAL, Quality::PARTIAL),
            (TP_QUALITY_SYNTHETIC, Quality::SYNTHETIC),
            (TP_QUALITY_BACKFILLED, Quality::BACKFILLED),
            (TP_QUALITY_VENUE, Quality::VENUE),
            (TP_QUALITY_MARKET_CLOSED, Quality::MARKET_CLOSED),
            (TP_QUALITY_DERIVED, Quality::DERIVED),
        ];
        for (bits, flag) in flags {
            assert_eq!(Quality(bits), flag);
        }
        let quality = Quality::FINAL.with_gap_ms(70_000).revised().revised();
        assert_eq!(quality.0 >> TP_QUALITY_REVISIONS_SHIFT & 0xffff, 2);
        assert_eq!(quality.0 >> TP_QUALITY_GAP_MS_SHIFT, 70_000);
    }
}
